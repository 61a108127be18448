/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/aspace.h"

#include "schema/calls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Count @bytes that were mapped, or, if negative, unmapped. */
static void book(struct aspace *as, int64_t bytes)
{
    as->bytes += (uint64_t)bytes;
    if (as->pool != NULL)
        as->pool->bytes += (uint64_t)bytes;
}

void aspace_init(struct aspace *as, uint64_t user_limit, uint64_t bytes_max, size_t regions_max)
{
    *as = (struct aspace){
        .user_limit = user_limit, .bytes_max = bytes_max, .regions_max = regions_max};
}

void aspace_done(struct aspace *as)
{
    free(as->at);
    sparse_done(&as->pages);
    as->at = NULL;
    as->count = 0;
    as->cap = 0;
    book(as, -(int64_t)as->bytes);
}

/** Index of the first region that ends past @addr. */
static size_t first_past(const struct aspace *as, uint64_t addr)
{
    size_t low = 0;
    size_t high = as->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (as->at[mid].addr + as->at[mid].size > addr)
            high = mid;
        else
            low = mid + 1;
    }
    return low;
}

int aspace_check_mode(uint32_t mode, struct why *why)
{
    if ((mode & ~(uint32_t)(MM_READ | MM_WRITE | MM_EXEC)) != 0)
        return why_add(why, -EINVAL, "mode 0x%x has bits that are not READ, WRITE or EXEC", mode);
    return 0;
}

/** Check a request and round its size. */
static int check_region(const struct aspace *as, struct region *r, struct why *why)
{
    if (r->addr % SC_PAGE_SIZE != 0)
        return why_add(why, -EINVAL, "address 0x%llx is not a multiple of %d",
                       (unsigned long long)r->addr, SC_PAGE_SIZE);
    if (r->addr < SC_PAGE_SIZE)
        return why_add(why, -EINVAL,
                       "page 0 stays unmapped, so that null pointers fault; and no address is "
                       "chosen for you: say which");
    if (r->size == 0)
        return why_add(why, -EINVAL, "size is 0");
    if (aspace_check_mode(r->mode, why) < 0)
        return -EINVAL;
    if (r->addr >= as->user_limit || r->size > as->user_limit - r->addr)
        return why_add(why, -EINVAL, "the end lies past the user limit 0x%llx",
                       (unsigned long long)as->user_limit);
    r->size = (r->size + SC_PAGE_SIZE - 1) / SC_PAGE_SIZE * SC_PAGE_SIZE;
    return 0;
}

static int check_room(struct aspace *as, const struct region *r, struct why *why)
{
    struct region *at;
    size_t cap = as->cap != 0 ? as->cap * 2 : 8;

    if (r->size > as->bytes_max - as->bytes)
        return why_add(why, -ENOMEM, "%llu bytes are mapped; the limit is %llu",
                       (unsigned long long)as->bytes, (unsigned long long)as->bytes_max);
    if (as->pool != NULL && r->size > as->pool->bytes_max - as->pool->bytes)
        return why_add(why, -ENOMEM, "the machine has %llu bytes mapped; the limit is %llu",
                       (unsigned long long)as->pool->bytes,
                       (unsigned long long)as->pool->bytes_max);
    if (as->count >= as->regions_max)
        return why_add(why, -ENOMEM, "the process has reached its limit regions, %zu",
                       as->regions_max);
    if (as->count < as->cap)
        return 0;
    at = realloc(as->at, cap * sizeof(*at));
    if (at == NULL)
        return -ENOMEM;
    as->at = at;
    as->cap = cap;
    return 0;
}

int aspace_add(struct aspace *as, const struct region *region, struct why *why,
               const struct region **out)
{
    struct region r = *region;
    size_t i;
    int err = check_region(as, &r, why);

    if (err < 0)
        return err;
    i = first_past(as, r.addr);
    if (i < as->count && as->at[i].addr < r.addr + r.size)
        return why_add(why, -EEXIST, "the region at 0x%llx, 0x%llx bytes, overlaps",
                       (unsigned long long)as->at[i].addr, (unsigned long long)as->at[i].size);
    err = check_room(as, &r, why);
    if (err < 0)
        return err;
    memmove(as->at + i + 1, as->at + i, (as->count - i) * sizeof(r));
    as->at[i] = r;
    as->count++;
    book(as, (int64_t)r.size);
    if (out != NULL)
        *out = &as->at[i];
    return 0;
}

struct region *aspace_find(const struct aspace *as, uint64_t addr)
{
    size_t i = first_past(as, addr);

    return i < as->count && as->at[i].addr <= addr ? &as->at[i] : NULL;
}

void aspace_remove(struct aspace *as, struct region *region)
{
    size_t i = (size_t)(region - as->at);

    sparse_drop(&as->pages, region->addr, region->size);
    book(as, -(int64_t)region->size);
    as->count--;
    memmove(as->at + i, as->at + i + 1, (as->count - i) * sizeof(*region));
}

int aspace_check(const struct aspace *as, uint64_t addr, uint64_t len, uint32_t mode)
{
    const struct region *r = aspace_find(as, addr);

    if (r == NULL || (r->mode & mode) != mode || len > r->addr + r->size - addr)
        return -EFAULT;
    return 0;
}
