/* SPDX-License-Identifier: MIT */
/* How the calls of syscalls.def are laid out and answered on an architecture. */
#ifndef SERVER_BRIDGE_CONVENTION_H
#define SERVER_BRIDGE_CONVENTION_H

#include "schema/calls.h"

#include <stdbool.h>

struct convention {
    size_t word; /* bytes of a pointer, and what 64-bit numbers are aligned to in memory */
    /** What the result register gets when a call fails with @err (negative). */
    int64_t (*failure)(enum sc_rc rc, int err);
    /** What it gets when a call succeeds. */
    int64_t (*success)(enum sc_rc rc, int64_t value);
    /** What it gets when no call has the number. Returns whether that is an error of the caller's. */
    bool (*no_call)(int nr, int64_t *result);
};

extern const struct convention convention_i386;
extern const struct convention convention_x86_64;

#endif
