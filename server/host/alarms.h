/* SPDX-License-Identifier: MIT */
/*
 * The alarms of all machines, one each: host_ops.wake_at() with nanosecond precision.
 *
 *     wake_at(deadline)         a heap of deadlines; a timerfd in the loop waits for the first
 *     wake_at(HOST_WAKE_SOON)   a list, run once a turn of the loop
 *
 * Any number of machines needs one descriptor, and one system call a turn in which the first
 * deadline changed. Without alarms the loop sleeps.
 *
 * The links for heap and list are members of the machine, so setting an alarm allocates nothing but
 * the heap's array.
 */
#ifndef SERVER_HOST_ALARMS_H
#define SERVER_HOST_ALARMS_H

#include "server/base/list.h"
#include "server/kernel/timer.h"

#include <uv.h>

struct machine;

struct alarms {
    struct timer_heap heap; /* struct host_alarm.timer, by uv_hrtime() */
    struct list soon;       /* struct host_alarm.soon */
    uint64_t armed_ns;      /* when the timerfd fires; UINT64_MAX: never */
    int timerfd;
    uv_poll_t poll; /* of the timerfd */
    uv_prepare_t prepare;
    uv_idle_t idle; /* active while the list has members: keeps the loop from sleeping */
};

/** Add the alarms to a loop. Returns 0; -EMFILE, -ENFILE, -ENOMEM. */
int alarms_init(struct alarms *a, uv_loop_t *loop);

/** Set a machine's alarm, as host_ops.wake_at(): one INPUT_TICK from the loop, not before
 * @deadline_ns of uv_hrtime(). Replaces the alarm set before. */
void alarms_set(struct alarms *a, struct machine *m, uint64_t deadline_ns);

/** Leave the loop. No alarm may be set. The struct must live until the loop has turned. */
void alarms_close(struct alarms *a);

#endif
