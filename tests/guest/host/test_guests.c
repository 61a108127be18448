/* SPDX-License-Identifier: MIT */
/* Real programs as processes: they run, make calls, fault, are killed, and leave nothing behind. */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <asm/hwcap2.h>
#include <string.h>
#include <sys/auxv.h>

/** A case of a guest program and how it must end. */
struct expectation {
    const char *which;
    uint32_t state;
    int32_t code;
};

static struct lab l;

static void setup(void)
{
    lab_open(&l);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(guests, .init = setup, .fini = teardown);

/** Run cases of a program on both gates. */
static void run_all(const char *program, const struct expectation *cases, size_t count)
{
    for (size_t g = 0; g < 2; g++) {
        for (size_t i = 0; i < count; i++) {
            struct sc_proc_status s = lab_run(&l, program, abis[g], cases[i].which);

            lab_expect(&l, cases[i].which, s, cases[i].state, cases[i].code);
        }
    }
}

#define RUN_ALL(program, cases) run_all(program, cases, sizeof(cases) / sizeof((cases)[0]))

Test(guests, hello)
{
    lab_put(&l, "home:/letter", "Dear guest\n", 11);
    lab_read_only(&l);
    for (size_t g = 0; g < 2; g++) {
        struct sc_proc_status s = lab_run(&l, "hello", abis[g], NULL);

        lab_expect(&l, "hello", s, PS_DONE, 42);
        cr_assert_not_null(strstr(l.log, "home:/letter holds 11 bytes: Dear guest\n"), "%s", l.log);
        cr_assert_not_null(strstr(l.log, "I may not write it: error 13\n"), "%s", l.log);
    }
}

Test(guests, startup)
{
    static const char said[] = "[second +42  5.25]\n[main   +43  5.38]\n[end    +44  5.50]\n"
                               "[last   +45  5.62]\n";

    for (size_t g = 0; g < 2; g++) {
        struct sc_proc_status s = lab_run(&l, "startup", abis[g], NULL);

        lab_expect(&l, "startup", s, PS_DONE, 43);
        cr_assert_not_null(strstr(l.log, "[first  +41  5.12]\n"), "%s", l.log);
        cr_assert_not_null(strstr(l.log, said), "%s", l.log);
    }
}

Test(guests, zeroptr)
{
    for (size_t g = 0; g < 2; g++) {
        struct sc_proc_status s = lab_run(&l, "zeroptr", abis[g], NULL);

        lab_expect(&l, "zeroptr", s, PS_FAILURE, FAIL_ZEROPTR);
        cr_assert_not_null(
            strstr(l.log, "end: null pointer: access to address 0x0, by the instruction at 0x"),
            "%s", l.log);
    }
}

Test(guests, faults)
{
    static const struct expectation cases[] = {
        {"read_zero", PS_FAILURE, FAIL_ZEROPTR},
        {"write_zero", PS_FAILURE, FAIL_ZEROPTR},
        {"call_zero", PS_FAILURE, FAIL_ZEROPTR},
        {"read_unmapped", PS_FAILURE, FAIL_SEGFAULT},
        {"write_unmapped", PS_FAILURE, FAIL_SEGFAULT},
        {"call_unmapped", PS_FAILURE, FAIL_SEGFAULT},
        {"write_read_only", PS_FAILURE, FAIL_SEGFAULT},
        {"write_code", PS_FAILURE, FAIL_SEGFAULT},
        {"overflow_stack", PS_FAILURE, FAIL_SEGFAULT},
        {"read_above_limit", PS_FAILURE, FAIL_EXCEPTION},
        {"read_last_page", PS_FAILURE, FAIL_EXCEPTION},
        {"call_above_limit", PS_FAILURE, FAIL_EXCEPTION},
        {"read_not_canonical", PS_FAILURE, FAIL_EXCEPTION},
        {"divide_by_zero", PS_FAILURE, FAIL_EXCEPTION},
        {"invalid_instruction", PS_FAILURE, FAIL_EXCEPTION},
        {"privileged_instruction", PS_FAILURE, FAIL_EXCEPTION},
        {"port_access", PS_FAILURE, FAIL_EXCEPTION},
        {"interrupt_without_gate", PS_FAILURE, FAIL_EXCEPTION},
        {"alignment_check", PS_FAILURE, FAIL_EXCEPTION},
        {"breakpoint", PS_DONE, LAB_PASSED},
        {"icebp", PS_DONE, LAB_PASSED},
        {"single_step", PS_DONE, LAB_PASSED},
    };

    RUN_ALL("faults", cases);
}

/** What a fault is called, on both gates unless @only says which. */
static const struct {
    const char *which;
    const char *words;
    const struct abi *only; /* NULL: both */
} fault_words[] = {
    {"read_zero", "end: null pointer: access to address 0x0, by the instruction at 0x", 0},
    {"read_zero", "; last calls: SC_ARGS, SC_OPEN, SC_READ, SC_CLOSE\n", 0},
    {"write_zero", "end: null pointer: access to address 0xfff, by the instruction at 0x", 0},
    {"call_zero",
     "end: null pointer: jump to address 0x0, which is not mapped; the return address on the "
     "stack is 0x",
     0},
    {"read_unmapped",
     "end: access to address 0x50000000, which is not mapped, by the instruction at 0x", 0},
    {"call_unmapped",
     "end: jump to address 0x50000000, which is not mapped; the return address on the stack is 0x",
     0},
    {"write_read_only", "end: write to read-only memory at address 0x", 0},
    {"write_code", "end: write to read-only memory at address 0x", 0},
    {"overflow_stack",
     "below the stack of 128 KiB that begins at 0xb8000000, by the instruction at 0x", &abi_i386},
    {"overflow_stack",
     "below the stack of 8192 KiB that begins at 0x7ffeff7f0000, by the instruction at 0x",
     &abi_x86_64},
    {"overflow_stack", "end: stack overflow: access to address 0x", 0},
    {"large_array", "end: stack overflow: access to address 0x", 0},
    {"read_above_stack", ", above the stack (a Linux program has its arguments there), by the", 0},
    {"read_thread_local", " through %fs, which nothing sets up", &abi_x86_64},
    {"read_thread_local", " through %gs, which nothing sets up", &abi_i386},
    {"read_above_limit", "above the user limit 0xc0000000, by the instruction at 0x", &abi_i386},
    {"read_not_canonical", "an address that is not canonical", &abi_x86_64},
    {"not_aligned", "an operand that is not aligned", &abi_x86_64},
    {"divide_by_zero", "end: division by zero, by the instruction at 0x", 0},
    {"divide_register", "end: division by zero, by", 0},
    {"divide_high_byte", "end: division by zero, by", 0},
    {"divide_half", "end: division by zero, by", 0},
    {"divide_base", "end: division by zero, by", 0},
    {"divide_near", "end: division by zero, by", 0},
    {"divide_indexed", "end: division by zero, by", 0},
    {"divide_static", "end: division by zero, by", 0},
    {"divide_stack", "end: division by zero, by", 0},
    {"divide_far_registers", "end: division by zero, by", 0},
    {"overflow_division", "end: division overflow: the quotient is too large, by", 0},
    {"overflow_indexed", "end: division overflow: the quotient is too large, by", 0},
    {"invalid_instruction", "end: trap (ud2", 0},
    {"trap", "end: trap (ud2", 0},
    {"privileged_instruction", "end: privileged instruction, by the instruction at 0x", 0},
    {"port_access", "end: privileged instruction, by the instruction at 0x", 0},
    {"interrupt_without_gate", "end: interrupt 0x41, which has no gate here, by", 0},
    {"alignment_check", "end: misaligned access with alignment checks on, by", 0},
};

Test(guests, faults_are_told_in_words)
{
    for (size_t i = 0; i < sizeof(fault_words) / sizeof(fault_words[0]); i++) {
        for (size_t g = 0; g < 2; g++) {
            if (fault_words[i].only != NULL && fault_words[i].only != abis[g])
                continue;
            (void)lab_run(&l, "faults", abis[g], fault_words[i].which);
            cr_expect_not_null(strstr(l.log, fault_words[i].words), "%s, %s: not '%s' but\n%s",
                               fault_words[i].which, abis[g]->name, fault_words[i].words, l.log);
        }
    }
}

/** Registers that only the guest itself can load survive all that is done to it. */
Test(guests, strange_registers)
{
    static const struct expectation selectors[] = {
        {"strange_ds", PS_DONE, LAB_PASSED},
        {"strange_es", PS_DONE, LAB_PASSED},
        {"strange_fs", PS_DONE, LAB_PASSED},
        {"strange_gs", PS_DONE, LAB_PASSED},
    };
    static const struct expectation bases[] = {
        {"strange_fs_base", PS_DONE, LAB_PASSED},
        {"strange_gs_base", PS_DONE, LAB_PASSED},
    };

    RUN_ALL("faults", selectors);
    if ((getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE) != 0)
        RUN_ALL("faults", bases);
}

Test(guests, memory)
{
    static const struct expectation cases[] = {
        {"map_write_unmap", PS_DONE, LAB_PASSED},
        {"allocator_first_call", PS_DONE, LAB_PASSED},
        {"refusals", PS_DONE, LAB_PASSED},
        {"write_again", PS_DONE, LAB_PASSED},
        {"run_mapped_code", PS_DONE, LAB_PASSED},
        {"many_regions", PS_DONE, LAB_PASSED},
        {"layout", PS_DONE, LAB_PASSED},
        {"touch_after_unmap", PS_FAILURE, FAIL_SEGFAULT},
        {"write_after_protect", PS_FAILURE, FAIL_SEGFAULT},
        {"unmap_stack", PS_FAILURE, FAIL_SEGFAULT},
        {"freeze_stack", PS_FAILURE, FAIL_SEGFAULT},
        {"unmap_image", PS_FAILURE, FAIL_SEGFAULT},
        {"write_image", PS_FAILURE, FAIL_SEGFAULT},
    };

    RUN_ALL("memory", cases);
}

Test(guests, pointers)
{
    static const struct expectation cases[] = {
        {"print_zero", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_minus_one", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_huge", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_limit", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_past_end", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_across_regions", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_endless", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_nothing_nowhere", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_write_only", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"stat_into_zero", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"stat_into_constant", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"stat_into_code", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"stat_into_edge", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"read_into_constant", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"read_lying_size", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"path_past_end", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"block_nowhere", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"block_past_end", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"block_bad_nested", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"print_exact", PS_DONE, LAB_PASSED},
        {"stat_into_last_bytes", PS_DONE, LAB_PASSED},
        {"read_right_but_bad_pointer", PS_FAILURE, FAIL_SC_SEGFAULT},
        {"bad_fd_first", PS_DONE, LAB_PASSED},
        {"bad_right_first", PS_DONE, LAB_PASSED},
        {"path_too_long", PS_DONE, LAB_PASSED},
        {"block_good", PS_DONE, LAB_PASSED},
    };

    RUN_ALL("pointers", cases);
}

Test(guests, calls)
{
    static const struct expectation cases[] = {
        {"end_of_file", PS_DONE, LAB_PASSED}, {"transfer_sizes", PS_DONE, LAB_PASSED},
        {"directory", PS_DONE, LAB_PASSED},   {"long_names", PS_DONE, LAB_PASSED},
        {"raw_results", PS_DONE, LAB_PASSED}, {"registers_kept", PS_DONE, LAB_PASSED},
        {"exit_code", PS_DONE, -2},           {"commands", PS_DONE, LAB_PASSED},
    };

    RUN_ALL("calls", cases);
}

/** A guest that makes a child, gives it a view, runs and awaits it. */
Test(guests, run_child)
{
    static const struct expectation cases[] = {{"run_child", PS_DONE, LAB_PASSED}};

    lab_put(&l, "home:/letter", "Dear child\n", 11);
    lab_read_only(&l);
    lab_install(&l, "hello", &abi_i386, "home:/child");
    RUN_ALL("calls", cases);
    lab_install(&l, "hello", &abi_x86_64, "home:/child");
    RUN_ALL("calls", cases);
}

/** Guests connected by channels, each kind with each. */
Test(guests, pipes)
{
    static const struct expectation cases[] = {
        {"pipeline", PS_DONE, LAB_PASSED},
        {"killed_reader", PS_DONE, LAB_PASSED},
        {"select_handles", PS_DONE, LAB_PASSED},
        {"no_arguments", PS_DONE, LAB_PASSED},
    };

    for (size_t g = 0; g < 2; g++) {
        lab_install(&l, "pipes", abis[g], "home:/child");
        RUN_ALL("pipes", cases);
    }
}

Test(guests, children)
{
    static const struct expectation cases[] = {
        {"kill_child", PS_DONE, LAB_PASSED},
        {"leave_children", PS_DONE, LAB_PASSED},
    };

    lab_install(&l, "sleeper", &abi_i386, "home:/child");
    RUN_ALL("calls", cases);
    lab_install(&l, "loop", &abi_x86_64, "home:/child");
    RUN_ALL("calls", cases);
}
