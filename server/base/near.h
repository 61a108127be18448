/* SPDX-License-Identifier: MIT */
/*
 * Which word was meant: the nearest by edit distance of those that would have been right.
 *
 *     struct near near = {.word = "parms"};
 *     for each word that would be right: near_try(&near, it);
 *     near.found is "params"
 */
#ifndef SERVER_BASE_NEAR_H
#define SERVER_BASE_NEAR_H

#include <stddef.h>

struct near {
    const char *word;  /* as it was written */
    const char *found; /* the nearest so far; NULL: none is near */
    size_t distance;
};

/** Take @candidate, borrowed, if it is nearer to the word than what was found. */
void near_try(struct near *best, const char *candidate);

#endif
