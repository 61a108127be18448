/* SPDX-License-Identifier: MIT */
#include "server/bridge/sites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 16 };

/* `int $0x40` is CD 40, `int $0x80` is CD 80. */
enum { INT_OPCODE = 0xCD, GATE_VECTOR = 0x40, PATCHED_VECTOR = 0x80 };

void sites_done(struct sites *s)
{
    free(s->at);
    *s = (struct sites){NULL, 0, 0};
}

/** Index of the first address that is not below @addr. */
static size_t lower_bound(const struct sites *s, uint64_t addr)
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

/** Index of the first site with a byte at @addr or behind it; sites are two bytes. */
static size_t first_touched(const struct sites *s, uint64_t addr)
{
    return lower_bound(s, addr > 0 ? addr - 1 : 0);
}

void sites_forget(struct sites *s, uint64_t addr, uint64_t size)
{
    size_t first = first_touched(s, addr);
    size_t end = lower_bound(s, addr + size);

    if (first == end)
        return;
    memmove(&s->at[first], &s->at[end], (s->count - end) * sizeof(*s->at));
    s->count -= end - first;
}

void sites_restore(const struct sites *s, uint64_t addr, unsigned char *copy, size_t size)
{
    /* A patch changes one byte, the one behind the site's address. */
    for (size_t i = first_touched(s, addr); i < s->count && s->at[i] + UINT64_C(1) < addr + size;
         i++) {
        unsigned char *vector = copy + (s->at[i] + UINT64_C(1) - addr);

        if (*vector == PATCHED_VECTOR && (vector == copy || vector[-1] == INT_OPCODE))
            *vector = GATE_VECTOR;
    }
}
