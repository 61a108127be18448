/* SPDX-License-Identifier: MIT */
/*
 * An arena: memory for many small objects of one owner that are freed together.
 *
 *     arena_init(&a);
 *     id = arena_take(&a, len + 1);
 *     struct arena_mark mark = arena_mark(&a);
 *     tree = …                                    many arena_take()
 *     arena_return(&a, mark);                     frees what was taken since the mark
 *     arena_done(&a);
 *
 * The first ARENA_FIRST bytes are in the arena itself, so small owners never call the allocator.
 * Memory that was taken never moves, and the arena itself must not be moved.
 */
#ifndef SERVER_BASE_ARENA_H
#define SERVER_BASE_ARENA_H

#include <stddef.h>

enum { ARENA_FIRST = 256, ARENA_ALIGN = 8 };

struct arena_block;

struct arena {
    struct arena_block *blocks; /* owned; the newest first */
    char *at;                   /* the free bytes of the newest block: from here */
    char *end;
    size_t block_size; /* of the next block */
    _Alignas(ARENA_ALIGN) char first[ARENA_FIRST];
};

/** A point to return to: what was taken before it stays. */
struct arena_mark {
    struct arena_block *blocks;
    char *at;
    char *end;
};

/** The slow path of arena_take(): @size does not fit into the newest block. */
void *arena_take_block(struct arena *a, size_t size);

/** Free everything that was taken since arena_mark() made @mark. */
void arena_return(struct arena *a, struct arena_mark mark);

static inline void arena_init(struct arena *a)
{
    a->blocks = NULL;
    a->at = a->first;
    a->end = a->first + ARENA_FIRST;
    a->block_size = ARENA_FIRST;
}

/** Take @size bytes, aligned for pointers and doubles. Returns them (borrowed), or NULL. */
static inline void *arena_take(struct arena *a, size_t size)
{
    const size_t padded = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    void *taken = a->at;

    if (padded < size || padded > (size_t)(a->end - a->at))
        return arena_take_block(a, size);
    a->at += padded;
    return taken;
}

static inline struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->blocks, a->at, a->end};
}

/** Free everything. Call arena_init() before the arena is used again. */
static inline void arena_done(struct arena *a)
{
    if (a->blocks != NULL)
        arena_return(a, (struct arena_mark){NULL, a->first, a->first + ARENA_FIRST});
}

#endif
