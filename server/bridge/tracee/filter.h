/* SPDX-License-Identifier: MIT */
/* The seccomp filter of a guest: which of its system calls go where. */
#ifndef SERVER_BRIDGE_TRACEE_FILTER_H
#define SERVER_BRIDGE_TRACEE_FILTER_H

#include "schema/calls.h"
#include "server/bridge/abi/guest_abi.h"

#include <linux/filter.h>

/** What a TRACE stop carries (PTRACE_GETEVENTMSG), which tells our filter's from another's. */
enum { FILTER_TRACED = 0x5CB0 };

enum { FILTER_LEN_MAX = 2 * SC_MAX + 8 };

struct filter {
    struct sock_filter code[FILTER_LEN_MAX];
    unsigned short len;
};

/** Write the filter of guests of an ABI. */
void filter_build(const struct guest_abi *abi, struct filter *out);

/** For guest_abi.filter: have a number arrive as a notification. */
void filter_notify(struct filter *f, int nr);

#endif
