/* SPDX-License-Identifier: MIT */
/* session.*, proc.drive, proc.credentials, console.input: who drives what, for whom, and what
 * people type. */
#include "server/rpc/peer/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** session.attach answers what session.open does. */
static void write_session(struct request *rq, const struct session *s)
{
    struct json_out o = request_result(rq);

    result_session_open(&o, &(struct rpc_session_open_result){
                                .session = s->token, .pid = s->pid, .machine = s->machine->name});
}

enum request_status method_session_open(struct request *rq,
                                        const struct rpc_session_open_params *params)
{
    struct rpc *rpc = rq->peer->rpc;
    struct rpc_machine *machine = machines_find(rpc, params->machine, rq->peer->uid, &rq->failure);
    struct session_spec spec = {
        .name = params->name, .creds = {params->uid, params->gid}, .opener = rq->peer};
    struct session *s;

    if (params->name != NULL && strlen(params->name) > SESSION_NAME_MAX)
        return fail(&rq->failure, RPC_E_PARAMS, "name", "a session's name has at most %d bytes",
                    SESSION_NAME_MAX);
    if (machine == NULL || !request_enter(rq, machine->m) ||
        session_open(rpc, machine, &spec, &s, &rq->failure) < 0)
        return REQUEST_FAILED;
    peer_set_session(rq->peer, s);
    write_session(rq, s);
    (void)session_unref(s);
    return REQUEST_DONE;
}

enum request_status method_session_attach(struct request *rq,
                                          const struct rpc_session_attach_params *params)
{
    struct session *s = session_find(rq->peer->rpc, params->session, rq->peer->uid, &rq->failure);

    if (s == NULL)
        return REQUEST_FAILED;
    peer_set_session(rq->peer, s);
    write_session(rq, s);
    return REQUEST_DONE;
}

enum request_status method_session_share(struct request *rq,
                                         const struct rpc_session_share_params *params)
{
    struct proc *actor = request_actor(rq);
    struct why why = WHY_INIT;
    struct input in = {.kind = INPUT_SHARE, .why = &why};
    int err;

    (void)params;
    if (actor == NULL)
        return REQUEST_FAILED;
    in.share.pid = actor->pid;
    err = machine_input(actor->machine, &in);
    if (err < 0) {
        (void)fail_why(&rq->failure, err, &why);
        return REQUEST_FAILED;
    }
    return REQUEST_DONE;
}

enum request_status method_session_close(struct request *rq,
                                         const struct rpc_session_close_params *params)
{
    struct session *s = request_session(rq);

    (void)params;
    if (s == NULL || !request_enter(rq, s->machine->m))
        return REQUEST_FAILED;
    session_end(s);
    return REQUEST_DONE;
}

enum request_status method_proc_drive(struct request *rq,
                                      const struct rpc_proc_drive_params *params)
{
    struct proc *actor = request_actor(rq);
    struct proc *p = actor != NULL ? request_proc(rq, params->pid) : NULL;
    struct input in = {.kind = INPUT_DRIVE};
    int err;

    if (p == NULL)
        return REQUEST_FAILED;
    if (p == actor || !proc_is_below(p, actor)) {
        (void)fail(&rq->failure, ESRCH, "pid", "process %d is not below the session's own, %d",
                   p->pid, actor->pid);
        return REQUEST_FAILED;
    }
    in.drive = (struct input_drive){.pid = p->pid, .program = "session", .driver = rq->session};
    err = machine_input(p->machine, &in);
    if (err < 0) {
        (void)fail(&rq->failure, err, "pid", "process %d runs a program already, or has ended",
                   p->pid);
        return REQUEST_FAILED;
    }
    return REQUEST_DONE;
}

enum request_status method_proc_credentials(struct request *rq,
                                            const struct rpc_proc_credentials_params *params)
{
    const struct proc *actor = request_actor(rq);
    struct proc *p = actor != NULL ? request_proc(rq, params->pid) : NULL;
    struct input in = {.kind = INPUT_CREDENTIALS};

    if (p == NULL)
        return REQUEST_FAILED;
    if (!proc_is_below(p, actor)) {
        (void)fail(&rq->failure, ESRCH, "pid", "process %d is not below the session's own, %d",
                   p->pid, actor->pid);
        return REQUEST_FAILED;
    }
    if (actor->uid != 0) {
        (void)fail(&rq->failure, EPERM, "uid",
                   "the session belongs to user %u: only user 0 may change users", actor->uid);
        return REQUEST_FAILED;
    }
    in.credentials = (struct input_credentials){p->pid, params->uid, params->gid};
    (void)machine_input(p->machine, &in);
    return REQUEST_DONE;
}

enum request_status method_console_input(struct request *rq,
                                         const struct rpc_console_input_params *params)
{
    struct proc *p = request_proc(rq, params->pid);
    struct json_out o = request_result(rq);
    struct input in = {.kind = INPUT_CONSOLE, .why = &rq->failure.why};
    size_t len;
    char *bytes;
    int size;

    if (p == NULL || params_data(params->data, params->encoding, &bytes, &len, &rq->failure) < 0)
        return REQUEST_FAILED;
    in.console = (struct input_console){p->pid, {bytes, len}, params->eof, params->own};
    size = machine_input(p->machine, &in);
    free(bytes);
    if (size < 0) {
        rq->failure.code = -size;
        return REQUEST_FAILED;
    }
    result_console_input(&o, &(struct rpc_console_input_result){.size = size});
    return REQUEST_DONE;
}
