/* SPDX-License-Identifier: MIT */
/* Alarms of machines in a real loop: never before their time, in order, and one descriptor for all. */
#include "fsdrivers/registry.h"
#include "server/host/host.h"
#include "server/kernel/call/call.h"
#include "server/kernel/machine.h"
#include "tests/count_fds.h"
#include "tests/fini.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <unistd.h>

enum { MACHINES = 1000, USEC = 1000 };

static uv_loop_t loop;
static struct host *host;
static int finished;
static int order[MACHINES];

/** A machine with a call that sleeps. */
struct sleeper {
    struct machine *m;
    struct call call;
    uint64_t not_before;
    uint64_t deadline_ns; /* of the host's clock, of its sleep */
    int number;
};

static void setup(void)
{
    struct strings none = {NULL, 0};

    finished = 0;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(host_new(&loop, &none, NULL, &host), 0);
}

static void teardown(void)
{
    host_close(host);
    fini_assert(uv_run(&loop, UV_RUN_DEFAULT) == 0, "the loop goes on");
    fini_assert(uv_loop_close(&loop) == 0, "a handle is left in the loop");
    host_free(host);
}

TestSuite(alarms, .init = setup, .fini = teardown);

static void on_awake(struct call *call)
{
    struct sleeper *s = call->user;

    cr_assert_geq(uv_hrtime(), s->not_before);
    order[finished++] = s->number;
}

static void open_machine(struct sleeper *s, enum clock_kind clock, int number)
{
    const struct machine_spec spec = {.name = "m", .clock = clock, .fs_open = registry_open};

    s->number = number;
    cr_assert_eq(machine_new(&spec, &host_ops, host, &s->m), 0);
}

static void sleep_for(struct sleeper *s, int64_t usecs)
{
    call_init(&s->call, s->m->init, &abi_driven, SC_USLEEP, on_awake, s);
    s->call.args.usleep.usecs = usecs;
    s->not_before = s->m->spec.clock == CLOCK_REAL ? uv_hrtime() + (uint64_t)usecs * USEC : 0;
    cr_assert_eq(call_begin(&s->call), SC_PENDING);
    s->deadline_ns = s->m->clock.started_ns + s->call.timer.deadline_ns;
}

static void close_machine(struct sleeper *s)
{
    call_done(&s->call);
    machine_free(s->m);
}

static void run_until(int count)
{
    while (finished < count)
        (void)uv_run(&loop, UV_RUN_ONCE);
}

Test(alarms, a_sleep_is_not_over_before_its_time)
{
    struct sleeper s;

    open_machine(&s, CLOCK_REAL, 0);
    sleep_for(&s, 1);
    run_until(1);
    call_done(&s.call);
    sleep_for(&s, 200);
    run_until(2);
    close_machine(&s);
}

Test(alarms, machines_wake_in_the_order_of_their_deadlines)
{
    static struct sleeper s[MACHINES];
    int fds = count_fds();

    for (int i = 0; i < MACHINES; i++)
        open_machine(&s[i], CLOCK_REAL, i);
    for (int i = 0; i < MACHINES; i++) /* the later they are asked, the sooner they are due */
        sleep_for(&s[i], 200000 - i * 100);
    cr_assert_eq(count_fds(), fds, "alarms need no descriptors of their own");
    run_until(MACHINES);
    for (int i = 1; i < MACHINES; i++)
        cr_assert_leq(s[order[i - 1]].deadline_ns, s[order[i]].deadline_ns);
    for (int i = 0; i < MACHINES; i++)
        close_machine(&s[i]);
}

Test(alarms, the_last_word_counts)
{
    struct sleeper s;

    open_machine(&s, CLOCK_REAL, 0);
    sleep_for(&s, 10);
    host_ops.wake_at(host, s.m, HOST_WAKE_NEVER);
    (void)usleep(1000);
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    cr_assert_eq(finished, 0);
    host_ops.wake_at(host, s.m, UINT64_MAX - 1);
    host_ops.wake_at(host, s.m, uv_hrtime());
    run_until(1);
    close_machine(&s);
}

/** A call that yields again whenever it goes on. */
static void on_turn(struct call *call)
{
    struct sleeper *s = call->user;

    finished++;
    call_done(call);
    call_init(&s->call, s->m->init, &abi_driven, SC_YIELD, on_turn, s);
    cr_assert_eq(call_begin(&s->call), SC_PENDING);
}

Test(alarms, who_is_woken_soon_is_woken_once_a_turn)
{
    struct sleeper s;

    open_machine(&s, CLOCK_REAL, 0);
    call_init(&s.call, s.m->init, &abi_driven, SC_YIELD, on_turn, &s);
    cr_assert_eq(call_begin(&s.call), SC_PENDING);
    for (int i = 0; i < 10; i++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        cr_assert_eq(finished, i + 1);
    }
    s.call.done = on_awake;
    s.not_before = 0;
    call_cancel(&s.call, -ECANCELED);
    close_machine(&s);
}

Test(alarms, a_machine_may_go_while_its_alarm_is_set)
{
    struct sleeper gone;
    struct sleeper left;

    open_machine(&gone, CLOCK_REAL, 0);
    open_machine(&left, CLOCK_VIRTUAL, 1);
    sleep_for(&gone, 1000);
    gone.not_before = 0;
    sleep_for(&left, 3600000000);
    machine_free(gone.m); /* cancels the sleep, which is told */
    call_done(&gone.call);
    run_until(2);
    cr_assert_eq(order[1], 1);
    close_machine(&left);
}
