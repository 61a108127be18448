/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/memory.h"

#include "server/kernel/call/late.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/mapped.h"

#include <errno.h>

enum { ZERO_PAGE_SIZE = 0x1000 }; /* accesses below it are FAIL_ZEROPTR */

int32_t memory_fail_code(uint64_t addr, uint64_t user_limit)
{
    if (addr >= user_limit)
        return FAIL_EXCEPTION;
    return addr < ZERO_PAGE_SIZE ? FAIL_ZEROPTR : FAIL_SEGFAULT;
}

/** Copy bytes that lie in one region. */
static int move_in_region(struct proc *p, const struct region *r, uint32_t way, uint64_t addr,
                          void *buf, size_t size)
{
    const bool in = way == MM_WRITE;

    if (p->task.executor != NULL) {
        int err = in ? p->task.executor->ops->poke(p->task.executor, addr, buf, size)
                     : p->task.executor->ops->peek(p->task.executor, addr, buf, size);

        return (int)machine_answer(p->machine, err, buf, in || err < 0 ? 0 : size);
    }
    if (r->mapping != NULL)
        return in ? mapping_write(r->mapping, addr - r->addr, buf, size)
                  : mapping_read(r->mapping, addr - r->addr, buf, size);
    if (in)
        return sparse_write(&p->memory.pages, addr, buf, size);
    sparse_read(&p->memory.pages, addr, buf, size);
    return 0;
}

/** Copy bytes up to the first that may not be accessed: on -EFAULT its address is in *@bad. */
static int move(struct proc *p, uint32_t way, uint64_t addr, char *buf, size_t size, uint64_t *bad)
{
    while (size > 0) {
        const struct region *r = aspace_find(&p->memory, addr);
        size_t n = size;
        int err;

        *bad = addr;
        if (r == NULL || (way == MM_WRITE && (r->mode & MM_WRITE) == 0))
            return -EFAULT;
        if (n > r->addr + r->size - addr)
            n = (size_t)(r->addr + r->size - addr);
        err = move_in_region(p, r, way, addr, buf, n);
        if (err < 0)
            return err;
        addr += n;
        buf += n;
        size -= n;
    }
    return 0;
}

int memory_inspect(struct proc *p, uint32_t way, uint64_t addr, void *buf, size_t size,
                   struct why *why)
{
    uint64_t bad;
    int err = move(p, way, addr, buf, size, &bad);

    if (err == -EFAULT)
        return why_add(why, err, "process %d may not %s 0x%llx", p->pid,
                       way == MM_WRITE ? "write" : "read", (unsigned long long)bad);
    return err;
}

int memory_touch(struct proc *p, uint32_t way, uint64_t addr, void *buf, size_t size,
                 struct why *why)
{
    uint64_t bad;
    struct why text = WHY_INIT;
    int err = move(p, way, addr, buf, size, &bad);

    if (err != -EFAULT)
        return err;
    (void)why_add(&text, 0, "page fault at address 0x%llx", (unsigned long long)bad);
    (void)why_add(why, err, "page fault at address 0x%llx: it ended process %d",
                  (unsigned long long)bad, p->pid);
    proc_fault(p, memory_fail_code(bad, p->memory.user_limit),
               text.count > 0 ? text.text[0] : "page fault");
    why_done(&text);
    return err;
}

void memory_drop(struct proc *p, struct region *r)
{
    struct mapping *map = r->mapping;

    aspace_remove(&p->memory, r);
    mapping_free(map);
}

void memory_done(struct proc *p)
{
    size_t pages = late_pages(p->machine);

    for (size_t i = 0; i < p->memory.count; i++)
        mapping_give_up(p->memory.at[i].mapping, &pages);
    aspace_done(&p->memory);
}
