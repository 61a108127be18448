/* SPDX-License-Identifier: MIT */
/* Timers: a binary heap of deadlines. Embedded in their owners; the heap never owns them. */
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
    size_t index;   /* place in the heap + 1; 0 when not set */
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

/** Release the heap's memory; timers still set are forgotten. */
void timer_heap_done(struct timer_heap *h);

/** Set an unset timer; @fire is called once, from timer_fire_one(), and may set it again. Returns
 * 0, -ENOMEM. */
int timer_set(struct timer_heap *h, struct timer *t, uint64_t deadline_ns, timer_fn fire);

/** Unset a timer; harmless when it is not set. */
void timer_clear(struct timer_heap *h, struct timer *t);

/** The next deadline, UINT64_MAX when no timer is set. */
uint64_t timer_next(const struct timer_heap *h);

/** Fire the first timer if it is due at @now_ns. Returns whether one fired. */
bool timer_fire_one(struct timer_heap *h, uint64_t now_ns);

static inline bool timer_is_set(const struct timer *t)
{
    return t->index != 0;
}

#endif
