/* SPDX-License-Identifier: MIT */
/* clock.*: what time it is in a machine, and moving a virtual clock on by hand. */
#include "server/rpc/dispatch.h"

#include <errno.h>

enum { NS_PER_USEC = 1000 };

static void put_time(struct request *rq, const char *key, uint64_t ns)
{
    struct json_out o = request_result(rq);

    out_open(&o, '{');
    out_key(&o, key);
    out_uint(&o, ns);
    out_close(&o, '}');
}

enum request_status method_clock_get(struct request *rq, const struct rpc_clock_get_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    struct json_out o = request_result(rq);
    const struct machine *m;
    uint64_t next;

    if (machine == NULL)
        return REQUEST_FAILED;
    m = machine->m;
    next = timer_next(&m->clock_timers);
    out_open(&o, '{');
    out_key(&o, "clock");
    out_string(&o, m->spec.clock == CLOCK_VIRTUAL ? "virtual" : "real");
    out_key(&o, "now_ns");
    out_uint(&o, machine_now_ns(m));
    out_key(&o, "stamp_ns");
    out_uint(&o, machine_stamp_ns(m));
    out_key(&o, "next_ns");
    if (next == UINT64_MAX)
        out_int(&o, -1);
    else
        out_uint(&o, next);
    out_close(&o, '}');
    return REQUEST_DONE;
}

static void on_there(struct clock_goal *goal, int status)
{
    struct request *rq = container_of(goal, struct request, goal);

    if (status < 0) {
        (void)fail(&rq->failure, status, "machine", "the machine ended before its clock was there");
        request_finish(rq, REQUEST_FAILED);
        return;
    }
    put_time(rq, "now_ns", machine_now_ns(goal->machine));
    request_finish(rq, REQUEST_DONE);
}

/** Let the clock go to @now_ns; @arg is the parameter that says so. */
static enum request_status go_to(struct request *rq, struct machine *m, const char *arg,
                                 uint64_t now_ns)
{
    const uint64_t now = machine_now_ns(m);
    struct input in = {.kind = INPUT_GOAL, .goal = {now_ns, &rq->goal, on_there}};
    int err;

    if (now_ns < now)
        return fail(&rq->failure, EINVAL, arg, "no clock goes back: it is %llu ns",
                    (unsigned long long)now);
    if (now_ns >= MACHINE_CLOCK_END)
        return fail(&rq->failure, EINVAL, arg, "no clock gets past %llu ns, 200 years",
                    (unsigned long long)MACHINE_CLOCK_END);
    if (request_may_park(rq) < 0)
        return REQUEST_FAILED;
    err = machine_input(m, &in);
    if (err < 0)
        return fail(&rq->failure, err, NULL, "the clock can't be moved now");
    request_park(rq);
    return REQUEST_PARKED;
}

/** The machine of a name if its clock can be moved; NULL with the failure said. */
static struct machine *movable(struct request *rq, const char *name)
{
    struct rpc_machine *machine = request_machine(rq, name);

    if (machine == NULL)
        return NULL;
    if (machine->m->spec.clock == CLOCK_VIRTUAL)
        return machine->m;
    (void)fail(&rq->failure, EINVAL, "machine",
               "machine '%s' has a real clock; only a virtual one can be moved", machine->name);
    return NULL;
}

enum request_status method_clock_advance(struct request *rq,
                                         const struct rpc_clock_advance_params *params)
{
    struct machine *m = movable(rq, params->machine);

    if (m == NULL)
        return REQUEST_FAILED;
    if (params->usecs < 0)
        return fail(&rq->failure, EINVAL, "usecs", "no clock goes back");
    if ((uint64_t)params->usecs >= MACHINE_CLOCK_END / NS_PER_USEC)
        return go_to(rq, m, "usecs", MACHINE_CLOCK_END);
    return go_to(rq, m, "usecs", machine_now_ns(m) + (uint64_t)params->usecs * NS_PER_USEC);
}

enum request_status method_clock_set(struct request *rq, const struct rpc_clock_set_params *params)
{
    struct machine *m = movable(rq, params->machine);

    if (m == NULL)
        return REQUEST_FAILED;
    if (params->now_ns < 0)
        return fail(&rq->failure, EINVAL, "now_ns", "a clock begins at 0");
    return go_to(rq, m, "now_ns", (uint64_t)params->now_ns);
}
