/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": the word nearest to a misspelled one by edit distance.
 *
 *     struct near near = {.word = "parms"};
 *     for each valid word: near_try(&near, it);
 *     near.found is "params"
 */
#ifndef SERVER_BASE_NEAR_H
#define SERVER_BASE_NEAR_H

#include <stddef.h>

struct near {
    const char *word;  /* the misspelled word */
    const char *found; /* the nearest so far; NULL: none is near enough */
    size_t distance;
};

/** Try a valid word: remember @candidate (borrowed) if it is the nearest so far. */
void near_try(struct near *best, const char *candidate);

#endif
