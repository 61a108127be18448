/* SPDX-License-Identifier: MIT */
#include "server/host/alarms.h"

#include "server/base/check.h"
#include "server/kernel/input.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

static struct machine *machine_of(struct host_alarm *alarm)
{
    return container_of(alarm, struct machine, alarm);
}

/** Tick the machines in the list, once in each iteration of the loop. Those added meanwhile follow
 * in the next. */
static void on_idle(uv_idle_t *idle)
{
    struct alarms *a = idle->data;
    struct list due;

    list_init(&due);
    list_splice(&due, &a->soon);
    while (!list_empty(&due)) {
        struct host_alarm *alarm = container_of(due.next, struct host_alarm, soon);

        list_del(&alarm->soon);
        machine_input_plain(machine_of(alarm), INPUT_TICK);
    }
    if (list_empty(&a->soon))
        (void)uv_idle_stop(idle);
}

static void tick_soon(struct alarms *a, struct host_alarm *alarm)
{
    list_append(&a->soon, &alarm->soon);
    (void)uv_idle_start(&a->idle, on_idle);
}

/** Before the loop sleeps: arm the timerfd for the first deadline. One that moved later is not
 * re-armed: a needless turn of the loop is as cheap as the system call. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct alarms *a = prepare->data;
    uint64_t next = timer_next(&a->heap);
    struct itimerspec when = {.it_value = {(time_t)(next / NS_PER_S), (long)(next % NS_PER_S)}};

    if (next >= a->armed_ns)
        return;
    /* The kernel accepts this time: the nanoseconds are below a second, and it is not 0, which
     * would disarm: HOST_WAKE_SOON goes to the list. */
    CHECK(timerfd_settime(a->timerfd, TFD_TIMER_ABSTIME, &when, NULL) == 0);
    a->armed_ns = next;
}

/** timer_fn */
static void tick_due(struct timer *timer)
{
    machine_input_plain(machine_of(container_of(timer, struct host_alarm, timer)), INPUT_TICK);
}

/** This ends: a tick leaves the machine with no deadline in the past. */
static void on_expired(uv_poll_t *poll, int status, int events)
{
    struct alarms *a = poll->data;
    uint64_t now = uv_hrtime();
    uint64_t count;

    (void)events;
    if (status < 0 || read(a->timerfd, &count, sizeof(count)) < 0)
        return;
    a->armed_ns = UINT64_MAX;
    while (timer_fire_one(&a->heap, now))
        continue;
}

void alarms_set(struct alarms *a, struct machine *m, uint64_t deadline_ns)
{
    struct host_alarm *alarm = &m->alarm;

    if (deadline_ns == HOST_WAKE_SOON && !list_empty(&alarm->soon))
        return;
    list_del(&alarm->soon);
    timer_clear(&a->heap, &alarm->timer);
    if (deadline_ns == HOST_WAKE_NEVER)
        return;
    /* Without memory for the heap the machine is ticked at once, and asks again. */
    if (deadline_ns == HOST_WAKE_SOON ||
        timer_set(&a->heap, &alarm->timer, deadline_ns, tick_due) < 0)
        tick_soon(a, alarm);
}

int alarms_init(struct alarms *a, uv_loop_t *loop)
{
    int err;

    *a = (struct alarms){.armed_ns = UINT64_MAX};
    timer_heap_init(&a->heap);
    list_init(&a->soon);
    a->timerfd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (a->timerfd < 0)
        return -errno;
    err = uv_poll_init(loop, &a->poll, a->timerfd);
    if (err < 0) {
        (void)close(a->timerfd);
        return err;
    }
    (void)uv_prepare_init(loop, &a->prepare);
    (void)uv_idle_init(loop, &a->idle);
    a->poll.data = a;
    a->prepare.data = a;
    a->idle.data = a;
    (void)uv_poll_start(&a->poll, UV_READABLE, on_expired);
    (void)uv_prepare_start(&a->prepare, on_prepare);
    return 0;
}

void alarms_close(struct alarms *a)
{
    CHECK(a->heap.count == 0 && list_empty(&a->soon)); /* machine_free() removed each */
    timer_heap_done(&a->heap);
    uv_close((uv_handle_t *)&a->poll, NULL);
    uv_close((uv_handle_t *)&a->prepare, NULL);
    uv_close((uv_handle_t *)&a->idle, NULL);
    (void)close(a->timerfd);
}
