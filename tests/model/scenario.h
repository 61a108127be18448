/* SPDX-License-Identifier: MIT */
/*
 * What a sequence is in the scenario language: each step with what the model says of it. It is written
 * while the sequence is played, because what waits is stated by what wakes it.
 */
#ifndef TESTS_MODEL_SCENARIO_H
#define TESTS_MODEL_SCENARIO_H

#include "tests/model/model.h"
#include "tests/model/step.h"

struct scenario;

struct scenario *scenario_new(void);
void scenario_free(struct scenario *s);

/** @m borrowed while steps are told. */
void scenario_begin(struct scenario *s, const struct model *m);

/** A line of its own, before the next step. */
void scenario_say(struct scenario *s, const char *line);

/** A step was played. @v what the model says; @came the kernel's status, and its @out. */
void scenario_step(struct scenario *s, const struct step *step, const struct verdict *v, int came,
                   const union sc_out *out);

/** A session changed the user of the step's actor. */
void scenario_user(struct scenario *s, const struct step *step);

/** The program of the step's actor touched its memory, says the model. */
void scenario_touch(struct scenario *s, const struct step *step, int status,
                    const struct values *bytes);

/** A step that waited has its answer, says the model. */
void scenario_woken(struct scenario *s, const struct mwoken *w);

/** Write it all. */
void scenario_print(struct scenario *s, FILE *to);

#endif
