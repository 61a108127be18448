/* SPDX-License-Identifier: MIT */
/* proc.pause, proc.resume, proc.paused, proc.step: holding calls before they are carried out. */
#include "server/kernel/call/pause.h"

#include "server/rpc/peer/dispatch.h"
#include "server/rpc/peer/marks.h"

#include <errno.h>
#include <string.h>

/**
 * What a request names: a process, or with pid 0 the machine.
 * @out      set to the process, or to NULL.
 * Returns   the machine; NULL with the failure set.
 */
static struct rpc_machine *find_named(struct request *rq, const char *name, int32_t pid,
                                      struct proc **out)
{
    struct rpc_machine *machine = request_machine(rq, name);

    *out = machine != NULL && pid != 0 ? request_proc_of(rq, machine, pid) : NULL;
    return pid != 0 && *out == NULL ? NULL : machine;
}

enum request_status method_proc_pause(struct request *rq,
                                      const struct rpc_proc_pause_params *params)
{
    const struct mark made = {.kind = MARK_PAUSE, .pid = params->pid};
    struct input in = {.kind = INPUT_PAUSE, .pause = {params->pid}};
    struct proc *p;
    struct rpc_machine *machine = find_named(rq, params->machine, params->pid, &p);

    if (machine == NULL || marks_add(rq, machine, &made, params->keep) < 0)
        return REQUEST_FAILED;
    (void)machine_input(machine->m, &in);
    return REQUEST_DONE;
}

enum request_status method_proc_resume(struct request *rq,
                                       const struct rpc_proc_resume_params *params)
{
    struct input in = {.kind = INPUT_RESUME, .resume = {params->pid}};
    struct proc *p;
    struct rpc_machine *machine = find_named(rq, params->machine, params->pid, &p);

    if (machine == NULL)
        return REQUEST_FAILED;
    marks_resumed(machine, params->pid);
    (void)machine_input(machine->m, &in);
    return REQUEST_DONE;
}

enum request_status method_proc_paused(struct request *rq,
                                       const struct rpc_proc_paused_params *params)
{
    const struct rpc_machine *machine = request_machine(rq, params->machine);
    struct json_out o = request_result(rq);
    uint64_t left = page_size(params->limit);

    if (machine == NULL)
        return REQUEST_FAILED;
    out_open(&o, '[');
    for (const struct list *i = machine->m->paused.next; i != &machine->m->paused && left > 0;
         i = i->next) {
        const struct call *call = container_of(i, struct call, wait);
        const struct sc_call_info *info = sc_call_by_nr(call->nr);

        if (call->seq <= params->after)
            continue; /* they are held in the order in which they were begun */
        left--;
        result_proc_paused(&o, &(struct rpc_proc_paused_result){.pid = call->pid,
                                                                .seq = (int64_t)call->seq,
                                                                .call = info->name,
                                                                .args = {write_args, call}});
    }
    out_close(&o, ']');
    return REQUEST_DONE;
}

/** The held call of a process; NULL with the failure set. */
static struct call *find_held(struct request *rq, const struct rpc_machine *machine, int32_t pid)
{
    const struct proc *p = request_proc_of(rq, machine, pid);
    struct call *call = pause_held(machine->m, pid);

    if (p == NULL || call != NULL)
        return call;
    if (!p->paused)
        (void)fail(&rq->failure, EINVAL, "pid", "process %d is not paused; see proc.pause", pid);
    else
        (void)fail(&rq->failure, EAGAIN, "pid", "process %d is paused, but has begun no call since",
                   pid);
    return NULL;
}

/** Make up the outcome of a held call, as the parameters want it. Returns 0, -1. */
static int answer(struct request *rq, struct call *call, const struct rpc_proc_step_params *params)
{
    struct input in = {.kind = INPUT_ANSWER, .answer = {.pid = call->pid}};

    if (params->error != NULL && params->result != NULL)
        return fail(&rq->failure, RPC_E_PARAMS, "error", "error and result can't be used together");
    if (call->nr == SC_EXIT)
        return fail(&rq->failure, EINVAL, "pid", "EXIT does not return, so it has no outcome");
    if (params->error != NULL) {
        in.answer.status = -sc_errno_by_name(params->error, strlen(params->error))->value;
        return machine_input(call->machine, &in);
    }
    if (codec_decode_result(sc_call_by_nr(call->nr), params->result, &call->out, &call->text,
                            &rq->failure) < 0)
        return -1;
    return machine_input(call->machine, &in);
}

enum request_status method_proc_step(struct request *rq, const struct rpc_proc_step_params *params)
{
    const struct rpc_machine *machine = request_machine(rq, params->machine);
    struct call *call = machine != NULL ? find_held(rq, machine, params->pid) : NULL;
    struct input in = {.kind = INPUT_STEP, .step = {params->pid}};

    if (call == NULL)
        return REQUEST_FAILED;
    if (params->error != NULL || params->result != NULL)
        return answer(rq, call, params) < 0 ? REQUEST_FAILED : REQUEST_DONE;
    (void)machine_input(machine->m, &in);
    return REQUEST_DONE;
}
