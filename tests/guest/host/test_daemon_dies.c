/* SPDX-License-Identifier: MIT */
/* When the daemon is killed, its guests die with it: 100 of them, at rest and at work. */
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { GUESTS = 100, TRIES = 100, TRY_NS = 50000000 };

/** Run guests until somebody kills us; tell through the pipe when all run. */
static void be_daemon(int ready)
{
    static struct lab l;
    const char *names[4] = {"home:/a", "home:/b", "home:/c", "home:/d"};

    lab_open(&l);
    for (int i = 0; i < 4; i++)
        lab_install(&l, i < 2 ? "sleeper" : "loop", abis[i % 2], names[i]);
    for (int i = 0; i < GUESTS; i++) {
        /* few loops: they cost a processor each */
        if (lab_start(&l, names[i < GUESTS - 4 ? i % 2 : 2 + i % 2]) < 0)
            _exit(1);
    }
    (void)!write(ready, "!", 1);
    for (;;)
        (void)uv_run(&l.loop, UV_RUN_DEFAULT);
}

/** How many of these orphans live. They are ours to wait for, whatever the host's init does. */
static int count_living(const pid_t *pids, int count)
{
    int living = 0;

    for (int i = 0; i < count; i++) {
        (void)waitpid(pids[i], NULL, WNOHANG | __WALL);
        living += kill(pids[i], 0) == 0;
    }
    return living;
}

Test(daemon, takes_its_guests_along)
{
    static const struct timespec nap = {0, TRY_NS};
    pid_t pids[LAB_HOST_PIDS_MAX];
    int status = 0;
    int ready[2];
    char byte;
    pid_t daemon;
    int count;

    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    cr_assert_eq(pipe(ready), 0);
    daemon = fork();
    if (daemon == 0)
        be_daemon(ready[1]);
    (void)close(ready[1]);
    cr_assert_eq(read(ready[0], &byte, 1), 1, "the daemon did not get ready");
    count = lab_host_pids(daemon, pids);
    cr_assert_eq(count, GUESTS);
    cr_assert_eq(kill(daemon, SIGKILL), 0);
    cr_assert_eq(waitpid(daemon, &status, 0), daemon);
    for (int i = 0; i < TRIES && count_living(pids, count) > 0; i++)
        (void)nanosleep(&nap, NULL);
    cr_assert_eq(count_living(pids, count), 0);
    (void)close(ready[0]);
}
