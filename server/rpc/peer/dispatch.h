/* SPDX-License-Identifier: MIT */
/* From a method's name to its handler. */
#ifndef SERVER_RPC_PEER_DISPATCH_H
#define SERVER_RPC_PEER_DISPATCH_H

#include "server/rpc/codec/results.h"
#include "server/rpc/peer/request.h"

/** Carry out a request. A parked one calls request_finish() later. */
enum request_status dispatch(struct request *rq);

/** SC_*: a call of the simulated system (sc_gate.c). */
enum request_status sc_gate_call(struct request *rq, const struct sc_call_info *info);

/*
 * Handlers of methods.def. Each returns DONE with its result in request_result() (empty:
 * null), FAILED with rq->failure set, or PARKED.
 * @params   borrowed for the call.
 */
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    enum request_status method_##id(struct request *rq, const struct rpc_##id##_params *params);
#include "schema/methods.def"

/** The session that the request acts for, or NULL with the failure set. */
struct session *request_session(struct request *rq);

/** The process that it acts as: the session's own, or the one of `as`. NULL with the failure set. */
struct proc *request_actor(struct request *rq);

/**
 * The machine of a name. For NULL: that of the request's session, even if the session is over; the
 * default machine only for a connection that never had a session.
 * Returns   it, borrowed; NULL with the failure set: -32001 if the session's machine has ended.
 */
struct rpc_machine *request_machine(struct request *rq, const char *name);

/** A process of a machine. NULL with the failure set. */
struct proc *request_proc_of(struct request *rq, const struct rpc_machine *machine, int32_t pid);

/** A process of the session's machine; pid 0 is request_actor(). NULL with the failure set. */
struct proc *request_proc(struct request *rq, int32_t pid);

/** The most members of a list whose request has this `limit`; 0: all. */
static inline uint64_t page_size(uint64_t limit)
{
    return limit != 0 ? limit : UINT64_MAX;
}

/** Fail: `after` is not a member of the list. */
enum request_status page_lost(struct request *rq);

#endif
