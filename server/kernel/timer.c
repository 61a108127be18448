/* SPDX-License-Identifier: MIT */
#include "server/kernel/timer.h"

#include "server/base/check.h"

#include <errno.h>
#include <stdlib.h>

void timer_heap_init(struct timer_heap *h)
{
    *h = (struct timer_heap){0};
}

void timer_heap_done(struct timer_heap *h)
{
    for (size_t i = 0; i < h->count; i++)
        h->at[i]->index = 0;
    free(h->at);
    timer_heap_init(h);
}

static bool before(const struct timer *a, const struct timer *b)
{
    if (a->deadline_ns != b->deadline_ns)
        return a->deadline_ns < b->deadline_ns;
    return a->order < b->order;
}

static void put(struct timer_heap *h, size_t i, struct timer *t)
{
    h->at[i] = t;
    t->index = i + 1;
}

static void sift_up(struct timer_heap *h, size_t i)
{
    struct timer *t = h->at[i];

    while (i > 0 && before(t, h->at[(i - 1) / 2])) {
        put(h, i, h->at[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    put(h, i, t);
}

static void sift_down(struct timer_heap *h, size_t i)
{
    struct timer *t = h->at[i];

    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < h->count && before(h->at[child + 1], h->at[child]))
            child++;
        if (child >= h->count || !before(h->at[child], t))
            break;
        put(h, i, h->at[child]);
        i = child;
    }
    put(h, i, t);
}

static int grow(struct timer_heap *h)
{
    size_t cap = h->cap != 0 ? h->cap * 2 : 16;
    struct timer **at = realloc(h->at, cap * sizeof(*at));

    if (at == NULL)
        return -ENOMEM;
    h->at = at;
    h->cap = cap;
    return 0;
}

int timer_set(struct timer_heap *h, struct timer *t, uint64_t deadline_ns, timer_fn fire)
{
    /* Callers check first or have just cleared it. A call parks once before it is unparked, which
     * clears its timer, and a request has one goal. */
    CHECK(!timer_is_set(t));
    if (h->count == h->cap && grow(h) < 0)
        return -ENOMEM;
    t->deadline_ns = deadline_ns;
    t->order = h->next_order++;
    t->fire = fire;
    put(h, h->count, t);
    h->count++;
    sift_up(h, h->count - 1);
    return 0;
}

void timer_clear(struct timer_heap *h, struct timer *t)
{
    size_t i = t->index;
    struct timer *last;

    if (i == 0)
        return;
    t->index = 0;
    i--;
    h->count--;
    if (i == h->count)
        return;
    last = h->at[h->count];
    put(h, i, last);
    sift_up(h, i);
    sift_down(h, last->index - 1);
}

uint64_t timer_next(const struct timer_heap *h)
{
    return h->count > 0 ? h->at[0]->deadline_ns : UINT64_MAX;
}

bool timer_fire_one(struct timer_heap *h, uint64_t now_ns)
{
    struct timer *t;

    if (timer_next(h) > now_ns || h->count == 0)
        return false;
    t = h->at[0];
    timer_clear(h, t);
    t->fire(t);
    return true;
}
