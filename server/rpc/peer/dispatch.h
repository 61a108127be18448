/* SPDX-License-Identifier: MIT */
/* From a method's name to its handler. */
#ifndef SERVER_RPC_PEER_DISPATCH_H
#define SERVER_RPC_PEER_DISPATCH_H

#include "server/rpc/codec/results.h"
#include "server/rpc/peer/request.h"

/** Carry a request out. Parked ones finish by themselves. */
enum request_status dispatch(struct request *rq);

/** SC_*: a call of the simulated system (sc_gate.c). */
enum request_status sc_gate_call(struct request *rq, const struct sc_call_info *info);

/*
 * Handlers of methods.def. Each returns DONE with its result written to request_result() (nothing:
 * null), FAILED with rq->failure said, or PARKED.
 * @params   borrowed for the call.
 */
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    enum request_status method_##id(struct request *rq, const struct rpc_##id##_params *params);
#include "schema/methods.def"

/** The session that the request acts for, or NULL with the failure said. */
struct session *request_session(struct request *rq);

/** And the process: the session's own, or the one that `as` names. NULL with the failure said. */
struct proc *request_actor(struct request *rq);

/**
 * The machine of a name. Of NULL the one of the session that the request acts for, also when that is
 * over; only a connection that never had a session means the default one.
 * Returns   it, borrowed; NULL with the failure said: -32001 when the session's machine is gone.
 */
struct rpc_machine *request_machine(struct request *rq, const char *name);

/** A process of a machine. NULL with the failure said. */
struct proc *request_proc_of(struct request *rq, const struct rpc_machine *machine, int32_t pid);

/** A process of the session's machine; pid 0 is request_actor(). NULL with the failure said. */
struct proc *request_proc(struct request *rq, int32_t pid);

/** How many members a list may have that `limit` asks for so many of; 0: all. */
static inline uint64_t page_size(uint64_t limit)
{
    return limit != 0 ? limit : UINT64_MAX;
}

/** `after` names nothing that is in the list. */
enum request_status page_lost(struct request *rq);

#endif
