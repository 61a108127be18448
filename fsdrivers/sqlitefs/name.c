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
    struct key key[]; /* cut to its name's length */
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
    CHECK(name.len <= FS_NAME_MAX);
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

/* Remember what a name stands for. Without memory the name is forgotten instead. */
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
    return err < 0 ? err : 0;
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

/* Add or set: both statements have the same parameters. */
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

/* A part of a listing, copied out of SQL. */
struct batch {
    int64_t hash; /* of the last entry: where the next batch goes on */
    size_t count;
    struct {
        char name[FS_NAME_MAX + 1];
        size_t len;
        struct fs_stat stat;
    } at[BATCH];
};

/* Whether a stored name may be given out: a damaged file can hold anything. */
static bool is_name(const char *name, size_t len)
{
    return len > 0 && len <= FS_NAME_MAX && strlen(name) == len && strchr(name, '/') == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Copy the row that a query stands on into the next entry of a batch. */
static int read_entry(sqlite3_stmt *q, struct batch *b)
{
    struct inode row = {.refs = 0};
    char *name = b->at[b->count].name;
    size_t len = db_copy_bytes(q, 1, name, FS_NAME_MAX);

    name[len <= FS_NAME_MAX ? len : 0] = '\0';
    if (!is_name(name, len))
        return -EIO;
    row.stat.ino = (uint64_t)sqlite3_column_int64(q, 2);
    inode_read_columns(q, 3, &row);
    b->hash = sqlite3_column_int64(q, 0);
    b->at[b->count].len = len;
    b->at[b->count++].stat = row.stat;
    return 1;
}

static int read_batch(struct store *s, uint64_t dir, struct batch *b)
{
    size_t last_len = b->count > 0 ? b->at[b->count - 1].len : 0;
    char last[FS_NAME_MAX];
    sqlite3_stmt *q = DB_USE(&s->db, SQL_DENTRY_LIST, (int64_t)dir, b->hash, BATCH);
    int err;

    if (last_len > 0)
        memcpy(last, b->at[b->count - 1].name, last_len);
    db_bind_bytes(q, 4, last, last_len);
    b->count = 0;
    do {
        err = db_row(q);
        if (err > 0)
            err = read_entry(q, b);
    } while (err > 0);
    db_end(q);
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
            result = callback(user, b->at[i].name, &b->at[i].stat);
    } while (result == 0 && b->count == BATCH);
    free(b);
    return result;
}
