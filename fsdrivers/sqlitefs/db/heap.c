/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/db/heap.h"

#include "server/base/check.h"

#include <sqlite3.h>
#include <stddef.h>
#include <stdlib.h>

/* The header of each piece: SQLite asks for its size. */
union head {
    int size;
    max_align_t align;
};

static void *piece_of(union head *h, int size)
{
    if (h == NULL)
        return NULL;
    h->size = size;
    return h + 1;
}

static void *take(int size)
{
    if (size > HEAP_PIECE_MAX)
        return NULL;
    return piece_of(malloc(sizeof(union head) + (size_t)size), size);
}

static void *resize(void *piece, int size)
{
    if (size > HEAP_PIECE_MAX)
        return NULL;
    return piece_of(realloc((union head *)piece - 1, sizeof(union head) + (size_t)size), size);
}

static void give_back(void *piece)
{
    free((union head *)piece - 1);
}

static int size_of(void *piece)
{
    return ((union head *)piece - 1)->size;
}

static int round_up(int size)
{
    return (size + 7) & ~7;
}

static int start(void *user)
{
    (void)user;
    return SQLITE_OK;
}

static void end(void *user)
{
    (void)user;
}

__attribute__((constructor)) static void bound_pieces(void)
{
    sqlite3_mem_methods ours = {take, give_back, resize, size_of, round_up, start, end, NULL};

    CHECK(sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK);
}

bool heap_refused(void)
{
    sqlite3_int64 now;
    sqlite3_int64 largest = 0; /* largest request so far */

    (void)sqlite3_status64(SQLITE_STATUS_MALLOC_SIZE, &now, &largest, 1);
    return largest > HEAP_PIECE_MAX;
}
