/* SPDX-License-Identifier: MIT */
/*
 * Pausing: a process stops before its next call, for a person who looks.
 *
 *     pause_proc()     every call that the process begins from now on is held: EVENT_PAUSE
 *     pause_step()     the held call is carried out; the next one is held again
 *     pause_answer()   the same, but it is not carried out: it finishes as the person wants
 *     resume_proc()    held calls are carried out, and no more are held
 *
 * What was in flight when the pause began goes on, so a sleeper still wakes. A virtual clock stands
 * still while a call is held. Whoever ends the process or withdraws the call ends the hold. Calls of
 * the person's own process are held as well, but what pauses and resumes is no call, so nobody is
 * locked out.
 */
#ifndef SERVER_KERNEL_CALL_PAUSE_H
#define SERVER_KERNEL_CALL_PAUSE_H

#include <stdint.h>

struct call;
struct machine;
struct proc;

/** Hold the calls of one process. Harmless when they are. */
void pause_proc(struct proc *p);

/** Hold the calls of all processes, those made later too. */
void pause_machine(struct machine *m);

/** Let the calls of one process go on, in the order they were held. Harmless when none are held. */
void resume_proc(struct proc *p);

/** The same for all processes. */
void resume_machine(struct machine *m);

/** Processes made from now on are not paused, and those there are not either. Their held calls go on by
 * pause_settle(): what shall stay paused is paused again before. */
void pause_lift(struct machine *m);
void pause_settle(struct machine *m);

/** The call of a process that has been held longest, borrowed; NULL when there is none. */
struct call *pause_held(struct machine *m, int32_t pid);

/** Carry a held call out, at the machine's next tick. */
void pause_step(struct call *call);

/**
 * Finish a held call at the machine's next tick without carrying it out.
 * @status   0, its results are in place; or -errno, which its row need not list. It never is of
 *           EXIT, which does not return.
 */
void pause_answer(struct call *call, int status);

/** For call.c, the step of a call: 0, or SC_PENDING: it is held. */
int pause_before(struct call *call);

#endif
