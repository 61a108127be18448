/* SPDX-License-Identifier: MIT */
/* The valid word nearest to a mistyped one. */
#include "client/cli/scenario/scn_words.h"
#include "client/cli/scenario/scn_parse.h"
#include "server/base/near.h"

const char *const scn_words[] = {"fs", "copy", "run", "wait", "fault", "expect", "include", NULL};

void scn_nearer(struct scn_near *best, const char *candidate)
{
    struct near near = {best->word, best->found, best->distance};

    near_try(&near, candidate);
    best->found = near.found;
    best->distance = near.distance;
}

const char *scn_nearest(const char *word, const char *const *words)
{
    struct scn_near best = {.word = word};

    for (size_t i = 0; words == NULL && i < sc_calls_count; i++)
        scn_nearer(&best, sc_calls[i].word);
    for (; words != NULL && *words != NULL; words++)
        scn_nearer(&best, *words);
    return best.found;
}
