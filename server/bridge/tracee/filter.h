/* SPDX-License-Identifier: MIT */
/* The seccomp filter of a guest: which of its system calls are notified and which are traced. */
#ifndef SERVER_BRIDGE_TRACEE_FILTER_H
#define SERVER_BRIDGE_TRACEE_FILTER_H

#include "schema/calls.h"
#include "server/bridge/abi/arch.h"

#include <linux/filter.h>

/** The message of a TRACE stop (PTRACE_GETEVENTMSG), which distinguishes our filter's stops from others. */
enum { FILTER_TRACED = 0x5CB0 };

enum { FILTER_LEN_MAX = 2 * SC_MAX + 8 };

struct filter {
    struct sock_filter code[FILTER_LEN_MAX];
    unsigned short len;
};

/**
 * Write a filter.
 * @arch     of the calls that it handles.
 * @add      adds the numbers that are notified, by filter_notify().
 */
void filter_build(const struct arch *arch, void (*add)(struct filter *), struct filter *out);

/** Make a number arrive as a notification. */
void filter_notify(struct filter *f, int nr);

#endif
