/* SPDX-License-Identifier: MIT */
/*
 * Memory for many small things of one owner that go together.
 *
 *     arena_init(&a);
 *     id = arena_take(&a, len + 1);
 *     struct arena_mark mark = arena_mark(&a);
 *     tree = …                                    many arena_take()
 *     arena_return(&a, mark);                     all that was taken since is gone
 *     arena_done(&a);
 *
 * The first ARENA_FIRST bytes are in the arena itself, so that whoever takes little never asks the
 * allocator. What is taken never moves, and so must the arena not.
 */
#ifndef SERVER_BASE_ARENA_H
#define SERVER_BASE_ARENA_H

#include <stddef.h>

enum { ARENA_FIRST = 256, ARENA_ALIGN = 8 };

struct arena_block;

struct arena {
    struct arena_block *blocks; /* owned; the newest first */
    char *at;                   /* what is free of the newest: from here */
    char *end;
    size_t block_size; /* of the next */
    _Alignas(ARENA_ALIGN) char first[ARENA_FIRST];
};

/** What was taken up to some moment. */
struct arena_mark {
    struct arena_block *blocks;
    char *at;
    char *end;
};

/** arena_take() of what does not fit into the newest block. */
void *arena_take_block(struct arena *a, size_t size);

/** Give back what was taken since. */
void arena_return(struct arena *a, struct arena_mark mark);

static inline void arena_init(struct arena *a)
{
    a->blocks = NULL;
    a->at = a->first;
    a->end = a->first + ARENA_FIRST;
    a->block_size = ARENA_FIRST;
}

/** Room for @size bytes, aligned for pointers and doubles. Returns it, or NULL. */
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

/** Give everything back; it must be arena_init()ed to be used again. */
static inline void arena_done(struct arena *a)
{
    if (a->blocks != NULL)
        arena_return(a, (struct arena_mark){NULL, a->first, a->first + ARENA_FIRST});
}

#endif
