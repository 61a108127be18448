/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/name.h"

#include "fsdrivers/fshash.h"
#include "fsdrivers/sqlitefs/inode.h"
#include "server/base/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { TYPE_SHIFT = 12, BATCH = 64 };

/* The key of a cached name, at most KEY_MAX bytes. */
struct key {
    uint64_t dir;
    char name[FS_NAME_MAX];
};

struct cached_name {
    UT_hash_handle hh;
    struct target target;
    bool used;        /* since the cache was last trimmed */
    struct key key[]; /* one, cut to its name's length */
};

int64_t name_hash(struct fsname name)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 0x100000001b3u;
    return (int64_t)(hash & INT64_MAX);
}

/* ---- The cache ---- */

static size_t make_key(uint64_t dir, struct fsname name, struct key *out)
{
    CHECK(name.len <= FS_NAME_MAX); /* it is from a path; names in the file are never looked up */
    out->dir = dir;
    memcpy(out->name, name.ptr, name.len);
    return offsetof(struct key, name) + name.len;
}

static struct cached_name *cache_find(struct store *s, uint64_t dir, struct fsname name)
{
    struct cached_name *c = NULL;
    struct key key;
    size_t size = make_key(dir, name, &key);

    HASH_FIND(hh, s->names, &key, size, c);
    return c;
}

/* Remember what a name refers to. Without memory the name is dropped from the cache. */
static void cache_put(struct store *s, uint64_t dir, struct fsname name, struct target target)
{
    struct cached_name *c = cache_find(s, dir, name);
    struct key key;
    size_t size;

    if (c != NULL) {
        c->target = target;
        return;
    }
    size = make_key(dir, name, &key);
    c = malloc(sizeof(*c) + size);
    if (c == NULL)
        return;
    *c = (struct cached_name){.target = target};
    memcpy(c->key, &key, size);
    HASH_ADD_KEYPTR(hh, s->names, c->key, size, c);
    if (c->hh.tbl == NULL)
        free(c);
}

/* Second chance, as inodes_trim(). */
void names_trim(struct store *s)
{
    struct cached_name *c;
    struct cached_name *next;

    if (HASH_COUNT(s->names) <= NAME_CACHE_MAX)
        return;
    HASH_ITER(hh, s->names, c, next) {
        if (HASH_COUNT(s->names) <= NAME_CACHE_MAX / 2)
            return;
        if (c->used) {
            c->used = false;
            continue;
        }
        HASH_DEL(s->names, c);
        free(c);
    }
}

void names_drop(struct store *s)
{
    struct cached_name *c;
    struct cached_name *next;

    HASH_ITER(hh, s->names, c, next) {
        HASH_DEL(s->names, c);
        free(c);
    }
}

/* ---- Rows ---- */

/* Check that an entry's inode is what its row says: otherwise the file is damaged. */
static int check_target(struct store *s, struct target t)
{
    struct inode *i;
    int err;

    if (t.ino <= INO_ROOT)
        return -EIO; /* the root has no name */
    err = inode_get(s, t.ino, &i);
    if (err < 0)
        return err;
    return (i->stat.mode & S_IFMT) == t.mode && i->stat.nlink > 0 ? 0 : -EIO;
}

static int read_row(struct store *s, uint64_t dir, struct fsname name, struct target *out)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_DENTRY_GET, (int64_t)dir, name_hash(name));
    int err;

    db_bind_bytes(q, 3, name.ptr, name.len);
    err = db_row(q);
    *out = (struct target){0, 0};
    if (err > 0) {
        out->ino = (uint64_t)sqlite3_column_int64(q, 0);
        out->mode = (uint32_t)sqlite3_column_int64(q, 1) << TYPE_SHIFT;
    }
    db_end(q);
    return err > 0 ? check_target(s, *out) : err;
}

int name_get(struct store *s, uint64_t dir, struct fsname name, struct target *out)
{
    struct cached_name *c = cache_find(s, dir, name);
    int err;

    if (c != NULL) {
        c->used = true;
        *out = c->target;
        return 0;
    }
    err = read_row(s, dir, name, out);
    if (err == 0)
        cache_put(s, dir, name, *out);
    return err;
}

/* Add or change a row: both statements have the same parameters. */
static int write_row(struct store *s, enum sql id, uint64_t dir, struct fsname name,
                     struct target target)
{
    sqlite3_stmt *q = DB_USE(&s->db, id, (int64_t)dir, name_hash(name), (int64_t)target.ino,
                             target.mode >> TYPE_SHIFT);
    int err;

    db_bind_bytes(q, 5, name.ptr, name.len);
    err = db_run(q);
    if (err == 0)
        cache_put(s, dir, name, target);
    return err;
}

int name_add(struct store *s, uint64_t dir, struct fsname name, struct target target)
{
    return write_row(s, SQL_DENTRY_ADD, dir, name, target);
}

int name_set(struct store *s, uint64_t dir, struct fsname name, struct target target)
{
    return write_row(s, SQL_DENTRY_SET, dir, name, target);
}

int name_remove(struct store *s, uint64_t dir, struct fsname name)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_DENTRY_DEL, (int64_t)dir, name_hash(name));
    int err;

    db_bind_bytes(q, 3, name.ptr, name.len);
    err = db_run(q);
    if (err == 0)
        cache_put(s, dir, name, (struct target){0, 0});
    return err;
}

int name_none(struct store *s, uint64_t dir)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_DENTRY_ANY, (int64_t)dir);
    int err = db_row(q);

    db_end(q);
    return err < 0 ? err : !err;
}

/* ---- Listings ---- */

struct entry {
    char name[FS_NAME_MAX + 1];
    struct fs_stat stat; /* ino 0: the row of its inode is damaged */
};

/* A part of a listing, copied out of SQL. */
struct batch {
    size_t count;
    struct entry at[BATCH];
    bool full; /* there may be more rows */

    /* The last row, behind which the next batch begins. */
    int64_t hash;
    size_t len;
    char name[FS_NAME_MAX + 1];
};

/* Whether a stored name is valid. A damaged file can hold anything, and a name under another hash
 * than its own can't be looked up. */
static bool is_name(const struct batch *b)
{
    return b->len > 0 && strlen(b->name) == b->len && strchr(b->name, '/') == NULL &&
           strcmp(b->name, ".") != 0 && strcmp(b->name, "..") != 0 &&
           name_hash((struct fsname){b->name, b->len}) == b->hash;
}

/* Move on to the query's current row. -EIO: it does not lie behind the last one, so a listing might
 * never end. */
static int next_row(sqlite3_stmt *q, struct batch *b)
{
    int64_t hash = sqlite3_column_int64(q, 0);
    char name[FS_NAME_MAX + 1] = "";
    size_t len = db_copy_bytes(q, 1, name, FS_NAME_MAX);
    int order;

    if (len > FS_NAME_MAX || sqlite3_column_type(q, 0) != SQLITE_INTEGER)
        return -EIO;
    order = memcmp(b->name, name, b->len < len ? b->len : len);
    if (order == 0)
        order = b->len < len ? -1 : 1;
    if (hash < b->hash || (hash == b->hash && order > 0))
        return -EIO;
    b->hash = hash;
    b->len = len;
    memcpy(b->name, name, sizeof(name));
    return 0;
}

/* Copy the query's current row into a batch. An invalid name is left out. */
static int read_entry(struct store *s, sqlite3_stmt *q, struct batch *b)
{
    struct inode row = {.refs = 0};
    int err = next_row(q, b);

    if (err < 0)
        return err;
    if (!is_name(b)) {
        s->damaged = true;
        return 1;
    }
    row.stat.ino = (uint64_t)sqlite3_column_int64(q, 3);
    if (inode_read_columns(q, 4, &row) < 0 ||
        sqlite3_column_int64(q, 2) != row.stat.mode >> TYPE_SHIFT)
        row.stat.ino = 0;
    memcpy(b->at[b->count].name, b->name, sizeof(b->name));
    b->at[b->count++].stat = row.stat;
    return 1;
}

static int read_batch(struct store *s, uint64_t dir, struct batch *b)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_DENTRY_LIST, (int64_t)dir, b->hash, BATCH);
    char last[FS_NAME_MAX + 1];
    int rows = 0;
    int err;

    memcpy(last, b->name, sizeof(last));
    db_bind_bytes(q, 4, last, b->len);
    b->count = 0;
    while ((err = db_row(q)) > 0) {
        err = read_entry(s, q, b);
        if (err < 0)
            break;
        rows++;
    }
    db_end(q);
    b->full = rows == BATCH;
    return err;
}

int name_each(struct store *s, uint64_t dir, fs_readdir_fn callback, void *user)
{
    struct batch *b = calloc(1, sizeof(*b));
    int result = 0;

    if (b == NULL)
        return -ENOMEM;
    b->hash = -1;
    do {
        result = read_batch(s, dir, b);
        for (size_t i = 0; result == 0 && i < b->count; i++)
            result = callback(user, b->at[i].name, b->at[i].stat.ino != 0 ? &b->at[i].stat : NULL);
    } while (result == 0 && b->full);
    free(b);
    return result;
}
