/* SPDX-License-Identifier: MIT */
/*
 * A limit of one piece of SQLite's memory, for the whole process.
 *
 * SQLite loads a key that it compares completely, however long the file says it is, and no limit of
 * a connection applies. No sound file needs a large piece: pages, rows and statements are small.
 * The limit is set before main(), because SQLite accepts an allocator only before its first use.
 */
#ifndef FSDRIVERS_SQLITEFS_DB_HEAP_H
#define FSDRIVERS_SQLITEFS_DB_HEAP_H

#include <stdbool.h>

enum { HEAP_PIECE_MAX = 4 * 1024 * 1024 };

/** Whether a larger piece was refused since the last call. */
bool heap_refused(void);

#endif
