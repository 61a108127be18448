/* SPDX-License-Identifier: MIT */
/* machine.*: making, naming, ending and counting machines. */
#include "server/rpc/peer/dispatch.h"
#include "server/rpc/peer/marks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** A machine's limits as the request wants them. Returns 0, -1. */
static int take_limits(struct request *rq, const cJSON *first, struct machine_limits *out)
{
    struct rpc_machine_limits_object o;

    if (params_machine_limits(first, &o, &rq->failure) < 0)
        return -1;
#define MACHINE_LIMIT(name, initial, ceiling, most, doc) .name = (uint64_t)o.name,
    *out = (struct machine_limits){MACHINE_LIMITS(MACHINE_LIMIT)};
#undef MACHINE_LIMIT
    return 0;
}

/** A machine that is made, filesystem by filesystem: each may have to be waited for. Who finds it meanwhile
 * waits for its turn, which comes when all are made. */
struct making {
    struct request *rq;
    cJSON *names; /* owned: those that are left, the first is being made */
    bool transient;
};

/** Set the failure of making a filesystem, if it failed. Returns 0, -1. */
static int take_outcome(struct request *rq, struct call *call)
{
    const struct sc_str *name = &call->args.make_fs.fs_name;

    if (call->status < 0 && rq->failure.code == 0) {
        (void)why_add(&call->why, 0, "the filesystem '%.*s' could not be made", (int)name->len,
                      name->ptr);
        (void)fail_why(&rq->failure, call->status, &call->why);
    }
    call_done(call);
    return rq->failure.code == 0 ? 0 : -1;
}

/** The machine has its names, or is not to be. @machine NULL it has ended. */
static enum request_status finish_making(struct making *mk, struct rpc_machine *machine,
                                         enum request_status status)
{
    struct request *rq = mk->rq;
    struct json_out o = request_result(rq);

    if (status == REQUEST_DONE) {
        if (mk->transient && !machine->ended)
            list_append(&rq->peer->machines, &machine->in_peer);
        result_machine_create(&o, &(struct rpc_machine_create_result){.machine = machine->name});
    } else if (machine != NULL && !machine->ended && !stack_is_inside(machine->m)) {
        machines_end(machine);
    } else if (machine != NULL && !machine->ended) {
        machine->ended = true;
        rpc_tidy_later(rq->peer->rpc);
    }
    cJSON_Delete(mk->names);
    free(mk);
    return status;
}

static void on_made(struct call *call);

/** Make init's filesystems by MAKE_FS itself, so that its rules for sources hold. */
static enum request_status make_next(struct making *mk, struct rpc_machine *machine)
{
    struct request *rq = mk->rq;
    struct rpc_mount_object mount;
    struct sc_make_fs_args *args;

    for (; mk->names->child != NULL; cJSON_DeleteItemFromArray(mk->names, 0)) {
        if (params_mount(mk->names->child, &mount, &rq->failure) < 0)
            return finish_making(mk, machine, REQUEST_FAILED);
        call_init(&rq->call, machine->m->init, &abi_driven, SC_MAKE_FS, on_made, mk);
        args = &rq->call.args.make_fs;
        args->driver = (struct sc_str){mount.driver, strlen(mount.driver)};
        args->fs_name = (struct sc_str){mount.name, strlen(mount.name)};
        if (mount.opts != NULL)
            args->opts = (struct sc_str){mount.opts, strlen(mount.opts)};
        if (input_call(&rq->call, NULL) == SC_PENDING)
            return REQUEST_PARKED;
        if (take_outcome(rq, &rq->call) < 0)
            return finish_making(mk, machine, REQUEST_FAILED);
    }
    return finish_making(mk, machine, REQUEST_DONE);
}

/** call.done */
static void on_made(struct call *call)
{
    struct making *mk = call->user;
    struct request *rq = mk->rq;
    struct rpc_machine *machine = call->proc != NULL ? call->machine->spec.user : NULL;
    enum request_status status;

    if (take_outcome(rq, call) < 0) {
        rq->has_call = false;
        request_finish(rq, finish_making(mk, machine, REQUEST_FAILED));
        return;
    }
    cJSON_DeleteItemFromArray(mk->names, 0);
    /* The machine may stand still in the next one: a cancel must find its call then. */
    status = make_next(mk, machine);
    rq->has_call = status == REQUEST_PARKED;
    if (status != REQUEST_PARKED)
        request_finish(rq, status);
}

/** Begin to make the filesystems of a machine. */
static enum request_status make_all(struct request *rq, struct rpc_machine *machine,
                                    const struct rpc_machine_create_params *params)
{
    struct making *mk = calloc(1, sizeof(*mk));
    enum request_status status;
    bool whole;

    if (mk == NULL) {
        machines_end(machine);
        return fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
    }
    *mk = (struct making){rq, cJSON_CreateArray(), params->transient};
    whole = mk->names != NULL;
    for (const cJSON *item = params->names; whole && item != NULL; item = item->next)
        whole = cJSON_AddItemToArray(mk->names, cJSON_Duplicate(item, true));
    if (!whole) {
        (void)fail(&rq->failure, RPC_E_INTERNAL, NULL, "out of memory");
        return finish_making(mk, machine, REQUEST_FAILED);
    }
    status = make_next(mk, machine);
    if (status != REQUEST_PARKED)
        return status;
    request_park(rq);
    rq->has_call = true; /* it can be cancelled */
    return REQUEST_PARKED;
}

enum request_status method_machine_create(struct request *rq,
                                          const struct rpc_machine_create_params *params)
{
    struct rpc_machine_request spec = {
        .name = params->name, .seed = params->seed, .uid = rq->peer->uid};
    struct why why = WHY_INIT;
    struct machine *m;
    int err;

    if (params->clock != NULL && strcmp(params->clock, "virtual") == 0)
        spec.clock = CLOCK_VIRTUAL;
    spec.lockstep = params->lockstep;
    if (spec.lockstep && spec.clock != CLOCK_VIRTUAL)
        return fail(&rq->failure, EINVAL, "lockstep", "lockstep needs a virtual clock");
    if (take_limits(rq, params->limits, &spec.limits) < 0 ||
        (params->names != NULL &&
         (request_may_park(rq) < 0 || request_may_hold(rq, rq->text.len) < 0)))
        return REQUEST_FAILED;
    err = rpc_add_machine(rq->peer->rpc, &spec, &why, &m);
    if (err < 0) {
        (void)fail_why(&rq->failure, err, &why);
        return REQUEST_FAILED;
    }
    return make_all(rq, m->spec.user, params);
}

enum request_status method_machine_destroy(struct request *rq,
                                           const struct rpc_machine_destroy_params *params)
{
    struct rpc_machine *machine =
        machines_find(rq->peer->rpc, params->machine, rq->peer->uid, &rq->failure);

    if (machine == NULL)
        return REQUEST_FAILED;
    machines_end(machine);
    return REQUEST_DONE;
}

static const char *clock_name(const struct machine *m)
{
    return m->spec.clock == CLOCK_VIRTUAL ? "virtual" : "real";
}

enum request_status method_machine_list(struct request *rq,
                                        const struct rpc_machine_list_params *params)
{
    struct json_out o = request_result(rq);
    const char *after = params->after;
    uint64_t left = page_size(params->limit);

    out_open(&o, '[');
    for (const struct rpc_machine *machine = rq->peer->rpc->machines; machine != NULL && left > 0;
         machine = machine->hh.next) {
        if (!machine_is_visible(machine, rq->peer->uid))
            continue;
        if (after != NULL) {
            after = strcmp(after, machine->name) == 0 ? NULL : after;
            continue;
        }
        left--;
        result_machine_list(
            &o, &(struct rpc_machine_list_result){.machine = machine->name,
                                                  .clock = clock_name(machine->m),
                                                  .processes = (int64_t)machine->m->census.procs});
    }
    out_close(&o, ']');
    return after == NULL ? REQUEST_DONE : page_lost(rq);
}

static void write_census(struct json_out *o, const void *of)
{
    struct census c;

    machine_census(of, &c);
    object_census(o, &(struct rpc_census_fields){.procs = (int64_t)c.procs,
                                                 .names = (int64_t)c.names,
                                                 .fds = (int64_t)c.fds,
                                                 .views = (int64_t)c.views,
                                                 .files = (int64_t)c.files,
                                                 .mounts = (int64_t)c.mounts,
                                                 .nodes = (int64_t)c.nodes,
                                                 .regions = (int64_t)c.regions,
                                                 .mapped = (int64_t)c.mapped,
                                                 .calls = (int64_t)c.calls,
                                                 .timers = (int64_t)c.timers});
}

static void write_limits(struct json_out *o, const void *of)
{
    const struct machine_limits *l = of;

#define MACHINE_LIMIT(name, initial, ceiling, most, doc) .name = (int64_t)l->name,
    object_machine_limits(o, &(struct rpc_machine_limits_fields){MACHINE_LIMITS(MACHINE_LIMIT)});
#undef MACHINE_LIMIT
}

enum request_status method_machine_info(struct request *rq,
                                        const struct rpc_machine_info_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    struct json_out o = request_result(rq);
    struct machine *m;

    if (machine == NULL)
        return REQUEST_FAILED;
    m = machine->m;
    result_machine_info(&o,
                        &(struct rpc_machine_info_result){.machine = machine->name,
                                                          .clock = clock_name(m),
                                                          .now_ns = (int64_t)machine_now_ns(m),
                                                          .seed = m->spec.seed,
                                                          .calls = (int64_t)m->calls_total,
                                                          .processes = (int64_t)m->census.procs,
                                                          .census = {write_census, m},
                                                          .limits = {write_limits, &m->limits},
                                                          .uid = machine->uid,
                                                          .pauses = {marks_write_pauses, machine},
                                                          .faults = {marks_write_faults, machine},
                                                          .holds = (int64_t)m->clock.holds,
                                                          .stalls = {trace_write_stalls, machine}});
    return REQUEST_DONE;
}
