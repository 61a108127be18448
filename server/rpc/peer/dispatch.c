/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/dispatch.h"

#include "server/rpc/trace/record.h"

#include <errno.h>
#include <string.h>

/** Set the session that a method acts for, from its parameters. Returns 0, -1. */
static int act(struct request *rq, int method, const union rpc_params *params)
{
    switch (method) {
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    case METHOD_##id: {                                                                            \
        const struct rpc_##id##_params *p = &params->id;                                           \
                                                                                                   \
        (void)p;                                                                                   \
        PARAMS break;                                                                              \
    }
#define RPC_PARAM(type, name, doc)
#define RPC_OPT(type, name, doc)
#define RPC_NO_PARAMS
#define RPC_SESSION return request_act_for(rq, p->session, p->as);
#include "schema/methods.def"
    default:
        break;
    }
    return request_act_for(rq, NULL, 0);
}

static enum request_status call_handler(struct request *rq, int method,
                                        const union rpc_params *params)
{
    switch (method) {
#define RPC_METHOD(name, id, shape, doc, PARAMS, RESULTS)                                          \
    case METHOD_##id:                                                                              \
        return method_##id(rq, &params->id);
#include "schema/methods.def"
    default:
        return REQUEST_FAILED;
    }
}

static enum request_status call_method(struct request *rq, int method)
{
    union rpc_params params;
    enum request_status status;

    if (rq->given != NULL)
        memcpy(&params, rq->given, sizeof(params));
    else if (params_decode(method, rq->params, rq->doc, rq->params_at, &params, &rq->failure) < 0)
        return REQUEST_FAILED;
    if (act(rq, method, &params) < 0)
        return REQUEST_FAILED;
    if (method != METHOD_rpc_discover)
        rq->result.max = (size_t)rq->peer->rpc->limits.answer_bytes;
    if (rq->as != 0 && request_actor(rq) == NULL)
        return request_keep(rq, &params, sizeof(params));
    status = call_handler(rq, method, &params);
    return status == REQUEST_FAILED ? request_keep(rq, &params, sizeof(params)) : status;
}

/** Find the handler and call it. */
static enum request_status carry_out(struct request *rq)
{
    const struct method_name *name = names_find(&rq->peer->rpc->names, rq->method, rq->method_len);

    if (name != NULL)
        return name->call != NULL ? sc_gate_call(rq, name->call) : call_method(rq, name->method);
    (void)fail(&rq->failure, RPC_E_NO_METHOD, NULL, "no method '%s'; rpc.discover lists them all",
               rq->method);
    return REQUEST_FAILED;
}

/** entry.run */
static void run_in_turn(struct entry *in)
{
    struct request *rq = container_of(in, struct request, entry);

    request_arrived(rq, carry_out(rq));
}

enum request_status dispatch(struct request *rq)
{
    enum request_status status;

    record_begin(rq);
    status = carry_out(rq);
    return rq->enters == NULL ? status : request_enter_in_turn(rq, run_in_turn);
}

struct session *request_session(struct request *rq)
{
    struct session *s = rq->session;

    if (s != NULL && !session_is_over(s))
        return s;
    (void)fail(&rq->failure, RPC_E_NO_SESSION, NULL, "%s",
               s != NULL ? "the connection's session is over: its process has ended"
                         : "the connection has no session; see session.open");
    return NULL;
}

struct proc *request_actor(struct request *rq)
{
    struct session *s = request_session(rq);

    if (s != NULL && !request_enter(rq, s->machine->m))
        return NULL;
    return s != NULL ? session_actor(s, rq->as, &rq->failure) : NULL;
}

/** request_machine(), which is not entered. */
static struct rpc_machine *find_machine(struct request *rq, const char *name)
{
    struct rpc *rpc = rq->peer->rpc;
    const struct session *s = rq->session;
    struct rpc_machine *machine;

    if (name != NULL || s == NULL)
        return machines_find(rpc, name, rq->peer->uid, &rq->failure);
    if (!session_is_over(s))
        return s->machine;
    machine = machines_by_id(rpc, s->machine_id);
    if (machine == NULL)
        (void)fail(&rq->failure, RPC_E_NO_SESSION, "machine",
                   "the machine of the connection's session, '%s', has ended; name another one",
                   s->machine_name);
    return machine;
}

struct rpc_machine *request_machine(struct request *rq, const char *name)
{
    struct rpc_machine *machine = find_machine(rq, name);

    return machine != NULL && request_enter(rq, machine->m) ? machine : NULL;
}

struct proc *request_proc_of(struct request *rq, const struct rpc_machine *machine, int32_t pid)
{
    struct proc *p = proc_find(machine->m, pid);

    if (p == NULL)
        (void)fail(&rq->failure, ESRCH, "pid", "machine '%s' has no process %d", machine->name,
                   pid);
    return p;
}

struct proc *request_proc(struct request *rq, int32_t pid)
{
    struct rpc_machine *machine;

    if (pid == 0)
        return request_actor(rq);
    machine = request_machine(rq, NULL);
    return machine != NULL ? request_proc_of(rq, machine, pid) : NULL;
}

enum request_status page_lost(struct request *rq)
{
    return fail(&rq->failure, RPC_E_PARAMS, "after",
                "it is not in the list, or not any more; begin again");
}
