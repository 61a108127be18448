/* SPDX-License-Identifier: MIT */
/*
 * What a guest may not do to the host, and what it may not have of it: other ways into the host's
 * kernel, open descriptors, memory it did not ask for, another tracer.
 */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct lab l;

static void setup(void)
{
    lab_open(&l);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(entries, .init = setup, .fini = teardown);

static void run_entry(const struct abi *abi, const char *which, uint32_t state, int32_t code)
{
    lab_expect(&l, which, lab_run(&l, "entries", abi, which), state, code);
}

Test(entries, other_ways_are_faults)
{
    static const char *const fatal[] = {"int80",    "int80_yield", "other_gate",    "sysenter",
                                        "far_jump", "far_read",    "vsyscall_read", "vsyscall"};

    for (size_t g = 0; g < 2; g++) {
        for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
            run_entry(abis[g], fatal[i], PS_FAILURE, FAIL_EXCEPTION);
    }
}

/** The host kills what calls as another architecture does; the parent learns why. */
Test(entries, foreign_calls_are_told)
{
    static const char told[] = "end: an entry to the host's kernel by another architecture's call";

    run_entry(&abi_x86_64, "int80", PS_FAILURE, FAIL_EXCEPTION);
    cr_assert_not_null(strstr(l.log, told), "%s", l.log);
    for (size_t g = 0; g < 2; g++) {
        run_entry(abis[g], "far_jump", PS_FAILURE, FAIL_EXCEPTION);
        cr_assert_not_null(strstr(l.log, told), "%s", l.log);
    }
}

Test(entries, other_numbers_do_nothing)
{
    for (size_t g = 0; g < 2; g++) {
        run_entry(abis[g], "all_numbers", PS_DONE, LAB_PASSED);
        cr_assert_not_null(strstr(l.log, "note: Unimplemented syscall 127\n"));
        if (abis[g] == &abi_i386) /* past the table, numbers are not even noted */
            cr_assert_null(strstr(l.log, "note: Unimplemented syscall 128\n"));
        run_entry(abis[g], "odd_numbers", PS_DONE, LAB_PASSED);
        run_entry(abis[g], "uprobe", PS_DONE, LAB_PASSED);
        run_entry(abis[g], "uretprobe", PS_FAILURE, FAIL_EXCEPTION);
    }
}

/** Nor do they on a clock that has guests take turns: each answer gives the turn up first. */
Test(numbers, do_nothing_on_any_clock, .timeout = 120)
{
    for (int clock = LAB_REAL; clock < LAB_CLOCKS; clock++) {
        lab_open_on(&l, (enum lab_clock)clock);
        for (size_t g = 0; g < 2; g++) {
            run_entry(abis[g], "all_numbers", PS_DONE, LAB_PASSED);
            run_entry(abis[g], "odd_numbers", PS_DONE, LAB_PASSED);
        }
        lab_close(&l);
    }
}

/** The thread area is where the guest's memory begins: at 0. */
Test(entries, no_thread_area)
{
    run_entry(&abi_x86_64, "thread_area", PS_FAILURE, FAIL_ZEROPTR);
    run_entry(&abi_i386, "thread_area", PS_FAILURE, FAIL_EXCEPTION); /* a null selector */
}

Test(entries, gates_are_patched)
{
    run_entry(&abi_i386, "rewritten_gate", PS_DONE, LAB_PASSED);
    run_entry(&abi_i386, "many_gates", PS_DONE, LAB_PASSED);
    run_entry(&abi_i386, "written_gate", PS_DONE, LAB_PASSED);
}

Test(entries, gates_are_forgotten)
{
    run_entry(&abi_i386, "unmapped_gate", PS_FAILURE, FAIL_EXCEPTION);
    cr_assert_not_null(strstr(l.log, "at 0x40000005 is not a gate"), "%s", l.log);
    run_entry(&abi_i386, "split_gate", PS_FAILURE, FAIL_EXCEPTION);
    cr_assert_not_null(strstr(l.log, "at 0x40000fff is not a gate"), "%s", l.log);
    run_entry(&abi_i386, "copied_gate", PS_FAILURE, FAIL_EXCEPTION);
    cr_assert_not_null(strstr(l.log, "a copy of code whose int $0x40 was patched"), "%s", l.log);
}

Test(entries, gates_unpatched)
{
    bridge_set_patching(l.bridge, false);
    run_entry(&abi_i386, "rewritten_gate", PS_DONE, LAB_PASSED);
    run_entry(&abi_i386, "int80", PS_FAILURE, FAIL_EXCEPTION);
    run_entry(&abi_i386, "all_numbers", PS_DONE, LAB_PASSED);
    lab_expect(&l, "memory", lab_run(&l, "memory", &abi_i386, "map_write_unmap"), PS_DONE,
               LAB_PASSED);
}

/** Start a sleeping guest and tell its host process. */
static pid_t start_sleeper(const struct abi *abi, int *pid)
{
    pid_t pids[LAB_HOST_PIDS_MAX];

    lab_install(&l, "sleeper", abi, "home:/sleeper");
    l.log_len = 0;
    l.log[0] = '\0';
    *pid = lab_start(&l, "home:/sleeper");
    cr_assert_gt(*pid, 0);
    lab_await_log(&l, "asleep\n");
    while (lab_host_pids(getpid(), pids) != 1) /* the one before may still be dying */
        lab_turn(&l, 1);
    return pids[0];
}

/** A guest's /proc files are root's alone, which is what a user wants and these tests can't use. */
static void need_root(void)
{
    if (geteuid() != 0)
        cr_skip_test("only root can look into a guest's /proc files");
}

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = 0;

    cr_assert_not_null(dir, "%s", path);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count - 2; /* . and .. */
}

Test(entries, no_descriptors)
{
    need_root();
    for (size_t g = 0; g < 2; g++) {
        char path[64];
        int pid;
        pid_t host_pid = start_sleeper(abis[g], &pid);

        (void)snprintf(path, sizeof(path), "/proc/%d/fd", host_pid);
        cr_assert_eq(count_entries(path), 0);
        (void)snprintf(path, sizeof(path), "/proc/%d/task", host_pid);
        cr_assert_eq(count_entries(path), 1);
        (void)lab_kill(&l, pid);
    }
}

/** Image, stack and nothing else is mapped; the fixed vsyscall page is the host kernel's own. */
Test(entries, no_host_memory)
{
    need_root();
    for (size_t g = 0; g < 2; g++) {
        const unsigned long limit = abis[g] == &abi_i386 ? 0xC0000000 : 0x7FFF00000000;
        char line[256];
        int pid;
        pid_t host_pid = start_sleeper(abis[g], &pid);
        FILE *maps;

        (void)snprintf(line, sizeof(line), "/proc/%d/maps", host_pid);
        maps = fopen(line, "r");
        cr_assert_not_null(maps);
        while (fgets(line, sizeof(line), maps) != NULL) {
            char *end;

            (void)strtoul(line, &end, 16);
            cr_assert(strstr(line, "[vsyscall]") != NULL || strtoul(end + 1, NULL, 16) <= limit,
                      "%s", line);
            cr_assert(strchr(line, '/') == NULL, "%s", line);
        }
        (void)fclose(maps);
        (void)lab_kill(&l, pid);
    }
}

/** The line of /proc/PID/status that begins with a word. */
static void status_line(pid_t pid, const char *word, char *out, size_t size)
{
    FILE *f;

    (void)snprintf(out, size, "/proc/%d/status", pid);
    f = fopen(out, "r");
    cr_assert_not_null(f);
    while (fgets(out, (int)size, f) != NULL) {
        if (strncmp(out, word, strlen(word)) == 0)
            break;
    }
    (void)fclose(f);
}

Test(entries, confined)
{
    char line[128];
    int pid;
    pid_t host_pid = start_sleeper(&abi_x86_64, &pid);

    status_line(host_pid, "NoNewPrivs:", line, sizeof(line));
    cr_assert_str_eq(line, "NoNewPrivs:\t1\n");
    status_line(host_pid, "Seccomp:", line, sizeof(line));
    cr_assert_str_eq(line, "Seccomp:\t2\n");
    (void)lab_kill(&l, pid);
}

/** Root's daemon has power over the host, its guests have none. */
Test(entries, no_capabilities)
{
    static const char *const sets[] = {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"};

    for (size_t g = 0; g < 2; g++) {
        int pid;
        pid_t host_pid = start_sleeper(abis[g], &pid);

        for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
            char line[128];

            status_line(host_pid, sets[i], line, sizeof(line));
            cr_assert_eq(strtoull(line + strlen(sets[i]), NULL, 16), 0, "%s", line);
        }
        (void)lab_kill(&l, pid);
    }
}

/** The soft and the hard value of a limit. */
static void expect_limit(pid_t pid, int resource, rlim_t max)
{
    struct rlimit limit;

    cr_assert_eq(prlimit(pid, (__rlimit_resource_t)resource, NULL, &limit), 0);
    cr_assert(limit.rlim_cur <= max && limit.rlim_max <= max, "limit %d is %lu", resource,
              (unsigned long)limit.rlim_cur);
}

Test(entries, limits_of_the_host)
{
    need_root();
    for (size_t g = 0; g < 2; g++) {
        int pid;
        pid_t host_pid = start_sleeper(abis[g], &pid);

        expect_limit(host_pid, RLIMIT_FSIZE, 0);
        expect_limit(host_pid, RLIMIT_CORE, 0);
        expect_limit(host_pid, RLIMIT_NOFILE, 4);
        (void)lab_kill(&l, pid);
    }
}

/** The root of a guest's process is empty, and stays so. */
Test(entries, empty_root)
{
    need_root();
    for (size_t g = 0; g < 2; g++) {
        char path[64];
        int pid;
        pid_t host_pid = start_sleeper(abis[g], &pid);

        (void)snprintf(path, sizeof(path), "/proc/%d/root/", host_pid);
        cr_assert_leq(count_entries(path), 0); /* removed, it has not even . and .. */
        (void)snprintf(path, sizeof(path), "/proc/%d/cwd/", host_pid);
        cr_assert_leq(count_entries(path), 0);
        (void)snprintf(path, sizeof(path), "/proc/%d/root/new", host_pid);
        cr_assert(mkdir(path, 0700) < 0 && errno == ENOENT);
        (void)lab_kill(&l, pid);
    }
}

/** Another process cannot attach: the guest has a tracer, and its memory can't be dumped. */
Test(entries, no_other_tracer)
{
    int pid;
    int status;
    pid_t host_pid = start_sleeper(&abi_x86_64, &pid);
    pid_t other = fork();

    if (other == 0)
        _exit(ptrace(PTRACE_ATTACH, host_pid, NULL, NULL) < 0 ? errno : 0);
    cr_assert_eq(waitpid(other, &status, 0), other);
    cr_assert_eq(WEXITSTATUS(status), EPERM);
    (void)lab_kill(&l, pid);
}
