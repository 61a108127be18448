/* SPDX-License-Identifier: MIT */
/* How the calls of syscalls.def are laid out and answered on an architecture. */
#ifndef SERVER_BRIDGE_ABI_CONVENTION_H
#define SERVER_BRIDGE_ABI_CONVENTION_H

#include "schema/calls.h"

#include <stdbool.h>

struct convention {
    size_t word; /* bytes of a pointer, and what 64-bit numbers are aligned to in memory */
    /** What it gets when no call has the number. Returns whether that is an error of the caller's. */
    bool (*no_call)(int nr, int64_t *result);
};

extern const struct convention convention_i386;
extern const struct convention convention_x86_64;

#endif
