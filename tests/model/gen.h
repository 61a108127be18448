/* SPDX-License-Identifier: MIT */
/*
 * Steps by chance: calls of several processes, valid and invalid ones, leaning towards what is there
 * (names, handles, children, regions of the model) and towards the edges of sizes and limits.
 */
#ifndef TESTS_MODEL_GEN_H
#define TESTS_MODEL_GEN_H

#include "tests/model/play.h"

struct gen {
    const struct play *play; /* what is there now */
    uint64_t state;          /* of the random numbers */
    int procs;               /* how many processes it tries to keep alive */
    bool refuse_memory;      /* allocations fail */
    int last_id;
    struct step next[4]; /* steps that come next, whatever is drawn: the last one first */
    int next_count;
    void *texts;
};

/** Make the next step, from what the model holds now. Texts live until gen_done(). */
void gen_next(struct gen *g, struct step *out);

void gen_done(struct gen *g);

/** A random number below @below. */
uint32_t gen_draw(struct gen *g, uint32_t below);

/* ---- between gen.c and gen_calls.c ---- */

/** Text that lives until gen_done(). */
char *gen_text(struct gen *g, size_t size);

/** Fill in a drawn call of @actor. */
void gen_call(struct gen *g, struct mproc *actor, struct step *out);

/** Where a path shall lead, mostly. */
enum gen_want { GEN_THERE, GEN_NEW };

/** A path of a name of the actor. */
struct step_arg gen_path(struct gen *g, struct mproc *actor, enum gen_want want);

struct step_arg gen_number(int64_t num);
struct step_arg gen_string(const char *text); /* one that stays */
struct step_arg gen_copy(struct gen *g, const char *text);

#endif
