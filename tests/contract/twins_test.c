/* SPDX-License-Identifier: MIT */
/*
 * Two drivers do the same random script: every answer must be the same, and so must the trees.
 *
 * When an answer differs, the script is shortened to the steps that it takes, and printed. To look further:
 *
 *     SC_TWINS_SEED=1000 build/dev/bin/contract_test --filter 'twins/hostfs'
 */
#include "tests/contract/dbcheck.h"
#include "tests/contract/digest.h"
#include "tests/contract/layers.h"

#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 6000, CHECK_EVERY = 250, ROUNDS_LONG = 100 };

/** A pair of drivers, and what they do. */
struct twins {
    const char *driver[2];
    const char *opts[2];
    uint64_t seed;
};

/** Steps of a script, by their numbers. */
struct steps {
    int at[STEPS];
    int count;
};

static void open_twins(const struct twins *t, struct bed beds[2], struct script scripts[2])
{
    for (int i = 0; i < 2; i++) {
        bed_init(&beds[i], t->driver[i]);
        IS(bed_open(&beds[i], t->opts[i]), 0);
        script_init(&scripts[i], t->seed);
    }
}

static void close_twins(struct bed beds[2], struct script scripts[2])
{
    for (int i = 1; i >= 0; i--) {
        script_done(&scripts[i], &beds[i]);
        bed_done(&beds[i]);
    }
}

/** Do the steps until an answer differs. @say: print them. Returns how many had the same answer. */
static int do_steps(const struct twins *t, const struct steps *steps, bool say)
{
    struct bed beds[2];
    struct script scripts[2];
    bool same = true;
    int i;

    open_twins(t, beds, scripts);
    for (i = 0; same && i < steps->count; i++) {
        int64_t one = script_step(&scripts[0], &beds[0], steps->at[i]);
        int64_t two = script_step(&scripts[1], &beds[1], steps->at[i]);

        same = one == two;
        if (say)
            (void)fprintf(stderr, "%5d  %s = %lld%s", steps->at[i], scripts[0].text, (long long)one,
                          same ? "\n" : "");
        if (say && !same)
            (void)fprintf(stderr, ", but %s: %lld\n", t->driver[1], (long long)two);
        if (same && (i + 1) % CHECK_EVERY == 0)
            same = digest_tree(beds[0].fs, &beds[0].who) == digest_tree(beds[1].fs, &beds[1].who);
    }
    same = same && digest_tree(beds[0].fs, &beds[0].who) == digest_tree(beds[1].fs, &beds[1].who);
    close_twins(beds, scripts);
    return same ? steps->count : i - 1;
}

/** Whether the answers still differ without @count steps from @first; then they are left out. */
static bool leave_out(const struct twins *t, struct steps *steps, int first, int count)
{
    static struct steps fewer;

    fewer.count = 0;
    for (int i = 0; i < steps->count; i++) {
        if (i < first || i >= first + count)
            fewer.at[fewer.count++] = steps->at[i];
    }
    if (do_steps(t, &fewer, false) == fewer.count)
        return false;
    *steps = fewer;
    return true;
}

/** Shorten the steps to those that it takes to make the answers differ. */
static void shorten(const struct twins *t, struct steps *steps)
{
    for (int count = steps->count / 2; count > 0; count /= 2) {
        int first = steps->count - count;

        while (first >= 0) {
            (void)leave_out(t, steps, first, count);
            first -= count;
        }
    }
}

static void run_script(struct twins t)
{
    static struct steps steps;

    for (steps.count = 0; steps.count < STEPS; steps.count++)
        steps.at[steps.count] = steps.count;
    if (do_steps(&t, &steps, false) == STEPS)
        return;
    steps.count = do_steps(&t, &steps, false) + 1;
    shorten(&t, &steps);
    (void)fprintf(stderr, "%s and %s, seed %d:\n", t.driver[0], t.driver[1], (int)t.seed);
    (void)do_steps(&t, &steps, true);
    cr_assert_fail("the answers differ");
}

/** Do the script of a seed; in the long suite, many from there on. */
static void run_twins(struct twins t)
{
    const char *more = getenv("SC_TWINS_SEED");
    const int rounds = bed_is_long() ? ROUNDS_LONG : 1;

    t.seed += more != NULL ? strtoull(more, NULL, 10) : 0;
    for (int i = 0; i < rounds; i++, t.seed++)
        run_script(t);
}

Test(twins, sqlitefs)
{
    run_twins((struct twins){{"ramfs", "sqlitefs"}, {NULL, NULL}, 1});
    run_twins((struct twins){{"ramfs", "sqlitefs"}, {NULL, "mmap=0,cache=1M"}, 2});
}

Test(twins, sqlitefs_with_small_chunks)
{
    run_twins((struct twins){{"ramfs", "sqlitefs"}, {NULL, "chunk=16K,sync=none"}, 3});
}

Test(twins, hostfs)
{
    run_twins((struct twins){{"ramfs", "hostfs"}, {NULL, NULL}, 4});
}

/* ---- Unions ---- */

/* One does what the other does. */
static void step_both(struct script scripts[2], struct bed *one, struct bed *two, int first,
                      int end)
{
    for (int i = first; i < end; i++) {
        int64_t a = script_step(&scripts[0], one, i);
        int64_t b = script_step(&scripts[1], two, i);

        cr_assert(a == b, "step %d, %s: %s answers %lld, %s %lld", i, scripts[0].text, one->driver,
                  (long long)a, two->driver, (long long)b);
        if (i % CHECK_EVERY == 0)
            cr_assert(digest_tree(one->fs, &one->who) == digest_tree(two->fs, &two->who), "step %d",
                      i);
    }
    script_done(&scripts[0], one);
    script_done(&scripts[1], two);
    cr_assert(digest_tree(one->fs, &one->who) == digest_tree(two->fs, &two->who));
}

/* A ramfs, and a unionfs whose lower layer, then two of them, have what the ramfs has when they
 * begin; the layers must stay as they are. */
static void run_union(uint64_t seed, const char *store_driver, int steps)
{
    enum { FIRST_STEPS = 500 };
    struct bed store;
    struct bed one;
    struct bed two;
    struct bed lower;
    struct bed middle;
    struct script scripts[2];
    uint64_t digests[2];

    bed_init(&one, "ramfs");
    bed_init(&two, "unionfs");
    IS(bed_open(&one, NULL), 0);
    layers_use_store(&two, 0, &store, store_driver);
    lower = layers_bed(&two, 1);
    script_init(&scripts[0], seed);
    script_init(&scripts[1], seed);
    step_both(scripts, &one, &lower, 0, FIRST_STEPS);
    digests[0] = digest_tree(lower.fs, &lower.who);
    IS(bed_open(&two, NULL), 0);
    step_both(scripts, &one, &two, FIRST_STEPS, FIRST_STEPS + steps);
    bed_close(&two);
    cr_assert(digest_tree(lower.fs, &lower.who) == digests[0]);

    middle = layers_bed(&two, 0);
    digests[1] = digest_tree(middle.fs, &middle.who);
    (void)bed_add_layer(&two, "new", NULL);
    two.layer[BED_LAYERS - 1] = two.layer[2];
    two.layer[2] = two.layer[1];
    two.layer[1] = two.layer[0];
    two.layer[0] = two.layer[BED_LAYERS - 1];
    IS(bed_open(&two, NULL), 0);
    cr_assert(digest_tree(one.fs, &one.who) == digest_tree(two.fs, &two.who));
    step_both(scripts, &one, &two, FIRST_STEPS + steps, FIRST_STEPS + 2 * steps);
    bed_close(&two);
    cr_assert(digest_tree(lower.fs, &lower.who) == digests[0]);
    cr_assert(digest_tree(middle.fs, &middle.who) == digests[1]);
    bed_done(&two);
    bed_done(&one);
    bed_done(&store);
}

Test(twins, a_union_answers_as_one_filesystem)
{
    for (uint64_t seed = 100; seed < 103; seed++)
        run_union(seed, "ramfs", 4000);
}

Test(twins, a_union_answers_so_over_a_file)
{
    run_union(110, "sqlitefs", 1500);
}
