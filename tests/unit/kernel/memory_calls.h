/* SPDX-License-Identifier: MIT */
/* The calls on memory and what tests of it need besides, one function each; they answer 0 or -errno. */
#ifndef TESTS_UNIT_KERNEL_MEMORY_CALLS_H
#define TESTS_UNIT_KERNEL_MEMORY_CALLS_H

#include "tests/unit/kernel/world.h"

static inline int over(struct call *c, int status)
{
    w_check_listed(c);
    call_done(c);
    return status;
}

static inline int map(struct proc *p, uint64_t addr, uint64_t size, uint32_t mode)
{
    struct call c;

    return over(&c, BEGIN(&c, p, MMAP, mmap, addr, size, mode));
}

static inline int map_file(struct proc *p, int fd, int64_t off, uint64_t addr, uint64_t size,
                           uint32_t mode)
{
    struct call c;

    return over(&c, BEGIN(&c, p, MMAP_FILE, mmap_file, fd, off, addr, size, mode));
}

static inline int change(struct proc *p, uint64_t addr, uint32_t mode)
{
    struct call c;

    return over(&c, BEGIN(&c, p, MCHMAP, mchmap, addr, mode));
}

static inline int unmap(struct proc *p, uint64_t addr)
{
    struct call c;

    return over(&c, BEGIN(&c, p, MUNMAP, munmap, addr));
}

static inline int sync_file(struct proc *p, int fd)
{
    struct call c;

    return over(&c, BEGIN(&c, p, FSYNC, fsync, fd, 0));
}

static inline int cut(struct proc *p, const char *file, uint64_t size)
{
    struct call c;

    return over(&c, BEGIN(&c, p, TRUNCATE, truncate, S(file), size));
}

static inline int link_file(struct proc *p, const char *old, const char *new)
{
    struct call c;

    return over(&c, BEGIN(&c, p, LINK, link, S(old), S(new)));
}

#endif
