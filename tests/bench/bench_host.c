/* SPDX-License-Identifier: MIT */
/* Sleeps on the real clock, through the daemon's own host and loop, beside the host's own sleep. */
#include "fsdrivers/registry.h"
#include "server/host/host.h"
#include "server/kernel/call/call.h"
#include "server/kernel/machine.h"
#include "tests/bench/bench.h"

#include <time.h>

enum { SLEEP_US = 200, NS_PER_US = 1000, MACHINES = 10000, CROWD_US = 1000000 };

struct bed {
    uv_loop_t loop;
    struct host *host;
    struct machine *machines[MACHINES];
    struct call calls[MACHINES];
    size_t asleep;
};

static void on_awake(struct call *call)
{
    struct bed *b = call->user;

    b->asleep--;
}

static void fall_asleep(struct bed *b, size_t i, int64_t usecs)
{
    struct call *c = &b->calls[i];

    call_init(c, b->machines[i]->init, &abi_driven, SC_USLEEP, on_awake, b);
    c->args.usleep.usecs = usecs;
    BENCH_NEED(call_begin(c) == SC_PENDING);
    b->asleep++;
}

static void ours_sleep(void *user, size_t count)
{
    struct bed *b = user;

    for (size_t i = 0; i < count; i++) {
        fall_asleep(b, 0, SLEEP_US);
        while (b->asleep > 0)
            (void)uv_run(&b->loop, UV_RUN_ONCE);
    }
}

static void host_sleep(void *user, size_t count)
{
    const struct timespec time = {0, SLEEP_US * NS_PER_US};

    (void)user;
    for (size_t i = 0; i < count; i++)
        (void)nanosleep(&time, NULL);
}

/** Set and cancel @count alarms while @machines others are set. */
static void toggle(struct bed *b, size_t machines, size_t count)
{
    for (size_t i = 1; i < machines; i++)
        fall_asleep(b, i, CROWD_US * (int64_t)60 + (int64_t)i);
    for (size_t i = 0; i < count; i++) {
        fall_asleep(b, 0, CROWD_US * (int64_t)(i + 1));
        call_cancel(&b->calls[0], -1);
    }
    for (size_t i = 1; i < machines; i++)
        call_cancel(&b->calls[i], -1);
}

static void toggle_in_crowd(void *user, size_t count)
{
    toggle(user, MACHINES, count);
}

static void toggle_alone(void *user, size_t count)
{
    toggle(user, 1, count);
}

static void set_up(struct bed *b)
{
    const struct machine_spec spec = {.name = "bench", .fs_open = registry_open};
    const struct strings none = {NULL, 0};

    BENCH_NEED(uv_loop_init(&b->loop) == 0);
    BENCH_NEED(host_new(&b->loop, &none, NULL, &b->host) == 0);
    for (size_t i = 0; i < MACHINES; i++)
        BENCH_NEED(machine_new(&spec, &host_ops, b->host, &b->machines[i]) == 0);
}

static void tear_down(struct bed *b)
{
    for (size_t i = 0; i < MACHINES; i++)
        machine_free(b->machines[i]);
    host_close(b->host);
    (void)uv_run(&b->loop, UV_RUN_DEFAULT);
    BENCH_NEED(uv_loop_close(&b->loop) == 0);
    host_free(b->host);
}

int main(int argc, char **argv)
{
    static struct bed b;
    const struct bench_work works[] = {
        {"USLEEP(200) / nanosleep(200 µs)", "<= 1.2", 500, ours_sleep, &b, host_sleep, &b},
        {"sleep cancelled: 10,000 machines / 1", "", 200000, toggle_in_crowd, &b, toggle_alone, &b},
    };
    int status;

    set_up(&b);
    status = bench_main(argc, argv, works, sizeof(works) / sizeof(works[0]));
    tear_down(&b);
    return status;
}
