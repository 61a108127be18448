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

/* ---- between gen.c, gen_calls.c and gen_args.c ---- */

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

/** Zeroed memory that lives until gen_done(), and as text. */
void *gen_memory(struct gen *g, size_t size);
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

/** True once in @n times. */
bool gen_one_in(struct gen *g, uint32_t n);

/** Below @count, mostly one of the first, which are the plain ones. */
uint32_t gen_lean(struct gen *g, uint32_t count);

/** A name for a view: mostly a short one. */
struct step_arg gen_new_label(struct gen *g);

/** The name of a view the process has, mostly. */
struct step_arg gen_label(struct gen *g, const struct mproc *of);

/** A path inside a view of the actor. */
struct step_arg gen_root_path(struct gen *g, const struct mproc *actor, const char *view);

/** A handle of the actor, mostly, and mostly one with these rights. */
struct step_arg gen_handle(struct gen *g, const struct mproc *actor, uint32_t mode);

/** A child of the actor that is LOADING, if there is one. */
struct step_arg gen_loading_child(struct gen *g, const struct mproc *actor);

/** A child of the actor, or sometimes anybody. */
struct step_arg gen_child(struct gen *g, const struct mproc *actor);

bool gen_has_child(struct gen *g, const struct mproc *actor);
/** A size, mostly at the edges of pages. */
struct step_arg gen_size(struct gen *g);

/** A position in a file, sometimes one that is none. */
struct step_arg gen_offset(struct gen *g);

/** Modes for OPEN. */
struct step_arg gen_modes(struct gen *g);

/** Modes of a view: mostly all, mostly without one. */
struct step_arg gen_view_modes(struct gen *g);

/** Bytes to write, which tell the step that wrote them. */
struct step_arg gen_data(struct gen *g);

/** An address at, in or next to a region, mostly. */
struct step_arg gen_address(struct gen *g, const struct mproc *actor);

struct step_arg gen_memory_mode(struct gen *g);

#endif
