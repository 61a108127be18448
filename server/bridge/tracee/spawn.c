/* SPDX-License-Identifier: MIT */
/*
 * Making tracees.
 *
 *     clone() -> child.c attaches and stops -> filter -> fds closed -> execveat() of the stub
 *             -> trampoline mapped, everything else unmapped -> ready for load.c
 *
 * Everything happens synchronously: the child needs some ten stops, each a few µs.
 */
#include "server/bridge/tracee/spawn.h"

#include "server/bridge/tracee/child.h"
#include "server/bridge/tracee/stub.h"
#include "server/bridge/tracee/trampoline.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <unistd.h>

/* Linux 6.6: wake the other side on the same CPU. Older kernels answer EINVAL and are slower. */
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

enum {
    CHILD_STACK_SIZE = 64 * 1024,
    GUEST_FDS_MAX = 4,  /* share.c lends one at a time */
    SIGNALS_MAX = 1000, /* from outside, to one child while it is made */
};

/** Whether an error passes by itself, and another attempt may do better. */
static bool is_shortage(int err)
{
    return err == EAGAIN || err == ENOMEM || err == EMFILE || err == ENFILE || err == ENOSPC;
}

/** Refuse for want of something. */
static int short_of(int cause, struct why *why)
{
    return why_add(why, cause == ENOMEM ? -ENOMEM : -EAGAIN,
                   "the host has no resources for another guest: %s", strerror(cause));
}

int spawner_init(struct spawner *s, const struct arch *arch, void (*add)(struct filter *),
                 const struct jail *jail, int ends, struct why *why)
{
    int fd = stub_open(arch);

    if (fd < 0 && is_shortage(-fd))
        return short_of(-fd, why);
    if (fd < 0)
        return why_add(why, -ENOTSUP,
                       "guests need an executable memfd, and this host refuses it: %s "
                       "(sysctl vm.memfd_noexec must be 0 or 1)",
                       strerror(-fd));
    *s = (struct spawner){.arch = arch, .stub_fd = fd, .jail = jail, .ends = ends};
    filter_build(arch, add, &s->filter);
    return 0;
}

/** Make sure that there is a stack for the next child. */
static int get_stack(struct spawner *s)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_32BIT; /* as child.h wants */

    if (s->stack != NULL)
        return 0;
    s->stack = mmap(NULL, CHILD_STACK_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (s->stack != MAP_FAILED)
        return 0;
    s->stack = NULL;
    return -ENOMEM;
}

void spawner_done(struct spawner *s)
{
    if (s->stack != NULL)
        (void)munmap(s->stack, CHILD_STACK_SIZE);
    (void)close(s->stub_fd);
}

/** Wait for the next stop of a child that is no tracee yet. Signals that others send are swallowed by
 * whoever lets it go on; a fault of its own is the host's answer to int $0x80 without IA32
 * emulation. Returns 0; -ESRCH, -EIO; -ENOEXEC. */
static int wait_for_child(struct tracee *t)
{
    siginfo_t info;
    int err = tracee_wait(t);

    if (err == 0 && t->at == AT_SIGNAL)
        err = tracee_siginfo(t, &info);
    if (err == 0 && t->at == AT_SIGNAL && !tracee_is_sent(&info))
        err = t->signal == SIGSEGV ? -ENOEXEC : -EIO;
    return err;
}

/** Wait for the first stop of a traced child: its SIGSTOP, or an earlier signal. */
static int take_control(struct tracee *t)
{
    const long options =
        PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC;

    for (int i = 0; i < SIGNALS_MAX; i++) {
        int err = tracee_wait(t);

        if (err < 0 || ptrace(PTRACE_SETOPTIONS, t->pid, NULL, options) == 0)
            return err;
        if (errno != ESRCH)
            return -errno;
        (void)kill(t->pid,
                   SIGCONT); /* another process stopped it before it was traced, or killed it */
    }
    return -EIO;
}

/** Let the child run from its SIGSTOP, through its filtered calls, to the stub. */
static int run_to_stub(struct tracee *t)
{
    int err = take_control(t);

    for (int i = 0; err == 0 && t->at != AT_EXEC; i++) {
        (void)ptrace(PTRACE_CONT, t->pid, NULL, NULL);
        err = i < SIGNALS_MAX ? wait_for_child(t) : -EIO;
    }
    return err;
}

/** Open what tracee_read() and tracee_write() use; let the guest go first when memory runs out.
 * Descriptors are limited from here: the child could not have made its listener under that limit. */
static int open_memory(struct tracee *t)
{
    const struct rlimit few = {GUEST_FDS_MAX, GUEST_FDS_MAX};
    char path[64];
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", t->pid);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, "1000", 4);
        (void)close(fd);
    }
    if (prlimit(t->pid, RLIMIT_NOFILE, &few, NULL) < 0)
        return -errno;
    (void)snprintf(path, sizeof(path), "/proc/%d/mem", t->pid);
    t->mem = open(path, O_RDWR | O_CLOEXEC);
    return t->mem < 0 ? -errno : 0;
}

/** Move from the stub to the trampoline page and unmap everything else. The stub's memory is a sealed
 * file's: nobody can change its instruction. */
static int clear_memory(struct tracee *t)
{
    const uint64_t unmap[6] = {0, t->arch->trampoline};
    const uint64_t undumpable[6] = {PR_SET_DUMPABLE, 0};
    int err = tracee_run_to(t, PTRACE_CONT, AT_ENTRY); /* the stub's only call */

    if (err < 0)
        return err;
    t->regs = t->live;
    t->gate_at = t->regs.rip - CALL_INSN_SIZE;
    err =
        tracee_inject(t, HOST_PRCTL, undumpable); /* first: from here on none but us may look in */
    if (err == 0)
        err = trampoline_map(t);
    return err < 0 ? err : tracee_inject(t, HOST_MUNMAP, unmap);
}

/**
 * Set the reason why a tracee could not be made.
 * @c        what the child did.
 * @err      what the tracer saw.
 * @signal   what killed the child; 0 nothing.
 */
static int explain(const struct child *c, int err, int signal, struct why *why)
{
    const int cause = c->error != 0 ? c->error : -err;
    const char *step = child_step_name(c->step);

    if (is_shortage(cause))
        return short_of(cause, why);
    if (cause == ENOEXEC && !c->arch->is_64)
        return why_add(why, -ENOTSUP,
                       "i386 guests need a host kernel with IA32 emulation, and this one has none");
    if (c->error != 0)
        return why_add(why, -ENOTSUP, "guests need %s, and this host refuses it: %s", step,
                       strerror(c->error));
    if (signal == SIGSYS)
        return why_add(why, -ENOTSUP, "a filter of this host ended a new guest after %s", step);
    if (cause == ESRCH || cause == EIO)
        return why_add(why, -EAGAIN, "another process ended a new guest after %s%s%s", step,
                       signal != 0 ? ": " : "", signal != 0 ? strsignal(signal) : "");
    return why_add(why, -ENOTSUP, "the host denied control of a new guest after %s: %s", step,
                   strerror(cause));
}

/** End a child that became no tracee. One that does not end in time keeps the stack it may live on,
 * which is lost. */
static void discard(struct spawner *s, struct tracee *t, const struct child *c)
{
    tracee_discard(t);
    if (t->at != AT_GONE)
        s->stack = NULL;
    if (c->listener >= 0)
        (void)close(c->listener);
}

/* A child that is killed between making its listener and saying which fd that is leaves one behind. The
 * listeners of others can be told from it: of those that are made, by O_NONBLOCK; there are none in the
 * making while @making is held alone. */

static pthread_rwlock_t making = PTHREAD_RWLOCK_INITIALIZER;

/** Close listeners that a child left behind. */
static void close_lost_listeners(void)
{
    static const char wanted[] = "anon_inode:seccomp notify";
    DIR *dir = opendir("/proc/self/fd");
    const struct dirent *entry;

    (void)pthread_rwlock_wrlock(&making);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const int fd = (int)strtol(entry->d_name, NULL, 10);
        char target[sizeof(wanted)] = "";

        if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) > 0 &&
            strcmp(target, wanted) == 0 && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0)
            (void)close(fd);
    }
    (void)pthread_rwlock_unlock(&making);
    if (dir != NULL)
        (void)closedir(dir);
}

/** Whether a child that became no tracee may have left a listener behind. */
static bool may_have_lost_listener(const struct child *c)
{
    return c->listener < 0 && c->step == CHILD_NO_NEW_PRIVS && c->error == 0;
}

/** spawn_tracee() with @c set up. Returns 0; -errno for explain(). */
static int make(struct spawner *s, struct child *c, struct tracee *t)
{
    const __u64 wake_flags = SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP;
    int pidfd = -1;
    pid_t pid = child_start(child_main, c, (char *)s->stack + CHILD_STACK_SIZE,
                            CLONE_FILES | CLONE_PIDFD, &pidfd);
    int err;

    tracee_init(t, pid, s->arch);
    if (pid < 0)
        return pid;
    err = tracee_watch_end(t, s->ends, pidfd);
    if (err == 0)
        err = run_to_stub(t);
    if (err == 0)
        err = open_memory(t);
    if (err == 0)
        err = clear_memory(t);
    if (err == 0 && fcntl(c->listener, F_SETFL, O_NONBLOCK) < 0)
        err = -errno;
    if (err < 0)
        discard(s, t, c);
    else
        (void)ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, wake_flags);
    return err;
}

int spawn_tracee(struct spawner *s, struct tracee *out, int *out_listener, struct why *why)
{
    const struct sock_fprog program = {s->filter.len, (struct sock_filter *)s->filter.code};
    struct tracee t;
    struct child *c;
    int err = get_stack(s);

    if (err < 0)
        return short_of(ENOMEM, why);
    c = s->stack; /* at its far end */
    *c = (struct child){.arch = s->arch,
                        .parent = getpid(),
                        .stub_fd = s->stub_fd,
                        .jail = *s->jail,
                        .filter = &program,
                        .listener = -1};
    (void)pthread_rwlock_rdlock(&making);
    err = make(s, c, &t);
    (void)pthread_rwlock_unlock(&making);
    if (err < 0) {
        if (may_have_lost_listener(c))
            close_lost_listeners();
        return explain(c, err, t.signal, why);
    }
    *out = t;
    *out_listener = c->listener;
    return 0;
}
