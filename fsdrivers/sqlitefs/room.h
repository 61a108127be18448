/* SPDX-License-Identifier: MIT */
/*
 * Room on the disk: whether a group of changes will fit, and how to make it fit.
 *
 * When SQLite meets a full disk at COMMIT, it takes back the whole group, which was acknowledged.
 * So each change is charged beforehand with the most it can write, and refused with ENOSPC while
 * refusing is still harmless. What has a cost is written twice: into the log, and into the file
 * when the log is moved there. Against that stands
 *
 *     disk      what the host gives
 *     spare     free pages inside the file, where the second copy goes first
 *     log       committed pages that the log has yet to move into the file: they may make it grow
 *     reserve   what removing everything writes; only changes that add content leave it alone
 *
 * A group fits when   cost + (cost past spare) + log + reserve <= disk.
 *
 * When it does not, room_make() moves the log into the file and cuts it to nothing, and cuts free
 * pages off the file, in steps that fit themselves. So what a removal freed can be used at once.
 */
#ifndef FSDRIVERS_SQLITEFS_ROOM_H
#define FSDRIVERS_SQLITEFS_ROOM_H

#include <stdbool.h>
#include <stdint.h>

struct store;

/** All in bytes, as of the last room_look(), but `log`, which is always current. */
struct room {
    uint64_t disk;
    uint64_t spare;
    uint64_t log;
    uint64_t reserve;
    bool log_used; /* the log's file may hold pages, be they moved or not */
};

/** Mount: keep account of the log from now on, and move what a killed process left in it. */
void room_watch(struct store *s);

/** Look at the disk and the file. What can't be found out counts as plenty of disk, and as no
 * spare pages. */
void room_look(struct store *s);

/**
 * The most that a change writes into the log.
 * @bytes    content it adds; 0 for removing, and for changes of status.
 */
uint64_t room_cost(const struct store *s, uint64_t bytes);

/** Whether the group may take a change that adds @bytes; removing may use the reserve. */
bool room_fits(const struct store *s, uint64_t bytes);

/**
 * Make room for a change that adds @bytes, without promise: ask room_fits() again. Nothing that was
 * committed is at stake. No group is open.
 */
void room_make(struct store *s, uint64_t bytes);

/** Move the log into the file; when that was done, cut it to nothing. No group is open. */
void room_tidy(struct store *s);

/** Unmount: leave as small a log as can be. No group is open. */
void room_close(struct store *s);

#endif
