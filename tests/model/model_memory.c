/* SPDX-License-Identifier: MIT */
/* Regions of memory. */
#include "tests/model/model.h"

#include <errno.h>
#include <string.h>

enum { MODES = MM_READ | MM_WRITE | MM_EXEC };

/** Where the memory of a process ends. */
#define USER_LIMIT UINT64_C(0xC0000000)

static struct mregion *region_at(struct mproc *p, uint64_t addr)
{
    for (size_t i = 0; i < p->region_count; i++) {
        if (addr >= p->regions[i].addr && addr - p->regions[i].addr < p->regions[i].size)
            return &p->regions[i];
    }
    return NULL;
}

/** What speaks against mapping a region, whose size is one of whole pages. */
static void check_region(const struct mcall *c, const struct mregion *r)
{
    uint64_t mapped = 0;

    for (size_t i = 0; i < c->p->region_count; i++) {
        const struct mregion *other = &c->p->regions[i];

        mapped += other->size;
        if (r->addr < other->addr + other->size && other->addr < r->addr + r->size)
            refuse(c->v, EEXIST);
    }
    if (mapped + r->size > c->m->limits.memory || c->p->region_count >= c->m->limits.regions)
        refuse(c->v, ENOMEM);
}

void rule_mmap(const struct mcall *c, const struct sc_mmap_args *a, struct sc_mmap_out *out)
{
    struct mregion r = {a->addr, 0, a->mode};

    (void)out;
    if (a->addr % SC_PAGE_SIZE != 0 || (a->mode & ~(uint32_t)MODES) != 0)
        refuse(c->v, EINVAL);
    if (a->size == 0 || a->addr > USER_LIMIT || a->size > USER_LIMIT - a->addr) {
        refuse(c->v, EINVAL);
        return;
    }
    r.size = (a->size + SC_PAGE_SIZE - 1) / SC_PAGE_SIZE * SC_PAGE_SIZE;
    check_region(c, &r);
    if (refused(c->v))
        return;
    c->p->regions = model_grow(c->m, c->p->regions, c->p->region_count, sizeof(r));
    c->p->regions[c->p->region_count++] = r;
}

void rule_mchmap(const struct mcall *c, const struct sc_mchmap_args *a, struct sc_mchmap_out *out)
{
    struct mregion *r = region_at(c->p, a->addr);

    (void)out;
    if (r == NULL)
        refuse(c->v, EFAULT);
    if ((a->mode & ~(uint32_t)MODES) != 0)
        refuse(c->v, EINVAL);
    if (!refused(c->v))
        r->mode = a->mode;
}

void rule_munmap(const struct mcall *c, const struct sc_munmap_args *a, struct sc_munmap_out *out)
{
    struct mregion *r = region_at(c->p, a->addr);

    (void)out;
    if (r == NULL) {
        refuse(c->v, EFAULT);
        return;
    }
    c->p->region_count--;
    memmove(r, r + 1, (c->p->region_count - (size_t)(r - c->p->regions)) * sizeof(*r));
}
