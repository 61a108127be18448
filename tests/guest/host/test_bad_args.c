/* SPDX-License-Identifier: MIT */
/* Every call of every gate with bad arguments: tests/guest/badargs.c, a guest a bad pointer. */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

enum { NO_VALUE = 20, NO_WORD = 21 }; /* as badargs.c has them */

static struct lab l;

static void setup(void)
{
    lab_open(&l);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(bad_args, .init = setup, .fini = teardown);

/** Numbers of all kinds where numbers belong: errnos of the row, and the guest lives. */
static void numbers(const struct abi *abi)
{
    char which[64];

    for (size_t i = 0; i < sc_calls_count; i++) {
        (void)snprintf(which, sizeof(which), "%d numbers", sc_calls[i].nr);
        lab_expect(&l, which, lab_run(&l, "badargs", abi, which), PS_DONE, LAB_PASSED);
    }
}

/** One word of a call, with every value that must end the guest. Returns whether there was one. */
static bool try_word(const struct abi *abi, int nr, size_t word, size_t *tried)
{
    for (size_t value = 0;; value++) {
        struct sc_proc_status s;
        char which[64];

        (void)snprintf(which, sizeof(which), "%d %zu %zu", nr, word, value);
        s = lab_run(&l, "badargs", abi, which);
        if (s.state == PS_DONE && (s.return_code == NO_VALUE || s.return_code == NO_WORD))
            return s.return_code == NO_VALUE;
        lab_expect(&l, which, s, PS_FAILURE, FAIL_SC_SEGFAULT);
        (*tried)++;
    }
}

/** Bad pointers and lengths that lie: each ends its guest. */
static void pointers(const struct abi *abi)
{
    enum { AT_LEAST = 300 };
    size_t tried = 0;

    for (size_t i = 0; i < sc_calls_count; i++) {
        for (size_t word = 0; try_word(abi, sc_calls[i].nr, word, &tried);)
            word++;
    }
    cr_assert_gt(tried, AT_LEAST, "only %zu bad pointers were tried", tried);
}

Test(bad_args, numbers_i386)
{
    numbers(&abi_i386);
}

Test(bad_args, numbers_x86_64)
{
    numbers(&abi_x86_64);
}

Test(bad_args, pointers_i386)
{
    pointers(&abi_i386);
}

Test(bad_args, pointers_x86_64)
{
    pointers(&abi_x86_64);
}
