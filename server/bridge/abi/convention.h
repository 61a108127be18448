/* SPDX-License-Identifier: MIT */
/* How the calls of syscalls.def are laid out and answered on an architecture. */
#ifndef SERVER_BRIDGE_ABI_CONVENTION_H
#define SERVER_BRIDGE_ABI_CONVENTION_H

#include "schema/calls.h"

#include <stdbool.h>

struct convention {
    size_t word; /* bytes of a pointer, and the alignment of 64-bit numbers in memory */
    /** Set the result for a number without a call. Returns whether that is the caller's error. */
    bool (*no_call)(int nr, int64_t *result);
};

extern const struct convention convention_i386;
extern const struct convention convention_x86_64;

#endif
