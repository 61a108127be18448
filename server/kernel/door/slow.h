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
 * A broken instance answers -EIO, and is closed and destroyed by its own worker as soon as that comes back,
 * even when its mount and its machine are gone by then. Nobody waits for that. Its memory is the machine's
 * again at once; its descriptors are the daemon's again when they are closed.
 *
 * Drivers that say so (fs_driver.waits) make an instance on the worker, too; the machine has its stack before
 * (input.c). If its maker is cancelled or killed meanwhile, the instance is broken at once: it is destroyed
 * as soon as it is made. Where a machine runs on its caller's stack the whole loop waits: in machine_mount(), by which the
 * daemon makes its first machine before anybody is served, in machine_free() without machine_end(), and for
 * calls without done().
 */
#ifndef SERVER_KERNEL_DOOR_SLOW_H
#define SERVER_KERNEL_DOOR_SLOW_H

#include "server/kernel/door/slot_call.h"

struct machine;
struct proc;
struct slow;

/** The worker's copy of what a driver may ask the machine for. */
struct away {
    uint64_t now_ns; /* of machine_stamp_ns() */
    uint64_t random_state;
    uint64_t storage_left;      /* up to the machine's limit */
    uint32_t descriptors_given; /* back */
};

/** Slots that end an instance, from driver.c. */
struct slow_slots {
    slot_fn close;
    slot_fn closedir;
    slot_fn destroy;
};

/**
 * Prepare a mount for slots that wait: its instance was made, or is made by SLOT_OPENS_SOURCE.
 * @slots    borrowed, static. NULL: they never wait, but the machine may rest in them.
 * @timeout_s  that a slot may take.
 * @out      returned; slow_free().
 * Returns   0; -ENOMEM, -EMFILE the daemon has too many of them, -ENOTSUP.
 */
int slow_new(struct mount *m, const struct slow_slots *slots, uint32_t timeout_s, struct why *why,
             struct slow **out);

/** The mount goes, after its instance was destroyed. Returns whether its struct is kept, until the
 * worker of a broken instance comes back: it is freed then. NULL is fine: false. */
bool slow_free(struct slow *s);

/** Call a slot. Returns what it answers; -EIO broken, -ENOMEM, -ECANCELED it was interrupted. That it was
 * interrupted or past its limit is an input, SLOT: such a slot did nothing that counts. */
int64_t slow_run(struct slow *s, slot_fn slot, const struct slot_call *c);

/** Let the machine stand still for a moment, inside a slot of an instance without workers that has much to do: other
 * machines go on. Returns 0; -ECANCELED it was interrupted, and that is an input, SLOT. */
int slow_rest(struct slow *s, const struct fs_caller *who);

/** For machine_tick(), while the machine stands still: end its rest, or break an instance past its time limit, or
 * one that is not to be made any more. */
void slow_check_limit(struct machine *m);

/** For take_slot(): the slot that the machine waits for ends otherwise than by its driver. @err -EIO past its
 * limit, so the instance is broken; -EINTR it was interrupted, and an instance that it was making is broken.
 * Returns 0, -ESRCH there is none. */
int slow_end_slot(struct machine *m, int err);

/** What a slot has, at least, when the machine is in a hurry. */
enum { SLOW_HURRY_MS = 1000 };

/** No slot has more time than until @deadline_ns of the host's clock, or SLOW_HURRY_MS if that is later. */
void slow_hurry(struct machine *m, uint64_t deadline_ns);

/** The driver that the machine stands still for, borrowed; NULL it does not. */
const char *slow_waits_for(const struct machine *m);

/** For machine_free(): block the loop until the machine does not stand still any more. */
void slow_wait(struct machine *m);

/** What the machine stands still for shall not go on. */
void slow_interrupt(struct machine *m);

/** If the machine stands still for @p or a process below it, interrupt the slot. */
void slow_interrupt_proc(struct machine *m, const struct proc *p);

/** slow_interrupt_proc() for the process @pid alone. */
void slow_interrupt_pid(struct machine *m, int32_t pid);

#endif
