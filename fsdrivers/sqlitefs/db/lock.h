/* SPDX-License-Identifier: MIT */
/*
 * The lock that keeps a second opener out: a file "<database>-lock" beside the database, locked
 * with flock() for as long as the filesystem is open, holding the opener's process id for people
 * and for reasons.
 *
 * Why not the database itself: SQLite's own locks there are POSIX locks, and a process loses all
 * of those when it closes any descriptor of the file, so even looking at the database from a
 * second instance would break the first. And readers with the sqlite3 shell must not be kept out.
 *
 * The file goes when its holder closes. After a crash it stays, unlocked, which is harmless.
 */
#ifndef FSDRIVERS_SQLITEFS_DB_LOCK_H
#define FSDRIVERS_SQLITEFS_DB_LOCK_H

#include "server/base/why.h"

#include <stdbool.h>

struct hostfile;

struct lock {
    int fd;                          /* -1: not locked */
    const struct hostfile *hostfile; /* borrowed; of the database */
};

/** A lock that is not taken: what lock_release() accepts. */
#define LOCK_INIT                                                                                  \
    {                                                                                              \
        -1, (void *)0                                                                              \
    }

/**
 * Lock a database against other openers.
 * @hostfile     of the database; borrowed until lock_release().
 * @shared    several may hold it: for those that only read.
 * @out       lock_release(), on success only.
 * Returns    0; -EBUSY held, and @why names the holder, or the file is somebody's own; -ENOTSUP it
 *            is no regular file; -EACCES, -EROFS, -ENOSPC, -EIO it can't be made; -ENOMEM.
 */
int lock_take(struct hostfile *hostfile, bool shared, struct lock *out, struct why *why);

/** Give a lock back. */
void lock_release(struct lock *l);

#endif
