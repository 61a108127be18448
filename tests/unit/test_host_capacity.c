/* SPDX-License-Identifier: MIT */
/* What a host can serve: how its descriptors are shared out, and how far limits may be raised. */
#include "server/host/capacity.h"
#include "server/kernel/machine.h"

#include <criterion/criterion.h>

#define GIB (UINT64_C(1) << 30)

static struct descriptor_budget share(uint64_t descriptors, uint64_t connections)
{
    const struct capacity c = {.memory = GIB, .descriptors = descriptors};
    struct descriptor_budget b;

    capacity_share(&c, connections, &b);
    return b;
}

Test(capacity, everything_shared_out_is_there)
{
    for (uint64_t n = 0; n < 5000; n++) {
        const struct descriptor_budget b = share(n, 256);

        cr_assert(b.connections >= 1 && b.connections <= 256);
        cr_assert(b.reserve <= b.pool);
        if (n >= CAPACITY_OWN + 4)
            cr_assert(CAPACITY_OWN + 2 * b.connections + b.pool <= n, "of %d", (int)n);
    }
}

Test(capacity, a_host_with_few_descriptors_takes_fewer_connections)
{
    cr_assert_eq(share(128, 256).connections, 22);
    cr_assert_eq(share(20000, 256).connections, 256);
    cr_assert_eq(share(20000, 10).connections, 10);
}

Test(capacity, a_machine_leaves_the_reserve_to_newcomers)
{
    struct descriptor_budget b = share(128, 256);
    const uint64_t free_for_all = b.pool - b.reserve;

    cr_assert(b.machine <= free_for_all);
    cr_assert(b.reserve >= CAPACITY_FEW);
    cr_assert(descriptors_take(&b, CAPACITY_FEW, free_for_all));
    cr_assert_not(descriptors_take(&b, free_for_all, 1), "who holds much gets no more");
    cr_assert(descriptors_take(&b, 0, CAPACITY_FEW), "a newcomer does");
    cr_assert_not(descriptors_take(&b, CAPACITY_FEW, 1), "until it holds as much as all may");
    descriptors_give(&b, free_for_all);
    cr_assert(descriptors_take(&b, CAPACITY_FEW, 1));
}

Test(capacity, no_machine_gets_the_last_descriptor_twice)
{
    struct descriptor_budget b = share(128, 256);

    for (uint64_t i = 0; i < b.pool; i++)
        cr_assert(descriptors_take(&b, 0, 1));
    cr_assert_not(descriptors_take(&b, 0, 1));
    cr_assert_not(descriptors_take(&b, 0, UINT64_MAX));
}

Test(capacity, ceilings_are_what_the_host_has)
{
    struct capacity c = {.memory = 8 * GIB, .descriptors = 1024};
    struct descriptor_budget b = share(1024, 256);
    struct machine_limits most;

    capacity_ceilings(&c, &b, &most);
    cr_assert_eq(most.storage, 8 * GIB);
    cr_assert_eq(most.all_memory, 8 * GIB);
    cr_assert_eq(most.descriptors, b.machine);
    c.memory = 1;
    capacity_ceilings(&c, &b, &most);
    cr_assert_eq(most.storage, 2 * machine_default_limits.storage);
    c.memory = UINT64_MAX;
    capacity_ceilings(&c, &b, &most);
#define MACHINE_LIMIT(name, initial, ceiling, limit, doc)                                          \
    cr_assert_leq(most.name, (uint64_t)(ceiling), #name);                                          \
    cr_assert((initial) <= (ceiling) && (ceiling) <= (limit), #name);
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
}
