/* SPDX-License-Identifier: MIT */
/* A bridge waits for its own guests, and for all of them: beside another bridge, and beside children of the
 * process that are nobody's guests. */
#include "server/bridge/tracee/sigchld.h"
#include "server/bridge/tracee/tracee.h"
#include "tests/guest/host/lab.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    ROUNDS = 60,
    CROWD = 20, /* running guests: more than a bridge looks at one by one */
    CODE = 3,   /* what the foreign child exits with */
};

static struct lab l;
static struct lab other;

/** Run programs whose ends and stops are told by SIGCHLD; @first has the laboratories differ. */
static void work(struct lab *lab, int first)
{
    for (int i = first; i < first + ROUNDS; i++) {
        int pid;

        lab_expect(lab, "memory", lab_run(lab, "memory", abis[i % 2], "map_write_unmap"), PS_DONE,
                   LAB_PASSED);
        lab_install(lab, "loop", abis[i % 2], "home:/loop");
        pid = lab_start(lab, "home:/loop");
        cr_assert_gt(pid, 0);
        lab_expect(lab, "loop", lab_kill(lab, pid), PS_KILLED, 0);
    }
}

static void *work_in_other(void *unused)
{
    (void)unused;
    lab_open(&other);
    work(&other, 1);
    lab_end(&other);
    return NULL;
}

Test(bridges, two_at_work)
{
    pthread_t thread;

    lab_open(&l); /* blocks SIGCHLD, for the other thread as well */
    cr_assert_eq(pthread_create(&thread, NULL, work_in_other, NULL), 0);
    work(&l, 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    work(&l, 0); /* the last one is told all */
    lab_close(&l);
}

static atomic_bool is_open;
static atomic_bool is_over;

static void *look_on(void *unused)
{
    (void)unused;
    lab_open(&other);
    is_open = true;
    while (!is_over)
        lab_turn(&other, 1);
    lab_end(&other);
    return NULL;
}

/** A bridge without guests takes signals that were meant for another, and gives none itself. */
Test(bridges, one_looks_on)
{
    pthread_t thread;

    lab_open(&l);
    cr_assert_eq(pthread_create(&thread, NULL, look_on, NULL), 0);
    while (!is_open)
        lab_turn(&l, 1);
    work(&l, 0);
    is_over = true;
    cr_assert_eq(pthread_join(thread, NULL), 0);
    lab_close(&l);
}

static pid_t start_foreign(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(CODE);
    cr_assert_gt(pid, 0);
    return pid;
}

/** A child that stopped before all guests did, and has not been waited for. */
static pid_t start_stopped_foreign(void)
{
    siginfo_t info;
    pid_t pid = fork();

    if (pid == 0) {
        (void)raise(SIGSTOP);
        _exit(CODE);
    }
    cr_assert_gt(pid, 0);
    cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WSTOPPED | WNOWAIT), 0);
    return pid;
}

/** Children that are no guests are left to who made them, and keep no guest waiting: neither where each
 * running guest is looked at, nor where the host is asked. */
Test(bridges, foreign_children)
{
    pid_t ended;
    pid_t stopped;
    int loops[CROWD];
    int status;

    lab_open(&l);
    ended = start_foreign();
    stopped = start_stopped_foreign();
    work(&l, 0);
    lab_install(&l, "loop", &abi_x86_64, "home:/loop");
    for (int i = 0; i < CROWD; i++)
        loops[i] = lab_start(&l, "home:/loop");
    lab_expect(&l, "memory", lab_run(&l, "memory", &abi_i386, "map_write_unmap"), PS_DONE,
               LAB_PASSED);
    cr_assert_eq(waitpid(ended, &status, WNOHANG), ended);
    cr_assert_eq(WEXITSTATUS(status), CODE);
    cr_assert_eq(waitpid(stopped, &status, WNOHANG | WUNTRACED), stopped);
    cr_assert(WIFSTOPPED(status));
    lab_expect(&l, "memory", lab_run(&l, "memory", &abi_i386, "map_write_unmap"), PS_DONE,
               LAB_PASSED);
    (void)kill(stopped, SIGKILL);
    cr_assert_eq(waitpid(stopped, NULL, 0), stopped);
    for (int i = 0; i < CROWD; i++)
        lab_expect(&l, "loop", lab_kill(&l, loops[i]), PS_KILLED, 0);
    lab_close(&l);
}

/** A child that ends when it is told to. */
struct told {
    pid_t pid;
    int gate[2];      /* a pipe: it ends when the writing end is closed */
    pthread_t waiter; /* waits for it */
    bool silent;      /* no SIGCHLD tells its end: the waiter's thread is sent one */
};

/** As fork(), of a child whose end sends @signal, or 0 nothing. */
static pid_t fork_with(int signal)
{
    return (pid_t)syscall(SYS_clone, (unsigned long)signal, NULL, NULL, NULL, NULL);
}

static void start_told(struct told *t, bool silent)
{
    char byte;

    *t = (struct told){.waiter = pthread_self(), .silent = silent};
    cr_assert_eq(pipe(t->gate), 0);
    t->pid = fork_with(silent ? 0 : SIGCHLD);
    if (t->pid == 0) {
        (void)close(t->gate[1]);
        _exit((int)read(t->gate[0], &byte, 1));
    }
    cr_assert_gt(t->pid, 0);
    (void)close(t->gate[0]);
}

/** Whether a SIGCHLD is pending for the process, or for its first thread. */
static bool is_pending(void)
{
    unsigned long long thread = 0;
    unsigned long long process = 0;
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];

    cr_assert_not_null(f);
    while (fgets(line, sizeof(line), f) != NULL) {
        (void)sscanf(line, "SigPnd: %llx", &thread);
        (void)sscanf(line, "ShdPnd: %llx", &process);
    }
    (void)fclose(f);
    return ((thread | process) >> (SIGCHLD - 1) & 1) != 0;
}

/** Tell a child to end, once the wait for it has taken the signal that was pending. */
static void *tell(void *told)
{
    const struct told *t = told;
    siginfo_t info;

    while (is_pending())
        (void)sched_yield();
    (void)close(t->gate[1]);
    if (t->silent) {
        cr_assert_eq(waitid(P_PID, (id_t)t->pid, &info, WEXITED | WNOWAIT | __WALL), 0);
        cr_assert_eq(pthread_kill(t->waiter, SIGCHLD), 0);
    }
    return NULL;
}

/** Wait for a tracee while a SIGCHLD is pending that means another child. It is given back. Returns its code. */
static int wait_and_read(const struct sigchld *s, bool silent)
{
    struct signalfd_siginfo info;
    struct tracee tracee;
    struct told t;
    pthread_t thread;

    cr_assert(is_pending());
    start_told(&t, silent);
    cr_assert_eq(pthread_create(&thread, NULL, tell, &t), 0);
    tracee_init(&tracee, t.pid, NULL);
    cr_assert_eq(tracee_wait(&tracee), -ESRCH);
    cr_assert_eq(tracee.at, AT_GONE);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(read(s->fd, &info, sizeof(info)), (ssize_t)sizeof(info), "the signal is lost");
    return info.ssi_code;
}

/** A wait that takes the SIGCHLD of a child of another bridge, or of nobody's, gives it back: to the
 * process; to the thread if it was passed on to that, for it would be passed on again else. */
Test(bridges, a_wait_gives_signals_back)
{
    struct sigchld s;
    siginfo_t info;
    pid_t foreign;
    int status;

    cr_assert_eq(sigchld_open(&s), 0);
    foreign = start_foreign();
    cr_assert_eq(waitid(P_PID, (id_t)foreign, &info, WEXITED | WNOWAIT), 0);
    cr_assert_neq(wait_and_read(&s, false), SI_TKILL);
    cr_assert_eq(waitpid(foreign, &status, WNOHANG), foreign);
    cr_assert_eq(WEXITSTATUS(status), CODE);
    sigchld_again(&s); /* which is how another bridge passes one on */
    cr_assert_eq(wait_and_read(&s, true), SI_TKILL);
    cr_assert_not(is_pending());
    sigchld_close(&s);
}
