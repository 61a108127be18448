/* SPDX-License-Identifier: MIT */
/*
 * Guests in a container whose own seccomp filter refuses i386 numbers: what it refuses never
 * reaches the bridge's filter, so the calls of i386 guests must come another way.
 */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>

static struct lab l;

/* Rows of a seccomp filter. */
#define ANSWER(nr, action)                                                                         \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (nr), 0, 1), BPF_STMT(BPF_RET | BPF_K, (action))

/** Refuse every i386 number that one of our calls has, but those of the memory calls. */
static void install_filter(void)
{
    const struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_I386, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        ANSWER(SC_MMAP, SECCOMP_RET_ALLOW),
        ANSWER(SC_MMAP_FILE, SECCOMP_RET_ALLOW),
        ANSWER(SC_MCHMAP, SECCOMP_RET_ALLOW),
        ANSWER(SC_MUNMAP, SECCOMP_RET_ALLOW),
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    ANSWER(nr, SECCOMP_RET_ERRNO | EPERM),
#include "schema/syscalls.def"
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof(code) / sizeof(code[0]), (struct sock_filter *)code};

    cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

static void setup(void)
{
    install_filter();
    lab_open(&l);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(filtered, .init = setup, .fini = teardown);

static void run_both(const char *program, const char *which)
{
    for (size_t g = 0; g < 2; g++)
        lab_expect(&l, which, lab_run(&l, program, abis[g], which), PS_DONE, LAB_PASSED);
}

Test(filtered, calls)
{
    run_both("calls", "end_of_file");
    run_both("calls", "transfer_sizes");
    run_both("calls", "directory");
    run_both("calls", "raw_results");
    run_both("calls", "registers_kept");
    run_both("pointers", "block_good");
    run_both("entries", "rewritten_gate");
    run_both("entries", "all_numbers");
}

Test(filtered, memory)
{
    run_both("memory", "map_write_unmap");
    run_both("memory", "refusals");
    run_both("memory", "many_regions");
    run_both("shared", "coherent");
    run_both("shared", "past_the_end");
    run_both("shared", "run_code");
}

Test(filtered, parked)
{
    for (size_t g = 0; g < 2; g++) {
        int pid;

        lab_install(&l, "sleeper", abis[g], "home:/sleeper");
        pid = lab_start(&l, "home:/sleeper");
        lab_await_log(&l, "asleep\n");
        lab_turn(&l, 5);
        lab_expect(&l, "sleeper", lab_kill(&l, pid), PS_KILLED, 0);
    }
}
