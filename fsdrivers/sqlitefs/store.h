/* SPDX-License-Identifier: MIT */
/*
 * The store of one sqlitefs: its connection, its caches, and the life of a change.
 *
 * A **change** is one operation. It is atomic: store_begin() opens a savepoint, store_end()
 * releases it, or undoes all of it when the operation failed. Changes gather in a **group**, one
 * transaction of SQLite:
 *
 *     store_begin ... store_end   store_begin ... store_end   store_commit
 *     |----- change 1 --------|   |----- change 2 --------|
 *     BEGIN ................................................. COMMIT    (fs.pending between)
 *
 * A group is committed by whoever watches fs.pending, when it is GROUP_OPS_MAX changes or
 * GROUP_BYTES_MAX bytes large, and by store_sync(), which then makes the log durable. So a killed
 * process loses at most the open group, and never a part of a change.
 *
 * When a group can't be committed (the disk is full or broken), SQLite takes all of it back. The
 * store then shows the state of the last commit, is read-only (`broken`), and every later sync
 * reports the error. To meet a full disk before that, store_begin() refuses growth that might not
 * fit, with -ENOSPC: room.h.
 *
 * Another process may hold the write lock, as a shell in a transaction does. It is met where a group
 * begins, when nothing is at stake yet: the change is refused with -EBUSY, after a wait of a
 * millisecond that is not repeated until the lock was had again. A group that has begun has the lock
 * and can be committed. What closing a file leaves to be removed then is removed later (`late`).
 *
 * What is cached belongs to the transaction: undoing a change drops the names and reads held
 * inodes again.
 *
 * Sample, of a slot that changes something:
 *
 *     err = store_begin(s, 0);
 *     if (err < 0)
 *         return err;
 *     err = name_add(s, dir, name, ino, type);
 *     return store_end(s, err);              what was borrowed from caches is stale after a failure
 */
#ifndef FSDRIVERS_SQLITEFS_STORE_H
#define FSDRIVERS_SQLITEFS_STORE_H

#include "fsdrivers/fsdriver.h"
#include "fsdrivers/sqlitefs/db/db.h"
#include "fsdrivers/sqlitefs/db/lock.h"
#include "fsdrivers/sqlitefs/room.h"
#include "server/base/list.h"

#include <stdbool.h>

struct inode;
struct cached_name;
struct hostfile;
struct vfs;

enum {
    GROUP_OPS_MAX = 1000,
    GROUP_BYTES_MAX = 8 * 1024 * 1024,
    INODE_CACHE_MAX = 16384, /* inodes that no handle holds */
    NAME_CACHE_MAX = 65536,
};

/** When changes are durable: the option sync=. */
enum sync_mode {
    SYNC_GROUP,  /* when fsync says so */
    SYNC_ALWAYS, /* when the operation returns */
    SYNC_NONE,   /* when the host's kernel likes */
};

/** What is known of the whole store; taken back with the change that altered it. */
struct totals {
    uint64_t bytes;  /* sizes of all regular files */
    uint64_t inodes; /* the root too */
    uint64_t
        ino_limit; /* numbers below it are reserved in meta: a crash can't hand them out again */
};

struct group {
    bool open;
    uint32_t ops;       /* changes in it */
    uint64_t bytes;     /* of content in it */
    uint64_t cost;      /* bytes it may write into the log */
    struct totals save; /* as they were before it */
};

struct store {
    struct fs fs;
    struct fs_env env;
    struct fs_caller maker; /* of the instance: the root of a new file belongs to them */
    struct db db;
    struct lock lock;
    struct hostfile *hostfile; /* of the database; borrowed by all but destroy() */
    struct vfs *vfs;           /* owned; how SQLite reaches it */
    char *path;                /* owned; of the database, for people */
    bool readonly;
    bool immutable; /* read without lock and log: it can't be written there, or others may */
    bool exclusive; /* others can write to the file: no memory is shared with them */
    bool mounted;   /* all checks passed: the file may be called clean again */
    enum sync_mode sync;

    struct group group;
    struct room room;
    struct totals totals;
    struct totals save; /* as they were before the open change */
    uint64_t ino_next;  /* never taken back, so that no number is seen twice */
    bool clean;         /* meta says that the file was closed cleanly */
    bool unsynced;      /* something was committed that may not be durable */
    bool late;          /* orphans wait to be removed: another process had the write lock */
    bool damaged;       /* a row was met that nothing can be done with */
    int broken;         /* the error that made it read-only, 0 none */

    struct inode *inodes;      /* uthash by number */
    struct list dirty;         /* struct inode.dirty: to be stored before the change ends */
    struct cached_name *names; /* uthash by directory and name */

    int64_t pages; /* of the file, when it was opened */
    uint32_t chunk_shift;
    unsigned char *scratch; /* owned; one chunk */
    sqlite3_blob *blob;     /* a chunk being read, kept for the next read; or NULL */
};

/** The store that an instance is embedded in. */
static inline struct store *store_of(struct fs *fs)
{
    return container_of(fs, struct store, fs);
}

/** Now, in the stamps of files. */
int64_t store_now(const struct store *s);

/**
 * Begin a change.
 * @bytes    content it adds; 0 for changes that must work on a full disk (removing).
 * Returns   0; -EROFS, -ENOSPC, -EBUSY another process holds the write lock, -EIO.
 */
int store_begin(struct store *s, uint64_t bytes);

/**
 * End a change: keep it when @err is 0 or positive, else undo all of it.
 * Returns   @err, or what went wrong with keeping it.
 */
int store_end(struct store *s, int err);

/** Commit the open group, if any. Returns 0; or the error that made the store read-only. */
int store_commit(struct store *s);

/**
 * Commit, and return when everything is durable. Returns 0, -EIO, -ENOSPC: also of earlier
 * commits.
 */
int store_sync(struct store *s);

/** Read totals from the tables, in at most @steps of db_allow(). Returns 0, -errno. */
int store_count(struct store *s, int64_t steps);

/**
 * What can wait until nobody changes anything: remove orphans that could not be, move the log into
 * the file, then cut it, so that the file alone has everything. A step a call: fs.untidy tells
 * whether there are more.
 */
void store_tidy(struct store *s);

/** Commit, mark the file as closed cleanly, and release everything but the struct itself. */
void store_close(struct store *s, struct why *why);

#endif
