/* SPDX-License-Identifier: MIT */
/*
 * Slow instances: those of drivers with FS_CAP_BLOCKING, whose slots may block.
 *
 *     slow_run() ── slot with `nowait`, in place ── its answer
 *                        │ FS_WOULD_WAIT
 *                        └── the slot again, on the instance's worker; the machine stands still
 *                                 │                              │ past its limit
 *                                 └── its answer                 └── -EIO: the instance is broken
 *
 * The worker gets copies of all that the arguments point to, and of what the driver may ask the
 * machine for (its time, its random numbers, room for bytes). So it touches nothing of the machine
 * and can be abandoned. When its answer comes in time, what it used is counted as if it had asked
 * in place.
 *
 * A broken instance answers -EIO. Its own worker closes and destroys it as soon as the slot
 * returns, even if its mount and its machine are gone by then. Nothing waits for that.
 *
 * Where the machine can't stand still, the loop blocks: while the machine is freed, and in the turn
 * in which its first slow filesystem was made.
 */
#ifndef SERVER_KERNEL_DOOR_SLOW_H
#define SERVER_KERNEL_DOOR_SLOW_H

#include "server/kernel/door/slot_call.h"

struct machine;
struct proc;
struct slow;

/** What a driver may ask the machine for while it is on the worker: a copy of what it has. */
struct away {
    uint64_t now_ns; /* of machine_stamp_ns() */
    uint64_t random_state;
    uint64_t storage_left;      /* that the machine's limit leaves */
    uint32_t descriptors_given; /* back */
};

/** What the end of an instance needs of driver.c. */
struct slow_slots {
    slot_fn close;
    slot_fn closedir;
    slot_fn destroy;
};

/**
 * Prepare a mount, whose instance was made, for slots that wait.
 * @slots    borrowed, static.
 * @out      returned; slow_free().
 * Returns   0; -ENOMEM, -EMFILE the daemon has too many of them, -ENOTSUP.
 */
int slow_new(struct mount *m, const struct slow_slots *slots, struct why *why, struct slow **out);

/** The mount goes, after its instance was destroyed. Returns whether its struct is kept, until the
 * worker of a broken instance comes back: it is freed then. NULL is fine: false. */
bool slow_free(struct slow *s);

/** Call a slot. Returns what it answers; -EIO broken, -ENOMEM, -ECANCELED it was interrupted. */
int64_t slow_run(struct slow *s, slot_fn slot, const struct slot_call *c);

/** For machine_tick(), while the machine stands still: see to the time limit. */
void slow_check_limit(struct machine *m);

/** For machine_free(): have the machine go on until it stands still no more. */
void slow_wait(struct machine *m);

/** The process that the machine stands still for shall not go on: it is @p, or below it. */
void slow_interrupt_proc(struct machine *m, const struct proc *p);

/** Likewise, it is the process @pid. */
void slow_interrupt_pid(struct machine *m, int32_t pid);

#endif
