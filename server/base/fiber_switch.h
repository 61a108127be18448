/* SPDX-License-Identifier: MIT */
/* Switching stacks: the part of a fiber that depends on the processor and on the sanitizers. */
#ifndef SERVER_BASE_FIBER_SWITCH_H
#define SERVER_BASE_FIBER_SWITCH_H

#include <stddef.h>

#if defined(__x86_64__) || defined(__aarch64__)
#define FIBER_SWITCH 1
#else
#define FIBER_SWITCH 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define FIBER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FIBER_ASAN 1
#endif
#endif

#if defined(__SANITIZE_THREAD__)
#define FIBER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FIBER_TSAN 1
#endif
#endif

/**
 * Save the callee-saved registers on the stack, and continue where another stack was left.
 * @from     receives the stack pointer to return to.
 * @to       a stack pointer that fiber_switch() saved, or fiber_prepare() made.
 */
void fiber_switch(void **from, void *to);

/**
 * Prepare an empty stack for fiber_switch(): the first switch to it calls @entry(@arg), which must
 * not return.
 * @top      the stack's end, aligned to 16.
 * Returns   the stack pointer.
 */
void *fiber_prepare(char *top, void (*entry)(void *arg), void *arg);

#endif
