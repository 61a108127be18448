/* SPDX-License-Identifier: MIT */
/*
 * Pausing: a process stops before its next call, so that a person can look.
 *
 *     pause_proc()     every call that the process begins from now on is held: EVENT_PAUSE
 *     pause_step()     carries out the held call; the next one is held again
 *     pause_answer()   finishes the held call with a given result, without carrying it out
 *     resume_proc()    carries out the held calls, and holds no more
 *
 * Calls in flight when the pause began continue, so a sleeper still wakes. A virtual clock stands
 * still while a call is held. Ending the process or cancelling the call ends the hold. The person's
 * own process is paused like the others, but pausing and resuming are not calls, so no person is
 * locked out.
 */
#ifndef SERVER_KERNEL_CALL_PAUSE_H
#define SERVER_KERNEL_CALL_PAUSE_H

#include <stdint.h>

struct call;
struct machine;
struct proc;

/** Hold the calls of one process. No effect if they are held. */
void pause_proc(struct proc *p);

/** Hold the calls of all processes, those made later included. */
void pause_machine(struct machine *m);

/** Continue the held calls of one process, in order. No effect if none are held. */
void resume_proc(struct proc *p);

/** resume_proc() for all processes. */
void resume_machine(struct machine *m);

/** Unpause all processes, those made later included. Their held calls continue only with
 * pause_settle(): a process that must stay paused is paused again before. */
void pause_lift(struct machine *m);
void pause_settle(struct machine *m);

/** The process's call that has been held longest, borrowed; NULL if none is held. */
struct call *pause_held(struct machine *m, int32_t pid);

/** Carry out a held call, at the machine's next tick. */
void pause_step(struct call *call);

/**
 * Finish a held call at the machine's next tick without carrying it out.
 * @status   0, its results are in place; or -errno, which its row need not list. The call is not
 *           EXIT, which does not return.
 */
void pause_answer(struct call *call, int status);

/** For call.c, STEP_PAUSE: 0, or SC_PENDING: the call is held. */
int pause_before(struct call *call);

#endif
