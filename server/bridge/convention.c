/* SPDX-License-Identifier: MIT */
#include "server/bridge/convention.h"

#include <errno.h>

static int64_t failure_i386(enum sc_rc rc, int err)
{
    if (rc == SC_RC_SIGNED)
        return err;
    if (rc == SC_RC_PRINT)
        return -1;
    return rc == SC_RC_TRUE ? 1 : 0;
}

static int64_t success_i386(enum sc_rc rc, int64_t value)
{
    return rc == SC_RC_BOOL || rc == SC_RC_TRUE ? 1 : value;
}

/** Numbers past the table leave the register as it is. */
static bool no_call_i386(int nr, int64_t *result)
{
    const bool in_table = (uint32_t)nr < SC_MAX;

    *result = in_table ? -1 : nr;
    return in_table;
}

const struct convention convention_i386 = {
    .word = sizeof(uint32_t),
    .failure = failure_i386,
    .success = success_i386,
    .no_call = no_call_i386,
};

static int64_t failure_x86_64(enum sc_rc rc, int err)
{
    (void)rc;
    return err;
}

static int64_t success_x86_64(enum sc_rc rc, int64_t value)
{
    (void)rc;
    return value;
}

static bool no_call_x86_64(int nr, int64_t *result)
{
    (void)nr;
    *result = -ENOSYS;
    return true;
}

const struct convention convention_x86_64 = {
    .word = sizeof(uint64_t),
    .failure = failure_x86_64,
    .success = success_x86_64,
    .no_call = no_call_x86_64,
};
