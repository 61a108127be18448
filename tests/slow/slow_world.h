/* SPDX-License-Identifier: MIT */
/* A world (tests/unit/kernel/world.h) with a slow filesystem. The fake workers work when the test says so. */
#ifndef TESTS_SLOW_SLOW_WORLD_H
#define TESTS_SLOW_SLOW_WORLD_H

#include "tests/slow/slowfs.h"
#include "tests/unit/kernel/world.h"

#define NS_PER_S UINT64_C(1000000000)

extern struct slow_plan sw_plan;
extern int sw_interrupts;
extern int sw_worker_answer; /* of slots on the worker: 0 they go on */

/** A world whose process has a second filesystem, slow:. @percent of its slots wait. */
void sw_open_world(struct world *w, enum clock_kind clock, unsigned percent);
void sw_close_world(struct world *w);

/** Let the workers work until nothing is left to do. */
void sw_work(struct world *w);

/** The answer of a call that BEGIN() has begun, once it has one. */
int sw_answer(struct world *w, struct call *c);

/** Make one more slow filesystem. */
int sw_make(struct world *w, const char *name, const char *opts);

/** Begin to make slow:, which waits to be made, as a gate does. Returns call_begin()'s. */
int sw_begin_make(struct world *w, struct proc *p, struct call *c);

/** A driven child that has the names of w->p. */
struct proc *sw_child(struct world *w);

int sw_begin_open(struct world *w, struct proc *p, struct call *c, const char *file);

/** A file of slow: that is open. */
int sw_open_file(struct world *w, const char *file);
int sw_close_file(struct world *w, int fd);
int sw_write_text(struct world *w, int fd, const char *text);

#endif
