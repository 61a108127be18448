/* SPDX-License-Identifier: MIT */
#include "server/kernel/call/result.h"

/** The value among a call's results: the last of SC_RET and the size of SC_OUT_BUF. */
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

int64_t result_of_failure(const struct abi *abi, int nr, int err)
{
    return abi->result(sc_call_by_nr(nr)->rc, err, 0);
}

int64_t result_of(const struct call *call)
{
    const int status = call->status;

    return call->abi->result(sc_call_by_nr(call->nr)->rc, status, status == 0 ? value_of(call) : 0);
}
