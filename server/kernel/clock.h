/* SPDX-License-Identifier: MIT */
/*
 * Moving a virtual clock by hand: by a duration, or to a time. Its target is a goal.
 *
 *     clock_go_to(m, &goal, machine_now_ns(m) + 1000000)
 *         |
 *     every timer up to the goal fires at its own time, in order; before the clock moves, what was
 *     woken acts: guests run until they wait again, calls that yielded continue
 *         |
 *     goal->done(goal, 0), once the clock has reached the goal and everything waits
 *
 * A process that only calls YIELD does not stop the clock. The clock jumps to its next moment once
 * every runnable process has called YIELD twice in a row, and no other call of the machine has
 * begun or ended between the first and the last of these. What that wakes runs before them.
 *
 * While a goal is set, machine_hold() does not stop the clock. Running guests and lagging listeners
 * still do. With several goals the clock goes to the nearest first.
 */
#ifndef SERVER_KERNEL_CLOCK_H
#define SERVER_KERNEL_CLOCK_H

#include "server/kernel/machine.h"

struct clock_goal;

/** Called once: with 0 from machine_tick(), at the goal; with -ECANCELED from machine_free(). */
typedef void (*clock_goal_fn)(struct clock_goal *goal, int status);

/** Embedded in its owner; must not move while it is set. */
struct clock_goal {
    struct timer timer; /* in machine->goals */
    struct machine *machine;
    uint64_t number; /* among the machine's goals, from 1 */
    clock_goal_fn done;
};

/**
 * Let a virtual clock go to a time. If it is there already, wait until everything waits.
 * @goal     borrowed until done() or clock_give_up(); not set.
 * @now_ns   of machine_now_ns().
 * @done     as in struct clock_goal; never called before this returns.
 * Returns   0; -EINVAL the clock is real, or @now_ns is past or not below MACHINE_CLOCK_END;
 *           -ENOMEM.
 */
int clock_go_to(struct machine *m, struct clock_goal *goal, uint64_t now_ns, clock_goal_fn done);

/** Unset a goal: the clock stays where it is, done() is not called. No effect if it is not set. */
void clock_give_up(struct clock_goal *goal);

/** For machine_tick(): move a virtual clock to its next moment if it may jump, then fire the timers
 * that are due. On a real clock only the latter. */
void clock_turn(struct machine *m);

/** Whether a virtual clock has a next moment and may jump to it now. */
bool clock_may_jump(const struct machine *m);

/** Whether it has one and no hold stops it: only runnable processes may. */
bool clock_has_aim(const struct machine *m);

/** Whether it may jump although processes can run, because they only yield. */
bool clock_is_spun_for(const struct machine *m);

/** For the handler of YIELD, before it parks @call. */
void clock_note_yield(const struct call *call);

/** For machine_free(): end all goals with -ECANCELED. */
void clock_give_up_all(struct machine *m);

#endif
