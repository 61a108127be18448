/* SPDX-License-Identifier: MIT */
/*
 * A listener that writes down what calls and processes do, a word an event:
 *
 *     +3:OPEN@2        call 3, OPEN of process 2, begins
 *     -3:OPEN@2=0      it has returned; =ENOENT when it failed
 *     !3:OPEN@2#1      fault rule 1 fires for it
 *     ?3:OPEN@2        it is held
 *     x2               process 2 has ended
 */
#ifndef TESTS_UNIT_KERNEL_SPY_H
#define TESTS_UNIT_KERNEL_SPY_H

#include "server/kernel/machine.h"

enum {
    SPY_MAX = 65536,
    SPY_KINDS = EVENT_CALL | EVENT_RETURN | EVENT_FAULT | EVENT_PAUSE | EVENT_END
};

struct spy {
    struct listener listener;
    struct machine *m;
    char text[SPY_MAX];
};

/** Listen to SPY_KINDS of a process and those below it; 0: of all. */
void spy_start(struct spy *s, struct machine *m, int32_t pid);
void spy_stop(struct spy *s);

/** Expect what was written since the last time to be exactly this; words end in a blank each. */
void spy_expect(struct spy *s, const char *text);

#endif
