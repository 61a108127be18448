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

/** Undo a patch whose second byte, the changed one, is in a copy of memory. The site may be data by
 * now: its first byte tells. */
static void restore(const struct tracee *t, uint64_t site, uint64_t addr, unsigned char *copy)
{
    unsigned char *vector = copy + (site + 1 - addr);
    unsigned char opcode = 0;

    if (vector > copy)
        opcode = vector[-1];
    else
        (void)tracee_read(t, site, &opcode, 1);
    if (*vector == PATCHED_VECTOR && opcode == INT_OPCODE)
        *vector = GATE_VECTOR;
}

int sites_read(const struct sites *s, const struct tracee *t, uint64_t addr, void *buf, size_t size)
{
    int err = tracee_read(t, addr, buf, size);

    for (size_t i = first_touched(s, addr);
         err == 0 && i < s->count && s->at[i] + UINT64_C(1) < addr + size; i++)
        restore(t, s->at[i], addr, buf);
    return err;
}
