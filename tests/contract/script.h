/* SPDX-License-Identifier: MIT */
/*
 * A script of random operations that follows from a seed: what two drivers must answer alike, and
 * what a crash must leave a prefix of. It works on few names, so that operations meet each other.
 * Each step follows from the seed and its number alone, so steps can be left out.
 */
#ifndef TESTS_CONTRACT_SCRIPT_H
#define TESTS_CONTRACT_SCRIPT_H

#include "tests/contract/bed.h"

enum { SCRIPT_HANDLES = 4, SCRIPT_TEXT_MAX = 256 };

struct script {
    uint64_t seed;
    uint64_t state; /* of the random numbers */
    struct fs_file files[SCRIPT_HANDLES];
    bool open[SCRIPT_HANDLES];
    char text[SCRIPT_TEXT_MAX]; /* the last step, for people */
};

void script_init(struct script *s, uint64_t seed);

/** Do a step. Returns what the slot answered; if it stored something, a positive number that follows from
 * what was stored. */
int64_t script_step(struct script *s, struct bed *b, int step);

/** Close what is open. */
void script_done(struct script *s, struct bed *b);

#endif
