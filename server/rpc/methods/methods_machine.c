/* SPDX-License-Identifier: MIT */
/* machine.*: making, naming, ending and counting machines. */
#include "server/base/check.h"
#include "server/rpc/peer/dispatch.h"
#include "server/rpc/peer/marks.h"

#include <errno.h>
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

/** Make one of init's filesystems by MAKE_FS itself, so that its rules for sources hold. */
static int make_fs(struct request *rq, struct machine *m, const cJSON *item)
{
    struct rpc_mount_object mount;
    struct sc_make_fs_args *args;
    struct call call;
    int err;

    if (params_mount(item, &mount, &rq->failure) < 0)
        return -1;
    call_init(&call, m->init, &abi_driven, SC_MAKE_FS, NULL, NULL);
    args = &call.args.make_fs;
    args->driver = (struct sc_str){mount.driver, strlen(mount.driver)};
    args->fs_name = (struct sc_str){mount.name, strlen(mount.name)};
    if (mount.opts != NULL)
        args->opts = (struct sc_str){mount.opts, strlen(mount.opts)};
    err = input_call(&call, NULL);
    CHECK(err != SC_PENDING); /* without done() no call is held or waits: call_may_wait() */
    if (err < 0) {
        (void)why_add(&call.why, 0, "the filesystem '%s' could not be made", mount.name);
        (void)fail_why(&rq->failure, err, &call.why);
    }
    call_done(&call);
    return err < 0 ? -1 : 0;
}

enum request_status method_machine_create(struct request *rq,
                                          const struct rpc_machine_create_params *params)
{
    struct rpc_machine_request wish = {
        .name = params->name, .seed = params->seed, .uid = rq->conn->uid};
    struct why why = WHY_INIT;
    struct rpc_machine *machine;
    struct machine *m;
    struct json_out o = request_result(rq);
    int err;

    if (params->clock != NULL && strcmp(params->clock, "virtual") == 0)
        wish.clock = CLOCK_VIRTUAL;
    wish.lockstep = params->lockstep;
    if (wish.lockstep && wish.clock != CLOCK_VIRTUAL)
        return fail(&rq->failure, EINVAL, "lockstep", "only a virtual clock can keep guests back");
    if (take_limits(rq, params->limits, &wish.limits) < 0)
        return REQUEST_FAILED;
    err = rpc_add_machine(rq->conn->rpc, &wish, &why, &m);
    if (err < 0) {
        (void)fail_why(&rq->failure, err, &why);
        return REQUEST_FAILED;
    }
    machine = m->spec.user;
    for (const cJSON *item = params->names; item != NULL; item = item->next) {
        if (make_fs(rq, m, item) < 0) {
            machines_end(machine);
            return REQUEST_FAILED;
        }
    }
    if (params->transient)
        list_append(&rq->conn->machines, &machine->in_conn);
    result_machine_create(&o, &(struct rpc_machine_create_result){.machine = m->name});
    return REQUEST_DONE;
}

enum request_status method_machine_destroy(struct request *rq,
                                           const struct rpc_machine_destroy_params *params)
{
    struct rpc_machine *machine =
        machines_find(rq->conn->rpc, params->machine, rq->conn->uid, &rq->failure);

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
    for (const struct rpc_machine *machine = rq->conn->rpc->machines; machine != NULL && left > 0;
         machine = machine->hh.next) {
        if (!machine_is_visible(machine, rq->conn->uid))
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
                                                          .holds = (int64_t)m->holds,
                                                          .stalls = {trace_write_stalls, machine}});
    return REQUEST_DONE;
}
