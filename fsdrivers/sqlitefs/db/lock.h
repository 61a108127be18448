/* SPDX-License-Identifier: MIT */
/*
 * The lock against a second opener: a file "<database>-lock" beside the database, locked with
 * flock() while the filesystem is open. It holds the opener's process id, for people and reasons.
 *
 * Why not the database itself: SQLite's own locks on it are POSIX locks, and a process loses all of
 * those when it closes any descriptor of the file, so a second instance that only looked at the
 * database would break the first. And readers with the sqlite3 shell must not be kept out.
 *
 * The holder removes the file when it closes. After a crash it stays, unlocked, which is harmless.
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

/** A lock that is not taken; lock_release() accepts it. */
#define LOCK_INIT                                                                                  \
    {                                                                                              \
        -1, (void *)0                                                                              \
    }

/**
 * Lock a database against other openers.
 * @hostfile     of the database; borrowed until lock_release().
 * @shared    several openers may hold it: for read-only ones.
 * @out       lock_release(), on success only.
 * Returns    0; -EBUSY it is held, and @why names the holder, or the file has foreign content;
 *            -ENOTSUP not a regular file; -EACCES, -EROFS, -ENOSPC, -EIO it can't be made; -ENOMEM.
 */
int lock_take(struct hostfile *hostfile, bool shared, struct lock *out, struct why *why);

/** Release a lock. */
void lock_release(struct lock *l);

#endif
