/* SPDX-License-Identifier: MIT */
/*
 * Everything that holds, ends or withdraws calls, in random order, and from within done(): pauses,
 * steps, answers, stalls, fault rules, cancelling, closing, killing, terminals; now and then memory
 * is refused. After each step the books are checked; above all that the machine has asked for a tick
 * when somebody could go on.
 */
#include "server/kernel/call/pause.h"
#include "server/kernel/clock.h"
#include "server/kernel/fs/tty.h"
#include "tests/contract/alloc.h"
#include "tests/unit/kernel/spy.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>

enum { STEPS = 3000, SEEDS = 12, SLOTS = 24, PROCS = 10, NESTED_MAX = 3, SIZE = 40000 };

/** One call in flight. */
struct slot {
    struct call call;
    bool used;
    int32_t fds[2];
};

struct storm {
    struct world w;
    uint64_t state; /* of the random numbers */
    struct slot slots[SLOTS];
    int32_t pids[PROCS]; /* 0 is w.p's own */
    int32_t fds[2];      /* a channel of w.p, which its children are given */
    int nested;
    int held;         /* machine_hold() */
    bool calm;        /* it is over: done() begins nothing */
    char bytes[SIZE]; /* what is read and written */
};

static struct storm s;
static struct spy spy;

static uint32_t draw(uint32_t below)
{
    s.state ^= s.state >> 12;
    s.state ^= s.state << 25;
    s.state ^= s.state >> 27;
    return (uint32_t)((s.state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static struct proc *draw_proc(void)
{
    struct proc *p = proc_find(s.w.m, s.pids[draw(PROCS)]);

    return p != NULL && p->state == PS_RUNNING ? p : s.w.p;
}

/** A call has its answer: a new child gets what it needs. */
static void take_answer(const struct call *call)
{
    struct proc *child;

    if (call->nr != SC_NEW_PROC || call->status < 0)
        return;
    child = proc_find(s.w.m, call->out.new_proc.pid);
    if (child == NULL || child->state != PS_LOADING)
        return;
    s.pids[1 + draw(PROCS - 1)] = child->pid;
    for (int i = 0; i < 2; i++) {
        struct open_file *f = fd_find(&s.w.p->fds, s.fds[i]);

        if (f != NULL)
            (void)fd_add_at(&child->fds, s.fds[i], f, NULL);
    }
    (void)ns_add(&child->ns, S("io"), ns_find(&s.w.p->ns, S("io")), NULL);
    child->detached = draw(3) == 0;
    (void)proc_drive(child, "child"); /* or it stays LOADING, without memory */
}

static void act(void);

static void on_done(struct call *call)
{
    struct slot *slot = call->user;

    take_answer(call);
    call_done(call);
    slot->used = false;
    if (s.calm || s.nested >= NESTED_MAX || draw(2) == 0)
        return;
    s.nested++;
    act();
    s.nested--;
}

/** Arguments for a call that was drawn. */
static void fill(struct call *c, struct slot *slot)
{
    int32_t pid = s.pids[1 + draw(PROCS - 1)];

    memcpy(slot->fds, s.fds, sizeof(s.fds));
    switch (c->nr) {
    case SC_USLEEP:
        c->args.usleep.usecs = draw(4);
        break;
    case SC_READ:
        c->args.read = (struct sc_read_args){s.fds[draw(2)], 0, 1 + draw(SIZE)};
        c->out.read.data = (struct sc_buf){s.bytes, SIZE, 0};
        break;
    case SC_WRITE:
        c->args.write = (struct sc_write_args){s.fds[draw(2)], 0, {s.bytes, 1 + draw(SIZE - 1)}};
        break;
    case SC_SELECT:
        c->args.select.fds = (struct sc_str){(const char *)slot->fds, sizeof(slot->fds)};
        c->args.select.timeout = (int64_t)draw(6) - 1;
        break;
    case SC_CLOSE:
        c->args.close.fd = s.fds[draw(2)];
        break;
    case SC_OPEN:
        c->args.open = (struct sc_open_args){S("io:/tty"), FM_READ | FM_BLOCKING};
        break;
    case SC_PROC_WAIT:
        c->args.proc_wait.pid = pid;
        break;
    case SC_PROC_KILL:
        c->args.proc_kill.pid = pid;
        break;
    default:
        break;
    }
}

static void begin(void)
{
    static const int calls[] = {SC_YIELD,  SC_USLEEP,    SC_READ,      SC_READ,          SC_WRITE,
                                SC_SELECT, SC_CLOSE,     SC_NEW_PROC,  SC_NEW_PROC,      SC_EXIT,
                                SC_OPEN,   SC_PROC_WAIT, SC_PROC_KILL, SC_PROC_WAIT_ANY, SC_ERRNO};
    struct slot *slot = &s.slots[draw(SLOTS)];
    int nr = calls[draw(sizeof(calls) / sizeof(calls[0]))];
    struct proc *p = draw_proc();

    if (slot->used || (p == s.w.p && (nr == SC_EXIT || nr == SC_CLOSE)))
        return;
    slot->used = true;
    call_init(&slot->call, p, &abi_driven, nr, on_done, slot);
    fill(&slot->call, slot);
    if (call_begin(&slot->call) == SC_PENDING)
        return;
    take_answer(&slot->call);
    call_done(&slot->call);
    slot->used = false;
}

/** Step the held call of somebody, or answer it. */
static void step(void)
{
    struct call *call = pause_held(s.w.m, draw_proc()->pid);

    if (call == NULL)
        return;
    if (call->nr == SC_EXIT || draw(2) == 0)
        pause_step(call);
    else
        pause_answer(call, draw(2) == 0 ? -EIO : 0);
}

static void add_fault(void)
{
    struct fault_spec spec = {
        .nr = FAULT_ANY_CALL, .probability = 0.3, .times = 2, .delay_us = draw(3)};
    uint32_t id;

    spec.error = spec.delay_us == 0 || draw(2) == 0 ? -EIO : 0;
    if (fault_add(s.w.m, &spec, NULL, &id) == -EAGAIN)
        fault_clear(s.w.m);
}

static void tick(void)
{
    if (s.w.wake_ns > s.w.now_ns)
        return;
    s.w.wake_ns = HOST_WAKE_NEVER;
    machine_tick(s.w.m);
}

/** What has to do with holding back. */
static void interfere(void)
{
    switch (draw(7)) {
    case 0:
        pause_proc(draw_proc());
        break;
    case 1:
        resume_proc(draw_proc());
        break;
    case 2:
        (draw(4) == 0 ? pause_machine : resume_machine)(s.w.m);
        break;
    case 3:
        if (s.w.m->watch.stalls == 0 && draw(4) == 0)
            machine_stall(s.w.m);
        else if (s.w.m->watch.stalls > 0)
            machine_unstall(s.w.m);
        break;
    case 4:
        (s.held > 0 ? machine_release : machine_hold)(s.w.m);
        s.held = s.held > 0 ? 0 : 1;
        break;
    case 5:
        add_fault();
        break;
    default:
        step();
        break;
    }
}

static void act(void)
{
    struct proc *p = draw_proc();

    switch (draw(8)) {
    case 0:
        interfere();
        break;
    case 1:
        call_cancel(&s.slots[draw(SLOTS)].call, -ECANCELED);
        break;
    case 2:
        if (draw(2) == 0 && p != s.w.p)
            proc_fault(p, FAIL_EXCEPTION, "struck");
        break;
    case 3:
        if (draw(8) == 0)
            (void)tty_own(p);
        (void)tty_input(p, "typed", 5, false, NULL);
        break;
    case 4:
        tick();
        break;
    default:
        begin();
        break;
    }
}

/** The books between two steps. */
static void check(void)
{
    struct machine *m = s.w.m;
    uint32_t used = 0;
    uint32_t queued = 0;

    for (int i = 0; i < SLOTS; i++) {
        used += s.slots[i].used;
        cr_assert(!s.slots[i].used || s.slots[i].call.state == CALL_PARKED);
    }
    cr_assert_eq(m->census.calls, used);
    for (const struct proc *p = m->procs; p != NULL; p = p->hh.next)
        queued += proc_has_ended(p) ? 0 : p->task.queued;
    for (const struct list *i = m->ready.calls.next; i != &m->ready.calls; i = i->next)
        queued -= container_of(i, struct call, wait)->queued;
    cr_assert_eq(queued, 0);
    cr_assert(list_empty(&m->ready.woken) && !m->ready.settling && !m->ticking &&
              m->calls_running == 0);
    if (clock_may_jump(m) || !list_empty(&m->ready.calls))
        cr_assert_eq(s.w.wake_ns, HOST_WAKE_SOON, "somebody could go on");
}

static void start(uint64_t seed)
{
    struct call c;

    memset(&s, 0, sizeof(s));
    s.state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    world_open(&s.w, CLOCK_VIRTUAL);
    spy_start(&spy, s.w.m, 0);
    cr_assert_eq(BEGIN(&c, s.w.p, MAKE_FS, make_fs, S("devfs"), S("io"), 0, S("")), 0);
    cr_assert_eq(BEGIN(&c, s.w.p, MK_CHANNEL, mk_channel, FM_BLOCKING), 0);
    s.fds[0] = c.out.mk_channel.ends.first;
    s.fds[1] = c.out.mk_channel.ends.second;
    s.pids[0] = s.w.p->pid;
    for (int i = 0; i < SLOTS; i++) /* so that all can be cancelled */
        call_init(&s.slots[i].call, s.w.p, &abi_driven, SC_ERRNO, on_done, &s.slots[i]);
}

/** Withdraw all calls, and end all processes one by one. */
static void calm_down(void)
{
    for (int i = 0; i < SLOTS; i++)
        call_cancel(&s.slots[i].call, -ECANCELED);
    check();
    resume_machine(s.w.m);
    fault_clear(s.w.m);
    if (s.w.m->watch.stalls > 0)
        machine_unstall(s.w.m);
    while (!list_empty(&s.w.p->children)) {
        struct proc *child = container_of(s.w.p->children.next, struct proc, sibling);
        struct sc_proc_status status;

        cr_assert_eq(w_kill(s.w.p, child->pid, &status), 0);
    }
}

/** End the machine, @at_once with all that is in flight. */
static void finish(bool at_once)
{
    s.calm = true;
    if (!at_once)
        calm_down();
    spy_stop(&spy);
    listener_remove(s.w.m, &s.w.listener);
    machine_free(s.w.m);
    for (int i = 0; i < SLOTS; i++)
        cr_assert(!s.slots[i].used);
}

Test(storm, no_order_of_events_loses_or_doubles_an_answer, .timeout = 60)
{
    const char *seed = getenv("SC_STORM_SEED");
    uint64_t first = seed != NULL ? strtoull(seed, NULL, 10) : 1;

    for (uint64_t i = first; i < first + SEEDS; i++) {
        long live = alloc_live();

        start(i);
        for (int k = 0; k < STEPS; k++) {
            alloc_fail_after(draw(5) == 0 ? (long)draw(5) : -1);
            act();
            alloc_fail_after(-1);
            spy.text[0] = '\0';
            check();
        }
        finish(i % 2 == 0);
        cr_assert_eq(alloc_live(), live, "nothing is left");
    }
}
