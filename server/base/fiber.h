/* SPDX-License-Identifier: MIT */
/*
 * Fibers: a function that runs on a stack of its own, and may be suspended in the middle.
 *
 *     fiber_new(FIBER_STACK, &f)
 *     fiber_start(f, fn, arg) ── fn(arg) ends ─────────────────────────────── FIBER_ENDED
 *            │                                                                    ▲
 *            └── fiber_suspend(f) in it ── FIBER_SUSPENDED … fiber_resume(f) ──────┘
 *     fiber_free(f)
 *
 * A fiber runs one function at a time; once that has ended it can be started again. It runs on the
 * thread that starts or resumes it, which may be another one each time: whatever belongs to a thread
 * (errno, thread-local variables, locks) must not be kept across fiber_suspend(). Fibers may be nested:
 * one that runs may start another.
 *
 * Below the stack is a guard page: a function that needs more ends the process by SIGSEGV and writes
 * over nothing. AddressSanitizer and ThreadSanitizer are told of each switch.
 */
#ifndef SERVER_BASE_FIBER_H
#define SERVER_BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct fiber;

typedef void (*fiber_fn)(void *arg);

enum fiber_state { FIBER_ENDED, FIBER_SUSPENDED };

/**
 * @stack_size  bytes, a multiple of the page size; the guard page is not among them.
 * @out      returned; fiber_free().
 * Returns   0; -ENOMEM; -ENOTSUP there is no switch for this processor.
 */
int fiber_new(size_t stack_size, struct fiber **out);

/** Release a fiber whose function has ended, or never began. NULL is fine. */
void fiber_free(struct fiber *f);

/** Run a function on a fiber that runs none. Returns FIBER_SUSPENDED once it is suspended. */
enum fiber_state fiber_start(struct fiber *f, fiber_fn fn, void *arg);

/** Let the function of a suspended fiber go on. Returns as fiber_start(). */
enum fiber_state fiber_resume(struct fiber *f);

/** Suspend the fiber, from its own function: back to who started or resumed it. Returns once it is
 * resumed. */
void fiber_suspend(struct fiber *f);

/** Whether the caller runs on this fiber, or on one that was started from it. */
bool fiber_is_running(const struct fiber *f);

/** Whether the caller runs on this fiber's stack: only then it may be suspended. */
bool fiber_is_here(const struct fiber *f);

#endif
