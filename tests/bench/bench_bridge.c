/* SPDX-License-Identifier: MIT */
/*
 * Calls of guests through the whole of scbox, beside the plainest tracer there is: one thread that takes each
 * call of its child by ptrace, reads and writes the registers, and does nothing else.
 *
 * Ours is `scbox run` of a guest that makes BENCH_CALLS calls, with the start of a private daemon in it
 * (some ms in a round of a second).
 */
#include "tests/bench/bench.h"

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/** Run a guest to its end. @user: the path of its image. */
static void run_guest(void *user, size_t count)
{
    char *argv[] = {BENCH_SCBOX, "run", user, NULL};
    int status;
    pid_t pid;

    (void)count; /* compiled into the guest */
    BENCH_NEED(posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) == 0);
    BENCH_NEED(waitpid(pid, &status, 0) == pid && status == 0);
}

/** The same with everything on the CPU that this thread is on: what a guest's call costs at best. */
static void run_guest_pinned(void *user, size_t count)
{
    cpu_set_t before;
    cpu_set_t one;

    BENCH_NEED(sched_getaffinity(0, sizeof(before), &before) == 0);
    CPU_ZERO(&one);
    CPU_SET((size_t)sched_getcpu(), &one);
    BENCH_NEED(sched_setaffinity(0, sizeof(one), &one) == 0);
    run_guest(user, count);
    BENCH_NEED(sched_setaffinity(0, sizeof(before), &before) == 0);
}

static void wait_for_stop(pid_t pid, int *status)
{
    BENCH_NEED(waitpid(pid, status, 0) == pid);
}

/** Start a child that makes @count calls by @make, and stop it before the first. */
static pid_t start_child(size_t count, void (*make)(void))
{
    int status;
    pid_t pid = fork();

    BENCH_NEED(pid >= 0);
    if (pid == 0) {
        (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        (void)raise(SIGSTOP);
        for (size_t i = 0; i < count; i++)
            make();
        _exit(0);
    }
    wait_for_stop(pid, &status);
    return pid;
}

static void call_syscall(void)
{
    (void)syscall(SYS_getppid);
}

static void call_int40(void)
{
    int result;

    __asm__ volatile("int $0x40" : "=a"(result) : "a"(64) : "memory");
}

static void end_child(pid_t pid)
{
    int status;

    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
}

static void raw_sysemu(void *user, size_t count)
{
    pid_t pid = start_child(count, call_syscall);
    struct user_regs_struct regs;
    int status;

    (void)user;
    for (size_t i = 0; i < count; i++) {
        BENCH_NEED(ptrace(PTRACE_SYSEMU, pid, NULL, NULL) == 0);
        wait_for_stop(pid, &status);
        BENCH_NEED(ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0);
        regs.rax = 0;
        BENCH_NEED(ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0);
    }
    end_child(pid);
}

static void raw_int40(void *user, size_t count)
{
    pid_t pid = start_child(count, call_int40);
    struct user_regs_struct regs;
    int status;

    (void)user;
    for (size_t i = 0; i < count; i++) {
        BENCH_NEED(ptrace(PTRACE_CONT, pid, NULL, NULL) == 0);
        wait_for_stop(pid, &status);
        BENCH_NEED(ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0);
        regs.rax = 0;
        regs.rip += 2;
        BENCH_NEED(ptrace(PTRACE_SETREGS, pid, NULL, &regs) == 0);
    }
    end_child(pid);
}

/** How long a call takes that stops its guest, in ns. @user: how many guests sleep beside it. */
static double time_stop(void *user)
{
    const char *image = BENCH_GUESTS "/stops.x86_64";
    const uint64_t start_ns = bench_now_ns();
    const uint64_t start = __builtin_ia32_rdtsc();
    unsigned long long ticks;
    char command[512];
    FILE *out;

    (void)snprintf(command, sizeof(command), BENCH_SCBOX " run --copy %s:root:/stops %s %s", image,
                   image, (const char *)user);
    out = popen(command, "r");
    BENCH_NEED(out != NULL && fscanf(out, "%llu", &ticks) == 1 && pclose(out) == 0);
    return (double)ticks * (double)(bench_now_ns() - start_ns) /
           (double)(__builtin_ia32_rdtsc() - start);
}

int main(int argc, char **argv)
{
    static char x86_64[] = BENCH_GUESTS "/noop.x86_64";
    static char i386[] = BENCH_GUESTS "/noop.i386";
    const struct bench_work works[] = {
        {"no-op call, x86_64 / raw SYSEMU loop", "≤ 0.75", BENCH_CALLS, run_guest, x86_64,
         raw_sysemu, NULL},
        {"no-op call, i386 / raw int $0x40 loop", "≤ 0.65", BENCH_CALLS, run_guest, i386, raw_int40,
         NULL},
        {"no-op call, x86_64, as run / pinned", "≤ 1.15", BENCH_CALLS, run_guest, x86_64,
         run_guest_pinned, x86_64},
        {"no-op call, i386, as run / pinned", "≤ 1.15", BENCH_CALLS, run_guest, i386,
         run_guest_pinned, i386},
    };
    static char none[] = "0";
    static char many[] = "500";
    const struct bench_value stop = {
        "call that stops, beside 500 / 0", "≤ 1.1", time_stop, many, time_stop, none};

    (void)bench_main(argc, argv, works, sizeof(works) / sizeof(works[0]));
    return bench_values(argc, argv, &stop, 1);
}
