/* SPDX-License-Identifier: MIT */
#include "server/bridge/abi/convention.h"

#include <errno.h>

/** Numbers past the table leave the register as it is. */
static bool no_call_i386(int nr, int64_t *result)
{
    const bool in_table = (uint32_t)nr < SC_MAX;

    *result = in_table ? -1 : nr;
    return in_table;
}

const struct convention convention_i386 = {
    .word = sizeof(uint32_t),
    .no_call = no_call_i386,
};

static bool no_call_x86_64(int nr, int64_t *result)
{
    (void)nr;
    *result = -ENOSYS;
    return true;
}

const struct convention convention_x86_64 = {
    .word = sizeof(uint64_t),
    .no_call = no_call_x86_64,
};
