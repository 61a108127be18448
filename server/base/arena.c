/* SPDX-License-Identifier: MIT */
#include "server/base/arena.h"

#include <stdint.h>
#include <stdlib.h>

enum { BLOCK_MAX = 65536 };

struct arena_block {
    struct arena_block *older;
    _Alignas(ARENA_ALIGN) char bytes[];
};

void *arena_take_block(struct arena *a, size_t size)
{
    const size_t room = size > a->block_size ? size : a->block_size;
    struct arena_block *block = NULL;

    if (room <= SIZE_MAX / 2)
        block = malloc(sizeof(*block) + room + ARENA_ALIGN);
    if (block == NULL)
        return NULL;
    block->older = a->blocks;
    a->blocks = block;
    a->at = block->bytes;
    a->end = block->bytes + room + ARENA_ALIGN;
    if (a->block_size < BLOCK_MAX)
        a->block_size *= 2;
    return arena_take(a, size);
}

void arena_return(struct arena *a, struct arena_mark mark)
{
    while (a->blocks != mark.blocks) {
        struct arena_block *block = a->blocks;

        a->blocks = block->older;
        free(block);
    }
    a->at = mark.at;
    a->end = mark.end;
}
