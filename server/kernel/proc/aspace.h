/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: which regions of a process's memory are mapped, and how.
 *
 * These are only the books: regions never overlap, are page-aligned, end at or below the user
 * limit, and are sorted. A guest's bytes are its own memory (the executor maps what the books say).
 * A driven process's anonymous bytes are the simulated pages here. The bytes of files are the
 * mapping's. Every pointer that a guest passes to a call is checked here.
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
    struct mapping *mapping; /* REGION_FILE; owned by the code that adds and removes the region */
};

/** A limit that several address spaces share. */
struct aspace_pool {
    uint64_t bytes;
    uint64_t bytes_max;
};

struct aspace {
    struct region *at; /* sorted by addr */
    size_t count;
    size_t cap;
    struct sparse pages; /* a driven process's anonymous memory, as far as it was written */
    uint64_t user_limit; /* regions end at or below it */
    uint64_t bytes;      /* sum of sizes */
    uint64_t bytes_max;
    size_t regions_max;
    struct aspace_pool *pool; /* the machine's, borrowed; or NULL */
};

/** Make an empty address space. @user_limit a multiple of pages; @bytes_max and @regions_max its
 * limits. */
void aspace_init(struct aspace *as, uint64_t user_limit, uint64_t bytes_max, size_t regions_max);

/** Drop all regions and simulated pages and free the books. The address space is empty and usable
 * again. */
void aspace_done(struct aspace *as);

/** Check that a mode has no bits but MM_READ, MM_WRITE and MM_EXEC. Returns 0, -EINVAL. */
int aspace_check_mode(uint32_t mode, struct why *why);

/**
 * Add a region.
 * @size     bytes, rounded up to pages.
 * @out      the region, borrowed until the next change; may be NULL.
 * Returns   0; -EINVAL misaligned, page 0, size 0, wraps, ends past the limit, unknown mode bits;
 *           -EEXIST overlaps; -ENOMEM past bytes_max, regions_max or the pool, or no memory.
 */
int aspace_add(struct aspace *as, const struct region *region, struct why *why,
               const struct region **out);

/** The region that contains @addr, borrowed until the next change; NULL if none does. */
struct region *aspace_find(const struct aspace *as, uint64_t addr);

/** Remove a region found by aspace_find(), and its simulated pages. */
void aspace_remove(struct aspace *as, struct region *region);

/** Check that [addr, addr+len) lies in one region that allows all of @mode; with length 0 @addr
 * must be mapped. Returns 0, -EFAULT. */
int aspace_check(const struct aspace *as, uint64_t addr, uint64_t len, uint32_t mode);

#endif
