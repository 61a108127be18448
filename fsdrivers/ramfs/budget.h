/* SPDX-License-Identifier: MIT */
/* Limits of the memory of an instance: its own, and the machine's for all instances. Every
 * allocation goes through them. */
#ifndef FSDRIVERS_RAMFS_BUDGET_H
#define FSDRIVERS_RAMFS_BUDGET_H

#include "fsdrivers/fsdriver.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct budget {
    uint64_t used;            /* bytes */
    uint64_t limit;           /* bytes */
    const struct fs_env *env; /* has the machine's limit */
};

/** Allocate @size zeroed bytes; NULL past a limit or without memory. */
static inline void *budget_calloc(struct budget *b, size_t size)
{
    void *ptr;

    if (b->used > b->limit || size > b->limit - b->used)
        return NULL;
    if (!b->env->take(b->env->user, size))
        return NULL;
    ptr = calloc(1, size);
    if (ptr != NULL)
        b->used += size;
    else
        b->env->give(b->env->user, size);
    return ptr;
}

/** Free what budget_calloc() gave for @size bytes. NULL is accepted. */
static inline void budget_free(struct budget *b, void *ptr, size_t size)
{
    if (ptr == NULL)
        return;
    b->used -= size;
    b->env->give(b->env->user, size);
    free(ptr);
}

#endif
