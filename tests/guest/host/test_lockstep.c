/* SPDX-License-Identifier: MIT */
/* Guests of a machine in lockstep: what the processor tells them. */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ARCH_CPUID_REQUEST = 0x1012 };

static struct lab l;

static void setup(void)
{
    lab_open_on(&l, LAB_LOCKSTEP);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(lockstep, .init = setup, .fini = teardown);

/** Whether the host's processor can be told to trap cpuid; asks for what is so already. */
static bool cpuid_can_trap(void)
{
    return syscall(SYS_arch_prctl, ARCH_CPUID_REQUEST, 1) == 0;
}

/** Every host shows the same plain processor, without rdrand. */
Test(lockstep, cpuid)
{
    if (!cpuid_can_trap())
        cr_skip_test("this processor can't trap cpuid");
    for (size_t g = 0; g < 2; g++) {
        lab_expect(&l, "cpu", lab_run(&l, "entries", abis[g], "cpuid"), PS_DONE, LAB_PASSED);
        cr_assert_not_null(strstr(l.log, "vendor \"scbox x86-64\", ecx 0, sse2 1\n"), "%s", l.log);
    }
}

/** An instruction of the last two bytes of a page is answered like any other; then nothing is. */
Test(lockstep, tsc_at_page_end)
{
    for (size_t g = 0; g < 2; g++) {
        lab_expect(&l, "tsc", lab_run(&l, "entries", abis[g], "tsc_at_page_end"), PS_FAILURE,
                   FAIL_SEGFAULT);
        cr_assert_not_null(strstr(l.log, "end: jump to address 0x40001000, which is not mapped"),
                           "%s", l.log);
    }
}

/** A number that no call has ends no turn twice. */
Test(lockstep, other_numbers)
{
    for (size_t g = 0; g < 2; g++) {
        lab_expect(&l, "all", lab_run(&l, "entries", abis[g], "all_numbers"), PS_DONE, LAB_PASSED);
        lab_expect(&l, "odd", lab_run(&l, "entries", abis[g], "odd_numbers"), PS_DONE, LAB_PASSED);
    }
}
