/* SPDX-License-Identifier: MIT */
/*
 * sqlitefs beside a minimal SQLite loop of the same schema and settings, with no filesystem around it: what a
 * filesystem costs over the database it is stored in. Both files lie in the current folder.
 *
 * A round of creating works on new names each time; files stay until the end.
 */
#include "fsdrivers/fs_ops.h"
#include "fsdrivers/registry.h"
#include "fsdrivers/sqlitefs/schema.h"
#include "tests/bench/bench.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    BLOCK = 4096,
    CHUNK = 65536,
    CHUNK_BITS = 24,
    GROUP = 500,       /* operations a transaction of the raw loop gathers */
    BIG_CHUNKS = 1024, /* of the file for positions by chance: 64 MiB */
    BIG_INO = 1 << 30, /* its inode number in the raw loop */
};

static char bytes[CHUNK];
static char scratch[CHUNK];

/* Ours. */

struct ours {
    struct fs *fs;
    struct fs_file big;
    size_t names;
};

static uint64_t wall_ns(void *user)
{
    struct timespec t;

    (void)user;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void no_random(void *user, void *buf, size_t len)
{
    (void)user;
    memset(buf, 1, len);
}

static void no_console(void *user, const struct fs_caller *who, const char *text, size_t len)
{
    (void)user;
    (void)who;
    (void)text;
    (void)len;
}

static const struct fs_caller who = {.pid = 1};

/** What the daemon does FS_COMMIT_MS after a change. */
static void commit(struct ours *o)
{
    BENCH_NEED(o->fs->ops->commit(o->fs, &who) == 0);
}

/** A position that neither side can foresee; the same sequence for both. */
static size_t next_block(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (size_t)(*state >> 33) % (BIG_CHUNKS * (CHUNK / BLOCK));
}

static void ours_create(void *user, size_t count)
{
    struct ours *o = user;
    char path[32];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(path, sizeof(path), "/f%zu", o->names++);
        BENCH_NEED(o->fs->ops->mknod(o->fs, &who, path, S_IFREG | 0644) == 0);
        BENCH_NEED(o->fs->ops->write(o->fs, &who, path, (struct fs_bytes){bytes, BLOCK}, 0, NULL) ==
                   BLOCK);
    }
    commit(o);
}

static void ours_stat(void *user, size_t count)
{
    struct ours *o = user;
    struct fs_stat st;

    for (size_t i = 0; i < count; i++)
        BENCH_NEED(o->fs->ops->getattr(o->fs, &who, "/a/b/file", &st, NULL) == 0);
}

static void ours_random_read(void *user, size_t count)
{
    struct ours *o = user;
    uint64_t state = 1;

    for (size_t i = 0; i < count; i++)
        BENCH_NEED(o->fs->ops->read(o->fs, &who, NULL, (struct fs_buf){scratch, BLOCK},
                                    (int64_t)next_block(&state) * BLOCK, &o->big) == BLOCK);
}

static void ours_random_write(void *user, size_t count)
{
    struct ours *o = user;
    uint64_t state = 1;

    for (size_t i = 0; i < count; i++) {
        BENCH_NEED(o->fs->ops->write(o->fs, &who, NULL, (struct fs_bytes){bytes, BLOCK},
                                     (int64_t)next_block(&state) * BLOCK, &o->big) == BLOCK);
        if (i % GROUP == GROUP - 1)
            commit(o);
    }
    commit(o);
}

/** @count chunks from the start of the big file. */
static void ours_write_chunks(void *user, size_t count)
{
    struct ours *o = user;

    for (size_t i = 0; i < count; i++)
        BENCH_NEED(o->fs->ops->write(o->fs, &who, NULL, (struct fs_bytes){bytes, CHUNK},
                                     (int64_t)(i % BIG_CHUNKS) * CHUNK, &o->big) == CHUNK);
    commit(o);
}

static int take_descriptors(void *user, uint32_t count, struct why *why)
{
    (void)user;
    (void)count;
    (void)why;
    return 0;
}

static void give_descriptors(void *user, uint32_t count)
{
    (void)user;
    (void)count;
}

static void open_ours(struct ours *o)
{
    const struct fs_env env = {.now_ns = wall_ns,
                               .random = no_random,
                               .console = no_console,
                               .take_descriptors = take_descriptors,
                               .give_descriptors = give_descriptors};
    char path[4096];
    const struct fs_open req = {.source = path, .opts = "mmap=1G", .env = &env};

    BENCH_NEED(getcwd(path, sizeof(path) - sizeof("/bench-ours.db")) != NULL);
    (void)strcat(path, "/bench-ours.db");
    BENCH_NEED(registry_open("sqlitefs", &req, &o->fs) == 0);
    BENCH_NEED(o->fs->ops->mkdir(o->fs, &who, "/a", 0755) == 0);
    BENCH_NEED(o->fs->ops->mkdir(o->fs, &who, "/a/b", 0755) == 0);
    BENCH_NEED(o->fs->ops->mknod(o->fs, &who, "/a/b/file", S_IFREG | 0644) == 0);
    BENCH_NEED(o->fs->ops->mknod(o->fs, &who, "/big", S_IFREG | 0644) == 0);
    o->big.flags = FS_O_RDWR;
    BENCH_NEED(o->fs->ops->open(o->fs, &who, "/big", &o->big) == 0);
    ours_write_chunks(o, BIG_CHUNKS);
}

/* Raw: statements of the same schema, transactions of GROUP operations. */

struct raw {
    sqlite3 *db;
    sqlite3_stmt *add_inode;
    sqlite3_stmt *add_name;
    sqlite3_stmt *put_chunk;
    sqlite3_stmt *find_name;
    sqlite3_stmt *find_inode;
    int64_t ino;
};

static void raw_exec(struct raw *r, const char *sql)
{
    if (sqlite3_exec(r->db, sql, NULL, NULL, NULL) != SQLITE_OK)
        bench_fail("%s: %s", sql, sqlite3_errmsg(r->db));
}

static sqlite3_stmt *raw_prepare(struct raw *r, const char *sql)
{
    sqlite3_stmt *st;

    if (sqlite3_prepare_v3(r->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL) != SQLITE_OK)
        bench_fail("%s: %s", sql, sqlite3_errmsg(r->db));
    return st;
}

static void raw_step(sqlite3_stmt *st, int expected)
{
    BENCH_NEED(sqlite3_step(st) == expected);
    (void)sqlite3_reset(st);
}

/** A commit after every GROUP operations, and at the end. */
static void raw_group(struct raw *r, size_t i, size_t count)
{
    if (i % GROUP == GROUP - 1 || i == count - 1)
        raw_exec(r, "COMMIT");
    else
        return;
    if (i < count - 1)
        raw_exec(r, "BEGIN IMMEDIATE");
}

/** FNV-1a, as good a hash of a name as any. */
static int64_t hash_of(const char *name)
{
    uint64_t h = UINT64_C(0xCBF29CE484222325);

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001B3);
    return (int64_t)(h >> 1);
}

static void raw_put_chunk(struct raw *r, int64_t ino, size_t index, int size)
{
    (void)sqlite3_bind_int64(r->put_chunk, 1, ino << CHUNK_BITS | (int64_t)index);
    (void)sqlite3_bind_blob(r->put_chunk, 2, bytes, size, SQLITE_STATIC);
    raw_step(r->put_chunk, SQLITE_DONE);
}

static void raw_add(struct raw *r, int64_t parent, const char *name)
{
    (void)sqlite3_bind_int64(r->add_inode, 1, ++r->ino);
    raw_step(r->add_inode, SQLITE_DONE);
    (void)sqlite3_bind_int64(r->add_name, 1, parent);
    (void)sqlite3_bind_int64(r->add_name, 2, hash_of(name));
    (void)sqlite3_bind_blob(r->add_name, 3, name, (int)strlen(name), SQLITE_TRANSIENT);
    (void)sqlite3_bind_int64(r->add_name, 4, r->ino);
    raw_step(r->add_name, SQLITE_DONE);
}

static void raw_create(void *user, size_t count)
{
    struct raw *r = user;
    char name[32];

    raw_exec(r, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof(name), "f%lld", (long long)r->ino);
        raw_add(r, 1, name);
        raw_put_chunk(r, r->ino, 0, BLOCK);
        raw_group(r, i, count);
    }
}

static int64_t raw_find(struct raw *r, int64_t parent, const char *name)
{
    int64_t ino;

    (void)sqlite3_bind_int64(r->find_name, 1, parent);
    (void)sqlite3_bind_int64(r->find_name, 2, hash_of(name));
    (void)sqlite3_bind_blob(r->find_name, 3, name, (int)strlen(name), SQLITE_STATIC);
    BENCH_NEED(sqlite3_step(r->find_name) == SQLITE_ROW);
    ino = sqlite3_column_int64(r->find_name, 0);
    (void)sqlite3_reset(r->find_name);
    return ino;
}

static void raw_stat(void *user, size_t count)
{
    struct raw *r = user;

    raw_exec(r, "BEGIN");
    for (size_t i = 0; i < count; i++) {
        int64_t ino = raw_find(r, raw_find(r, raw_find(r, 1, "a"), "b"), "file");

        (void)sqlite3_bind_int64(r->find_inode, 1, ino);
        raw_step(r->find_inode, SQLITE_ROW);
    }
    raw_exec(r, "COMMIT");
}

static sqlite3_blob *raw_blob(struct raw *r, int writable)
{
    sqlite3_blob *blob = NULL;

    BENCH_NEED(sqlite3_blob_open(r->db, "main", "data", "chunk", (int64_t)BIG_INO << CHUNK_BITS,
                                 writable, &blob) == SQLITE_OK);
    return blob;
}

static void raw_seek(sqlite3_blob *blob, size_t block)
{
    int64_t id = (int64_t)BIG_INO << CHUNK_BITS | (int64_t)(block / (CHUNK / BLOCK));

    BENCH_NEED(sqlite3_blob_reopen(blob, id) == SQLITE_OK);
}

static void raw_random_read(void *user, size_t count)
{
    struct raw *r = user;
    sqlite3_blob *blob = raw_blob(r, 0);
    uint64_t state = 1;

    for (size_t i = 0; i < count; i++) {
        size_t block = next_block(&state);

        raw_seek(blob, block);
        BENCH_NEED(sqlite3_blob_read(blob, scratch, BLOCK,
                                     (int)(block % (CHUNK / BLOCK)) * BLOCK) == SQLITE_OK);
    }
    (void)sqlite3_blob_close(blob);
}

static void raw_random_write(void *user, size_t count)
{
    struct raw *r = user;
    uint64_t state = 1;

    for (size_t done = 0; done < count; done += GROUP) {
        sqlite3_blob *blob;

        raw_exec(r, "BEGIN IMMEDIATE");
        blob = raw_blob(r, 1);
        for (size_t i = 0; i < GROUP; i++) {
            size_t block = next_block(&state);

            raw_seek(blob, block);
            BENCH_NEED(sqlite3_blob_write(blob, bytes, BLOCK,
                                          (int)(block % (CHUNK / BLOCK)) * BLOCK) == SQLITE_OK);
        }
        (void)sqlite3_blob_close(blob);
        raw_exec(r, "COMMIT");
    }
}

static void raw_write_chunks(void *user, size_t count)
{
    enum { GROUP_CHUNKS = 128 }; /* 8 MiB, as sqlitefs gathers at most */
    struct raw *r = user;

    raw_exec(r, "BEGIN IMMEDIATE");
    for (size_t i = 0; i < count; i++) {
        raw_put_chunk(r, BIG_INO, i % BIG_CHUNKS, CHUNK);
        if (i % GROUP_CHUNKS == GROUP_CHUNKS - 1) {
            raw_exec(r, "COMMIT");
            raw_exec(r, "BEGIN IMMEDIATE");
        }
    }
    raw_exec(r, "COMMIT");
}

static void open_raw(struct raw *r)
{
    BENCH_NEED(sqlite3_open("bench-raw.db", &r->db) == SQLITE_OK);
    raw_exec(
        r, "PRAGMA page_size = 4096; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;"
           "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA mmap_size = 1073741824;"
           "PRAGMA secure_delete = OFF; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = "
           "2000;");
    raw_exec(r, sqlitefs_schema);
    r->add_inode =
        raw_prepare(r, "INSERT INTO inode VALUES (?, 0, 33188, 1, 0, 0, 0, 4096, 8, 1, 1, 1,"
                       " 1, 0, 1)");
    r->add_name = raw_prepare(r, "INSERT INTO dentry VALUES (?, ?, ?, ?, 8)");
    r->put_chunk = raw_prepare(r, "INSERT OR REPLACE INTO data VALUES (?, ?)");
    r->find_name =
        raw_prepare(r, "SELECT ino FROM dentry WHERE parent = ? AND hash = ? AND name = ?");
    r->find_inode = raw_prepare(r, "SELECT * FROM inode WHERE ino = ?");
    r->ino = 1;
    raw_add(r, 1, "a");
    raw_add(r, 2, "b");
    raw_add(r, 3, "file");
    raw_write_chunks(r, BIG_CHUNKS);
}

static void close_raw(struct raw *r)
{
    sqlite3_stmt *st;

    while ((st = sqlite3_next_stmt(r->db, NULL)) != NULL)
        (void)sqlite3_finalize(st);
    (void)sqlite3_close(r->db);
}

static void remove_files(void)
{
    static const char *const files[] = {
        "bench-ours.db", "bench-ours.db-wal", "bench-ours.db-shm", "bench-ours.db-lock",
        "bench-raw.db",  "bench-raw.db-wal",  "bench-raw.db-shm"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        (void)unlink(files[i]);
}

int main(int argc, char **argv)
{
    static struct ours o;
    static struct raw r;
    const struct bench_work works[] = {
        {"create + 4 KiB", "≤ 1.25", 5000, ours_create, &o, raw_create, &r},
        {"stat, depth 3, cached", "≤ 0.1", 100000, ours_stat, &o, raw_stat, &r},
        {"random 4 KiB read", "≤ 1.25", 50000, ours_random_read, &o, raw_random_read, &r},
        {"random 4 KiB write", "≤ 1.11", 10000, ours_random_write, &o, raw_random_write, &r},
        {"sequential write, 64 KiB", "≤ 1.11", BIG_CHUNKS, ours_write_chunks, &o, raw_write_chunks,
         &r},
    };
    int status;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(1 + i % 251);
    remove_files();
    open_ours(&o);
    open_raw(&r);
    status = bench_main(argc, argv, works, sizeof(works) / sizeof(works[0]));
    BENCH_NEED(o.fs->ops->close(o.fs, &who, NULL, &o.big) == 0);
    o.fs->ops->destroy(o.fs, NULL);
    close_raw(&r);
    remove_files();
    return status;
}
