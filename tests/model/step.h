/* SPDX-License-Identifier: MIT */
/*
 * Steps: one line of a sequence, in a form that can be played, shortened and printed.
 *
 * A handle or a pid is named by the step whose result it is, so that a sequence still means the same
 * when a step is taken out of it. What such a step did not give, or gives no more, is a number that
 * nobody has.
 */
#ifndef TESTS_MODEL_STEP_H
#define TESTS_MODEL_STEP_H

#include "schema/calls.h"

#include <stdbool.h>
#include <stdio.h>

struct model;
struct verdict;

enum {
    STEP_ARGS = 6,
    STEP_FDS_MAX = 4,       /* handles of one SELECT */
    STEP_TICK = -1,         /* instead of a call: the machine goes on */
    STEP_USER = -2,         /* instead of a call: the actor works for user args[0], group args[1] */
    STEP_READ_MEMORY = -3,  /* instead of a call: the actor reads args[1] bytes at args[0] */
    STEP_WRITE_MEMORY = -4, /* instead of a call: the actor writes the text args[1] to args[0] */
    STEP_NOBODY = 32767,    /* the handle or pid of a step that gave none */
    STEPS_MAX = 200000,     /* of one sequence */
};

struct step_arg {
    int64_t num;
    int ref;          /* the step whose result is meant, or 0; num 2: the second of two */
    const char *text; /* lives as long as the sequence */
    size_t len;
    const struct step_arg *list; /* handles, as text does */
    size_t list_count;
};

struct step {
    int id;    /* from 1 */
    int actor; /* the NEW_PROC step whose process calls; 0: the first one */
    int nr;    /* SC_*, or one of the above */
    struct step_arg args[STEP_ARGS];
    long refused_alloc; /* which allocation of the call is refused, from 0; -1: none */
};

/** What the steps gave that were played. */
struct step_results {
    int32_t first[STEPS_MAX];
    int32_t second[STEPS_MAX]; /* of calls that give two */
};

/** The arguments of a step as the kernel takes them; they borrow the step's texts, and @fds. */
void step_args(const struct step *s, const struct step_results *results, int32_t fds[STEP_FDS_MAX],
               union sc_args *out);

/** Keep what a step gave: its handle or pid. */
void step_keep(const struct step *s, const union sc_out *out, struct step_results *results);

/** The number that an argument means. */
int64_t step_number(const struct step_arg *arg, const struct step_results *results);

/** Have a call's result buffers lie in @bytes, each of at most @size bytes. */
void step_lend(int nr, char *bytes, size_t size, union sc_out *out);

/* ---- results as a list ---- */

enum { VALUES_MAX = 16 };

/** One member of a result. */
struct value {
    const char *name;
    enum sc_kind kind;
    uint64_t num;
    const char *text; /* NULL: it is a number */
    size_t len;
};

struct values {
    struct value at[VALUES_MAX];
    size_t count;
};

/** What a call gave; texts are borrowed from @out. */
void values_of(int nr, const union sc_out *out, struct values *to);

/** Take out the members that the ABI leaves open. */
void values_drop_open(struct values *of, const struct verdict *v);

bool values_equal(const struct values *a, const struct values *b);

/* ---- the scenario language ---- */

/** Write a step's call and arguments: open "r:/a" READ,WRITE. */
void step_print(FILE *to, const struct step *s);

/** Write results as a pattern; a pid as the step that made it, which @m knows. */
void values_print(FILE *to, const struct values *v, const struct model *m);

#endif
