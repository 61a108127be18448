/* SPDX-License-Identifier: MIT */
#include "fsdrivers/ramfs/pages.h"

#include <stddef.h>

struct table {
    void *at[PAGES_FANOUT];
};

/* The number of indexes in a tree of this height; its slots are trees of one less. */
static uint64_t span(unsigned height)
{
    return height == 0 ? 0 : (uint64_t)1 << ((height - 1) * PAGES_FANOUT_SHIFT);
}

static size_t slot_of(uint64_t index, unsigned height)
{
    return (size_t)(index / span(height - 1)) % PAGES_FANOUT;
}

unsigned char *pages_get(const struct pages *p, uint64_t index)
{
    void *at = p->root;

    if (index >= span(p->height))
        return NULL;
    for (unsigned height = p->height; height > 1 && at != NULL; height--)
        at = ((struct table *)at)->at[slot_of(index, height)];
    return at;
}

/* pages_next() in a subtree; indexes count from its first. */
static uint64_t next_below(const void *at, unsigned height, uint64_t index)
{
    const struct table *t = at;
    uint64_t part;

    if (at == NULL || height == 1)
        return at == NULL ? UINT64_MAX : 0;
    part = span(height - 1);
    for (uint64_t i = index / part; i < PAGES_FANOUT; i++) {
        uint64_t found = next_below(t->at[i], height - 1, i == index / part ? index % part : 0);

        if (found != UINT64_MAX)
            return i * part + found;
    }
    return UINT64_MAX;
}

uint64_t pages_next(const struct pages *p, uint64_t index)
{
    return index < span(p->height) ? next_below(p->root, p->height, index) : UINT64_MAX;
}

/* Add tables on top until the tree has @index. */
static int raise_tree(struct pages *p, struct budget *budget, uint64_t index)
{
    struct table *top;

    if (p->root == NULL) {
        while (p->height == 0 || index >= span(p->height))
            p->height++;
        return 0;
    }
    while (index >= span(p->height)) {
        top = budget_calloc(budget, sizeof(*top));
        if (top == NULL)
            return -ENOSPC;
        top->at[0] = p->root;
        p->root = top;
        p->height++;
    }
    return 0;
}

unsigned char *pages_make(struct pages *p, struct budget *budget, uint64_t index, bool *made)
{
    void **slot = &p->root;

    *made = false;
    if (raise_tree(p, budget, index) < 0)
        return NULL;
    for (unsigned height = p->height; height > 1; height--) {
        if (*slot == NULL)
            *slot = budget_calloc(budget, sizeof(struct table));
        if (*slot == NULL)
            return NULL;
        slot = &((struct table *)*slot)->at[slot_of(index, height)];
    }
    if (*slot == NULL) {
        *slot = budget_calloc(budget, PAGES_SIZE);
        *made = *slot != NULL;
        p->count += *made ? 1 : 0;
    }
    return *slot;
}

static bool table_empty(const struct table *t)
{
    for (size_t i = 0; i < PAGES_FANOUT; i++) {
        if (t->at[i] != NULL)
            return false;
    }
    return true;
}

/* Free the pages [first, last] of the subtree at *slot; indexes count from the subtree's first. */
static void drop_below(struct pages *p, struct budget *budget, void **slot, unsigned height,
                       uint64_t first, uint64_t last)
{
    struct table *t = *slot;
    uint64_t part;

    if (t == NULL)
        return;
    if (height == 1) {
        budget_free(budget, *slot, PAGES_SIZE);
        *slot = NULL;
        p->count--;
        return;
    }
    part = span(height - 1);
    for (uint64_t i = first / part; i <= last / part; i++)
        drop_below(p, budget, &t->at[i], height - 1, i == first / part ? first % part : 0,
                   i == last / part ? last % part : part - 1);
    if (table_empty(t)) {
        budget_free(budget, t, sizeof(*t));
        *slot = NULL;
    }
}

void pages_drop(struct pages *p, struct budget *budget, uint64_t first, uint64_t last)
{
    uint64_t end = span(p->height);

    if (first >= end || first > last)
        return;
    drop_below(p, budget, &p->root, p->height, first, last < end ? last : end - 1);
    if (p->root == NULL)
        p->height = 0;
}
