/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/inode.h"
#include "fsdrivers/sqlitefs/tree.h"

#include "fsdrivers/fslimits.h"
#include "fsdrivers/sqlitefs/data.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- Rows ---- */

/* The range of each column, in SQL_INODE_GET's order: a hostile file can hold anything. */
static const struct {
    int64_t min;
    int64_t max;
} column[] = {
    {INT64_MIN, INT64_MAX},      /* gen */
    {0, 0177777},                /* mode */
    {0, INT32_MAX},              /* nlink */
    {0, UINT32_MAX},             /* uid */
    {0, UINT32_MAX},             /* gid */
    {0, INT64_MAX},              /* rdev */
    {0, FS_FILE_SIZE_MAX},       /* size */
    {0, FS_FILE_SIZE_MAX / 512}, /* blocks */
    {INT64_MIN, INT64_MAX},      /* atime */
    {INT64_MIN, INT64_MAX},      /* mtime */
    {INT64_MIN, INT64_MAX},      /* ctime */
    {INT64_MIN, INT64_MAX},      /* btime */
    {INT64_MIN, INT64_MAX},      /* flags */
    {0, INT64_MAX / 2},          /* version: room to count up */
};

enum { COLUMN_COUNT = sizeof(column) / sizeof(column[0]) };

static bool columns_fit(sqlite3_stmt *q, int at)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        int64_t value = sqlite3_column_int64(q, at + i);

        if (sqlite3_column_type(q, at + i) != SQLITE_INTEGER || value < column[i].min ||
            value > column[i].max)
            return false;
    }
    return true;
}

/* Whether the columns fit together, by type. An orphan has no links. */
static bool stat_fits(const struct fs_stat *st)
{
    switch (st->mode & S_IFMT) {
    case S_IFDIR:
        return st->nlink != 1;
    case S_IFLNK:
        return st->nlink <= FS_LINK_MAX && st->size > 0 && st->size <= FS_PATH_MAX;
    case S_IFREG:
        return st->nlink <= FS_LINK_MAX;
    default:
        return false; /* format 1 stores no other type */
    }
}

int inode_read_columns(sqlite3_stmt *q, int at, struct inode *out)
{
    struct fs_stat *st = &out->stat;

    if (st->ino < INO_ROOT || st->ino > INO_MAX || !columns_fit(q, at))
        return -EIO;
    out->gen = sqlite3_column_int64(q, at);
    st->mode = (uint32_t)sqlite3_column_int64(q, at + 1);
    st->nlink = (uint32_t)sqlite3_column_int64(q, at + 2);
    st->uid = (uint32_t)sqlite3_column_int64(q, at + 3);
    st->gid = (uint32_t)sqlite3_column_int64(q, at + 4);
    st->rdev = (uint64_t)sqlite3_column_int64(q, at + 5);
    st->size = (uint64_t)sqlite3_column_int64(q, at + 6);
    st->blocks = (uint64_t)sqlite3_column_int64(q, at + 7);
    st->atime = sqlite3_column_int64(q, at + 8);
    st->mtime = sqlite3_column_int64(q, at + 9);
    st->ctime = sqlite3_column_int64(q, at + 10);
    st->btime = sqlite3_column_int64(q, at + 11);
    out->flags = sqlite3_column_int64(q, at + 12);
    out->version = sqlite3_column_int64(q, at + 13);
    return stat_fits(st) ? 0 : -EIO;
}

static int write_row(struct store *s, enum sql id, const struct inode *i)
{
    const struct fs_stat *st = &i->stat;

    return db_run(DB_USE(&s->db, id, (int64_t)st->ino, i->gen, st->mode, st->nlink, st->uid,
                         st->gid, (int64_t)st->rdev, (int64_t)st->size, (int64_t)st->blocks,
                         st->atime, st->mtime, st->ctime, st->btime, i->flags, i->version));
}

/* Read an inode's row into memory, again. -ESTALE: there is none. */
static int read_row(struct store *s, struct inode *i)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_INODE_GET, (int64_t)i->stat.ino);
    int err = db_row(q);

    if (err >= 0)
        err = err > 0 ? inode_read_columns(q, 0, i) : -ESTALE;
    db_end(q);
    return err;
}

/* ---- The cache ---- */

static int cache_add(struct store *s, struct inode *i)
{
    list_init(&i->dirty);
    HASH_ADD(hh, s->inodes, stat.ino, sizeof(i->stat.ino), i);
    return i->hh.tbl != NULL ? 0 : -ENOMEM;
}

static void cache_remove(struct store *s, struct inode *i)
{
    list_del(&i->dirty);
    HASH_DEL(s->inodes, i);
    free(i);
}

int inode_find(struct store *s, uint64_t ino, struct inode **out)
{
    struct inode *i = NULL;
    int err;

    HASH_FIND(hh, s->inodes, &ino, sizeof(ino), i);
    if (i != NULL) {
        i->used = true;
        *out = i;
        return 0;
    }
    i = calloc(1, sizeof(*i));
    if (i == NULL)
        return -ENOMEM;
    i->stat.ino = ino;
    err = read_row(s, i);
    if (err == 0)
        err = cache_add(s, i);
    if (err < 0) {
        free(i);
        return err;
    }
    *out = i;
    return 0;
}

int inode_get(struct store *s, uint64_t ino, struct inode **out)
{
    int err = inode_find(s, ino, out);

    return err == -ESTALE ? -EIO : err;
}

/* Second chance: an inode used since the last time stays, at the end of the queue. */
void inodes_trim(struct store *s)
{
    struct inode *i;
    struct inode *next;

    if (HASH_COUNT(s->inodes) <= INODE_CACHE_MAX)
        return;
    HASH_ITER(hh, s->inodes, i, next) {
        if (HASH_COUNT(s->inodes) <= INODE_CACHE_MAX / 2)
            return;
        if (i->refs == 0 && i->stat.nlink > 0 && !i->used && list_empty(&i->dirty))
            cache_remove(s, i);
        else
            i->used = false;
    }
}

void inodes_reload(struct store *s)
{
    struct inode *i;
    struct inode *next;

    HASH_ITER(hh, s->inodes, i, next) {
        list_del(&i->dirty);
        if (i->refs == 0)
            cache_remove(s, i);
        else if (read_row(s, i) < 0)
            i->gone = true;
    }
}

void inodes_drop(struct store *s)
{
    struct inode *i;
    struct inode *next;

    HASH_ITER(hh, s->inodes, i, next) {
        cache_remove(s, i);
    }
}

/* ---- Changes ---- */

void inode_touch(struct store *s, struct inode *i)
{
    i->stat.ctime = store_now(s);
    i->version++;
    if (list_empty(&i->dirty))
        list_append(&s->dirty, &i->dirty);
}

void inode_touch_content(struct store *s, struct inode *i)
{
    inode_touch(s, i);
    i->stat.mtime = i->stat.ctime;
}

int inodes_flush(struct store *s)
{
    while (!list_empty(&s->dirty)) {
        struct inode *i = container_of(s->dirty.next, struct inode, dirty);
        int err = write_row(s, SQL_INODE_SET, i);

        if (err < 0)
            return err;
        list_del(&i->dirty);
    }
    return 0;
}

/* Reserve numbers in steps, so that not every new file writes to meta. */
static int next_number(struct store *s, uint64_t *out)
{
    uint64_t limit = s->ino_next + INO_RESERVE;
    int err;

    if (s->ino_next > INO_MAX)
        return -ENOSPC;
    if (s->ino_next >= s->totals.ino_limit) {
        err = db_meta_set(&s->db, "ino_next", (int64_t)limit);
        if (err < 0)
            return err;
        s->totals.ino_limit = limit;
    }
    *out = s->ino_next++;
    return 0;
}

int inode_new(struct store *s, const struct fs_caller *who, uint32_t mode, uint64_t size,
              struct inode **out)
{
    struct inode *i = calloc(1, sizeof(*i));
    int64_t now = store_now(s);
    int err;

    if (i == NULL)
        return -ENOMEM;
    err = next_number(s, &i->stat.ino);
    i->stat.mode = mode;
    i->stat.uid = who->uid;
    i->stat.gid = who->gid;
    i->stat.nlink = S_ISDIR(mode) ? 2 : 1;
    i->stat.size = size;
    i->stat.atime = now;
    i->stat.mtime = now;
    i->stat.ctime = now;
    i->stat.btime = now;
    if (err == 0)
        err = write_row(s, SQL_INODE_ADD, i);
    if (err == 0)
        err = cache_add(s, i);
    if (err < 0) {
        free(i);
        return err;
    }
    s->totals.inodes++;
    *out = i;
    return 0;
}

int inode_remove(struct store *s, struct inode *i)
{
    int64_t ino = (int64_t)i->stat.ino;
    int err = 0;

    if (S_ISREG(i->stat.mode)) {
        err = data_remove(s, i->stat.ino);
        s->totals.bytes -= i->stat.size;
    } else if (S_ISLNK(i->stat.mode)) {
        err = db_run(DB_USE(&s->db, SQL_SYMLINK_DEL, ino));
    }
    if (err == 0)
        err = xattrs_remove(s, i);
    if (err == 0)
        err = db_run(DB_USE(&s->db, SQL_INODE_DEL, ino));
    if (err < 0)
        return err;
    s->totals.inodes--;
    cache_remove(s, i);
    return 0;
}

int inode_remove_orphan(struct store *s, struct inode *i)
{
    int err = store_begin(s, 0);

    if (err < 0)
        return err;
    err = db_run(DB_USE(&s->db, SQL_ORPHAN_DEL, (int64_t)i->stat.ino));
    if (err == 0)
        err = inode_remove(s, i);
    return store_end(s, err);
}

int inode_unname(struct store *s, struct inode *i)
{
    if (i->stat.nlink == 0)
        return -EIO; /* more names than its row says */
    i->stat.nlink -= S_ISDIR(i->stat.mode) ? i->stat.nlink : 1;
    if (i->stat.nlink == 0 && i->refs == 0)
        return inode_remove(s, i);
    inode_touch(s, i);
    if (i->stat.nlink > 0)
        return 0;
    return db_run(DB_USE(&s->db, SQL_ORPHAN_ADD, (int64_t)i->stat.ino));
}
