/* SPDX-License-Identifier: MIT */
#include "server/kernel/result.h"

int64_t result_of_failure(enum sc_gate gate, int nr, int err)
{
    const enum sc_rc rc = sc_call_by_nr(nr)->rc;

    if (gate != SC_GATE_I386 || rc == SC_RC_SIGNED)
        return err;
    if (rc == SC_RC_PRINT)
        return -1;
    return rc == SC_RC_TRUE ? 1 : 0;
}

/** The value among the results: the last of SC_RET and the bytes of SC_OUT_BUF. */
static int64_t value_of(const struct call *call)
{
    int64_t value = 0;

    switch (call->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr: {                                                                                     \
        const struct sc_##low##_out *o = &call->out.low;                                           \
        (void)o;                                                                                   \
        RESULTS break;                                                                             \
    }
#define SC_RET(kind, name, doc) value = (int64_t)o->name;
#define SC_OUT(type, name, doc)
#define SC_OUT_BUF(name, doc) value = (int64_t)o->name.len;
#define SC_NO_RESULT
#include "schema/syscalls.def"
    default:
        break;
    }
    return value;
}

int64_t result_of(const struct call *call)
{
    const enum sc_rc rc = sc_call_by_nr(call->nr)->rc;

    if (call->status < 0)
        return result_of_failure(call->gate, call->nr, call->status);
    if (call->gate == SC_GATE_I386 && (rc == SC_RC_BOOL || rc == SC_RC_TRUE))
        return 1;
    return value_of(call);
}
