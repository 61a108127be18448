/* SPDX-License-Identifier: MIT */
/*
 * On which CPU the loop's thread runs while it has guests.
 *
 * A guest's call costs the host two switches between processes. They are cheapest if both are on one
 * CPU: where the loop's thread keeps to a CPU, the scheduler brings a calling guest there and takes a
 * computing one away. Left alone it spreads the two over CPUs, on some hosts, and every call pays for
 * waking another CPU.
 *
 *     affinity_choose()   at start: calls of a guest are timed with the thread free, and kept to one CPU;
 *                         one CPU is chosen unless that is slower
 *     affinity_begin()    the first guest: keep to the CPU that the thread is on
 *        |  each second   has the thread waited for its CPU for more than a fifth of the time? Then
 *        |                others are busy there: leave it, and keep to another one a second later
 *     affinity_end()      the last guest is gone: all CPUs
 *
 * With one CPU there is nothing to choose.
 */
#ifndef SERVER_BRIDGE_AFFINITY_H
#define SERVER_BRIDGE_AFFINITY_H

#include "server/bridge/tracee/notify.h"
#include "server/bridge/tracee/spawn.h"

#include <sched.h>
#include <stdbool.h>
#include <uv.h>

struct affinity {
    cpu_set_t allowed; /* of the thread, as it was at the start */
    bool wanted;       /* keep to one CPU while there are guests */
    bool kept;         /* the thread does now */
    uv_timer_t timer;  /* runs while there are guests, if wanted */
    uint64_t waited;   /* ns for a CPU, so far */
};

/** @a  embedded; the calling thread is the loop's. */
void affinity_init(struct affinity *a, uv_loop_t *loop);

/** Close the timer; @closed gets it. */
void affinity_close(struct affinity *a, uv_close_cb closed);

/**
 * Find out, in some ms, whether one CPU is slower, and choose. Without guests nothing changes.
 * @s        of guests that run here.
 * @notify   borrowed for the call.
 */
void affinity_choose(struct affinity *a, struct spawner *s, struct notify *notify);

/** The first guest is there; the last one has gone. */
void affinity_begin(struct affinity *a);
void affinity_end(struct affinity *a);

/** Let a new guest's process, which inherits the thread's CPU, have all of them. */
void affinity_free_guest(const struct affinity *a, pid_t pid);

#endif
