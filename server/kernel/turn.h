/* SPDX-License-Identifier: MIT */
/*
 * Turns: which guests may run on the host now.
 *
 * On a real clock all of them may, at the same time. On a virtual one they take turns, so that what
 * they ask for comes in an order that follows from what they do, and not from how fast the host is:
 *
 *     turn_ask()   the guest could run: it waits in line, and run() is called when it is its turn
 *        |         (at once when nobody has it or waits for it)
 *     turn_end()   it made a call, or will run no more: the next in line has the turn
 *
 * Calls that are ready to go on (machine->ready) go on between turns, before the next one. Who made a
 * call and gets its answer stands at the end of the line. A guest that keeps the turn for
 * TURN_MAX_MS of the host's time while others wait, or while the clock could move on but for it,
 * loses it and runs on beside them: until its next call it does not keep the clock either. From then
 * on the order depends on the host; a note says so.
 *
 * In lockstep (machine_spec) no turn is given while somebody holds the machine (machine_hold()), so
 * that guests meet what sessions do in a certain order, too.
 */
#ifndef SERVER_KERNEL_TURN_H
#define SERVER_KERNEL_TURN_H

#include "server/kernel/machine.h"

enum { TURN_MAX_MS = 1000 };

/** Embedded in a guest. */
struct turn {
    struct task *task; /* which runs then */
    struct list link;  /* in machine->turns while it waits */
    /** Let it run. Called once for each time it was asked for. May end processes. */
    void (*run)(struct turn *t);
};

void turn_init(struct turn *t, struct task *task, void (*run)(struct turn *t));

/** Ask for the turn; it has none and waits for none. run() is called now or from machine_tick(). */
void turn_ask(struct turn *t);

/** The same, but run() is never called before this returns. */
void turn_ask_later(struct turn *t);

/** It does not run now. Harmless when it has no turn and waits for none. */
void turn_end(struct turn *t);

/** For machine_arm(): limit the time of the one that runs, if anybody waits for it. */
void turn_limit(struct machine *m);

/** For machine_tick(): let run whose turn it is. */
void turn_pass(struct machine *m);

/** Whether turn_pass() would let somebody run. */
bool turn_is_due(const struct machine *m);

#endif
