/* SPDX-License-Identifier: MIT */
/* Timers: a binary heap of deadlines. Owners embed their timers; the heap only links them. */
#ifndef SERVER_KERNEL_TIMER_H
#define SERVER_KERNEL_TIMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer;
typedef void (*timer_fn)(struct timer *t);

struct timer {
    uint64_t deadline_ns;
    uint64_t order; /* equal deadlines fire in the order they were set */
    size_t index;   /* place in the heap + 1; 0: not set */
    timer_fn fire;
};

struct timer_heap {
    struct timer **at;
    size_t count;
    size_t cap;
    uint64_t next_order;
};

/** Make an empty heap. */
void timer_heap_init(struct timer_heap *h);

/** Free the heap's memory. Timers that are set never fire. */
void timer_heap_done(struct timer_heap *h);

/** Set a timer that is not set. timer_fire_one() calls @fire once, which may set it again. Returns
 * 0, -ENOMEM. */
int timer_set(struct timer_heap *h, struct timer *t, uint64_t deadline_ns, timer_fn fire);

/** Unset a timer; no effect if it is not set. */
void timer_clear(struct timer_heap *h, struct timer *t);

/** The next deadline, UINT64_MAX if no timer is set. */
uint64_t timer_next(const struct timer_heap *h);

/** Fire the first timer if it is due at @now_ns. Returns whether one fired. */
bool timer_fire_one(struct timer_heap *h, uint64_t now_ns);

static inline bool timer_is_set(const struct timer *t)
{
    return t->index != 0;
}

#endif
