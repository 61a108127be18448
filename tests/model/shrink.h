/* SPDX-License-Identifier: MIT */
/* A sequence that shows a difference becomes one that shows the same difference in as few steps as possible. */
#ifndef TESTS_MODEL_SHRINK_H
#define TESTS_MODEL_SHRINK_H

#include "tests/model/play.h"

/** Play steps from the first to a difference, or to the last. @scenario gets them; or NULL. */
void shrink_play(const struct step *steps, size_t count, const struct play_options *options,
                 struct scenario *scenario, struct failure *out);

/**
 * Shorten a sequence.
 * @steps    the last is the one that differs; those that are needed are moved to the front, and
 *           their arguments made simpler.
 * @failure  what must still happen.
 * Returns   how many are left.
 */
size_t shrink(struct step *steps, size_t count, const struct play_options *options,
              const struct failure *failure);

#endif
