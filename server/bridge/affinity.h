/* SPDX-License-Identifier: MIT */
/*
 * The CPU of the loop's thread while there are guests.
 *
 * A guest's call costs the host two process switches. They are cheapest if both processes are on one
 * CPU: if the loop's thread stays on a CPU, the scheduler moves a calling guest there and a computing
 * one away. Otherwise, on some hosts, it spreads the two over CPUs, and every call wakes another CPU.
 *
 *     affinity_choose()   at start: time calls of a guest with the thread free, and kept to one CPU; choose
 *                         one CPU unless that is slower
 *     affinity_begin()    the first guest: keep to the CPU that the thread is on
 *        |  each second   if the thread has waited for its CPU for more than a fifth of the time,
 *        |                others are busy there: leave it, and keep to another one a second later
 *     affinity_end()      the last guest was freed: all CPUs
 *
 * With one CPU all of this does nothing.
 */
#ifndef SERVER_BRIDGE_AFFINITY_H
#define SERVER_BRIDGE_AFFINITY_H

#include "server/bridge/tracee/notify.h"
#include "server/bridge/tracee/spawn.h"

#include <sched.h>
#include <stdbool.h>
#include <uv.h>

struct affinity {
    cpu_set_t allowed; /* the thread's CPUs at the start */
    bool wanted;       /* keep to one CPU while there are guests */
    bool kept;         /* the thread is kept to one now */
    uv_timer_t timer;  /* runs while there are guests, if wanted */
    uint64_t waited;   /* ns that the thread has waited for a CPU, so far */
};

/** @a  embedded; the calling thread is the loop's. */
void affinity_init(struct affinity *a, uv_loop_t *loop);

/** Close the timer; @closed is its callback. */
void affinity_close(struct affinity *a, uv_close_cb closed);

/**
 * Measure, in some ms, whether one CPU is slower, and choose. Takes effect at the first guest.
 * @s        of guests that run here.
 * @notify   borrowed for the call.
 */
void affinity_choose(struct affinity *a, struct spawner *s, struct notify *notify);

/** The first guest was made; the last one was freed. */
void affinity_begin(struct affinity *a);
void affinity_end(struct affinity *a);

/** Allow all CPUs to a new guest's process, which has inherited the thread's one. */
void affinity_free_guest(const struct affinity *a, pid_t pid);

#endif
