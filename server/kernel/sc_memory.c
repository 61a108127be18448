/* SPDX-License-Identifier: MIT */
/* The calls that change an address space: the books first, then the guest's real memory. */
#include "server/kernel/call.h"
#include "server/kernel/machine.h"

#include <errno.h>

int sc_mmap(struct call *call, const struct sc_mmap_args *args, struct sc_mmap_out *out)
{
    struct proc *p = call->proc;
    struct region wanted = {args->addr, args->size, args->mode, REGION_MEMORY};
    const struct region *r;
    int err = aspace_add(&p->memory, &wanted, &call->why, &r);

    (void)out;
    if (err < 0 || p->executor == NULL)
        return err;
    err = p->executor->ops->map(p->executor, r->addr, r->size, r->mode);
    if (err < 0 && call->proc != NULL) /* the process itself may be gone */
        aspace_remove(&p->memory, aspace_find(&p->memory, args->addr));
    return err;
}

/** The region of an address, or -EFAULT. */
static int find_region(struct call *call, uint64_t addr, struct region **out)
{
    struct region *r = aspace_find(&call->proc->memory, addr);

    if (r == NULL)
        return call_why(call, -EFAULT, "no region contains 0x%llx", (unsigned long long)addr);
    *out = r;
    return 0;
}

int sc_mchmap(struct call *call, const struct sc_mchmap_args *args, struct sc_mchmap_out *out)
{
    struct proc *p = call->proc;
    struct region *r;
    int err = find_region(call, args->addr, &r);

    (void)out;
    if (err < 0)
        return err;
    err = aspace_check_mode(args->mode, &call->why);
    if (err < 0)
        return err;
    if (p->executor != NULL)
        err = p->executor->ops->protect(p->executor, r->addr, r->size, args->mode);
    if (err == 0)
        r->mode = args->mode;
    return err;
}

int sc_munmap(struct call *call, const struct sc_munmap_args *args, struct sc_munmap_out *out)
{
    struct proc *p = call->proc;
    struct region *r;
    int err = find_region(call, args->addr, &r);

    (void)out;
    if (err < 0)
        return err;
    if (p->executor != NULL)
        err = p->executor->ops->unmap(p->executor, r->addr, r->size);
    if (err == 0)
        aspace_remove(&p->memory, r);
    return err;
}
