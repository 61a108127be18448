/* SPDX-License-Identifier: MIT */
#include "server/bridge/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 16 };

void sites_done(struct sites *s)
{
    free(s->at);
    *s = (struct sites){NULL, 0, 0};
}

/** Index of the first address that is not below @addr. */
static size_t lower_bound(const struct sites *s, uint32_t addr)
{
    size_t low = 0;
    size_t high = s->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (s->at[mid] < addr)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool sites_has(const struct sites *s, uint32_t addr)
{
    size_t i = lower_bound(s, addr);

    return i < s->count && s->at[i] == addr;
}

static int grow(struct sites *s)
{
    size_t cap = s->cap == 0 ? FIRST_CAP : 2 * s->cap;
    uint32_t *bigger;

    if (s->count < s->cap)
        return 0;
    if (s->count == SITES_MAX)
        return -ENOSPC;
    bigger = realloc(s->at, cap * sizeof(*bigger));
    if (bigger == NULL)
        return -ENOMEM;
    s->at = bigger;
    s->cap = cap;
    return 0;
}

int sites_add(struct sites *s, uint32_t addr)
{
    size_t i = lower_bound(s, addr);
    int err;

    if (i < s->count && s->at[i] == addr)
        return 0;
    err = grow(s);
    if (err < 0)
        return err;
    memmove(&s->at[i + 1], &s->at[i], (s->count - i) * sizeof(*s->at));
    s->at[i] = addr;
    s->count++;
    return 0;
}
