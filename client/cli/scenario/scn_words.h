/* SPDX-License-Identifier: MIT */
/* The words of the language besides the calls, and the word nearest to a mistyped one. */
#ifndef CLIENT_CLI_SCENARIO_SCN_WORDS_H
#define CLIENT_CLI_SCENARIO_SCN_WORDS_H

#include <stddef.h>

/** Words that begin a line besides the calls, ended by NULL; for completion and help. */
extern const char *const scn_words[];

/** Words that begin a line below `run`, and that follow `expect`; likewise. */
extern const char *const scn_run_words[];
extern const char *const scn_expect_words[];

/** The n-th @key of a file's head, without its @; NULL behind the last one. Static. */
const char *scn_key_name(size_t n);

/** The texts that an @key takes, ended by NULL; NULL: any. Static. */
const char *const *scn_key_choices(const char *name);

/** The n-th key of `fault`, as "nth"; NULL behind the last one. Static. */
const char *scn_fault_key_name(size_t n);

/**
 * The word of a NULL-ended list, or of the call table when @words is NULL, nearest to a mistyped
 * one.
 * Returns   NULL when none is near.
 */
const char *scn_nearest(const char *word, const char *const *words);

#endif
