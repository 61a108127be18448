/* SPDX-License-Identifier: MIT */
/*
 * The alarms of all machines, each of which has one: host_ops.wake_at() to the nanosecond.
 *
 *     wake_at(deadline)      a heap of deadlines, the first of which a timerfd in the loop waits for
 *     wake_at(WAKE_SOON)     a list, gone through once a turn of the loop
 *
 * However many machines there are, that is one descriptor, and one system call a turn when the
 * first deadline has changed. Without alarms the loop sleeps.
 *
 * The places in heap and list are members of the machine, so an alarm needs no memory of its own,
 * and one that is set to HOST_WAKE_NEVER leaves nothing behind.
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
    uint64_t armed_ns;      /* when the timerfd fires; UINT64_MAX never */
    int timerfd;
    uv_poll_t poll; /* of the timerfd */
    uv_prepare_t prepare;
    uv_idle_t idle; /* active while somebody is in the list: the loop does not sleep then */
};

/** Make it part of a loop. Returns 0; -EMFILE, -ENFILE, -ENOMEM. */
int alarms_init(struct alarms *a, uv_loop_t *loop);

/** Let a machine be ticked once, from the loop, not before @deadline_ns of uv_hrtime(); as
 * host_ops.wake_at(). */
void alarms_set(struct alarms *a, struct machine *m, uint64_t deadline_ns);

/** Leave the loop; no alarm is set any more. The struct stays until the loop has turned. */
void alarms_close(struct alarms *a);

#endif
