/* SPDX-License-Identifier: MIT */
/* Stops, registers, memory and injected calls of a process under ptrace. */
#include "server/bridge/tracee/tracee.h"

#include "server/bridge/tracee/filter.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    HOST_ERRNO_MAX = 4095, /* a host call's errors are -1 .. -HOST_ERRNO_MAX */
    LATE_MS = 100, /* extra time of a tracee after the deadline: it may begin to run when we do */
    MS_PER_S = 1000,
    NS_PER_MS = 1000000,
    PIDFD_SHIFT = 32,     /* in the data of an event */
    HOST_SIGSET_SIZE = 8, /* bytes of the host's set of signals */
};

void tracee_init(struct tracee *t, pid_t pid, const struct arch *arch)
{
    *t = (struct tracee){
        .pid = pid, .pidfd = -1, .ends = -1, .mem = -1, .arch = arch, .at = AT_RUNNING};
}

int tracee_watch_end(struct tracee *t, int ends, int pidfd)
{
    struct epoll_event event = {
        .events = EPOLLIN,
        .data.u64 = (uint64_t)pidfd << PIDFD_SHIFT | (uint32_t)t->pid,
    };

    t->pidfd = pidfd;
    t->ends = ends;
    return epoll_ctl(ends, EPOLL_CTL_ADD, pidfd, &event) < 0 ? -errno : 0;
}

struct tracee tracee_end_of(int ends, uint64_t data)
{
    struct tracee t;

    tracee_init(&t, (pid_t)(uint32_t)data, NULL);
    t.pidfd = (int)(data >> PIDFD_SHIFT);
    t.ends = ends;
    return t;
}

/** A new child of another thread may have a copy of the fd for a moment, so closing it is not enough. */
static void unwatch_end(struct tracee *t)
{
    if (t->pidfd < 0)
        return;
    (void)epoll_ctl(t->ends, EPOLL_CTL_DEL, t->pidfd, NULL);
    (void)close(t->pidfd);
    t->pidfd = -1;
}

void tracee_done(struct tracee *t)
{
    if (t->mem >= 0)
        (void)close(t->mem);
    t->mem = -1;
}

/** A ptrace request without data; the return value of those that matter here is 0 or an error. */
static int request(const struct tracee *t, int what, void *data)
{
    if (t->at == AT_GONE)
        return -ESRCH;
    return ptrace((enum __ptrace_request)what, t->pid, NULL, data) < 0 ? -errno : 0;
}

/** Learn what the registers of a stopped tracee hold. */
static int load_registers(struct tracee *t)
{
    return request(t, PTRACE_GETREGS, &t->live);
}

/** Make the registers hold what @regs does, by storing those that differ. */
static int store_registers(struct tracee *t, const struct user_regs_struct *regs)
{
    enum { COUNT = sizeof(*regs) / sizeof(unsigned long long) };
    unsigned long long want[COUNT];
    unsigned long long have[COUNT];

    memcpy(want, regs, sizeof(want));
    memcpy(have, &t->live, sizeof(have));
    for (size_t i = 0; i < COUNT; i++) {
        if (want[i] != have[i] &&
            ptrace(PTRACE_POKEUSER, t->pid, offsetof(struct user, regs) + i * sizeof(*want),
                   want[i]) < 0)
            return -errno;
    }
    t->live = *regs;
    return 0;
}

/** Decode a wait status: where the tracee is now. */
static void note_status(struct tracee *t, int status)
{
    if (!WIFSTOPPED(status)) {
        t->at = AT_GONE;
        t->pid = 0;
        unwatch_end(t);
        t->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    } else if (status >> 16 == PTRACE_EVENT_SECCOMP) {
        t->at = AT_ENTRY;
    } else if (status >> 16 == PTRACE_EVENT_EXEC) {
        t->at = AT_EXEC;
    } else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
        t->at = AT_EXIT;
    } else {
        t->at = AT_SIGNAL;
        t->signal = WSTOPSIG(status);
    }
}

/** See that a tracee AT_ENTRY was stopped by the TRACE of our filter. Returns 0; -ESRCH, -EIO. */
static int check_entry(const struct tracee *t)
{
    unsigned long message = 0;
    int err = request(t, PTRACE_GETEVENTMSG, &message);

    return err == 0 && message != FILTER_TRACED ? -EIO : err;
}

bool tracee_poll(struct tracee *t)
{
    int status;

    if (t->at == AT_GONE || waitpid(t->pid, &status, WNOHANG | __WALL) != t->pid)
        return false;
    note_status(t, status);
    if (t->at == AT_GONE)
        return true;
    if (load_registers(t) < 0)
        return false;
    t->regs = t->live;
    return true;
}

static int64_t now_ms(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * MS_PER_S + ts.tv_nsec / NS_PER_MS;
}

/** The SIGCHLDs that a wait has taken: others may have had news, too. */
struct taken {
    bool of_process;
    bool of_thread; /* passed on to it: sigchld.h */
};

/** Sleep until a child of the daemon's has news, or until @end. Returns whether it was the former:
 * then a SIGCHLD was taken. */
static bool sleep_until_news(int64_t end, struct taken *taken)
{
    const int64_t left = end - now_ms();
    const struct timespec timeout = {left / MS_PER_S, left % MS_PER_S * NS_PER_MS};
    siginfo_t info;
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGCHLD);
    /* glibc's sigtimedwait() reports SI_USER instead of SI_TKILL. */
    if (left <= 0 ||
        syscall(SYS_rt_sigtimedwait, &set, &info, &timeout, HOST_SIGSET_SIZE) != SIGCHLD)
        return false;
    taken->of_thread = taken->of_thread || info.si_code == SI_TKILL;
    taken->of_process = taken->of_process || info.si_code != SI_TKILL;
    return true;
}

static void give_back(const struct taken *taken)
{
    if (taken->of_process)
        (void)kill(getpid(), SIGCHLD);
    else if (taken->of_thread)
        (void)pthread_kill(pthread_self(), SIGCHLD);
}

/** waitpid() with a deadline. A child that is stopped before it is traced counts as stopped. Returns as
 * waitpid() does; 0 when the time is over. */
static pid_t wait_status(pid_t pid, int *status)
{
    const int64_t end = now_ms() + TRACEE_DEADLINE_MS;
    struct taken taken = {false, false};
    pid_t got;

    while ((got = waitpid(pid, status, WNOHANG | WUNTRACED | __WALL)) == 0 && now_ms() < end)
        (void)sleep_until_news(end, &taken);
    if (got == 0 && sleep_until_news(now_ms() + LATE_MS, &taken)) /* both may have been frozen */
        got = waitpid(pid, status, WNOHANG | WUNTRACED | __WALL);
    give_back(&taken);
    return got;
}

int tracee_wait(struct tracee *t)
{
    int status;
    pid_t got = wait_status(t->pid, &status);

    if (got == 0) {
        tracee_kill(t);
        return -EIO;
    }
    note_status(t,
                got == t->pid ? status : 0); /* another waiter has reaped it: it has ended, too */
    return t->at == AT_GONE ? -ESRCH : 0;
}

int tracee_take_stop(struct tracee *t)
{
    int err = tracee_wait(t);

    if (err == 0)
        err = load_registers(t);
    if (err == 0)
        t->regs = t->live;
    return err;
}

int tracee_siginfo(const struct tracee *t, siginfo_t *out)
{
    return request(t, PTRACE_GETSIGINFO, out);
}

bool tracee_is_sent(const siginfo_t *info)
{
    return info->si_code <= 0;
}

/** Whether the tracee has stopped at a signal that a process has sent. */
static bool at_sent_signal(const struct tracee *t)
{
    siginfo_t info;

    return t->at == AT_SIGNAL && tracee_siginfo(t, &info) == 0 && tracee_is_sent(&info);
}

int tracee_wait_for(struct tracee *t, int how, enum tracee_at want)
{
    for (;;) {
        int err = tracee_wait(t);

        if (err < 0 || t->at == want)
            return err < 0 ? err : load_registers(t);
        if (!at_sent_signal(t))
            return -EIO;
        (void)request(t, how,
                      NULL); /* fails only while it is being killed: the wait reports that */
    }
}

int tracee_run_to(struct tracee *t, int how, enum tracee_at want)
{
    (void)request(t, how, NULL); /* as above */
    return tracee_wait_for(t, how, want);
}

int tracee_look(struct tracee *t)
{
    int status;
    pid_t got = waitpid(t->pid, &status, WNOHANG | __WALL);

    if (got == 0)
        return 0;
    note_status(t, got == t->pid ? status : 0);
    if (t->at == AT_GONE)
        return -ESRCH;
    if (t->at == AT_EXIT)
        return load_registers(t);
    if (!at_sent_signal(t))
        return -EIO;
    (void)request(t, PTRACE_SYSCALL, NULL);
    t->at = AT_RUNNING;
    return 0;
}

/** Have the tracee execute the instruction at t->gate_at, and see that it did: from any stop to
 * AT_ENTRY of the call @nr. */
static int enter_by_gate(struct tracee *t, int nr)
{
    struct user_regs_struct r = t->regs;
    int err;

    if (t->gate_at == 0)
        return -EIO;
    r.rip = t->gate_at;
    r.rax = (unsigned long long)nr;
    r.orig_rax = (unsigned long long)-1;
    err = store_registers(t, &r);
    if (err == 0)
        err = tracee_run_to(t, PTRACE_CONT, AT_ENTRY);
    if (err == 0 && (t->live.rip != t->gate_at + CALL_INSN_SIZE || (int)t->live.orig_rax != nr))
        err = -EIO;
    return err == 0 ? check_entry(t) : err;
}

int64_t tracee_result(const struct tracee *t)
{
    return arch_result(t->arch, &t->live);
}

/** Let the call that the tracee AT_ENTRY is in be @r's, and see that it ends behind the same
 * instruction. */
static int run_call(struct tracee *t, struct user_regs_struct *r)
{
    int err;

    r->rip = t->live.rip;
    err = store_registers(t, r);
    if (err == 0)
        err = tracee_run_to(t, PTRACE_SYSCALL, AT_EXIT);
    return err == 0 && t->live.rip != r->rip ? -EIO : err;
}

/** A tracee that was lost runs no instruction any more. Returns @err. */
static int kill_if_lost(struct tracee *t, int err)
{
    if (err == -EIO)
        tracee_kill(t);
    return err;
}

int tracee_proceed(struct tracee *t, int nr)
{
    int err = enter_by_gate(t, t->arch->host_nr[HOST_MMAP]);
    struct user_regs_struct r = t->live;

    r.orig_rax = (unsigned long long)nr;
    if (err == 0)
        err = store_registers(t, &r);
    if (err == 0)
        err = request(t, PTRACE_SYSCALL, NULL);
    if (err == 0)
        t->at = AT_RUNNING;
    return kill_if_lost(t, err);
}

int tracee_inject(struct tracee *t, enum host_call call, const uint64_t args[6])
{
    struct user_regs_struct r = t->regs;
    int nr = t->arch->host_nr[call];
    int64_t result;
    int err = t->at == AT_ENTRY ? check_entry(t) : enter_by_gate(t, nr);

    r.orig_rax = (unsigned long long)nr;
    arch_set_args(t->arch, &r, args);
    if (err == 0)
        err = run_call(t, &r);
    if (err < 0)
        return kill_if_lost(t, err);
    result = tracee_result(t);
    return result < 0 && result >= -HOST_ERRNO_MAX ? (int)result : 0;
}

int tracee_answer(struct tracee *t, int64_t result)
{
    t->regs.rax = (unsigned long long)result;
    return tracee_resume(t);
}

int tracee_resume(struct tracee *t)
{
    int err;

    t->regs.orig_rax = (unsigned long long)-1; /* nothing to skip, nothing to restart */
    err = store_registers(t, &t->regs);
    return err < 0 ? err : tracee_continue(t);
}

int tracee_continue(struct tracee *t)
{
    int err = request(t, PTRACE_CONT, NULL);

    if (err == 0)
        t->at = AT_RUNNING;
    return err;
}

int tracee_read(const struct tracee *t, uint64_t addr, void *buf, size_t size)
{
    return pread(t->mem, buf, size, (off_t)addr) == (ssize_t)size ? 0 : -EFAULT;
}

int tracee_write(const struct tracee *t, uint64_t addr, const void *buf, size_t size)
{
    return pwrite(t->mem, buf, size, (off_t)addr) == (ssize_t)size ? 0 : -EFAULT;
}

void tracee_kill(struct tracee *t)
{
    if (t->at != AT_GONE)
        (void)kill(t->pid, SIGKILL);
}

void tracee_discard(struct tracee *t)
{
    int err = 0;

    tracee_kill(t);
    while (t->at != AT_GONE && err != -EIO)
        err = tracee_wait(t);
    tracee_done(t);
}
