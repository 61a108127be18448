/* SPDX-License-Identifier: MIT */
/*
 * Turns: which guests may run on the host.
 *
 * On a real clock all guests run at the same time. On a virtual clock they take turns, so that the
 * order of their calls depends on what they do, not on the speed of the host:
 *
 *     turn_ask()   the guest can run: it is queued, and run() is called when its turn comes
 *        |         (at once if no guest has it or waits for it)
 *     turn_end()   it made a call, or won't run any more: the next in the queue gets the turn
 *
 * Calls that are ready to continue (machine->ready) do so between turns. A guest whose call was
 * answered goes to the end of the queue. A guest that keeps the turn for TURN_MAX_MS of the host's
 * time, while others wait or while only it stops the clock, loses the turn and runs on beside the
 * others: until its next call it doesn't stop the clock. From then on the order depends on the
 * host; a note says so.
 *
 * In lockstep (machine_spec) no turn is given while a session holds the machine (machine_hold()),
 * so that guests and sessions act in a fixed order, too.
 * that guests meet what sessions do in a certain order, too.
 */
#ifndef SERVER_KERNEL_TURN_H
#define SERVER_KERNEL_TURN_H

#include "server/kernel/machine.h"

enum { TURN_MAX_MS = 1000 };

/** Embedded in a guest. */
struct turn {
    struct task *task; /* the one that runs */
    struct list link;  /* in machine->turns while it waits */
    /** Let it run. Called once for each turn_ask(). May end processes. */
    void (*run)(struct turn *t);
};

void turn_init(struct turn *t, struct task *task, void (*run)(struct turn *t));

/** Ask for a turn. It has none, and is not queued. run() is called now or from machine_tick(). */
void turn_ask(struct turn *t);

/** turn_ask(), but run() is never called before this returns. */
void turn_ask_later(struct turn *t);

/** The guest does not run now. No effect if it has no turn and is not queued. */
void turn_end(struct turn *t);

/** For machine_arm(): limit the time of the running guest if others wait for it. */
void turn_limit(struct machine *m);

/** For machine_tick(): give the turn to the next in the queue. */
void turn_pass(struct machine *m);

/** Whether turn_pass() would give a turn. */
bool turn_is_due(const struct machine *m);

#endif
