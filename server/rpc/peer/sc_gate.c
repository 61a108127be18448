/* SPDX-License-Identifier: MIT */
/* The rpc gate: SC_* requests become calls of the kernel, in the name of a session's process. */
#include "server/kernel/call/wait.h"
#include "server/rpc/peer/dispatch.h"

#include <errno.h>
#include <string.h>

/** A session of its own for a connection that has none. Returns 0, -1. */
static int open_unasked(struct request *rq)
{
    struct rpc *rpc = rq->peer->rpc;
    struct rpc_machine *machine = machines_find(rpc, NULL, rq->peer->uid, &rq->failure);
    const struct session_spec spec = {.unasked = true, .opener = rq->peer};
    struct session *s;

    if (machine == NULL || !request_enter(rq, machine->m) ||
        session_open(rpc, machine, &spec, &s, &rq->failure) < 0)
        return -1;
    peer_set_session(rq->peer, s);
    rq->session = s; /* the reference too */
    return 0;
}

/** The process that makes the call; NULL with the failure set. */
static struct proc *pick_actor(struct request *rq)
{
    const cJSON *token = rq->decoder.session;
    const cJSON *as = rq->decoder.as;
    int64_t pid = 0;

    if (token != NULL && !cJSON_IsString(token)) {
        (void)fail_value(&rq->failure, token, "session", "not a string");
        return NULL;
    }
    if (as != NULL && params_int(as, "as", 1, INT32_MAX, &pid, &rq->failure) < 0)
        return NULL;
    if (request_act_for(rq, token != NULL ? token->valuestring : NULL, (int32_t)pid) < 0 ||
        (rq->session == NULL && open_unasked(rq) < 0))
        return NULL;
    return request_actor(rq);
}

/** Whether an argument of a kind can be what an error is about. */
static bool kind_explains(enum sc_kind kind, int err)
{
    switch (err) {
    case EBADF:
        return kind == SC_K_fd || kind == SC_K_ofd || kind == SC_K_newfd;
    case ESRCH:
        return kind == SC_K_pid;
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOTEMPTY:
    case EACCES:
        return kind == SC_K_path;
    default:
        return false;
    }
}

/** Name the argument an error is about, where only one can be. */
static void blame_argument(struct request *rq, int err)
{
    const struct decoder *d = &rq->decoder;
    int found = -1;

    for (int i = 0; d->info->args[i].name != NULL; i++) {
        if (!kind_explains(d->info->args[i].kind, err))
            continue;
        if (found >= 0)
            return;
        found = i;
    }
    if (found < 0 || d->at[found] == NULL)
        return;
    rq->failure.arg = d->info->args[found].name;
    show_value(&rq->failure, d->at[found]);
}

/** Where the kernel gave no reason, the row has the condition of its errno. */
static void explain(struct request *rq)
{
    const struct sc_error_info *e = rq->decoder.info->errors;

    while (e->name != NULL && e->value != rq->failure.code)
        e++;
    if (rq->failure.why.count == 0 && e->name != NULL)
        (void)why_add(&rq->failure.why, -e->value, "%s", e->doc);
}

/** Make the request's result or failure of a finished call's. */
static enum request_status take_outcome(struct request *rq)
{
    struct call *call = &rq->call;
    struct json_out o = request_result(rq);

    if (call->status < 0 && rq->failure.code != 0) /* cancelled: the failure is set */
        return REQUEST_FAILED;
    if (call->status < 0) {
        rq->failure.code = -call->status;
        rq->failure.imposed = call->imposed;
        rq->failure.fault = call->fault;
        rq->failure.why = call->why;
        call->why = (struct why)WHY_INIT;
        explain(rq);
        blame_argument(rq, -call->status);
        return REQUEST_FAILED;
    }
    codec_encode(&rq->decoder, &call->out, &o);
    return REQUEST_DONE;
}

static void on_call_done(struct call *call)
{
    struct request *rq = call->user;

    request_finish(rq, take_outcome(rq));
}

/** Bytes that a call's request holds if it waits: what it was given, room for what it answers, and a
 * place in the line of each handle. */
static size_t held_bytes(const struct request *rq)
{
    size_t bytes = rq->text.len + rq->decoder.lent_size;

    if (rq->call.nr == SC_SELECT)
        bytes += rq->call.args.select.fds.len / sizeof(int32_t) * WAIT_SIZE;
    return bytes;
}

/** Decode the arguments, or take those that were. Returns 0, -1. */
static int take_args(struct request *rq, const struct sc_call_info *info, union sc_args *out)
{
    if (rq->given != NULL) {
        memcpy(out, rq->given, sizeof(*out));
        return 0;
    }
    if (request_may_park(rq) < 0)
        return -1;
    codec_init(&rq->decoder, info, rq->peer->rpc->limits.transfer_bytes, &rq->failure);
    return codec_decode(&rq->decoder, rq->params, out);
}

enum request_status sc_gate_call(struct request *rq, const struct sc_call_info *info)
{
    union sc_args args;
    struct proc *p;

    rq->failure.syscall = info->name;
    if (take_args(rq, info, &args) < 0)
        return REQUEST_FAILED;
    p = pick_actor(rq);
    if (p == NULL)
        return request_keep(rq, &args, sizeof(args));
    call_init(&rq->call, p, &abi_driven, info->nr, on_call_done, rq);
    rq->has_call = true;
    rq->background = rq->decoder.background;
    rq->call.args = args;
    if (codec_lend(&rq->decoder, &rq->call.args, &rq->call.out) < 0 ||
        request_may_hold(rq, held_bytes(rq)) < 0)
        return REQUEST_FAILED;
    if (input_call(&rq->call, NULL) != SC_PENDING)
        return take_outcome(rq);
    request_park(rq);
    return REQUEST_PARKED;
}
