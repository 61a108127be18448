/* SPDX-License-Identifier: MIT */
#include "server/host/capacity.h"

#include "server/base/check.h"
#include "server/kernel/machine.h"

#include <sys/resource.h>
#include <unistd.h>

static uint64_t min_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

void capacity_look(struct capacity *out)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    struct rlimit files;

    *out = (struct capacity){UINT64_MAX, INT32_MAX};
    if (pages > 0 && page > 0)
        out->memory = (uint64_t)pages * (uint64_t)page;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        out->descriptors = min_of(files.rlim_cur, INT32_MAX);
}

void capacity_share(const struct capacity *c, uint64_t connections, struct descriptor_budget *out)
{
    const uint64_t shared = c->descriptors > CAPACITY_OWN ? c->descriptors - CAPACITY_OWN : 0;
    const uint64_t most = max_of(shared / 2 / 2, 1);
    struct descriptor_budget b = {.connections = min_of(connections, most)};

    b.pool = shared - min_of(2 * b.connections, shared);
    b.reserve = b.pool / 4;
    b.machine = max_of((b.pool - b.reserve) / 2, CAPACITY_FEW);
    *out = b;
}

/** A ceiling in bytes: at most the host's memory, but at least twice the initial limit. */
static uint64_t in_memory(uint64_t ceiling, uint64_t initial, const struct capacity *c)
{
    return min_of(ceiling, max_of(2 * initial, c->memory));
}

void capacity_ceilings(const struct capacity *c, const struct descriptor_budget *b,
                       struct machine_limits *out)
{
#define MACHINE_LIMIT(name, initial, ceiling, most, doc) .name = (ceiling),
    *out = (struct machine_limits){MACHINE_LIMITS(MACHINE_LIMIT)};
#undef MACHINE_LIMIT
    out->memory = in_memory(out->memory, machine_default_limits.memory, c);
    out->all_memory = in_memory(out->all_memory, machine_default_limits.all_memory, c);
    out->storage = in_memory(out->storage, machine_default_limits.storage, c);
    out->descriptors = b->machine;
}

bool descriptors_take(struct descriptor_budget *b, uint64_t held, uint64_t count)
{
    const uint64_t kept = held + count <= CAPACITY_FEW ? 0 : b->reserve;

    if (b->pool - kept < count || b->used > b->pool - kept - count)
        return false;
    b->used += count;
    return true;
}

void descriptors_give(struct descriptor_budget *b, uint64_t count)
{
    CHECK(count <= b->used); /* machines give back only what they took */
    b->used -= count;
}
