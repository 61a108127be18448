/* SPDX-License-Identifier: MIT */
/* clock.*: what time it is in a machine, and moving a virtual clock on by hand. */
#include "server/rpc/peer/dispatch.h"

#include <errno.h>

enum { NS_PER_USEC = 1000 };

enum request_status method_clock_get(struct request *rq, const struct rpc_clock_get_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    struct json_out o = request_result(rq);
    const struct machine *m;
    uint64_t next;

    if (machine == NULL)
        return REQUEST_FAILED;
    m = machine->m;
    next = timer_next(&m->clock.timers);
    result_clock_get(&o, &(struct rpc_clock_get_result){
                             .clock = m->spec.clock == CLOCK_VIRTUAL ? "virtual" : "real",
                             .now_ns = (int64_t)machine_now_ns(m),
                             .stamp_ns = (int64_t)machine_stamp_ns(m),
                             .next_ns = next == UINT64_MAX ? -1 : (int64_t)next});
    return REQUEST_DONE;
}

static void on_there(struct clock_goal *goal, int status)
{
    struct request *rq = container_of(goal, struct request, goal);
    struct json_out o = request_result(rq);

    if (status < 0) {
        (void)fail(&rq->failure, status, "machine", "the machine ended before its clock got there");
        request_finish(rq, REQUEST_FAILED);
        return;
    }
    /* clock.advance answers the same. */
    result_clock_set(
        &o, &(struct rpc_clock_set_result){.now_ns = (int64_t)machine_now_ns(goal->machine)});
    request_finish(rq, REQUEST_DONE);
}

/** Move the clock to @now_ns; @arg is the parameter that it comes from. */
static enum request_status go_to(struct request *rq, struct machine *m, const char *arg,
                                 uint64_t now_ns)
{
    const uint64_t now = machine_now_ns(m);
    struct input in = {.kind = INPUT_GOAL, .goal = {now_ns, &rq->goal, on_there}};
    int err;

    if (now_ns < now)
        return fail(&rq->failure, EINVAL, arg, "a clock can't go back: it is %llu ns",
                    (unsigned long long)now);
    if (now_ns >= MACHINE_CLOCK_END)
        return fail(&rq->failure, EINVAL, arg, "a clock can't pass %llu ns, 200 years",
                    (unsigned long long)MACHINE_CLOCK_END);
    if (request_may_park(rq) < 0)
        return REQUEST_FAILED;
    err = machine_input(m, &in);
    if (err < 0)
        return fail(&rq->failure, err, NULL, "the clock can't be moved now");
    request_park(rq);
    return REQUEST_PARKED;
}

/** The machine of a name if its clock can be moved; NULL with the failure set. */
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
        return fail(&rq->failure, EINVAL, "usecs", "a clock can't go back");
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
