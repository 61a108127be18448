/* SPDX-License-Identifier: MIT */
/*
 * How large one piece of memory may be that SQLite takes: for the whole process.
 *
 * SQLite loads a key that it compares as a whole, however long the file says it is, and no limit of
 * a connection is asked. No sound file needs a large piece: pages, rows and statements are small.
 * The bound is set before main(): SQLite takes no other allocator once it was used.
 */
#ifndef FSDRIVERS_SQLITEFS_DB_HEAP_H
#define FSDRIVERS_SQLITEFS_DB_HEAP_H

#include <stdbool.h>

enum { HEAP_PIECE_MAX = 4 * 1024 * 1024 };

/** Whether a larger piece was refused since the last call. */
bool heap_refused(void);

#endif
