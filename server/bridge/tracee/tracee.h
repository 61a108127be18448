/* SPDX-License-Identifier: MIT */
/*
 * A tracee: one host process under ptrace, seen as registers, memory and stops.
 *
 *     AT_RUNNING --stop--> AT_ENTRY   before one of its system calls: the filter said TRACE
 *         ^                   |       tracee_inject(): a host call in its place
 *         |                AT_EXIT    after that call
 *         |                AT_SIGNAL  before a signal: a fault, or something from outside
 *         |                AT_EXEC    the host has replaced its program; only while it is made
 *         +-- tracee_answer(), tracee_resume(), tracee_continue()
 *
 *     any ----the host kills it----> AT_GONE: it was waited for, pid is 0
 *
 * Only the thread that made a tracee may use it. The host can kill a tracee between any two steps,
 * so every function may answer -ESRCH. That is never the end of the matter: the end itself is seen
 * by tracee_poll(), and shows in the epoll set of tracee_watch_end().
 *
 * A program can load what the host refuses to store again for a tracer: a selector with a strange
 * privilege, a segment base in the host's half. So only registers that change are ever stored.
 *
 * Host calls are injected in two ways. A tracee AT_ENTRY is in a call already: its number and
 * arguments are replaced, and no instruction of the program runs. Any further call is made by the
 * instruction at t->gate_at, which whoever sets it has put into memory that nobody else can write:
 * other processes share pages with the program and may rewrite them at any moment. The stops before
 * and behind such a call must be the expected ones (event message, instruction, number); else the
 * tracee is killed, and the answer is -EIO.
 *
 * Waits have a deadline, TRACEE_DEADLINE_MS; a tracee that misses it is killed, and -EIO. Between
 * two stops it runs one instruction, so only a host in trouble gets there. SIGCHLD must be blocked in
 * all threads; when a wait has taken one, the process is sent another.
 */
#ifndef SERVER_BRIDGE_TRACEE_TRACEE_H
#define SERVER_BRIDGE_TRACEE_TRACEE_H

#include "server/bridge/abi/arch.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

enum tracee_at { AT_RUNNING, AT_ENTRY, AT_EXIT, AT_SIGNAL, AT_EXEC, AT_GONE };

enum {
    TRACEE_DEADLINE_MS = 5000,
};

struct tracee {
    pid_t pid; /* 0 once it was waited for */
    int pidfd; /* of tracee_watch_end(), which shows in the set @ends; -1 none, or it was waited for */
    int ends;
    int mem; /* its /proc/PID/mem, or -1 */
    const struct arch *arch;
    enum tracee_at at;
    int signal;                   /* AT_SIGNAL: which; AT_GONE: what killed it, 0 if it exited */
    struct user_regs_struct regs; /* of the guest at its stop; tracee_inject() leaves them alone */
    struct user_regs_struct live; /* what the registers hold while it is stopped */
    uint64_t gate_at;             /* a call instruction that only we can change; 0 none */
};

/** A tracee for a process that just attached itself (PTRACE_TRACEME) and will stop by SIGSTOP. */
void tracee_init(struct tracee *t, pid_t pid, const struct arch *arch);

/**
 * Have the end of a tracee show in an epoll set, until it was waited for: as an event whose data is that of
 * tracee_end_of().
 * @ends     the set; borrowed.
 * @pidfd    of the tracee; taken.
 * Returns   0; -ENOMEM, -ENOSPC.
 */
int tracee_watch_end(struct tracee *t, int ends, int pidfd);

/** What is left of the tracee of such an event, if nobody knows it any more: tracee_poll() takes the end. */
struct tracee tracee_end_of(int ends, uint64_t data);

/** Forget a tracee that is AT_GONE. */
void tracee_done(struct tracee *t);

/** Take note of one stop or end, if there is one. Never waits. Returns whether there was one. */
bool tracee_poll(struct tracee *t);

/**
 * Let a stopped tracee go on, and wait for its next stop; signals sent from outside are swallowed.
 * @how      PTRACE_CONT or PTRACE_SYSCALL.
 * Returns   0 it is at @want; -ESRCH it is AT_GONE; -EIO it stopped anywhere else.
 */
int tracee_run_to(struct tracee *t, int how, enum tracee_at want);

/** tracee_run_to() of one that runs already. @how to let it go on after a signal. */
int tracee_wait_for(struct tracee *t, int how, enum tracee_at want);

/**
 * See whether a tracee that tracee_proceed() started has stopped. Never waits, and leaves t->regs
 * alone; signals sent from outside are swallowed.
 * Returns   0 it is AT_RUNNING or AT_EXIT; -ESRCH it is AT_GONE; -EIO it stopped anywhere else.
 */
int tracee_look(struct tracee *t);

/** Wait until a running tracee stops or ends. Returns 0; -ESRCH it is AT_GONE; -EIO not in time. */
int tracee_wait(struct tracee *t);

/** tracee_wait(), and t->regs are those of the stop. Returns 0; -ESRCH it is AT_GONE; -EIO. */
int tracee_take_stop(struct tracee *t);

/** The siginfo of AT_SIGNAL. Returns 0, -ESRCH. */
int tracee_siginfo(const struct tracee *t, siginfo_t *out);

/** Whether somebody sent a signal, rather than the processor answering to an instruction. */
bool tracee_is_sent(const siginfo_t *info);

/** Let a tracee make the call @nr, which the filter notifies, and do not wait for it: it will be AT_EXIT.
 * It enters by t->gate_at, as a call that is traced, and the number is exchanged there. Returns 0;
 * -ESRCH, -EIO. */
int tracee_proceed(struct tracee *t, int nr);

/** The result of the call of a tracee AT_EXIT, or its -errno. */
int64_t tracee_result(const struct tracee *t);

/**
 * Run a host call in the name of a tracee that is AT_ENTRY, or at any stop if t->gate_at is set;
 * afterwards it is AT_EXIT.
 * @args     as the host call takes them.
 * Returns   0, or the -errno it answers; -ESRCH; -EIO the tracee is in no state to go on.
 */
int tracee_inject(struct tracee *t, enum host_call call, const uint64_t args[6]);

/** End the call that the tracee is in with @result, and go on behind it. Returns as resume does. */
int tracee_answer(struct tracee *t, int64_t result);

/**
 * Go on with t->regs as they are now, outside of any call.
 * Returns   0, -ESRCH; another -errno: the host refuses the registers, and the tracee stays stopped.
 */
int tracee_resume(struct tracee *t);

/** Go on as if nothing had happened: the signal is swallowed. Returns 0, -ESRCH. */
int tracee_continue(struct tracee *t);

/** Copy from the tracee's memory. Returns 0; -EFAULT if not all of it is there. */
int tracee_read(const struct tracee *t, uint64_t addr, void *buf, size_t size);

/** Copy into the tracee's memory, read-only pages too. Returns 0, -EFAULT. */
int tracee_write(const struct tracee *t, uint64_t addr, const void *buf, size_t size);

/** Send SIGKILL, if it is not AT_GONE yet. */
void tracee_kill(struct tracee *t);

/** Kill a tracee that never became a guest, wait for its end, and release what it has. It is AT_GONE
 * afterwards, unless it did not end in time: then its end will show. */
void tracee_discard(struct tracee *t);

#endif
