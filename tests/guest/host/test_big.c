/* SPDX-License-Identifier: MIT */
/* Transfers that are longer than what a gate moves at once. See schema/abi.md, Waiting. */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

static struct lab l;

static void setup(void)
{
    lab_open(&l);
}

static void setup_lockstep(void)
{
    lab_open_on(&l, LAB_LOCKSTEP);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(big, .init = setup, .fini = teardown);
TestSuite(big_lockstep, .init = setup_lockstep, .fini = teardown);

static void run_both(const char *which, uint32_t state, int32_t code)
{
    for (size_t g = 0; g < 2; g++) {
        lab_install(&l, "big", abis[g], "home:/child");
        lab_expect(&l, which, lab_run(&l, "big", abis[g], which), state, code);
    }
}

Test(big, sizes)
{
    run_both("sizes", PS_DONE, LAB_PASSED);
}

Test(big, bad_pointers_FAIL_SC_SEGFAULT)
{
    struct call c;

    lab_put(&l, "home:/big", "something", 9);
    run_both("write_past_region", PS_FAILURE, FAIL_SC_SEGFAULT);
    run_both("read_past_region", PS_FAILURE, FAIL_SC_SEGFAULT);
    run_both("read_to_read_only", PS_FAILURE, FAIL_SC_SEGFAULT);
    call_init(&c, l.p, &abi_driven, SC_STAT, NULL, NULL);
    c.args.stat.file = (struct sc_str){"home:/untouched", 15};
    cr_assert_eq(call_begin(&c), 0);
    cr_assert_eq(c.out.stat.stat.size, 0);
    call_done(&c);
}

Test(big, no_space_in_the_middle)
{
    run_both("no_space", PS_DONE, LAB_PASSED);
}

Test(big, channels_are_short)
{
    run_both("channels_are_short", PS_DONE, LAB_PASSED);
}

Test(big, print)
{
    run_both("print", PS_DONE, LAB_PASSED);
    cr_assert_eq(l.log_len, LAB_LOG_MAX - 1);
}

Test(big, append_together)
{
    run_both("append_together", PS_DONE, LAB_PASSED);
}

Test(big_lockstep, append_together)
{
    run_both("append_together", PS_DONE, LAB_PASSED);
    run_both("sizes", PS_DONE, LAB_PASSED);
}

/** Wherever it is killed, it leaves nothing; who waits behind it goes on. */
Test(big, killed_in_the_middle)
{
    enum { ROUNDS = 12, GUESTS = 3 };
    int pid[GUESTS];

    for (unsigned round = 0; round < ROUNDS; round++) {
        l.log_len = 0;
        l.log[0] = '\0';
        lab_put(&l, "home:/case", "for_ever", 8);
        lab_install(&l, "big", abis[round % 2], "home:/big_program");
        for (int i = 0; i < GUESTS; i++)
            pid[i] = lab_start(&l, "home:/big_program");
        lab_await_log(&l, "ready");
        lab_turn(&l, 1 + round);
        for (int i = 0; i < GUESTS; i++) {
            struct sc_proc_status s = lab_kill(&l, pid[i]);

            lab_expect(&l, "killed", s, PS_KILLED, 0);
            lab_turn(&l, 1);
        }
        cr_assert(l.m->in_line.next == &l.m->in_line && l.m->behind.next == &l.m->behind);
        cr_assert_eq(l.m->census.calls, 0);
    }
}
