/* SPDX-License-Identifier: MIT */
#include "client/cli/scenario/scn_ast.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_SOFTWARE = 70 };

struct scn_block {
    struct scn_block *next;
    max_align_t bytes[];
};

void scn_no_memory(void)
{
    fputs("scbox: out of memory\n", stderr);
    exit(EXIT_SOFTWARE);
}

void *scn_alloc(struct scn_arena *arena, size_t size)
{
    struct scn_block *block = calloc(1, sizeof *block + size);

    if (block == NULL)
        scn_no_memory();
    block->next = arena->blocks;
    arena->blocks = block;
    return block->bytes;
}

char *scn_strndup(struct scn_arena *arena, const char *text, size_t len)
{
    char *copy = scn_alloc(arena, len + 1);

    memcpy(copy, text, len);
    return copy;
}

char *scn_strf(struct scn_arena *arena, const char *fmt, ...)
{
    va_list ap;
    char *text;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = scn_alloc(arena, len < 0 ? 1 : (size_t)len + 1);
    if (len < 0)
        return text;
    va_start(ap, fmt);
    (void)vsnprintf(text, (size_t)len + 1, fmt, ap);
    va_end(ap);
    return text;
}

void *scn_grow(struct scn_arena *arena, void *array, size_t count, size_t size)
{
    void *larger;

    /* Room doubles at powers of two, so a full array is one whose count is such a power. */
    if (count != 0 && (count & (count - 1)) != 0)
        return array;
    larger = scn_alloc(arena, (count != 0 ? count * 2 : 1) * size);
    if (count != 0)
        memcpy(larger, array, count * size);
    return larger;
}

void scn_arena_move(struct scn_arena *to, struct scn_arena *from)
{
    while (from->blocks != NULL) {
        struct scn_block *block = from->blocks;

        from->blocks = block->next;
        block->next = to->blocks;
        to->blocks = block;
    }
}

void scn_arena_done(struct scn_arena *arena)
{
    while (arena->blocks != NULL) {
        struct scn_block *next = arena->blocks->next;

        free(arena->blocks);
        arena->blocks = next;
    }
}
