/* SPDX-License-Identifier: MIT */
#include "server/kernel/machine.h"

#include "server/base/check.h"
#include "server/base/strbuf.h"
#include "server/kernel/call/call.h"
#include "server/kernel/call/late.h"
#include "server/kernel/clock.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/input.h"
#include "server/kernel/random.h"
#include "server/kernel/turn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** The date at which a virtual clock begins: 2000-01-01T00:00:00Z. */
#define VIRTUAL_EPOCH_NS (UINT64_C(946684800) * 1000000000)

enum { NS_PER_USEC = 1000 };

const struct machine_limits machine_default_limits = {
#define MACHINE_LIMIT(name, initial, ceiling, most, doc) .name = (initial),
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
};

static struct machine_limits effective_limits(const struct machine_limits *wanted)
{
    const struct machine_limits *d = &machine_default_limits;

#define MACHINE_LIMIT(name, initial, ceiling, most, doc)                                           \
    .name = wanted->name != 0 ? wanted->name : d->name,
    return (struct machine_limits){MACHINE_LIMITS(MACHINE_LIMIT)};
#undef MACHINE_LIMIT
}

int machine_check_room(uint64_t held, uint64_t limit, int err, const char *name, struct why *why)
{
    if (held < limit)
        return 0;
    return why_add(why, err, "the machine has reached its limit %s, %llu", name,
                   (unsigned long long)limit);
}

int machine_explain_queued(const struct machine *m, struct why *why)
{
    return why_add(why, -ENOMEM,
                   "the machine's channels and terminals take %llu of %llu bytes (limit queued)",
                   (unsigned long long)m->queued.bytes, (unsigned long long)m->queued.bytes_max);
}

int machine_take_descriptors(struct machine *m, uint32_t count, int err, struct why *why)
{
    const uint64_t most = m->limits.descriptors;

    if (m->descriptors > most || count > most - m->descriptors)
        return why_add(why, err,
                       "the machine holds %llu of the %llu descriptors of the daemon that it may "
                       "(limit descriptors), and %u more are needed",
                       (unsigned long long)m->descriptors, (unsigned long long)most, count);
    if (machine_answer(m, m->ops->descriptors_take(m->host, m->descriptors, count) ? 0 : -1, NULL,
                       0) < 0)
        return why_add(
            why, err,
            "the daemon has no descriptors left for a machine that holds %llu: raise its "
            "limit of open files (ulimit -n)",
            (unsigned long long)m->descriptors);
    m->descriptors += count;
    return 0;
}

void machine_give_descriptors(struct machine *m, uint32_t count)
{
    if (count == 0)
        return;
    CHECK(count <= m->descriptors); /* each owner gives back what it took, once, when it is freed */
    m->descriptors -= count;
    m->ops->descriptors_give(m->host, count);
}

int machine_new(const struct machine_spec *spec, const struct host_ops *ops, void *host,
                struct machine **out)
{
    struct machine *m = calloc(1, sizeof(*m));
    int err = -ENOMEM;

    if (m == NULL)
        return -ENOMEM;
    m->spec = *spec;
    m->limits = effective_limits(&spec->limits);
    m->memory.bytes_max = m->limits.all_memory;
    m->queued.bytes_max = m->limits.queued;
    m->ops = ops;
    m->host = host;
    m->next_pid = 1;
    m->random_state = spec->seed;
    m->stand.hurry_ns = UINT64_MAX;
    m->clock.started_ns = ops->now_ns(host);
    list_init(&m->mounts);
    list_init(&m->ready.calls);
    list_init(&m->ready.in_line);
    list_init(&m->ready.behind);
    list_init(&m->ready.woken);
    list_init(&m->watch.listeners);
    list_init(&m->watch.stalled);
    list_init(&m->alarm.soon);
    list_init(&m->turns.waiting);
    list_init(&m->paused);
    fault_table_init(&m->faults, spec->seed);
    timer_heap_init(&m->clock.timers);
    timer_heap_init(&m->clock.goals);
    timer_heap_init(&m->clock.host_timers);
    list_init(&m->late.mappings);
    list_init(&m->stand.entries);
    list_init(&m->tick.link);
    list_init(&m->ending.link);
    m->name = strdup(spec->name);
    if (m->name == NULL)
        goto out;
    m->spec.name = m->name;
    err = proc_new_init(m);
    if (err < 0)
        goto out;
    *out = m;
    return 0;
out:
    free(m->name);
    free(m);
    return err;
}

void machine_loss(struct machine *m, const char *fmt, ...)
{
    struct strbuf text = STRBUF_INIT;
    va_list ap;

    va_start(ap, fmt);
    (void)strbuf_addv(&text, fmt, ap);
    va_end(ap);
    event_note(m, 0, "%s", strbuf_str(&text));
    if (m->spec.on_loss != NULL)
        m->spec.on_loss(m->spec.user, m, strbuf_str(&text));
    strbuf_done(&text);
}

void machine_end(struct machine *m)
{
    m->spec.on_end = NULL;
    m->spec.on_input = NULL;
    m->spec.on_answer = NULL;
    if (m->init != NULL)
        proc_end(m->init, PS_KILLED, 0, NULL);
    late_give_up(m);
    clock_give_up_all(m);
}

/** entry.run */
static void run_end(struct entry *in)
{
    machine_end(container_of(in, struct machine, ending));
}

void machine_free(struct machine *m)
{
    if (m == NULL)
        return;
    /* The daemon frees machines in its loop's own callbacks: requests are taken there, never in a
     * call's done(), and what a done() or an event leads to (a connection that fails, a machine
     * that has ended) is put off to a turn of its own. */
    slow_wait(m);
    CHECK(m->calls_running == 0 && !m->ready.settling && !m->ticking);
    (void)stack_enter(m, &m->ending, run_end);
    slow_wait(m);
    /* All objects of a machine belong to its processes, which have ended with init. */
    CHECK(list_empty(&m->turns.waiting) && m->turns.running == NULL);
    CHECK(list_empty(&m->mounts));
    CHECK(list_empty(&m->ready.woken) && list_empty(&m->ready.in_line) &&
          list_empty(&m->ready.behind));
    CHECK(m->census.calls == 0 && m->memory.bytes == 0 && m->storage == 0 && m->channels == 0);
    CHECK(m->listings == 0 && m->args == 0 && m->descriptors == 0);
    CHECK(m->queued.bytes == 0 && m->labels == 0);
    m->ops->wake_at(m->host, m, HOST_WAKE_NEVER);
    stack_done(m);
    timer_heap_done(&m->clock.timers);
    timer_heap_done(&m->clock.goals);
    timer_heap_done(&m->clock.host_timers);
    fault_clear(m);
    free(m->name);
    free(m);
}

int64_t machine_answer(struct machine *m, int64_t result, const void *bytes, size_t len)
{
    m->input.answers++;
    if (m->spec.on_answer != NULL && (result != 0 || len > 0))
        m->spec.on_answer(m->spec.user, m, result, bytes, len);
    return result;
}

uint64_t machine_host_ns(const struct machine *m)
{
    return m->input.depth > 0 && m->spec.on_input != NULL ? m->input.now_ns
                                                          : m->ops->now_ns(m->host);
}

uint64_t machine_now_ns(const struct machine *m)
{
    if (m->spec.clock == CLOCK_VIRTUAL)
        return m->clock.virtual_ns;
    return machine_host_ns(m) - m->clock.started_ns;
}

uint64_t machine_stamp_ns(const struct machine *m)
{
    if (m->spec.clock == CLOCK_VIRTUAL)
        return VIRTUAL_EPOCH_NS + m->clock.virtual_ns;
    return m->input.depth > 0 && m->spec.on_input != NULL ? m->input.wall_ns
                                                          : m->ops->wall_ns(m->host);
}

uint64_t machine_after_ns(const struct machine *m, uint64_t usecs)
{
    uint64_t now = machine_now_ns(m);

    if (usecs > (MACHINE_CLOCK_END - now) / NS_PER_USEC)
        return MACHINE_CLOCK_END;
    return now + usecs * NS_PER_USEC;
}

void machine_random(struct machine *m, void *buf, size_t len)
{
    random_fill(&m->random_state, buf, len);
}

void machine_arm(struct machine *m)
{
    uint64_t next = timer_next(&m->clock.timers);
    uint64_t deadline;

    if (m->ticking || m->stand.slot != NULL)
        return; /* machine_tick() and stack_go_on() arm when they are done */
    turn_limit(m);
    deadline = m->stand.next_stack != NULL ? HOST_WAKE_SOON : timer_next(&m->clock.host_timers);
    if (next != UINT64_MAX && m->spec.clock == CLOCK_REAL &&
        next < UINT64_MAX - m->clock.started_ns && next + m->clock.started_ns < deadline)
        deadline = next + m->clock.started_ns;
    if (clock_may_jump(m) || (!list_empty(&m->ready.calls) && m->turns.running == NULL) ||
        turn_is_due(m))
        deadline = HOST_WAKE_SOON;
    m->ops->wake_at(m->host, m, deadline);
}

/** Continue the calls that are ready; those that yield meanwhile wait for the next tick. Of several long
 * transfers one moves a slice; the others are first the next time. */
static void resume_ready(struct machine *m)
{
    struct list now;
    struct list later;
    bool moved = false;

    list_init(&now);
    list_init(&later);
    list_splice(&now, &m->ready.calls);
    while (!list_empty(&now)) {
        struct call *call = container_of(now.next, struct call, wait);
        const bool slice = call->again;

        if (slice && moved) {
            list_del(&call->wait);
            list_append(&later, &call->wait);
            continue;
        }
        moved = moved || slice;
        call_go_on(call);
    }
    list_splice(&later, &m->ready.calls);
    list_splice(&m->ready.calls, &later);
}

static void run_tick(struct entry *in)
{
    struct machine *m = container_of(in, struct machine, tick);
    uint64_t now;
    bool spun;

    m->ticking = true;
    now = machine_host_ns(m);
    while (timer_fire_one(&m->clock.host_timers, now))
        continue;
    spun = clock_is_spun_for(m);
    if (spun)
        clock_turn(m);
    if (m->turns.running == NULL)
        resume_ready(m);
    turn_pass(m);
    if (!spun)
        clock_turn(m);
    m->ticking = false;
    machine_arm(m);
}

/** entry.tell */
static void tell_tick(struct entry *in)
{
    input_tell(container_of(in, struct machine, tick), &(struct input){.kind = INPUT_TICK});
}

void machine_tick(struct machine *m)
{
    if (m->stand.slot != NULL) {
        slow_check_limit(m);
        return;
    }
    if (m->ticking || entry_waits(&m->tick))
        return;
    stack_adopt(m);
    m->tick.tell = tell_tick;
    (void)stack_enter(m, &m->tick, run_tick);
}

void machine_hold(struct machine *m)
{
    m->clock.holds++;
}

void machine_release(struct machine *m)
{
    CHECK(m->clock.holds > 0); /* the holder keeps its own flag: session.holding */
    m->clock.holds--;
    if (m->clock.holds == 0)
        machine_arm(m);
}

void machine_stall(struct machine *m)
{
    m->watch.stalls++;
}

void machine_unstall(struct machine *m)
{
    CHECK(m->watch.stalls > 0); /* so does a subscription: subscription.stalling */
    if (--m->watch.stalls > 0)
        return;
    while (!list_empty(&m->watch.stalled))
        call_release(container_of(m->watch.stalled.next, struct call, wait));
}

void machine_guest_busy(struct task *t, bool busy)
{
    struct machine *m = t->proc->machine;

    if (t->busy == busy)
        return;
    t->busy = busy;
    if (busy) {
        m->clock.busy_guests++;
        return;
    }
    m->clock.busy_guests--;
    machine_arm(m);
}

void machine_census(const struct machine *m, struct census *out)
{
    *out = m->census;
    out->timers = (uint32_t)m->clock.timers.count;
    out->regions = 0;
    for (const struct proc *p = m->procs; p != NULL; p = p->hh.next)
        out->regions += (uint32_t)p->memory.count;
}
