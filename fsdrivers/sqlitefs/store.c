/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/store.h"

#include "fsdrivers/fshash.h"
#include "fsdrivers/fslimits.h"
#include "fsdrivers/sqlitefs/data.h"
#include "fsdrivers/sqlitefs/db/vfs.h"
#include "fsdrivers/sqlitefs/inode.h"
#include "fsdrivers/sqlitefs/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int64_t store_now(const struct store *s)
{
    return (int64_t)s->env.now_ns(s->env.user);
}

/* Drop the caches after SQLite has rolled something back. */
static void drop_caches(struct store *s)
{
    data_close_blob(s);
    names_drop(s);
    inodes_reload(s);
}

/* ---- Groups ---- */

static int open_group(struct store *s)
{
    int err;

    if (s->group.open)
        return 0;
    err = db_do(&s->db, SQL_BEGIN);
    if (err < 0)
        return err;
    s->db.impatient = false;
    s->group = (struct group){.open = true, .save = s->totals};
    room_look(s);
    s->fs.pending = true;
    if (!s->clean)
        return 0;
    err = db_meta_set(&s->db, "clean", 0);
    s->clean = err < 0;
    return err;
}

/* SQLite rolled back the group: show the last commit, and refuse all changes from now on. */
static int lose_group(struct store *s, int err)
{
    if (sqlite3_get_autocommit(s->db.sqlite) == 0)
        (void)db_do(&s->db, SQL_ROLLBACK);
    s->group.open = false;
    s->fs.pending = false;
    s->totals = s->group.save;
    s->broken = err;
    drop_caches(s);
    return err;
}

int store_commit(struct store *s)
{
    int err;

    if (!s->group.open)
        return s->broken;
    data_close_blob(s);
    err = db_do(&s->db, SQL_COMMIT);
    if (err < 0)
        return lose_group(s, err);
    s->group = (struct group){.open = false};
    s->fs.pending = false;
    s->unsynced = s->sync == SYNC_GROUP;
    return 0;
}

int store_sync(struct store *s)
{
    sqlite3_file *log = NULL;
    int err = store_commit(s);
    int rc;

    if (err < 0 || !s->unsynced)
        return err;
    rc = sqlite3_file_control(s->db.sqlite, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (rc == SQLITE_OK && log != NULL && log->pMethods != NULL)
        rc = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    if (rc != SQLITE_OK) {
        s->broken = db_errno(rc);
        return s->broken;
    }
    s->unsynced = false;
    return 0;
}

/* ---- Changes ---- */

/* Commit the group and begin another, with all the room that can be made. */
static int renew_group(struct store *s, uint64_t bytes)
{
    int err = store_commit(s);

    if (err < 0)
        return err;
    room_look(s);
    if (!room_fits(s, bytes))
        room_make(s, bytes);
    return open_group(s);
}

/* Find room for a change that adds @bytes. Removing is never refused: its room is reserved. */
static int find_room(struct store *s, uint64_t bytes)
{
    int err;

    if (room_fits(s, bytes))
        return 0;
    err = renew_group(s, bytes);
    if (err < 0)
        return err;
    return bytes == 0 || room_fits(s, bytes) ? 0 : -ENOSPC;
}

int store_begin(struct store *s, uint64_t bytes)
{
    int err;

    if (s->readonly || s->broken != 0)
        return -EROFS;
    err = open_group(s);
    if (err == 0)
        err = find_room(s, bytes);
    if (err < 0)
        return err;
    data_close_blob(s);
    s->save = s->totals;
    err = db_do(&s->db, SQL_SAVE);
    if (err < 0)
        return err;
    s->group.bytes += bytes;
    s->group.cost += room_cost(s, bytes);
    return 0;
}

/* Undo the open change. SQLite may have rolled back the whole group already. */
static int undo(struct store *s, int err)
{
    data_close_blob(s);
    if (sqlite3_get_autocommit(s->db.sqlite) != 0)
        return lose_group(s, err);
    if (db_do(&s->db, SQL_SAVE_UNDO) < 0 || db_do(&s->db, SQL_SAVE_DONE) < 0)
        return lose_group(s, err);
    s->totals = s->save;
    drop_caches(s);
    return err;
}

int store_end(struct store *s, int err)
{
    int kept = err;

    data_close_blob(s);
    if (err >= 0)
        err = inodes_flush(s);
    if (err >= 0)
        err = db_do(&s->db, SQL_SAVE_DONE);
    if (err < 0)
        return undo(s, err);
    s->group.ops++;
    if (s->sync == SYNC_ALWAYS || s->group.ops >= GROUP_OPS_MAX ||
        s->group.bytes >= GROUP_BYTES_MAX)
        err = store_commit(s);
    return err < 0 ? err : kept;
}

/* ---- Deferred work ---- */

/* Remove the orphans whose last handle was closed while another process had the write lock. Those
 * that have left the cache are removed at the next mount. */
static int remove_late(struct store *s)
{
    struct inode *i;
    struct inode *next;
    int err = 0;

    HASH_ITER(hh, s->inodes, i, next) {
        if (i->refs == 0 && i->stat.nlink == 0)
            err = inode_remove_orphan(s, i);
        if (err < 0)
            return err; /* the caches may have changed */
    }
    return store_commit(s);
}

void store_tidy(struct store *s)
{
    data_close_blob(s);
    if (s->group.open || s->broken != 0)
        return;
    if (s->late)
        s->late = remove_late(s) == -EBUSY;
    else
        room_tidy(s);
    s->fs.untidy = s->late || s->room.log_used;
}

/* ---- The whole store ---- */

int store_count(struct store *s, int64_t steps)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_COUNT_USE, (int64_t)FS_FILE_SIZE_MAX);
    double bytes = 0;
    int err;

    db_allow(&s->db, steps);
    err = db_row(q);
    if (err > 0) {
        s->totals.inodes = (uint64_t)sqlite3_column_int64(q, 0);
        bytes = sqlite3_column_double(q, 1);
    }
    db_end(q);
    if (err < 0 || bytes >= (double)INT64_MAX)
        return err < 0 ? err : -EIO;
    s->totals.bytes = (uint64_t)bytes;
    return 0;
}

/* The last change: mark the file as closed cleanly, and give back unused reserved numbers. */
static int mark_clean(struct store *s)
{
    int err = store_begin(s, 0);

    if (err < 0)
        return err;
    err = db_meta_set(&s->db, "ino_next", (int64_t)s->ino_next);
    if (err == 0)
        err = db_meta_set(&s->db, "clean", 1);
    err = store_end(s, err);
    return err < 0 ? err : store_commit(s);
}

void store_close(struct store *s, struct why *why)
{
    int err = s->broken;

    if (s->mounted && !s->readonly && err == 0 && !s->clean)
        err = mark_clean(s);
    if (err == -EBUSY) /* nothing is lost: an open group would have the lock */
        err =
            why_add(why, 0,
                    "%s: another process holds its write lock, so it can't be marked as closed: it "
                    "will be checked when it is opened next",
                    s->path);
    if (s->mounted && err == 0)
        err = store_sync(s);
    if (s->mounted && !s->readonly && err == 0)
        room_close(s);
    if (err < 0)
        (void)why_add(why, err, "%s: the last changes could not be stored: %s", s->path,
                      strerror(-err));
    data_close_blob(s);
    names_drop(s);
    inodes_drop(s);
    db_close(&s->db);
    vfs_free(s->vfs);
    lock_release(&s->lock);
    free(s->scratch);
    free(s->path);
}
