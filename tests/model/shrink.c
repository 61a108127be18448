/* SPDX-License-Identifier: MIT */
#include "tests/model/shrink.h"

#include <stdlib.h>

/** What is being shortened, and what must still happen. */
struct search {
    const struct play_options *options;
    const struct failure *failure;
    struct step *tried; /* room for the sequence */
};

void shrink_play(const struct step *steps, size_t count, const struct play_options *options,
                 struct scenario *scenario, struct failure *out)
{
    static struct play play;

    play_open(&play, options);
    play.scenario = scenario;
    if (scenario != NULL)
        scenario_begin(scenario, play.m);
    for (size_t i = 0; i < count && play_step(&play, &steps[i]); i++)
        continue;
    play_close(&play);
    *out = play.failure;
}

/** Whether a sequence shows the same difference. */
static bool shows(const struct search *s, const struct step *steps, size_t count)
{
    struct failure f;

    shrink_play(steps, count, s->options, NULL, &f);
    return f.step != 0 && f.nr == s->failure->nr && f.expected == s->failure->expected &&
           f.came == s->failure->came;
}

/** Take out @len steps from @at on if the rest still shows it. Returns the new count. */
static size_t without(const struct search *s, struct step *steps, size_t count, size_t at,
                      size_t len)
{
    size_t left = count - len;

    memcpy(s->tried, steps, at * sizeof(*steps));
    memcpy(s->tried + at, steps + at + len, (left - at) * sizeof(*steps));
    if (!shows(s, s->tried, left))
        return count;
    memcpy(steps, s->tried, left * sizeof(*steps));
    return left;
}

/** Take out ever smaller pieces, until no single step can go. */
static size_t remove_steps(const struct search *s, struct step *steps, size_t count)
{
    size_t piece = count / 2;

    while (piece > 0) {
        size_t before = count;

        for (size_t at = 0; at + piece <= count;) {
            size_t left = without(s, steps, count, at, piece);

            at += left == count ? piece : 0;
            count = left;
        }
        if (piece > 1 || count == before)
            piece /= 2;
    }
    return count;
}

/** Try a simpler step in place of one. */
static bool simpler(const struct search *s, struct step *steps, size_t count, size_t at,
                    const struct step *other)
{
    memcpy(s->tried, steps, count * sizeof(*steps));
    s->tried[at] = *other;
    if (!shows(s, s->tried, count))
        return false;
    steps[at] = *other;
    return true;
}

static void simplify_step(const struct search *s, struct step *steps, size_t count, size_t at)
{
    static const size_t lengths[] = {0, 1, 4096};
    static const int64_t numbers[] = {0, 1, FM_READ | FM_WRITE | FM_CREATE, SC_PAGE_SIZE};

    for (size_t a = 0; a < STEP_ARGS; a++) {
        struct step other = steps[at];
        bool done = other.args[a].ref != 0;

        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]) && !done; i++) {
            if (lengths[i] >= other.args[a].len)
                break;
            other.args[a].len = lengths[i];
            done = simpler(s, steps, count, at, &other);
            other = steps[at];
        }
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && !done; i++) {
            if (other.args[a].text != NULL || other.args[a].num == numbers[i])
                break;
            other.args[a].num = numbers[i];
            done = simpler(s, steps, count, at, &other);
            other = steps[at];
        }
    }
}

/** Try to have the first process make all calls of an actor. */
static void replace_actor(const struct search *s, struct step *steps, size_t count, int actor)
{
    memcpy(s->tried, steps, count * sizeof(*steps));
    for (size_t i = 0; i < count; i++) {
        if (s->tried[i].actor == actor)
            s->tried[i].actor = 0;
    }
    if (shows(s, s->tried, count))
        memcpy(steps, s->tried, count * sizeof(*steps));
}

size_t shrink(struct step *steps, size_t count, const struct play_options *options,
              const struct failure *failure)
{
    struct search s = {options, failure, calloc(count, sizeof(*steps))};
    size_t before;

    if (s.tried == NULL)
        abort();
    do {
        count = remove_steps(&s, steps, count);
        before = count;
        for (size_t i = 0; i < count; i++) {
            if (steps[i].actor != 0)
                replace_actor(&s, steps, count, steps[i].actor);
            simplify_step(&s, steps, count, i);
        }
        count = remove_steps(&s, steps, count);
    } while (count < before);
    free(s.tried);
    return count;
}
