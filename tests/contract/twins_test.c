/* SPDX-License-Identifier: MIT */
/* Two drivers do the same random script: every answer must be the same, and so must the trees. */
#include "tests/contract/dbcheck.h"
#include "tests/contract/script.h"

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

Test(twins, answers_are_the_same)
{
    run_twins(1, NULL);
    run_twins(2, "mmap=0,cache=1M");
}

Test(twins, answers_are_the_same_with_small_chunks)
{
    run_twins(3, "chunk=16K,sync=none");
}
