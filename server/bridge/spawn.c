/* SPDX-License-Identifier: MIT */
/*
 * Making tracees.
 *
 *     clone() -> child.c attaches and stops -> filter -> fds closed -> execveat() of the stub
 *             -> trampoline mapped, everything else unmapped -> ready for load.c
 *
 * Everything happens synchronously: the child needs some ten stops, each a few µs.
 */
#include "server/bridge/spawn.h"

#include "server/bridge/child.h"
#include "server/bridge/stub.h"
#include "server/bridge/trampoline.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <unistd.h>

enum { CHILD_STACK_SIZE = 64 * 1024 };

/** Whether an error passes by itself, and another attempt may do better. */
static bool is_shortage(int err)
{
    return err == EAGAIN || err == ENOMEM || err == EMFILE || err == ENFILE;
}

/** Refuse for want of something. */
static int short_of(int cause, struct why *why)
{
    return why_add(why, cause == ENOMEM ? -ENOMEM : -EAGAIN,
                   "the host has no resources for another guest: %s", strerror(cause));
}

int spawner_init(struct spawner *s, enum sc_gate gate, struct why *why)
{
    int fd = stub_open(gate);

    if (fd < 0 && is_shortage(-fd))
        return short_of(-fd, why);
    if (fd < 0)
        return why_add(why, -ENOTSUP,
                       "guests need an executable memfd, and this host refuses it: %s "
                       "(sysctl vm.memfd_noexec must be 0 or 1)",
                       strerror(-fd));
    *s = (struct spawner){.gate = gate, .stub_fd = fd};
    filter_build(gate, &s->filter);
    return 0;
}

/** Have a stack for the next child. */
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

/** clone() with all signals blocked: no handler of the daemon may run in the child. */
static pid_t clone_child(const struct spawner *s, struct child *c)
{
    sigset_t all;
    sigset_t old;
    pid_t pid;
    int err;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    pid =
        clone(child_main, (char *)s->stack + CHILD_STACK_SIZE, CLONE_VM | CLONE_FILES | SIGCHLD, c);
    err = errno;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pid < 0 ? -err : pid;
}

/** Let the child run from its SIGSTOP, through its filtered calls, to the stub. */
static int run_to_stub(struct tracee *t)
{
    const long options =
        PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC;
    int err = tracee_wait(t);

    if (err == 0 && (t->at != AT_SIGNAL || t->signal != SIGSTOP))
        err = -EIO;
    if (err == 0 && ptrace(PTRACE_SETOPTIONS, t->pid, NULL, options) < 0)
        err = -errno;
    while (err == 0 && t->at != AT_EXEC) {
        (void)ptrace(PTRACE_CONT, t->pid, NULL, NULL);
        err = tracee_wait(t);
        if (err == 0 && t->at == AT_SIGNAL && t->signal == SIGSEGV) /* int $0x80 is no gate here */
            err = -ENOEXEC;
    }
    return err;
}

/** Open what tracee_read() and tracee_write() use; let the guest go first when memory runs out. */
static int open_memory(struct tracee *t)
{
    char path[64];
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", t->pid);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!write(fd, "1000", 4);
        (void)close(fd);
    }
    (void)snprintf(path, sizeof(path), "/proc/%d/mem", t->pid);
    t->mem = open(path, O_RDWR | O_CLOEXEC);
    return t->mem < 0 ? -errno : 0;
}

/** Move from the stub to the trampoline page and unmap everything else. The stub's memory is a sealed
 * file's: nobody can change its instruction. */
static int clear_memory(struct tracee *t)
{
    const uint64_t unmap[6] = {0, trampoline_addr(t->gate)};
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

/** Say in words why there is no tracee. @err is what the tracer saw, @c what the child did. */
static int explain(enum sc_gate gate, const struct child *c, int err, struct why *why)
{
    const int cause = c->error != 0 ? c->error : -err;

    if (is_shortage(cause))
        return short_of(cause, why);
    if (cause == ENOEXEC && gate == SC_GATE_I386)
        return why_add(why, -ENOTSUP,
                       "i386 guests need a host kernel with IA32 emulation, and this one has none");
    if (c->error != 0)
        return why_add(why, -ENOTSUP, "guests need %s, and this host refuses it: %s",
                       child_step_name(c->step), strerror(c->error));
    return why_add(why, -ENOTSUP, "the host ended a new guest or denied its control after %s: %s",
                   child_step_name(c->step), strerror(cause));
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

int spawn_tracee(struct spawner *s, struct tracee *out, int *out_listener, struct why *why)
{
    const struct sock_fprog program = {s->filter.len, (struct sock_filter *)s->filter.code};
    struct tracee t;
    struct child *c;
    pid_t pid;
    int err = get_stack(s);

    if (err < 0)
        return short_of(ENOMEM, why);
    c = s->stack; /* at its far end */
    *c = (struct child){s->gate, getpid(), s->stub_fd, &program, -1, CHILD_DEATHSIG, 0};
    pid = clone_child(s, c);
    if (pid < 0)
        return explain(s->gate, c, pid, why);
    tracee_init(&t, pid, s->gate);
    err = run_to_stub(&t);
    if (err == 0)
        err = open_memory(&t);
    if (err == 0)
        err = clear_memory(&t);
    if (err < 0) {
        discard(s, &t, c);
        return explain(s->gate, c, err, why);
    }
    *out = t;
    *out_listener = c->listener;
    return 0;
}
