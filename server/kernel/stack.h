/* SPDX-License-Identifier: MIT */
/*
 * A machine's own stack, and the inputs that are queued while the machine stands still.
 *
 * Every change from outside is an input: a call begins or is cancelled, a process is ended, the
 * clock ticks. Most machines carry out inputs on the caller's stack. A machine with a slow
 * filesystem (slow.h) carries them out on its own stack, so that it can stand still in the middle
 * of one, inside a driver's slot, while the loop continues with other machines:
 *
 *     loop ── stack_enter(m, in, run) ── run(in) ── … ── slow_run() ── stack_stand(m) ─┐
 *       ▲                                                                              │ machine stands;
 *       ├── stack_enter(m, other, …): queued, false ◄──────────────────────────────────┘ returns false
 *       │
 *       └── the slot has answered: stack_go_on(m): run(in) ends, then run(other), in order of arrival
 *
 * So nothing interleaves: an input sees what it would see if the slot had answered at once. All
 * that is called from inside an input is part of it and is never queued.
 *
 * An entry is embedded in its owner, with all that its run() needs. The owner withdraws it if it is
 * freed before run() was called.
 */
#ifndef SERVER_KERNEL_STACK_H
#define SERVER_KERNEL_STACK_H

#include "server/base/list.h"
#include "server/base/why.h"

#include <stdbool.h>

struct machine;
struct slow;

struct entry {
    struct list link; /* in machine->stand.entries while it waits; list_init() before first use */
    /** Called once, in the machine. May free the struct. */
    void (*run)(struct entry *in);
    /** Tell who logs that it is an input of its own (input.h), before run(); NULL it is none. Not
     * called for what is inside of another one. */
    void (*tell)(struct entry *in);
};

/** Give the machine its own stack, from its next tick on. Returns 0; -ENOMEM;
 * -ENOTSUP not on this processor. */
int stack_need(struct machine *m, struct why *why);

/** For machine_tick(): begin to use the stack that stack_need() made. */
void stack_adopt(struct machine *m);

/** For machine_free(): free it. Nothing runs on it, and no input is queued. */
void stack_done(struct machine *m);

/**
 * Carry out an input, now or when its turn comes.
 * @in       borrowed until run() was called; its link is not in a list.
 * Returns   true: run() has ended. false: it is queued, or the machine stands still inside it.
 */
bool stack_enter(struct machine *m, struct entry *in, void (*run)(struct entry *in));

/** Whether an input is queued. */
static inline bool entry_waits(const struct entry *in)
{
    return !list_empty(&in->link);
}

/** Remove an input from the queue. No effect if it is not queued. */
static inline void entry_withdraw(struct entry *in)
{
    list_del(&in->link);
}

/** Whether inputs are queued: the machine stands still, or earlier ones are queued. Never true
 * inside of the machine. */
bool stack_is_closed(const struct machine *m);

/** Whether the caller is inside a machine that has its own stack. */
bool stack_is_inside(const struct machine *m);

/** Whether the caller runs on the machine's own stack: only then may it call stack_stand(). */
bool stack_is_here(const struct machine *m);

/** Suspend the machine's stack. Returns after stack_go_on(). */
void stack_stand(struct machine *m);

/** Resume the machine's stack, then run the queued inputs. Called from the loop. */
void stack_go_on(struct machine *m);

#endif
