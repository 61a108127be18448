/* SPDX-License-Identifier: MIT */
/* The seccomp filter of a guest: which of its system calls go where. */
#ifndef SERVER_BRIDGE_FILTER_H
#define SERVER_BRIDGE_FILTER_H

#include "schema/calls.h"

#include <linux/filter.h>
#include <stdbool.h>

/** What a TRACE stop carries (PTRACE_GETEVENTMSG), which tells our filter's from another's. */
enum { FILTER_TRACED = 0x5CB0 };

enum { FILTER_LEN_MAX = 2 * SC_MAX + 8 };

struct filter {
    struct sock_filter code[FILTER_LEN_MAX];
    unsigned short len;
};

/** Whether @nr is MMAP, MMAP_FILE, MCHMAP or MUNMAP: they change the guest's real memory. */
bool filter_is_memory_call(int nr);

/** Write the filter of guests of a gate. */
void filter_build(enum sc_gate gate, struct filter *out);

#endif
