/* SPDX-License-Identifier: MIT */
/*
 * A tracee: one host process under ptrace, seen as registers, memory and stops.
 *
 *     AT_RUNNING --stop--> AT_ENTRY   before one of its system calls: the filter returned TRACE
 *         ^                   |       tracee_inject(): a host call in its place
 *         |                AT_EXIT    after that call
 *         |                AT_SIGNAL  before a signal: a fault, or a signal from outside
 *         |                AT_EXEC    the host has replaced its program; only while it is made
 *         +-- tracee_answer(), tracee_resume(), tracee_continue()
 *
 *     any ----the host kills it----> AT_GONE: it was waited for, pid is 0
 *
 * Only the thread that made a tracee may use it. The host can kill a tracee between any two steps,
 * so every function may answer -ESRCH. The caller need not act on that: tracee_poll() reports
 * the end, which makes the epoll set of tracee_watch_end() readable.
 *
 * A program can load values that the host refuses to store for a tracer: a selector with an unusual
 * privilege, a segment base in the host's half. So only changed registers are stored.
 *
 * Host calls are injected in two ways. A tracee AT_ENTRY is in a call already: its number and
 * arguments are replaced, and no instruction of the program runs. Any further call is made by the
 * instruction at t->gate_at. Its setter has put it into memory that no other process can write, because
 * others share pages with the program and may rewrite them at any moment. The stops before
 * and behind such a call must be the expected ones (event message, instruction, number); otherwise the
 * tracee is killed, and the function returns -EIO.
 *
 * Waits have a deadline, TRACEE_DEADLINE_MS; a tracee that misses it is killed: -EIO. Between two stops
 * it runs one instruction, so this takes an overloaded host. SIGCHLD must be blocked in all threads; a
 * wait that has taken one sends the process another.
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
    int pidfd; /* of tracee_watch_end(), in the epoll set `ends`; -1: none, or it was waited for */
    int ends;
    int mem; /* its /proc/PID/mem, or -1 */
    const struct arch *arch;
    enum tracee_at at;
    int signal; /* AT_SIGNAL: which; AT_GONE: the one that killed it, 0 if it exited */
    struct user_regs_struct regs; /* of the guest at its stop; tracee_inject() keeps them */
    struct user_regs_struct live; /* the host's copy while it is stopped */
    uint64_t gate_at;             /* a call instruction that only we can change; 0: none */
};

/** A tracee for a process that just attached itself (PTRACE_TRACEME) and will stop by SIGSTOP. */
void tracee_init(struct tracee *t, pid_t pid, const struct arch *arch);

/**
 * Add the end of a tracee to an epoll set until it is waited for, as an event whose data tracee_end_of()
 * takes.
 * @ends     the set; borrowed.
 * @pidfd    of the tracee; taken.
 * Returns   0; -ENOMEM, -ENOSPC.
 */
int tracee_watch_end(struct tracee *t, int ends, int pidfd);

/** A tracee for such an event if its owner is freed already: tracee_poll() takes the end. */
struct tracee tracee_end_of(int ends, uint64_t data);

/** Release a tracee that is AT_GONE. */
void tracee_done(struct tracee *t);

/** Take one stop or end, if there is one. Never waits. Returns whether there was one. */
bool tracee_poll(struct tracee *t);

/**
 * Continue a stopped tracee, and wait for its next stop; signals sent from outside are dropped.
 * @how      PTRACE_CONT or PTRACE_SYSCALL.
 * Returns   0 it is at @want; -ESRCH it is AT_GONE; -EIO it stopped anywhere else.
 */
int tracee_run_to(struct tracee *t, int how, enum tracee_at want);

/** tracee_run_to() of one that runs already. @how  to continue it after a signal. */
int tracee_wait_for(struct tracee *t, int how, enum tracee_at want);

/**
 * Check whether a tracee that tracee_proceed() started has stopped. Never waits, and keeps t->regs;
 * signals sent from outside are dropped.
 * Returns   0 it is AT_RUNNING or AT_EXIT; -ESRCH it is AT_GONE; -EIO it stopped anywhere else.
 */
int tracee_look(struct tracee *t);

/** Wait until a running tracee stops or ends. Returns 0; -ESRCH it is AT_GONE; -EIO not in time. */
int tracee_wait(struct tracee *t);

/** tracee_wait(), then set t->regs to those of the stop. Returns 0; -ESRCH it is AT_GONE; -EIO. */
int tracee_take_stop(struct tracee *t);

/** The siginfo of AT_SIGNAL. Returns 0, -ESRCH. */
int tracee_siginfo(const struct tracee *t, siginfo_t *out);

/** Whether a process has sent a signal; otherwise an instruction has raised it. */
bool tracee_is_sent(const siginfo_t *info);

/** Start the call @nr, which the filter notifies, and do not wait for it: the tracee will be AT_EXIT. It
 * enters by t->gate_at as a traced call, whose number is then replaced. Returns 0; -ESRCH, -EIO. */
int tracee_proceed(struct tracee *t, int nr);

/** The result of the call of a tracee AT_EXIT, or its -errno. */
int64_t tracee_result(const struct tracee *t);

/**
 * Inject a host call into a tracee that is AT_ENTRY, or at any stop if t->gate_at is set;
 * afterwards it is AT_EXIT.
 * @args     as the host call takes them.
 * Returns   0, or the -errno of the call; -ESRCH; -EIO the tracee can't continue.
 */
int tracee_inject(struct tracee *t, enum host_call call, const uint64_t args[6]);

/** End the tracee's current call with @result, and continue behind it. Returns as tracee_resume(). */
int tracee_answer(struct tracee *t, int64_t result);

/**
 * Continue with t->regs as they are now, outside any call.
 * Returns   0, -ESRCH; another -errno: the host refuses the registers, and the tracee stays stopped.
 */
int tracee_resume(struct tracee *t);

/** Continue and drop the signal. Returns 0, -ESRCH. */
int tracee_continue(struct tracee *t);

/** Copy from the tracee's memory. Returns 0; -EFAULT if not all of it is mapped. */
int tracee_read(const struct tracee *t, uint64_t addr, void *buf, size_t size);

/** Copy into the tracee's memory, read-only pages too. Returns 0, -EFAULT. */
int tracee_write(const struct tracee *t, uint64_t addr, const void *buf, size_t size);

/** Send SIGKILL, if it is not AT_GONE yet. */
void tracee_kill(struct tracee *t);

/** Kill a tracee that never became a guest, wait for its end, and release it. It is AT_GONE afterwards;
 * if it did not end in time, its epoll set reports the end later. */
void tracee_discard(struct tracee *t);

#endif
