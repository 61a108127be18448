/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/format.h"

#include "fsdrivers/sqlitefs/db/vfs.h"
#include "fsdrivers/sqlitefs/inode.h"
#include "fsdrivers/sqlitefs/scan.h"
#include "fsdrivers/sqlitefs/schema.h"
#include "fsdrivers/sqlitefs/shape.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    LOG_SIZE_MAX = 64 * 1024 * 1024, /* the log is truncated to this after a checkpoint */
    CHUNK_SHIFT_DEFAULT = 16,
    CHUNK_SHIFT_SMALL = 14,
    KEY_MAX = 64 * 1024, /* the longest name or setting that a search may pass */
    ORPHANS_MAX = 1000,  /* removed in one mount */
};

/** meta.ino_next is at most this. */
#define INO_NEXT_MAX ((int64_t)(INO_MAX + INO_RESERVE + 1))

/* The most that each feature mask may have; this version has no features. */
enum { FEATURES_READONLY = 0, FEATURES_INCOMPAT = 0 };

/* Say once why a file can't be opened, whoever found out. @otherwise: the text for an errno without
 * one. Returns @err. */
static int refuse(const struct store *s, struct why *why, int err, const char *otherwise)
{
    if (s->db.late)
        return why_add(why, err, "%s is damaged: reading its rows takes too long", s->path);
    switch (err) {
    case -ENOSPC:
        return why_add(why, err, "%s: the disk is full, and SQLite needs some room on it", s->path);
    case -EBUSY:
        return why_add(why, err, "%s is locked by another program", s->path);
    case -EROFS:
        if (s->readonly)
            return why_add(why, err,
                           "%s has a change in its log or in %s" VFS_JOURNAL
                           " that was not finished: open it for writing once",
                           s->path, s->hostfile->name);
        return why_add(why, err, "%s can't be written: open it with the option readonly", s->path);
    case -ENOMEM:
        return why_add(why, err, "%s: there is no memory to open it", s->path);
    default:
        return why_add(why, err, "%s %s", s->path, otherwise);
    }
}

/* refuse() for SQLite's answer to something harmless; 0 is fine. */
static int refused(const struct store *s, struct why *why, int err)
{
    return err == 0 ? 0 : refuse(s, why, err, "is damaged, or its disk fails");
}

static int pragma(struct store *s, struct why *why, const char *name, int64_t value)
{
    char text[64];

    (void)snprintf(text, sizeof(text), "PRAGMA %s = %lld", name, (long long)value);
    return refused(s, why, db_exec(&s->db, text, NULL));
}

/* ---- Opening the connection ---- */

/* The path as a URI which promises SQLite that the file never changes. Returned; NULL: no
 * memory. */
static char *immutable_uri(const char *path)
{
    struct strbuf uri = STRBUF_INIT;

    (void)strbuf_adds(&uri, "file:");
    for (; *path != '\0'; path++) {
        if (strchr("?#%", *path) != NULL)
            (void)strbuf_addf(&uri, "%%%02x", (unsigned)*path);
        else
            (void)strbuf_addc(&uri, *path);
    }
    (void)strbuf_adds(&uri, "?immutable=1");
    return strbuf_take(&uri);
}

/* The errno of SQLite's failure to open a file. */
static int cannot_open(sqlite3 *sqlite, int rc)
{
    int err = db_error(sqlite, rc);

    return (rc & 0xff) == SQLITE_CANTOPEN && err == -EIO ? -EACCES : err;
}

/* Check the side files, which SQLite reads completely before it answers anything. */
static int check_sides(const struct store *s, struct why *why)
{
    static const char *const sides[] = {VFS_LOG, VFS_JOURNAL};
    struct stat st;

    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        if (scan_stat(s, sides[i], &st) == 0 && st.st_size > FORMAT_SIDE_MAX)
            return why_add(
                why, -EIO,
                "%s%s has more than %d MiB, which takes too long to read: open and close "
                "the database with the sqlite3 shell first, if it is yours",
                s->path, sides[i], FORMAT_SIDE_MAX / 1024 / 1024);
    }
    return 0;
}

static int connect_db(struct store *s, struct why *why)
{
    int flags = s->readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    char *uri = s->immutable ? immutable_uri(s->vfs->file) : NULL;
    int rc;

    if (s->immutable && uri == NULL)
        return -ENOMEM;
    flags |= SQLITE_OPEN_NOMUTEX | (uri != NULL ? SQLITE_OPEN_URI : 0);
    rc = sqlite3_open_v2(uri != NULL ? uri : s->vfs->file, &s->db.sqlite, flags, s->vfs->name);
    free(uri);
    if (rc != SQLITE_OK)
        return refuse(s, why, cannot_open(s->db.sqlite, rc), "can't be opened or created");
    (void)sqlite3_extended_result_codes(s->db.sqlite, 1);
    db_defend(&s->db);
    return s->exclusive ? db_exec(&s->db, "PRAGMA locking_mode = EXCLUSIVE", why) : 0;
}

/* Settings of the connection; none of them is stored. */
static int configure(struct store *s, const struct format_options *o, struct why *why)
{
    static const int synchronous[] = {[SYNC_GROUP] = 1, [SYNC_ALWAYS] = 2, [SYNC_NONE] = 0};
    const struct {
        const char *name;
        int64_t value;
    } settings[] = {
        {"synchronous", synchronous[s->sync]},
        {"cache_size", -(int64_t)(o->cache_size / 1024)},
        {"cache_spill", 0},
        {"mmap_size", (int64_t)o->mmap_size},
        {"secure_delete", 0},
        {"temp_store", 2},
        {"foreign_keys", 0},
        {"wal_autocheckpoint", 0}, /* see room.h */
        {"journal_size_limit", LOG_SIZE_MAX},
    };
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof(settings) / sizeof(settings[0]); i++)
        err = pragma(s, why, settings[i].name, settings[i].value);
    return err;
}

/* Switch to the write-ahead log; refuse to work without it. */
static int use_log(struct store *s, struct why *why)
{
    sqlite3_stmt *q = NULL;
    const char *mode = "";
    int rc;
    int err;

    db_allow(&s->db, DB_STEPS);
    rc = sqlite3_prepare_v2(s->db.sqlite, "PRAGMA journal_mode = WAL", -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    err = rc == SQLITE_ROW ? 0 : db_error(s->db.sqlite, rc);
    if (err == 0)
        mode = (const char *)sqlite3_column_text(q, 0);
    if (err == 0 && (mode == NULL || strcmp(mode, "wal") != 0))
        err = -EIO;
    if (err < 0)
        (void)refuse(s, why, err, "is on a filesystem where SQLite can't use a write-ahead log");
    (void)sqlite3_finalize(q);
    return err;
}

/* ---- A new database ---- */

static int write_schema(struct store *s, uint32_t chunk_shift)
{
    char text[512];
    long long now = (long long)store_now(s);
    int err = db_exec(&s->db, sqlitefs_schema, NULL);

    if (err < 0)
        return err;
    (void)snprintf(text, sizeof(text),
                   "UPDATE meta SET value = %u WHERE key = 'chunk_shift';"
                   "UPDATE meta SET value = 'scbox %s' WHERE key = 'writer';"
                   "UPDATE inode SET uid = %u, gid = %u,"
                   " atime = %lld, mtime = %lld, ctime = %lld, btime = %lld",
                   chunk_shift, SCBOX_VERSION, s->maker.uid, s->maker.gid, now, now, now, now);
    return db_exec(&s->db, text, NULL);
}

static int make_new(struct store *s, uint32_t chunk_shift, struct why *why)
{
    int err;

    err = pragma(s, why, "page_size", FORMAT_PAGE_SIZE);
    if (err == 0)
        err = pragma(s, why, "auto_vacuum", 2);
    if (err == 0)
        err = use_log(s, why);
    if (err < 0)
        return err;
    err = db_exec(&s->db, "BEGIN IMMEDIATE", NULL);
    if (err == 0)
        err = write_schema(s, chunk_shift != 0 ? chunk_shift : CHUNK_SHIFT_DEFAULT);
    if (err == 0)
        err = db_exec(&s->db, "COMMIT", NULL);
    if (err < 0 && sqlite3_get_autocommit(s->db.sqlite) == 0)
        (void)db_exec(&s->db, "ROLLBACK", NULL);
    if (err == 0)
        err = db_exec(&s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL);
    return refused(s, why, err);
}

/* ---- An old database ---- */

/* Whether the file has fewer pages than its header says (SQLite's file format, 1.3). */
static bool is_cut_short(struct store *s)
{
    unsigned char header[32];
    sqlite3_file *file = NULL;
    sqlite3_int64 size = 0;
    uint64_t pages;

    if (sqlite3_file_control(s->db.sqlite, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file == NULL || file->pMethods == NULL ||
        file->pMethods->xFileSize(file, &size) != SQLITE_OK ||
        file->pMethods->xRead(file, header, sizeof(header), 0) != SQLITE_OK)
        return false;
    pages = (uint64_t)header[28] << 24 | (uint64_t)header[29] << 16 | (uint64_t)header[30] << 8 |
            header[31];
    return (uint64_t)size < pages * FORMAT_PAGE_SIZE;
}

/* What identifies a database. */
struct identity {
    int64_t application_id;
    int64_t version;
    int64_t page_size;
    int64_t pages;
    int64_t objects; /* tables, indexes, … */
};

static int read_identity(struct store *s, struct identity *out, struct why *why)
{
    int err = db_query_int(&s->db, "PRAGMA application_id", &out->application_id, NULL);
    if (err == 0)
        err = db_query_int(&s->db, "PRAGMA user_version", &out->version, NULL);
    if (err == 0)
        err = db_query_int(&s->db, "PRAGMA page_size", &out->page_size, NULL);
    if (err == 0)
        err = db_query_int(&s->db, "PRAGMA page_count", &out->pages, NULL);
    if (err == 0)
        err = db_query_int(&s->db, "SELECT count(*) FROM sqlite_schema", &out->objects, NULL);
    if (err == 0)
        return 0;
    if (s->vfs->refused != 0)
        return err; /* format_open() adds the reason */
    if (sqlite3_errcode(s->db.sqlite) == SQLITE_NOTADB)
        return refuse(s, why, err, "is not an SQLite database");
    return refuse(s, why, err, is_cut_short(s) ? "is damaged: its end is missing" : "is damaged");
}

static bool is_empty(const struct identity *id)
{
    return id->application_id == 0 && id->version == 0 && id->objects == 0;
}

static int check_page_size(const struct store *s, const struct identity *id, struct why *why)
{
    if (id->page_size == FORMAT_PAGE_SIZE)
        return 0;
    return why_add(why, -EIO, "%s has a page size of %lld bytes instead of %d", s->path,
                   (long long)id->page_size, FORMAT_PAGE_SIZE);
}

static int check_identity(const struct store *s, const struct identity *id, struct why *why)
{
    if (is_empty(id))
        return why_add(why, -EIO, "%s is empty: there is nothing to read", s->path);
    if (id->application_id != FORMAT_APPLICATION_ID)
        return why_add(why, -EIO,
                       "%s is an SQLite database of another program (application_id %lld, ours is "
                       "%d)",
                       s->path, (long long)id->application_id, FORMAT_APPLICATION_ID);
    if (id->version != FORMAT_VERSION)
        return why_add(why, -EIO, "%s has format %lld; this version of scbox reads format %d",
                       s->path, (long long)id->version, FORMAT_VERSION);
    return check_page_size(s, id, why);
}

static int check_features(struct store *s, struct why *why)
{
    int64_t readonly = 0;
    int64_t incompat = 0;
    int err;

    err = db_meta_get(&s->db, "feature_readonly", &readonly);
    if (err == 0)
        err = db_meta_get(&s->db, "feature_incompat", &incompat);
    if (err < 0)
        return why_add(why, err, "%s lacks its feature masks", s->path);
    if ((incompat & ~(int64_t)FEATURES_INCOMPAT) != 0)
        return why_add(why, -EIO, "%s uses features 0x%llx that this version of scbox can't read",
                       s->path, (unsigned long long)incompat);
    if ((readonly & ~(int64_t)FEATURES_READONLY) != 0 && !s->readonly)
        return why_add(why, -EROFS,
                       "%s uses features 0x%llx that this version of scbox can only read: "
                       "open it readonly",
                       s->path, (unsigned long long)readonly);
    return 0;
}

/* Look for keys that are longer than any value may be. A statement that passed one on its way
 * through the table would load it completely. */
static int check_keys(struct store *s, struct why *why)
{
    static const enum sql checks[] = {SQL_META_LONG, SQL_NAME_LONG};
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof(checks) / sizeof(checks[0]); i++) {
        sqlite3_stmt *q = DB_USE(&s->db, checks[i], KEY_MAX);

        db_allow(&s->db, scan_steps(s));
        err = db_row(q);
        db_end(q);
    }
    if (err <= 0)
        return refused(s, why, err);
    return why_add(why, -EIO, "%s is damaged: a row in it is longer than %d bytes", s->path,
                   KEY_MAX);
}

/* Check the whole file for damage that a crash of the host may have left. */
static int quick_check(struct store *s, struct why *why)
{
    char verdict[SCAN_VERDICT_SIZE];
    int err = scan_whole(s, verdict);

    if (err < 0 && verdict[0] != '\0')
        return why_add(why, err, "%s is damaged: %s", s->path, verdict);
    return refused(s, why, err);
}

/* ---- Mounting ---- */

/* A number that a row has is in use, whatever meta says. */
static int raise_next(struct store *s, int64_t *next)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_INODE_LAST, INO_MAX);
    int err = db_row(q);

    if (err > 0 && sqlite3_column_int64(q, 0) >= *next)
        *next = sqlite3_column_int64(q, 0) + 1;
    db_end(q);
    return err < 0 ? err : 0;
}

static int read_meta(struct store *s, const struct format_options *o, struct why *why)
{
    int64_t shift = 0;
    int64_t next = 0;
    int64_t clean = 0;
    int err;

    err = db_meta_get(&s->db, "chunk_shift", &shift);
    if (err == 0)
        err = db_meta_get(&s->db, "ino_next", &next);
    if (err == 0)
        err = db_meta_get(&s->db, "clean", &clean);
    if (err == 0 && ((shift != CHUNK_SHIFT_DEFAULT && shift != CHUNK_SHIFT_SMALL) ||
                     next <= INO_ROOT || next > INO_NEXT_MAX))
        err = -EIO;
    if (err == 0)
        err = raise_next(s, &next);
    if (err < 0)
        return why_add(why, err, "%s: its table meta is damaged", s->path);
    if (o->chunk_shift != 0 && o->chunk_shift != (uint32_t)shift)
        return why_add(why, -EINVAL, "%s has chunks of %d bytes, and they can't be changed",
                       s->path, 1 << shift);
    s->chunk_shift = (uint32_t)shift;
    s->ino_next = (uint64_t)next;
    s->totals.ino_limit = (uint64_t)next;
    s->clean = clean == 1;
    return 0;
}

/* Remove an inode that was open without a name when the file was last used. A row that is not such
 * an inode, or does not exist, is only removed from the table of orphans. */
static int remove_orphan(struct store *s, int64_t ino)
{
    struct inode *i = NULL;
    int err = ino > INO_ROOT ? inode_get(s, (uint64_t)ino, &i) : 0;

    if (err == 0 || err == -EIO)
        err = store_begin(s, 0);
    if (err < 0)
        return err;
    err = db_run(DB_USE(&s->db, SQL_ORPHAN_DEL, ino));
    if (err == 0 && i != NULL && i->stat.nlink == 0)
        err = inode_remove(s, i);
    return store_end(s, err);
}

/* The next number in the table of orphans. Returns 1, 0 none, -errno; -EIO if it does not lie
 * behind the last one: the search might never end. */
static int next_orphan(struct store *s, int64_t *ino)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_ORPHAN_NEXT, *ino);
    int err = db_row(q);
    int64_t next = sqlite3_column_int64(q, 0);

    db_end(q);
    if (err > 0 && next <= *ino)
        return -EIO;
    if (err > 0)
        *ino = next;
    return err;
}

/* Remove files that were open without a name; those past ORPHANS_MAX are left to later mounts. */
static int remove_orphans(struct store *s)
{
    int64_t ino = INT64_MIN;
    int err = 1;

    for (int i = 0; err > 0 && i < ORPHANS_MAX; i++) {
        err = next_orphan(s, &ino);
        if (err <= 0)
            break;
        err = remove_orphan(s, ino);
        if (err == 0 || (err == -EIO && s->broken == 0)) /* a damaged one stays */
            err = 1;
    }
    return err < 0 ? err : store_commit(s);
}

/* Read what an instance needs of a database whose identity was checked. */
static int load(struct store *s, const struct format_options *o, struct why *why)
{
    struct inode *root;
    int err;

    err = db_prepare(&s->db);
    if (err < 0)
        return refused(s, why, err);
    err = refused(s, why, scan_begin(s));
    if (err == 0)
        err = check_keys(s, why);
    if (err == 0)
        err = check_features(s, why);
    if (err == 0)
        err = read_meta(s, o, why);
    if (err == 0 && !s->clean)
        err = quick_check(s, why);
    if (err < 0)
        return err;
    s->scratch = malloc((size_t)1 << s->chunk_shift);
    if (s->scratch == NULL)
        return -ENOMEM;
    err = store_count(s, scan_steps(s));
    if (err == 0)
        err = scan_pages(s);
    if (err == 0)
        err = inode_get(s, INO_ROOT, &root);
    if (err == 0 && !S_ISDIR(root->stat.mode))
        err = -EIO;
    scan_end(s);
    if (err == 0)
        db_seal(&s->db);
    if (err == 0 && !s->readonly) {
        room_watch(s);
        err = remove_orphans(s);
    }
    if (err == 0)
        err = quota_apply(s, &o->quota, why);
    return err == 0 ? 0 : refuse(s, why, err, "is damaged: reading it failed");
}

static int check_shape(struct store *s, int format, struct why *why)
{
    bool named;
    int err = shape_check(s, format, why, &named);

    return named ? err : refused(s, why, err);
}

int format_open(struct store *s, const struct format_options *o, struct why *why)
{
    struct identity id = {.pages = 0};
    int err;

    err = check_sides(s, why);
    if (err == 0)
        err = connect_db(s, why);
    if (err == 0)
        err = read_identity(s, &id, why);
    if (err == 0 && is_empty(&id) && !s->readonly) {
        if (id.pages > 0) /* a database without tables: it keeps its page size */
            err = check_page_size(s, &id, why);
        if (err == 0)
            err = make_new(s, o->chunk_shift, why);
        if (err == 0)
            err = read_identity(s, &id, why);
    }
    if (err == 0)
        err = check_identity(s, &id, why);
    if (err == 0)
        err = check_shape(s, (int)id.version, why);
    if (err == 0 && !s->readonly)
        err = use_log(s, why);
    if (err == 0)
        err = configure(s, o, why);
    if (err == 0)
        err = load(s, o, why);
    if (err < 0 && s->vfs->refused < 0)
        err = why_add(why, s->vfs->refused, "%s", s->vfs->why.text[0]);
    s->mounted = err == 0;
    return err;
}
