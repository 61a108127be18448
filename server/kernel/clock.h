/* SPDX-License-Identifier: MIT */
/*
 * Moving a virtual clock on by hand, to a goal: by so much, or to a certain time.
 *
 *     clock_go_to(m, &goal, machine_now_ns(m) + 1000000)
 *         |
 *     every timer up to the goal fires at its own time, in order; before the clock moves on, those
 *     who were woken act: guests run until they wait again, calls that yielded go on
 *         |
 *     goal->done(goal, 0), when the clock is there and everybody waits
 *
 * A process that does nothing but YIELD does not keep the clock: once all that can run have made
 * YIELD twice, one after the other, and nobody of the machine has begun or ended another call from the
 * first to the last of these, the clock jumps to its next moment. Whoever that wakes goes on before them.
 *
 * While a goal is set nobody's hold keeps the clock (machine_hold()): who sets a goal says what time
 * it shall be. Guests that run, and listeners that lag, do. Of several goals the nearest comes
 * first.
 */
#ifndef SERVER_KERNEL_CLOCK_H
#define SERVER_KERNEL_CLOCK_H

#include "server/kernel/machine.h"

struct clock_goal;

/** Told once, from machine_tick(): 0 the clock is there; from machine_free(): -ECANCELED. */
typedef void (*clock_goal_fn)(struct clock_goal *goal, int status);

/** Embedded by its owner, unmoved while it is set. */
struct clock_goal {
    struct timer timer; /* in machine->goals */
    struct machine *machine;
    uint64_t number; /* of those of the machine, from 1 */
    clock_goal_fn done;
};

/**
 * Let a virtual clock go to a time; when it is there already, until everybody waits.
 * @goal     borrowed until done() or clock_give_up(); not set.
 * @now_ns   of machine_now_ns().
 * @done     as in struct clock_goal; never called before this returns.
 * Returns   0; -EINVAL the clock is real, or @now_ns is over or not below MACHINE_CLOCK_END;
 *           -ENOMEM.
 */
int clock_go_to(struct machine *m, struct clock_goal *goal, uint64_t now_ns, clock_goal_fn done);

/** Set it no more: the clock stays where it is, and done() is not called. Harmless when not set. */
void clock_give_up(struct clock_goal *goal);

/** For machine_tick(): move a virtual clock to its next moment, if it may move, and let fire what is
 * due at its time. Of a real clock: what is due. */
void clock_turn(struct machine *m);

/** Whether a virtual clock has somewhere to go, and may. */
bool clock_may_jump(const struct machine *m);

/** Whether it has, and nobody's hold keeps it: only who can run does. */
bool clock_has_aim(const struct machine *m);

/** Whether it may although some can run: they only yield. */
bool clock_is_spun_for(const struct machine *m);

/** A process makes a YIELD, which is about to be parked. */
void clock_note_yield(const struct call *call);

/** For machine_free(): tell all goals that they will not be reached. */
void clock_give_up_all(struct machine *m);

#endif
