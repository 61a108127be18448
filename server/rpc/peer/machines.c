/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/machines.h"

#include "server/kernel/door/slow.h"
#include "server/rpc/peer/marks.h"
#include "server/rpc/peer/session.h"
#include "server/rpc/replay/input_log.h"
#include "server/rpc/trace/record.h"
#include "server/rpc/trace/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** The session whose own process ended is over; so are the pauses of a process that ended. */
static void on_proc_end(struct listener *self, struct machine *m, const struct event *event)
{
    const struct proc *p = proc_find(m, event->pid);
    struct rpc_machine *machine = container_of(self, struct rpc_machine, listener);
    struct session *s = p->driver;

    if (machine->pauses > 0)
        marks_resumed(machine, event->pid);
    if (s != NULL && s->proc == p)
        session_leave(s);
}

static void on_machine_end(void *user, struct machine *m)
{
    struct rpc_machine *machine = user;

    (void)m;
    machine->ended = true;
    rpc_tidy_later(machine->rpc);
}

/** Log what a store has lost, because there may be no listener any more. */
static void on_machine_loss(void *user, struct machine *m, const char *what)
{
    struct rpc_machine *machine = user;

    (void)m;
    rpc_log(machine->rpc, "warn", "machine %s: %s", machine->name, what);
}

static bool name_is_valid(const char *name)
{
    static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);

    return len > 0 && len <= MACHINE_NAME_MAX && strspn(name, ok) == len;
}

static struct rpc_machine *find(struct rpc *rpc, const char *name)
{
    struct rpc_machine *machine;

    HASH_FIND_STR(rpc->machines, name, machine);
    return machine;
}

/** Make up a name that no machine has. */
static void make_name(struct rpc *rpc, char out[MACHINE_NAME_MAX + 1])
{
    do
        (void)snprintf(out, MACHINE_NAME_MAX + 1, "m%llu", (unsigned long long)++rpc->names_made);
    while (find(rpc, out) != NULL);
}

static int check_request(struct rpc *rpc, const char *name, struct why *why)
{
    if (name != NULL && !name_is_valid(name))
        return why_add(why, -EINVAL, "a machine's name is 1 to %d of a-z A-Z 0-9 . _ -",
                       MACHINE_NAME_MAX);
    if (name != NULL && find(rpc, name) != NULL)
        return why_add(why, -EEXIST, "a machine '%s' exists", name);
    if ((uint64_t)rpc->stats.machines >= rpc->limits.machines)
        return why_add(why, -EAGAIN, "there are %llu machines (limit machines)",
                       (unsigned long long)rpc->limits.machines);
    return 0;
}

/** One limit of a new machine: as requested, or else as configured. */
static int take_limit(const char *name, uint64_t configured, uint64_t ceiling, struct why *why,
                      uint64_t *limit)
{
    if (*limit == 0)
        *limit = configured;
    if (configured != 0 && *limit > configured)
        return why_add(why, -EINVAL, "limit %s is at most %llu here (the daemon's configuration)",
                       name, (unsigned long long)configured);
    if (configured == 0 && *limit > ceiling)
        return why_add(why, -EINVAL,
                       "limit %s is at most %llu here, unless the daemon's configuration says "
                       "otherwise (machine_limits)",
                       name, (unsigned long long)ceiling);
    return 0;
}

/** The limits of a new machine: as requested, or else as configured. */
static int take_limits(const struct rpc *rpc, const struct machine_limits *requested,
                       struct why *why, struct machine_limits *out)
{
    const struct machine_limits *ours = &rpc->opt.machine_limits;
    const struct machine_limits *most = &rpc->opt.ceilings;
    int err = 0;

    *out = *requested;
#define MACHINE_LIMIT(name, initial, ceiling, most_, doc)                                          \
    if (err == 0)                                                                                  \
        err = take_limit(#name, ours->name, most->name, why, &out->name);                          \
    if (out->name == 0 && most->name < (initial))                                                  \
        out->name = most->name;
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
    return err;
}

/** Make the machine of a struct that has its name, and put both into the table. */
static int make_machine(struct rpc_machine *machine, const struct rpc_machine_request *request,
                        const struct machine_limits *limits)
{
    struct rpc *rpc = machine->rpc;
    const struct rpc_daemon *d = &rpc->opt.daemon;
    struct machine_spec spec = {.name = machine->name,
                                .clock = request->clock,
                                .lockstep = request->lockstep,
                                .seed = request->seed,
                                .limits = *limits,
                                .fs_open = d->fs_open,
                                .fs_waits = d->fs_waits,
                                .fs_helps = d->fs_helps,
                                .on_end = on_machine_end,
                                .on_loss = on_machine_loss,
                                .user = machine};
    int err;

    if (d->inputs != NULL) {
        spec.on_input = input_log_input;
        spec.on_answer = input_log_answer;
    }
    err = machine_new(&spec, d->ops, d->host, &machine->m);
    if (err < 0)
        return err;
    HASH_ADD_STR(rpc->machines, name, machine);
    if (!hash_added(machine)) {
        machine_free(machine->m);
        return -ENOMEM;
    }
    rpc->stats.machines++;
    return 0;
}

int rpc_add_machine(struct rpc *rpc, const struct rpc_machine_request *request, struct why *why,
                    struct machine **out)
{
    struct machine_limits limits;
    struct rpc_machine *machine;
    int err = check_request(rpc, request->name, why);

    if (err == 0)
        err = take_limits(rpc, &request->limits, why, &limits);
    if (err < 0)
        return err;
    machine = calloc(1, sizeof(*machine));
    if (machine == NULL)
        return -ENOMEM;
    machine->rpc = rpc;
    machine->id = ++rpc->machines_made;
    machine->uid = request->uid;
    list_init(&machine->marks);
    list_init(&machine->sessions);
    list_init(&machine->subscriptions);
    list_init(&machine->in_peer);
    list_init(&machine->in_ending);
    list_init(&machine->ending.link);
    if (request->name != NULL)
        (void)strcpy(machine->name, request->name);
    else
        make_name(rpc, machine->name);
    err = make_machine(machine, request, &limits);
    if (err < 0) {
        free(machine);
        return err;
    }
    input_log_begin(machine);
    machine->listener = (struct listener){.kinds = EVENT_END, .on_event = on_proc_end};
    input_listen(machine->m, &machine->listener);
    record_watch(machine);
    *out = machine->m;
    return 0;
}

bool machine_is_visible(const struct rpc_machine *machine, uint32_t uid)
{
    return uid == 0 || uid == geteuid() || uid == machine->uid;
}

struct rpc_machine *machines_find(struct rpc *rpc, const char *name, uint32_t uid,
                                  struct failure *f)
{
    struct rpc_machine *machine = find(rpc, name != NULL ? name : RPC_DEFAULT_MACHINE);

    if (machine != NULL && !machine->ended && machine_is_visible(machine, uid))
        return machine;
    if (name != NULL || machine == NULL || machine->ended)
        (void)fail(f, RPC_E_PARAMS, "machine", "there is no machine '%s'; see machine.list",
                   name != NULL ? name : RPC_DEFAULT_MACHINE);
    else
        (void)fail(f, RPC_E_PARAMS, "machine",
                   "the default machine is not user %u's; name one of your own (machine.create)",
                   uid);
    return NULL;
}

struct rpc_machine *machines_by_id(struct rpc *rpc, uint64_t id)
{
    struct rpc_machine *machine = rpc->machines;

    while (machine != NULL && machine->id != id)
        machine = machine->hh.next;
    return machine != NULL && !machine->ended ? machine : NULL;
}

/** entry.run: end a machine's sessions and subscriptions, then the machine. */
static void run_end(struct entry *in)
{
    struct rpc_machine *machine = container_of(in, struct rpc_machine, ending);

    while (!list_empty(&machine->subscriptions))
        subscription_end(container_of(machine->subscriptions.next, struct subscription, in_machine),
                         "its machine has ended");
    while (!list_empty(&machine->sessions))
        session_leave(container_of(machine->sessions.next, struct session, in_machine));
    marks_done(machine);
    input_unlisten(machine->m, &machine->listener);
    record_unwatch(machine);
    input_log_end(machine);
    machine_end(machine->m);
    machine->gone = true;
    rpc_tidy_later(machine->rpc);
}

static void free_machine(struct rpc_machine *machine)
{
    list_del(&machine->in_ending);
    machine->rpc->stats.machines--;
    machine_free(machine->m);
    free(machine);
}

void machines_end(struct rpc_machine *machine)
{
    struct rpc *rpc = machine->rpc;

    machine->ended = true;
    list_del(&machine->in_peer);
    HASH_DEL(rpc->machines, machine);
    list_append(&rpc->ending, &machine->in_ending);
    slow_interrupt(machine->m);
    if (stack_enter(machine->m, &machine->ending, run_end))
        free_machine(machine);
}

void machines_tidy(struct rpc *rpc)
{
    struct rpc_machine *machine;
    struct rpc_machine *next;

    HASH_ITER(hh, rpc->machines, machine, next) {
        if (machine->ended)
            machines_end(machine);
    }
    for (struct list *i = rpc->ending.next, *after; i != &rpc->ending; i = after) {
        machine = container_of(i, struct rpc_machine, in_ending);
        after = i->next;
        if (machine->gone && !stack_is_closed(machine->m))
            free_machine(machine);
    }
}
