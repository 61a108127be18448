/* SPDX-License-Identifier: MIT */
/* Two drivers do the same random script: every answer must be the same, and so must the trees. */
#include "tests/contract/dbcheck.h"
#include "tests/contract/layers.h"

enum { STEPS = 6000, CHECK_EVERY = 250 };

static void run_twins(uint64_t seed, const char *opts)
{
    struct bed one;
    struct bed two;
    struct script s1;
    struct script s2;

    bed_init(&one, "ramfs");
    bed_init(&two, "sqlitefs");
    IS(bed_open(&one, NULL), 0);
    IS(bed_open(&two, opts), 0);
    script_init(&s1, seed);
    script_init(&s2, seed);
    for (int i = 0; i < STEPS; i++) {
        int64_t a = script_step(&s1, &one);
        int64_t b = script_step(&s2, &two);

        cr_assert(a == b, "seed %d, step %d: ramfs answers %d, sqlitefs %d", (int)seed, i, (int)a,
                  (int)b);
        if (i % CHECK_EVERY == 0)
            cr_assert(tree_digest(&one) == tree_digest(&two), "step %d", i);
    }
    script_done(&s1, &one);
    script_done(&s2, &two);
    cr_assert(tree_digest(&one) == tree_digest(&two));
    bed_close(&two);
    db_check(two.db);
    IS(bed_open(&two, NULL), 0);
    cr_assert(tree_digest(&one) == tree_digest(&two));
    bed_done(&two);
    bed_done(&one);
}

/* One does what the other does. */
static void step_both(struct script *s1, struct bed *one, struct script *s2, struct bed *two,
                      int steps)
{
    for (int i = 0; i < steps; i++) {
        int64_t a = script_step(s1, one);
        int64_t b = script_step(s2, two);

        cr_assert(a == b, "step %d: %s answers %d, %s %d", i, one->driver, (int)a, two->driver,
                  (int)b);
        if (i % CHECK_EVERY == 0)
            cr_assert(tree_digest(one) == tree_digest(two), "step %d", i);
    }
    script_done(s1, one);
    script_done(s2, two);
    cr_assert(tree_digest(one) == tree_digest(two));
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
    struct script s1;
    struct script s2;
    uint64_t digests[2];

    bed_init(&one, "ramfs");
    bed_init(&two, "unionfs");
    IS(bed_open(&one, NULL), 0);
    layers_use_store(&two, 0, &store, store_driver);
    lower = layers_bed(&two, 1);
    script_init(&s1, seed);
    script_init(&s2, seed);
    step_both(&s1, &one, &s2, &lower, FIRST_STEPS);
    digests[0] = tree_digest(&lower);
    IS(bed_open(&two, NULL), 0);
    step_both(&s1, &one, &s2, &two, steps);
    bed_close(&two);
    cr_assert(tree_digest(&lower) == digests[0]);

    middle = layers_bed(&two, 0);
    digests[1] = tree_digest(&middle);
    (void)bed_add_layer(&two, "new", NULL);
    two.layer[BED_LAYERS - 1] = two.layer[2];
    two.layer[2] = two.layer[1];
    two.layer[1] = two.layer[0];
    two.layer[0] = two.layer[BED_LAYERS - 1];
    IS(bed_open(&two, NULL), 0);
    cr_assert(tree_digest(&one) == tree_digest(&two));
    step_both(&s1, &one, &s2, &two, steps);
    bed_close(&two);
    cr_assert(tree_digest(&lower) == digests[0]);
    cr_assert(tree_digest(&middle) == digests[1]);
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

Test(twins, answers_are_the_same)
{
    run_twins(1, NULL);
    run_twins(2, "mmap=0,cache=1M");
}

Test(twins, answers_are_the_same_with_small_chunks)
{
    run_twins(3, "chunk=16K,sync=none");
}
