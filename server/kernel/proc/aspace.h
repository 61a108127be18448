/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: which regions of a process's memory are mapped, and how.
 *
 * Only the books: regions never overlap, are page-aligned, end at or below the user limit, and are
 * kept sorted. The bytes of guests are their own memory (the executor maps what the books say); the
 * anonymous ones of driven processes are the simulated pages here; those of files are the mapping's.
 * Every pointer a guest hands to a call is checked here.
 */
#ifndef SERVER_KERNEL_PROC_ASPACE_H
#define SERVER_KERNEL_PROC_ASPACE_H

#include "server/base/why.h"
#include "server/kernel/proc/sparse.h"

#include <stddef.h>
#include <stdint.h>

struct mapping;

enum region_kind { REGION_MEMORY, REGION_IMAGE, REGION_STACK, REGION_FILE };

struct region {
    uint64_t addr;
    uint64_t size;
    uint32_t mode; /* MM_* */
    enum region_kind kind;
    struct mapping *mapping; /* REGION_FILE; owned by who adds and removes the region */
};

/** What several address spaces may map together. */
struct aspace_pool {
    uint64_t bytes;
    uint64_t bytes_max;
};

struct aspace {
    struct region *at; /* sorted by addr */
    size_t count;
    size_t cap;
    struct sparse pages; /* of a driven process: its anonymous memory as far as it was written */
    uint64_t user_limit; /* regions end at or below */
    uint64_t bytes;      /* sum of sizes */
    uint64_t bytes_max;
    size_t regions_max;
    struct aspace_pool *pool; /* the machine's, borrowed; or NULL */
};

/** Make an empty address space. @user_limit a multiple of pages; @bytes_max and @regions_max what
 * it may grow to. */
void aspace_init(struct aspace *as, uint64_t user_limit, uint64_t bytes_max, size_t regions_max);

/** Forget all regions and simulated pages and release the memory of the books; it is empty and
 * usable again. */
void aspace_done(struct aspace *as);

/** Check that a mode has no bits but MM_READ, MM_WRITE and MM_EXEC. Returns 0, -EINVAL. */
int aspace_check_mode(uint32_t mode, struct why *why);

/**
 * Add a region.
 * @size     bytes, rounded up to pages.
 * @out      the region as booked, borrowed until the next change; may be NULL.
 * Returns   0; -EINVAL misaligned, page 0, size 0, wraps, ends past the limit, unknown mode bits; -EEXIST
 *           overlaps; -ENOMEM past bytes_max, regions_max or what the pool has, or no memory.
 */
int aspace_add(struct aspace *as, const struct region *region, struct why *why,
               const struct region **out);

/** The region that contains @addr, borrowed until the next change; NULL when there is none. */
struct region *aspace_find(const struct aspace *as, uint64_t addr);

/** Remove a region that aspace_find() returned, and its simulated pages. */
void aspace_remove(struct aspace *as, struct region *region);

/** Check that [addr, addr+len) lies in one region that allows all of @mode; length 0 needs addr
 * mapped. Returns 0, -EFAULT. */
int aspace_check(const struct aspace *as, uint64_t addr, uint64_t len, uint32_t mode);

#endif
