/* SPDX-License-Identifier: MIT */
/*
 * Fibers: a function that runs on its own stack and can be suspended in the middle.
 *
 *     fiber_new(FIBER_STACK, &f)
 *     fiber_start(f, fn, arg) ── fn(arg) ends ─────────────────────────────── FIBER_ENDED
 *            │                                                                    ▲
 *            └── fiber_suspend(f) in it ── FIBER_SUSPENDED … fiber_resume(f) ──────┘
 *     fiber_free(f)
 *
 * A fiber runs one function at a time; when that has ended, it can be started again. It runs on the
 * thread that starts or resumes it, and that can be a different one each time: do not keep thread
 * state (errno, thread-local variables, locks) across fiber_suspend(). Fibers nest: a running one
 * can start another.
 *
 * A guard page lies below the stack: an overflow is a SIGSEGV and overwrites nothing.
 * AddressSanitizer and ThreadSanitizer are notified of each switch.
 */
#ifndef SERVER_BASE_FIBER_H
#define SERVER_BASE_FIBER_H

#include <stdbool.h>
#include <stddef.h>

struct fiber;

typedef void (*fiber_fn)(void *arg);

enum fiber_state { FIBER_ENDED, FIBER_SUSPENDED };

/**
 * Make a fiber.
 * @stack_size  bytes, a multiple of the page size, without the guard page.
 * @out      returned; fiber_free().
 * Returns   0; -ENOMEM; -ENOTSUP this processor has no fiber_switch().
 */
int fiber_new(size_t stack_size, struct fiber **out);

/** Free a fiber whose function has ended or never began. NULL is ignored. */
void fiber_free(struct fiber *f);

/** Run @fn on an idle fiber until it ends or is suspended. Returns which. */
enum fiber_state fiber_start(struct fiber *f, fiber_fn fn, void *arg);

/** Continue the function of a suspended fiber. Returns as fiber_start(). */
enum fiber_state fiber_resume(struct fiber *f);

/** Suspend the fiber, from its own function: fiber_start() or fiber_resume() returns. This returns
 * at the next fiber_resume(). */
void fiber_suspend(struct fiber *f);

/** Whether the caller runs on this fiber, or on one that it started. */
bool fiber_is_running(const struct fiber *f);

/** Whether the caller runs on this fiber's stack. Only then may it call fiber_suspend(). */
bool fiber_is_here(const struct fiber *f);

#endif
