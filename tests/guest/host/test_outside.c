/* SPDX-License-Identifier: MIT */
/* What befalls guests from outside: PROC_KILL, signals, the host's kill at any moment, closing. */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CROWD = 30, ROUNDS = 200, DISTURBED_ROUNDS = 50 };

static struct lab l;

static void setup(void)
{
    lab_open(&l);
}

static void teardown(void)
{
    lab_close(&l);
}

TestSuite(outside, .init = setup, .fini = teardown);

Test(outside, kill_at_work_and_at_rest)
{
    for (size_t g = 0; g < 2; g++) {
        int pid;

        lab_install(&l, "loop", abis[g], "home:/loop");
        lab_install(&l, "sleeper", abis[g], "home:/sleeper");
        pid = lab_start(&l, "home:/loop");
        lab_expect(&l, "kill at once", lab_kill(&l, pid), PS_KILLED, 0);
        pid = lab_start(&l, "home:/loop");
        lab_turn(&l, 10);
        lab_expect(&l, "kill a loop", lab_kill(&l, pid), PS_KILLED, 0);
        pid = lab_start(&l, "home:/sleeper");
        lab_await_log(&l, "asleep\n");
        lab_turn(&l, 10);
        lab_expect(&l, "kill a sleeper", lab_kill(&l, pid), PS_KILLED, 0);
    }
}

/** Signals that others send are no business of a guest. */
Test(outside, signals_are_swallowed)
{
    static const int signals[] = {SIGTERM, SIGINT,  SIGSEGV, SIGTRAP, SIGSTOP, SIGTSTP, SIGCONT,
                                  SIGCHLD, SIGUSR1, SIGFPE,  SIGSYS,  SIGALRM, SIGILL,  SIGBUS};
    pid_t pids[LAB_HOST_PIDS_MAX];
    struct sc_proc_status s;

    lab_install(&l, "loop", &abi_x86_64, "home:/loop");
    lab_install(&l, "sleeper", &abi_i386, "home:/sleeper");
    int loop = lab_start(&l, "home:/loop");
    int sleeper = lab_start(&l, "home:/sleeper");
    lab_await_log(&l, "asleep\n");
    cr_assert_eq(lab_host_pids(getpid(), pids), 2);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)kill(pids[0], signals[i]);
        (void)kill(pids[1], signals[i]);
        lab_turn(&l, 2);
    }
    cr_assert_eq(lab_host_pids(getpid(), pids), 2);
    s = lab_kill(&l, loop);
    lab_expect(&l, "loop", s, PS_KILLED, 0);
    s = lab_kill(&l, sleeper);
    lab_expect(&l, "sleeper", s, PS_KILLED, 0);
}

/** A guest that the host kills, at work or in a parked call, has failed. */
Test(outside, host_kill)
{
    pid_t pids[LAB_HOST_PIDS_MAX];

    for (size_t i = 0; i < 2; i++) {
        const char *program = i == 0 ? "loop" : "sleeper";
        int pid;

        lab_install(&l, program, &abi_x86_64, "home:/victim");
        pid = lab_start(&l, "home:/victim");
        lab_turn(&l, 10);
        cr_assert_eq(lab_host_pids(getpid(), pids), 1);
        (void)kill(pids[0], SIGKILL);
        lab_expect(&l, program, lab_wait(&l, pid), PS_FAILURE, FAIL_EXCEPTION);
        cr_assert_not_null(strstr(l.log, "end: the host ended the guest (Killed)"), "%s", l.log);
    }
}

/** Make a grandchild that lives until something is written to @gate, and become its parent. Returns its
 * pid. */
static pid_t adopt(const int gate[2])
{
    int told[2];
    pid_t orphan = 0;
    pid_t parent;

    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    cr_assert_eq(pipe(told), 0);
    parent = fork();
    if (parent == 0) {
        orphan = fork();
        if (orphan == 0) {
            (void)close(gate[1]);
            (void)!read(gate[0], &orphan, 1);
        } else {
            (void)!write(told[1], &orphan, sizeof(orphan));
        }
        _exit(0);
    }
    cr_assert_eq(waitpid(parent, NULL, 0), parent);
    cr_assert_eq(read(told[0], &orphan, sizeof(orphan)), sizeof(orphan));
    (void)close(told[0]);
    (void)close(told[1]);
    return orphan;
}

/** Orphans that fall to a daemon that is PID 1 are reaped. */
Test(outside_as_init, orphans)
{
    int gate[2];
    pid_t orphan;

    cr_assert_eq(pipe(gate), 0);
    orphan = adopt(gate);
    lab_open(&l);
    cr_assert_eq(write(gate[1], "", 1), 1);
    while (kill(orphan, 0) == 0)
        lab_turn(&l, 1);
    lab_expect(&l, "memory", lab_run(&l, "memory", &abi_i386, "map_write_unmap"), PS_DONE,
               LAB_PASSED);
    lab_close(&l);
}

/** Random kills while guests make calls of all kinds: no hang, no leak, nobody else is hit. */
Test(outside, chaos)
{
    static const char *const cases[] = {"map_write_unmap", "many_regions"};
    unsigned random = 1;

    lab_put(&l, "home:/case", cases[1], strlen(cases[1]));
    for (int round = 0; round < ROUNDS; round++) {
        pid_t pids[LAB_HOST_PIDS_MAX];
        struct sc_proc_status s;
        int pid;

        lab_install(&l, "memory", abis[round % 2], "home:/victim");
        pid = lab_start(&l, "home:/victim");
        random = random * 1103515245 + 12345;
        for (unsigned i = 0; i < (random >> 16) % 300; i++)
            (void)uv_run(&l.loop, UV_RUN_NOWAIT);
        if (lab_host_pids(getpid(), pids) == 1)
            (void)kill(pids[0], SIGKILL);
        s = lab_wait(&l, pid);
        if (s.state != PS_FAILURE)
            lab_expect(&l, "survivor", s, PS_DONE, LAB_PASSED);
    }
}

/** Send @signal to each child that this process has, again and again, until it is killed. */
static pid_t start_pest(int signal)
{
    const pid_t parent = getpid();
    pid_t pest = fork();

    while (pest == 0) {
        pid_t pids[LAB_HOST_PIDS_MAX];
        int count = lab_host_pids(parent, pids);

        for (int i = 0; i < count; i++) {
            if (pids[i] != getpid())
                (void)kill(pids[i], signal);
        }
    }
    return pest;
}

/** A guest that is disturbed while it is made is made, or is said to come another time. */
Test(outside, signals_while_spawning)
{
    static const int signals[] = {SIGUSR1, SIGSTOP, SIGTERM, SIGSYS, SIGKILL};

    lab_install(&l, "sleeper", &abi_x86_64, "home:/sleeper");
    lab_install(&l, "sleeper", &abi_i386, "home:/sleeper32");
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        pid_t pest = start_pest(signals[i]);

        for (int round = 0; round < DISTURBED_ROUNDS; round++) {
            int pid = lab_start(&l, round % 2 == 0 ? "home:/sleeper" : "home:/sleeper32");

            cr_assert(pid > 0 || pid == -EAGAIN, "%s: %d", strsignal(signals[i]), pid);
            if (pid > 0)
                (void)lab_kill(&l, pid);
        }
        (void)kill(pest, SIGKILL);
        cr_assert_eq(waitpid(pest, NULL, 0), pest);
    }
}

/** Many at once, at rest and at work; a machine that ends takes them all. */
Test(outside, crowd)
{
    int pids[2 * CROWD];

    lab_install(&l, "sleeper", &abi_x86_64, "home:/sleeper");
    lab_install(&l, "sleeper", &abi_i386, "home:/sleeper32");
    for (int i = 0; i < CROWD; i++) {
        pids[2 * i] = lab_start(&l, "home:/sleeper");
        pids[2 * i + 1] = lab_start(&l, "home:/sleeper32");
        cr_assert(pids[2 * i] > 0 && pids[2 * i + 1] > 0);
    }
    lab_turn(&l, 20);
    for (int i = 0; i < 2 * CROWD; i++)
        lab_expect(&l, "crowd", lab_kill(&l, pids[i]), PS_KILLED, 0);
}

static void on_closed(void *user)
{
    *(bool *)user = true;
    uv_stop(&l.loop);
}

/** Guests that live when the bridge closes are ended by it. */
Test(outside, close_with_guests)
{
    bool closed = false;

    lab_install(&l, "sleeper", &abi_x86_64, "home:/sleeper");
    lab_install(&l, "loop", &abi_i386, "home:/loop");
    cr_assert_gt(lab_start(&l, "home:/sleeper"), 0);
    cr_assert_gt(lab_start(&l, "home:/loop"), 0);
    lab_turn(&l, 10);
    bridge_close(l.bridge, on_closed, &closed);
    while (!closed)
        (void)uv_run(&l.loop, UV_RUN_DEFAULT);
    cr_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    cr_assert_eq(bridge_new(&l.loop, &l.bridge), 0);
    lab_expect(&l, "sleeper", lab_wait(&l, l.p->pid + 1), PS_KILLED, 0);
    lab_expect(&l, "loop", lab_wait(&l, l.p->pid + 2), PS_KILLED, 0);
}

/** A daemon without free descriptors refuses guests, and runs them again when it has some. */
Test(outside, no_descriptors_left)
{
    struct rlimit before;
    struct rlimit low;
    int pid;

    lab_install(&l, "sleeper", &abi_x86_64, "home:/sleeper");
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    for (low.rlim_cur = (rlim_t)l.fds_before - 2; low.rlim_cur < (rlim_t)l.fds_before + 8;
         low.rlim_cur++) {
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
        pid = lab_start(&l, "home:/sleeper");
        cr_assert(pid == -EAGAIN || pid > 0, "%d", pid);
        if (pid > 0)
            (void)lab_kill(&l, pid);
        lab_turn(&l, 5);
    }
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    pid = lab_start(&l, "home:/sleeper");
    cr_assert_gt(pid, 0);
    (void)lab_kill(&l, pid);
}

/** An image with 8 TiB of bss is refused, and the child is as it was. */
Test(outside, giant_bss)
{
    unsigned char *image;
    size_t size = lab_image("hello", &abi_x86_64, &image);
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr;

    memcpy(&ehdr, image, sizeof(ehdr));
    for (unsigned i = 0; i < ehdr.e_phnum; i++) {
        unsigned char *at = image + ehdr.e_phoff + i * sizeof(phdr);

        memcpy(&phdr, at, sizeof(phdr));
        if (phdr.p_type == PT_LOAD)
            phdr.p_memsz = i + 2 == ehdr.e_phnum ? UINT64_C(8) << 40 : phdr.p_memsz;
        memcpy(at, &phdr, sizeof(phdr));
    }
    lab_put(&l, "home:/giant", image, size);
    free(image);
    cr_assert_eq(lab_start(&l, "home:/giant"), -ENOMEM);
}
