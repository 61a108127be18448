/* SPDX-License-Identifier: MIT */
/*
 * Room on the disk: whether a group of changes fits, and how to make it fit.
 *
 * When SQLite meets a full disk at COMMIT, it rolls back the whole group, which was acknowledged.
 * So each change is charged beforehand with the most it can write, and refused with ENOSPC while
 * that is still harmless. Every change is written twice: to the log (WAL), and to the file at a
 * checkpoint. What is available:
 *
 *     disk      free bytes on the host
 *     spare     free pages inside the file, which take the second copy first
 *     log       committed pages not yet in the file: they may make it grow
 *     reserve   the cost of removing everything; only changes that add content must leave it
 *
 * A group fits if   cost + (cost past spare) + log + reserve <= disk.
 *
 * If it does not, room_make() does a checkpoint, truncates the log, and cuts free pages off the
 * file, in steps that fit themselves. So what a removal freed can be used at once.
 */
#ifndef FSDRIVERS_SQLITEFS_ROOM_H
#define FSDRIVERS_SQLITEFS_ROOM_H

#include <stdbool.h>
#include <stdint.h>

struct store;

/** All in bytes, as of the last room_look(); `log` is always current. */
struct room {
    uint64_t disk;
    uint64_t spare;
    uint64_t log;
    uint64_t reserve;
    bool log_used; /* the log's file may have pages, moved or not */
};

/** At mount: track the log from now on, and checkpoint what a killed process left in it. */
void room_watch(struct store *s);

/** Measure the disk and the file. If that fails, assume enough disk and no spare pages. */
void room_look(struct store *s);

/**
 * The most bytes of log that a change writes.
 * @bytes    content it adds; 0 for removing, and for changes of status.
 */
uint64_t room_cost(const struct store *s, uint64_t bytes);

/** Whether the group has room for a change that adds @bytes; removing may use the reserve. */
bool room_fits(const struct store *s, uint64_t bytes);

/**
 * Try to make room for a change that adds @bytes; ask room_fits() again. Committed changes are
 * never at risk. No group is open.
 */
void room_make(struct store *s, uint64_t bytes);

/** Checkpoint; if complete, truncate the log. No group is open. */
void room_tidy(struct store *s);

/** At unmount: make the log as small as possible. No group is open. */
void room_close(struct store *s);

#endif
