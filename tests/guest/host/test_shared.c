/* SPDX-License-Identifier: MIT */
/* Guests that map files: what they share, that they keep no descriptor, and kills on the way. */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 200, KILL_WITHIN_US = 20000 };

static struct lab l;

static void setup(void)
{
    lab_open(&l);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(shared, .init = setup, .fini = teardown);

static void run_both(const char *which, uint32_t state, int32_t code)
{
    for (size_t g = 0; g < 2; g++)
        lab_expect(&l, which, lab_run(&l, "shared", abis[g], which), state, code);
}

/** Start a case, and turn the loop until it prints @text. Returns its pid. */
static int start(const struct abi *abi, const char *which, const char *text)
{
    int pid;

    lab_install(&l, "shared", abi, "home:/program");
    lab_put(&l, "home:/case", which, strlen(which));
    l.log_len = 0;
    l.log[0] = '\0';
    pid = lab_start(&l, "home:/program");
    cr_assert_gt(pid, 0);
    lab_await_log(&l, text);
    return pid;
}

/** How many descriptors a host process has; . and .. are not counted. */
static int count_fds_of(pid_t pid)
{
    char path[64];
    int count = -2;
    DIR *dir;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
    dir = opendir(path);
    cr_assert_not_null(dir, "cannot look into %s", path);
    while (readdir(dir) != NULL)
        count++;
    (void)closedir(dir);
    return count;
}

Test(shared, cases)
{
    run_both("coherent", PS_DONE, LAB_PASSED);
    run_both("refusals", PS_DONE, LAB_PASSED);
    run_both("past_the_end", PS_DONE, LAB_PASSED);
    run_both("leave", PS_DONE, LAB_PASSED);
    run_both("find", PS_DONE, LAB_PASSED);
    run_both("run_code", PS_DONE, LAB_PASSED);
    run_both("map_low", PS_DONE, LAB_PASSED);
    run_both("write_read_only", PS_FAILURE, FAIL_SEGFAULT);
    run_both("write_after_mchmap", PS_FAILURE, FAIL_SEGFAULT);
}

/** The same where every `int $0x40` is carried out anew. */
Test(shared, cases_unpatched)
{
    bridge_set_patching(l.bridge, false);
    run_both("coherent", PS_DONE, LAB_PASSED);
    run_both("refusals", PS_DONE, LAB_PASSED);
    run_both("run_code", PS_DONE, LAB_PASSED);
}

Test(shared, kill_writes_back)
{
    for (size_t g = 0; g < 2; g++) {
        pid_t pids[LAB_HOST_PIDS_MAX];
        int pid = start(abis[g], "wait_for_kill", "written\n");

        while (lab_host_pids(getpid(), pids) != 1) /* the one before is being reaped */
            lab_turn(&l, 1);
        if (geteuid() == 0) /* the guest is not dumpable: nobody else may look */
            cr_assert_eq(count_fds_of(pids[0]), 0, "the guest has a descriptor");
        lab_expect(&l, "kill", lab_kill(&l, pid), PS_KILLED, 0);
        run_both("find", PS_DONE, LAB_PASSED);
    }
}

/** Two guests of different kinds are in the same page. */
Test(shared, guests_meet)
{
    int first;
    int second;

    lab_put(&l, "home:/shared", "___", 3);
    first = start(&abi_x86_64, "meet", "mapped\n");
    second = start(&abi_i386, "meet", "mapped\n");
    lab_put_at(&l, "home:/shared", 1, "W", 1);
    lab_expect(&l, "x86_64", lab_wait(&l, first), PS_DONE, LAB_PASSED);
    lab_expect(&l, "i386", lab_wait(&l, second), PS_DONE, LAB_PASSED);
}

/** Kills a guest from another thread, after a while: in the middle of whatever the daemon does. */
struct killer {
    pthread_t thread;
    int pidfd;
    unsigned delay_us;
    atomic_bool over; /* disturb() shall end */
};

static void *kill_later(void *arg)
{
    const struct killer *k = arg;
    const struct timespec delay = {0, (long)k->delay_us * 1000};

    (void)nanosleep(&delay, NULL);
    (void)syscall(SYS_pidfd_send_signal, k->pidfd, SIGKILL, NULL, 0);
    return NULL;
}

/** Sends signals that mean nothing. */
static void *disturb(void *arg)
{
    struct killer *k = arg;
    const struct timespec delay = {0, (long)k->delay_us * 1000};

    while (!atomic_load(&k->over) &&
           syscall(SYS_pidfd_send_signal, k->pidfd, SIGUSR1, NULL, 0) == 0)
        (void)nanosleep(&delay, NULL);
    return NULL;
}

/** Signals from outside come at any moment of MMAP_FILE, too, and change nothing. */
Test(shared, disturbed)
{
    for (size_t g = 0; g < 2; g++) {
        struct killer k = {.delay_us = 50};
        pid_t pids[LAB_HOST_PIDS_MAX];
        int pid;

        lab_put(&l, "home:/case", "busy", 4);
        lab_install(&l, "shared", abis[g], "home:/busy");
        pid = lab_start(&l, "home:/busy");
        while (lab_host_pids(getpid(), pids) != 1)
            lab_turn(&l, 1);
        k.pidfd = (int)syscall(SYS_pidfd_open, pids[0], 0);
        cr_assert_geq(k.pidfd, 0);
        cr_assert_eq(pthread_create(&k.thread, NULL, disturb, &k), 0);
        lab_expect(&l, "busy", lab_wait(&l, pid), PS_DONE, LAB_PASSED);
        atomic_store(&k.over, true);
        cr_assert_eq(pthread_join(k.thread, NULL), 0);
        (void)close(k.pidfd);
    }
}

/** Many who are stopped all the time, and some who never stop calling, all come to their ends. */
Test(shared, crowd)
{
    enum { COUNT = 6 };
    int pids[COUNT];

    lab_put(&l, "home:/case", "busy", 4);
    for (int i = 0; i < COUNT; i++) {
        lab_install(&l, "shared", abis[i % 2], "home:/busy");
        pids[i] = lab_start(&l, "home:/busy");
        cr_assert_gt(pids[i], 0);
    }
    for (int i = 0; i < COUNT; i++)
        lab_expect(&l, "busy", lab_wait(&l, pids[i]), PS_DONE, LAB_PASSED);
}

/** The host kills at any moment of MMAP_FILE: no hang, no leak, and the next guest is well. */
Test(shared, chaos)
{
    unsigned random = 7;
    int killed = 0;

    lab_put(&l, "home:/case", "busy", 4);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t pids[LAB_HOST_PIDS_MAX];
        struct killer k;
        struct sc_proc_status s;
        int pid;

        lab_install(&l, "shared", abis[round % 2], "home:/victim");
        pid = lab_start(&l, "home:/victim");
        while (lab_host_pids(getpid(), pids) != 1) /* the one before is being reaped */
            lab_turn(&l, 1);
        random = random * 1103515245 + 12345;
        k.delay_us = (random >> 16) % KILL_WITHIN_US;
        k.pidfd = (int)syscall(SYS_pidfd_open, pids[0], 0);
        cr_assert_geq(k.pidfd, 0);
        cr_assert_eq(pthread_create(&k.thread, NULL, kill_later, &k), 0);
        s = lab_wait(&l, pid);
        cr_assert_eq(pthread_join(k.thread, NULL), 0);
        (void)close(k.pidfd);
        killed += s.state == PS_FAILURE;
        if (s.state == PS_FAILURE)
            lab_expect(&l, "victim", s, PS_FAILURE, FAIL_EXCEPTION);
        else
            lab_expect(&l, "survivor", s, PS_DONE, LAB_PASSED);
        l.log_len = 0;
        l.log[0] = '\0';
    }
    cr_assert_gt(killed, ROUNDS / 2, "only %d of %d were killed in time", killed, ROUNDS);
    run_both("coherent", PS_DONE, LAB_PASSED);
}
