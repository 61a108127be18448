/* SPDX-License-Identifier: MIT */
/*
 * A sequence is played: each step is made in the kernel and in the model, and the two answers are
 * compared. The first difference ends it.
 *
 *     play_open(&play, &options);
 *     while (… && play_step(&play, step)) …
 *     play_close(&play);
 *     if (play.failure.step != 0) …
 */
#ifndef TESTS_MODEL_PLAY_H
#define TESTS_MODEL_PLAY_H

#include "tests/model/scenario.h"
#include "tests/unit/kernel/world.h"

struct play_options {
    const char *driver; /* of "r:"; "ramfs" or "sqlitefs" */
    const char *dir;    /* for its files, which exist while a sequence is played */
    struct model_limits limits;
    enum model_bug bug;
};

/** The first difference. */
struct failure {
    int step;     /* its id; 0: there was none */
    int nr;       /* its call, or STEP_TICK */
    int expected; /* the status the model gives; of several the first */
    int came;
    char text[512]; /* for a person */
};

/** A call of the kernel, until it was told. */
struct play_call {
    struct play_call *next;
    struct call call;
    const struct step *step;
    char *bytes;               /* lent for its result */
    int32_t fds[STEP_FDS_MAX]; /* what its argument points to */
};

struct play {
    const struct play_options *options;
    struct world w;
    struct model *m;
    int32_t first_pid; /* of actor 0 */
    struct step_results *results;
    struct play_call *waiting;   /* the kernel's parked calls */
    struct play_call *told;      /* those that were told since the last look, youngest first */
    struct play_call *looked_at; /* those that are being looked at */
    struct census start;         /* the kernel's before the first step … */
    struct census model_start;   /* … and the model's */
    struct scenario *scenario;   /* gets the steps as they are played; or NULL */
    struct failure failure;
    bool unlisted; /* an error came that is not in the call's row */
    int status;    /* what the kernel answered the last step, when that was a call */
    bool played;   /* the last step was made; false: its actor is not there */
};

/** @options borrowed until play_close(). */
void play_open(struct play *p, const struct play_options *options);

/** Returns whether the answers were the same. */
bool play_step(struct play *p, const struct step *s);

/** End everything; a census that is not the first one is a difference, too. */
void play_close(struct play *p);

/** The process of an actor, in the model; NULL when it can't make a call. */
struct mproc *play_actor(const struct play *p, int actor);

#endif
