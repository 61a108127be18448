/* SPDX-License-Identifier: MIT */
/*
 * Why a request failed, until it is written as a JSON-RPC error.
 *
 *     return fail(f, RPC_E_PARAMS, "mode", "unknown flag '%s'", word);
 *
 * A failure has a code (an RPC_E_* or a positive errno), an optional name of an argument, and
 * reasons.
 */
#ifndef SERVER_RPC_CODEC_FAILURE_H
#define SERVER_RPC_CODEC_FAILURE_H

#include "server/base/why.h"
#include "server/rpc/codec/json_out.h"

/** The protocol's errors: RPC_E_PARSE … */
enum rpc_code {
#define RPC_ERROR(NAME, code, message, doc) RPC_E_##NAME = (code),
#include "schema/rpcerrors.def"
};

struct failure {
    int code;            /* RPC_E_* or a positive errno; 0: none */
    const char *arg;     /* the invalid argument; static, of the params, or NULL */
    const char *syscall; /* SC_OPEN … when a call failed; static, or NULL */
    bool imposed;        /* a fault rule or a person has set the call's outcome */
    uint32_t fault;      /* the rule, 0 none */
    struct strbuf value; /* that argument's value as JSON; empty when not known */
    struct why why;      /* owned */
};

#define FAILURE_INIT                                                                               \
    {                                                                                              \
        0, NULL, NULL, false, 0, STRBUF_INIT, WHY_INIT                                             \
    }

/**
 * Note a failure with its reason.
 * @code     RPC_E_*, or an errno, positive or negative.
 * @arg      static, or a string of the params, or NULL.
 * Returns   -1, for tail calls.
 */
int fail(struct failure *f, int code, const char *arg, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/** Note an errno with all the reasons gathered, which are taken. Returns -1. */
int fail_why(struct failure *f, int err, struct why *why);

/** Write the error object. */
void failure_write(const struct failure *f, struct json_out *o);

/** Write a member "why" with all reasons. */
void out_why(struct json_out *o, const struct why *why);

void failure_done(struct failure *f);

#endif
