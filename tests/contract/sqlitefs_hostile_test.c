/* SPDX-License-Identifier: MIT */
/* Files that were made or changed to do harm: nothing in them is believed. A bad row is EIO for its
 * file only, a foreign schema is refused by name before it runs. */
#include "tests/contract/bed.h"
#include "tests/contract/dbcheck.h"

#include "server/base/strbuf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65536, SIZE = 70000, BAD_INO = 2, SECONDS_MAX = 5 };

static char bytes[SIZE];

/* A store with /f, which is inode 2 and will be spoilt, and /good, which must stay as it is. */
static void bed_with_files(struct bed *b)
{
    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    fill(bytes, sizeof(bytes), 7);
    put_file(b, "/f", bytes, sizeof(bytes));
    IS(stat_of(b, "/f").ino, BAD_INO);
    put_file(b, "/good", "good", 4);
    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/below", "x", 1);
    bed_close(b);
}

/* Run SQL on a table as if it were not STRICT, and put its schema back. */
static void run_loosely(const struct bed *b, const char *table, const char *sql)
{
    struct strbuf text = STRBUF_INIT;

    (void)strbuf_addf(&text,
                      "CREATE TEMP TABLE was AS SELECT sql FROM sqlite_schema WHERE name = '%s';"
                      "PRAGMA writable_schema = ON;"
                      "UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', 'WITHOUT ROWID')"
                      " WHERE name = '%s' AND sql LIKE '%%) STRICT, WITHOUT%%';"
                      "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''),"
                      " 'WITHOUT ROWID, WITHOUT ROWID', 'WITHOUT ROWID') WHERE name = '%s';"
                      "PRAGMA writable_schema = RESET;",
                      table, table, table);
    (void)strbuf_addf(&text,
                      "%s;"
                      "PRAGMA writable_schema = ON;"
                      "UPDATE sqlite_schema SET sql = (SELECT sql FROM was) WHERE name = '%s';"
                      "PRAGMA writable_schema = RESET;",
                      sql, table);
    db_run_sql(b->db, strbuf_str(&text));
    strbuf_done(&text);
}

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool listed(struct bed *b, const char *dir, const char *name)
{
    return strstr(names_of(b, dir), name) != NULL;
}

/* Everything that a caller can do to a path. What it answers is not looked at: that it comes back,
 * and what is left of the others, is. */
static void use(struct bed *b, const char *path)
{
    static const uint64_t sizes[] = {50, 1, 100000, 70000, 3, 0};
    char buf[200];
    struct fs_stat st;
    struct fs_file file = {.flags = FS_O_RDWR};

    (void)FS(getattr, path, &st, NULL);
    (void)FS(readlink, path, buf, sizeof(buf));
    (void)bed_read(b, path, bytes, sizeof(bytes), 0, NULL);
    (void)bed_write(b, path, "hello", 5, 5, NULL);
    (void)bed_write(b, path, "hello", 5, CHUNK - 2, NULL);
    (void)bed_write(b, path, "hello", 5, 3 * CHUNK, NULL);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        (void)FS(truncate, path, sizes[i], NULL);
    if (FS(open, path, &file) == 0)
        IS(FS(close, NULL, &file), 0);
    (void)FS(chmod, path, 0600, NULL);
    (void)FS(link, path, "/l");
    (void)FS(rename, path, "/m", FS_RENAME_REPLACE);
    (void)FS(unlink, "/m");
    (void)FS(rmdir, path);
    (void)FS(unlink, path);
}

static void good_is_whole(struct bed *b)
{
    cr_assert(file_is(b, "/good", "good", 4));
    cr_assert(listed(b, "/", " good"));
    cr_assert(file_is(b, "/d/below", "x", 1));
    put_file(b, "/new", "new", 3);
    IS(FS0(sync), 0);
    IS(FS(unlink, "/new"), 0);
}

/* ---- Rows ---- */

/* What /f answers when a row of it is bad: to stat, and else to a read of all of it. */
static const struct {
    const char *table;
    const char *sql;
    int stat;
    int read;
} bad_rows[] = {
    {"data", "UPDATE data SET chunk = zeroblob(65537) WHERE id = 2 << 24", 0, -EIO},
    {"data", "UPDATE data SET chunk = zeroblob(1000000) WHERE id = 2 << 24", 0, -EIO},
    {"data", "UPDATE data SET chunk = zeroblob(1000000) WHERE id = (2 << 24) + 1", 0, -EIO},
    {"data", "UPDATE data SET chunk = zeroblob(65535) WHERE id = 2 << 24", 0, -EIO},
    {"data", "UPDATE data SET chunk = x'' WHERE id = 2 << 24", 0, -EIO},
    {"data", "UPDATE data SET chunk = 'text' WHERE id = 2 << 24", 0, -EIO},
    {"data", "UPDATE data SET chunk = 12345 WHERE id = 2 << 24", 0, -EIO},
    {"data", "UPDATE data SET chunk = 1.5 WHERE id = 2 << 24", 0, -EIO},
    {"inode", "UPDATE inode SET size = -1 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET size = 1 << 62 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET size = (1 << 38) + 1 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET size = 'large' WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET mode = 0 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET mode = -1 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET mode = 16877 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET mode = mode + (1 << 32) WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET mode = 8630 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET nlink = 0 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET nlink = -5 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET nlink = 65001 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET uid = 1 << 32 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET gid = -1 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET blocks = (1 << 29) + 1 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET version = 9223372036854775807 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET mtime = 1.5 WHERE ino = 2", -EIO, -EIO},
    {"inode", "UPDATE inode SET gen = zeroblob(100) WHERE ino = 2", -EIO, -EIO},
    {"inode", "DELETE FROM inode WHERE ino = 2", -EIO, -EIO},
    {"dentry", "UPDATE dentry SET ino = 1 WHERE ino = 2", -EIO, -EIO},
    {"dentry", "UPDATE dentry SET ino = 0 WHERE ino = 2", -EIO, -EIO},
    {"dentry", "UPDATE dentry SET ino = -2 WHERE ino = 2", -EIO, -EIO},
    {"dentry", "UPDATE dentry SET ino = 2 + (1 << 40) WHERE ino = 2", -EIO, -EIO},
    {"dentry", "UPDATE dentry SET type = 4 WHERE ino = 2", -EIO, -EIO},
    {"dentry", "UPDATE dentry SET type = 10 WHERE ino = 2", -EIO, -EIO},
    {"dentry", "UPDATE dentry SET type = -1 WHERE ino = 2", -EIO, -EIO},
    {"dentry", "UPDATE dentry SET hash = hash + 1 WHERE ino = 2", -ENOENT, -ENOENT},
};

Test(sqlitefs_hostile, a_bad_row_is_EIO_for_its_file_only)
{
    struct bed bed;
    struct bed *b = &bed;

    for (size_t i = 0; i < sizeof(bad_rows) / sizeof(bad_rows[0]); i++) {
        bed_with_files(b);
        run_loosely(b, bad_rows[i].table, bad_rows[i].sql);
        IS(bed_open(b, NULL), 0);
        cr_assert(stat_error(b, "/f") == bad_rows[i].stat, "%s: %d", bad_rows[i].sql,
                  stat_error(b, "/f"));
        cr_assert(bed_read(b, "/f", bytes, SIZE, 0, NULL) == bad_rows[i].read, "%s",
                  bad_rows[i].sql);
        good_is_whole(b);
        use(b, "/f");
        good_is_whole(b);
        bed_done(b);
    }
}

/* The length of a row decides, one byte more or less is too much; at the end of a file, too. */
Test(sqlitefs_hostile, a_row_is_as_long_as_its_chunk)
{
    struct bed bed;
    struct bed *b = &bed;
    char byte;

    for (int more = -1; more <= 1; more++) {
        char sql[128];

        bed_with_files(b);
        (void)snprintf(sql, sizeof(sql),
                       "UPDATE data SET chunk = zeroblob(%d) WHERE id = (2 << 24) + 1",
                       SIZE - CHUNK + more);
        db_run_sql(b->db, sql);
        IS(bed_open(b, NULL), 0);
        IS(bed_read(b, "/f", &byte, 1, CHUNK, NULL), more == 0 ? 1 : -EIO);
        IS(bed_write(b, "/f", "x", 1, CHUNK, NULL), more == 0 ? 1 : -EIO);
        IS(bed_read(b, "/f", &byte, 1, 0, NULL), 1);
        bed_done(b);
    }
}

Test(sqlitefs_hostile, names_that_are_none_are_not_shown)
{
    static const char *const names[] = {"x''",           "x'2e'",          "x'2e2e'",
                                        "'text'",        "x'612f62'",      "x'610062'",
                                        "zeroblob(256)", "zeroblob(65536)"};
    struct bed bed;
    struct bed *b = &bed;
    struct fs_statfs st;
    char sql[128];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        bed_with_files(b);
        (void)snprintf(sql, sizeof(sql), "UPDATE dentry SET name = %s WHERE ino = 2", names[i]);
        run_loosely(b, "dentry", sql);
        IS(bed_open(b, NULL), 0);
        cr_assert_str_eq(names_of(b, "/"), " d good", "%s", names[i]);
        good_is_whole(b);
        bed_done(b);
    }
    bed_with_files(b);
    db_run_sql(b->db, "UPDATE dentry SET name = x'612f62' WHERE ino = 2");
    IS(bed_open(b, NULL), 0);
    (void)names_of(b, "/");
    IS(FS(statfs, &st), 0);
    cr_assert(strstr(st.note, "damaged") != NULL, "%s", st.note);
    bed_done(b);
}

/* A key that no statement may load makes each look-up slow: that file is not used at all. */
Test(sqlitefs_hostile, keys_too_long_to_pass_by)
{
    static const struct {
        const char *table;
        const char *sql;
    } keys[] = {
        {"dentry", "UPDATE dentry SET name = zeroblob(65537) WHERE ino = 2"},
        {"dentry", "UPDATE dentry SET parent = zeroblob(65537) WHERE ino = 2"},
        {"dentry", "UPDATE dentry SET hash = zeroblob(1000000) WHERE ino = 2"},
        {"dentry", "UPDATE dentry SET name = hex(zeroblob(100000)) WHERE ino = 2"},
        {"dentry", "UPDATE dentry SET type = zeroblob(65537) WHERE ino = 2"},
        {"meta", "INSERT INTO meta VALUES (hex(zeroblob(40000)), 1)"},
        {"meta", "UPDATE meta SET value = zeroblob(1000000) WHERE key = 'label'"},
    };
    struct bed bed;
    struct bed *b = &bed;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        bed_with_files(b);
        run_loosely(b, keys[i].table, keys[i].sql);
        cr_assert(bed_open(b, NULL) == -EIO, "%s", keys[i].sql);
        cr_assert(bed_why(b, "is damaged"), "%s", keys[i].sql);
        bed_done(b);
    }
}

/* Rows that take a while to walk over: nothing walks over them. */
Test(sqlitefs_hostile, long_rows_cost_nothing)
{
    struct bed bed;
    struct bed *b = &bed;
    double began;

    bed_with_files(b);
    run_loosely(b, "inode", "UPDATE inode SET gen = zeroblob(4000000) WHERE ino = 2");
    db_run_sql(b->db, "UPDATE data SET chunk = zeroblob(100000000) WHERE id >> 24 = 3");
    began = seconds();
    IS(bed_open(b, NULL), 0);
    for (int i = 0; i < 100; i++) {
        IS(stat_error(b, "/f"), -EIO);
        IS(bed_read(b, "/good", bytes, 4, 0, NULL), -EIO);
        cr_assert(listed(b, "/", " f"));
    }
    cr_assert(seconds() - began < SECONDS_MAX);
    cr_assert(file_is(b, "/d/below", "x", 1));
    bed_done(b);
}

static int count_name(void *user, const char *name, const struct fs_stat *stat)
{
    int *count = user;

    cr_assert(*name != '\0' && (stat == NULL || stat->ino != 0));
    ++*count;
    return 0;
}

/* More bad rows than a statement may pass over: the listing ends, with an error. */
Test(sqlitefs_hostile, a_listing_ends)
{
    struct bed bed;
    struct bed *b = &bed;
    int count = 0;

    bed_with_files(b);
    db_run_sql(b->db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100000)"
                      " INSERT INTO dentry SELECT 1, i, zeroblob(300), 2, 8 FROM n");
    IS(bed_open(b, NULL), 0);
    IS(FS(readdir, "/", count_name, &count, NULL), -EIO);
    cr_assert(file_is(b, "/good", "good", 4));
    cr_assert_str_eq(names_of(b, "/d"), " below");
    bed_done(b);
}

Test(sqlitefs_hostile, directories_in_circles)
{
    static const char *const circles[] = {
        "INSERT INTO dentry SELECT (SELECT ino FROM dentry WHERE name = CAST('d' AS BLOB)), hash,"
        " name, ino, type FROM dentry WHERE name = CAST('d' AS BLOB)",
        "UPDATE dentry SET ino = 1, type = 4 WHERE name = CAST('below' AS BLOB)",
    };
    struct bed bed;
    struct bed *b = &bed;
    struct fs_stat st;

    for (size_t i = 0; i < sizeof(circles) / sizeof(circles[0]); i++) {
        bed_with_files(b);
        db_run_sql(b->db, circles[i]);
        IS(bed_open(b, NULL), 0);
        IS(FS(getattr, "/d/d/d/d/d/d", &st, NULL), i == 0 ? 0 : -ENOENT);
        use(b, "/d/d");
        use(b, "/d/below");
        use(b, "/d");
        cr_assert(file_is(b, "/good", "good", 4));
        bed_done(b);
    }
}

Test(sqlitefs_hostile, links)
{
    static const char *const targets[] = {"x''", "x'610062'", "'text'", "zeroblob(100000)",
                                          "CAST('longer' AS BLOB)"};
    struct bed bed;
    struct bed *b = &bed;
    char target[16];
    char sql[128];

    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        bed_with_files(b);
        IS(bed_open(b, NULL), 0);
        IS(FS(symlink, "abc", "/link"), 0);
        bed_close(b);
        (void)snprintf(sql, sizeof(sql), "UPDATE symlink SET target = %s", targets[i]);
        run_loosely(b, "symlink", sql);
        IS(bed_open(b, NULL), 0);
        IS(FS(readlink, "/link", target, sizeof(target)), -EIO);
        good_is_whole(b);
        IS(FS(unlink, "/link"), 0);
        bed_done(b);
    }
}

/* The table of orphans may name anything: only what has no name is removed. */
Test(sqlitefs_hostile, orphans)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_with_files(b);
    db_run_sql(b->db, "INSERT INTO orphan VALUES (1), (2), (55), (-3), (9223372036854775807)");
    IS(bed_open(b, NULL), 0);
    good_is_whole(b);
    IS(stat_error(b, "/f"), 0);
    bed_close(b);
    db_check(b->db);
    bed_done(b);
}

/* ---- The table meta ---- */

Test(sqlitefs_hostile, meta)
{
    static const char *const bad[] = {
        "UPDATE meta SET value = 9 WHERE key = 'chunk_shift'",
        "UPDATE meta SET value = 15 WHERE key = 'chunk_shift'",
        "UPDATE meta SET value = 17 WHERE key = 'chunk_shift'",
        "UPDATE meta SET value = 63 WHERE key = 'chunk_shift'",
        "UPDATE meta SET value = -1 WHERE key = 'chunk_shift'",
        "UPDATE meta SET value = '16' WHERE key = 'chunk_shift'",
        "UPDATE meta SET value = 16.5 WHERE key = 'chunk_shift'",
        "UPDATE meta SET value = zeroblob(1000) WHERE key = 'chunk_shift'",
        "UPDATE meta SET value = 'x' WHERE key = 'ino_next'",
        "UPDATE meta SET value = 1 WHERE key = 'ino_next'",
        "UPDATE meta SET value = 9223372036854775807 WHERE key = 'ino_next'",
        "UPDATE meta SET value = NULL WHERE key = 'clean'",
        "UPDATE meta SET value = 'x' WHERE key = 'feature_incompat'",
        "DELETE FROM meta",
    };
    struct bed bed;
    struct bed *b = &bed;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        bed_with_files(b);
        db_run_sql(b->db, bad[i]);
        cr_assert(bed_open(b, NULL) == -EIO, "%s", bad[i]);
        cr_assert(bed_why(b, "meta is damaged") || bed_why(b, "feature masks"), "%s", bad[i]);
        bed_done(b);
    }
}

/* A number that is said to be unused, and is not: new files get others. */
Test(sqlitefs_hostile, used_numbers)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_with_files(b);
    db_run_sql(b->db, "UPDATE meta SET value = 3 WHERE key = 'ino_next'");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/more", "more", 4);
    IS(stat_of(b, "/more").ino, 6);
    good_is_whole(b);
    bed_done(b);
}

/* ---- Schemas ---- */

/* A CHECK that takes seconds and gigabytes where it runs. */
#define BOMB "length(hex(randomblob(450000000))) > 0"

static const struct {
    const char *sql;
    const char *named; /* in the refusal */
} schemas[] = {
    {"CREATE TABLE more (x)", "table more"},
    {"CREATE TABLE sqlar (name)", "table sqlar"},
    {"CREATE VIEW more AS SELECT 1", "view more"},
    {"CREATE INDEX more ON inode (length(printf('%.*c', nlink, 'a')))", "index more"},
    {"CREATE TRIGGER more AFTER INSERT ON inode BEGIN DELETE FROM inode; END", "trigger more"},
    {"CREATE VIRTUAL TABLE more USING fts5 (x)", "table more"},
    {"DROP VIEW file; DROP TABLE dentry;"
     "CREATE VIRTUAL TABLE dentry USING fts5 (parent, hash, name, ino, type)",
     "dentry"},
    {"DROP VIEW chunk; DROP TABLE data; CREATE VIRTUAL TABLE data USING rtree (id, chunk, c2)",
     "data"},
    {"DROP VIEW chunk", "view chunk is missing"},
    {"DROP VIEW chunk; CREATE VIEW chunk AS SELECT 1", "view chunk"},
    {"DROP TABLE xattr", "table xattr is missing"},
    {"ALTER TABLE inode ADD COLUMN g INTEGER AS (length(printf('%.*c', 9, 'a')))", "table inode"},
    {"ALTER TABLE meta RENAME TO old;"
     "CREATE VIEW meta AS SELECT key, value FROM old",
     "table old"},
    {"CREATE TABLE m (key TEXT NOT NULL PRIMARY KEY, value ANY, CHECK (" BOMB "));"
     "PRAGMA ignore_check_constraints = ON; INSERT INTO m SELECT * FROM meta; DROP TABLE meta;"
     "ALTER TABLE m RENAME TO meta",
     "table meta"},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'name   BLOB',"
     " 'name BLOB COLLATE nosuch') WHERE name = 'dentry'",
     "table dentry"},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'nonsense' WHERE name = 'dentry'",
     "damaged"},
    {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage ="
     " (SELECT rootpage FROM sqlite_schema WHERE name = 'symlink') WHERE name = 'orphan'",
     "share"},
    {"CREATE TABLE \"a\nb\" (x)", "table a?b"},
    {"ANALYZE", "sqlite_stat1"},
};

Test(sqlitefs_hostile, a_foreign_schema_is_named)
{
    struct bed bed;
    struct bed *b = &bed;
    double began;

    for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++) {
        bed_with_files(b);
        db_run_sql(b->db, schemas[i].sql);
        began = seconds();
        for (int readonly = 0; readonly <= 1; readonly++) {
            cr_assert(bed_open(b, readonly != 0 ? "readonly" : NULL) == -EIO, "%s", schemas[i].sql);
            cr_assert(bed_why(b, schemas[i].named), "%s: %s", schemas[i].named,
                      b->why.count > 0 ? b->why.text[0] : "no reason");
        }
        cr_assert(seconds() - began < SECONDS_MAX, "%s", schemas[i].sql);
        bed_done(b);
    }
}

/* Another program gives the mounted file a schema that nobody has checked, harmless or not: nothing
 * is compiled against it. */
Test(sqlitefs_hostile, a_schema_that_changes_under_a_mount)
{
    struct bed bed;
    struct bed *b = &bed;
    double began;

    bed_with_files(b);
    IS(bed_open(b, NULL), 0);
    put_file(b, "/before", "x", 1);
    IS(FS0(sync), 0);
    db_run_sql(b->db, "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql,"
                      " 'PRIMARY KEY (parent', 'CHECK (1), PRIMARY KEY (parent')"
                      " WHERE name = 'dentry'; PRAGMA schema_version = 1000");
    began = seconds();
    IS(FS(mkdir, "/new", 0755), -EIO);
    IS(stat_error(b, "/new"), -EIO);
    IS(FS(unlink, "/f"), -EIO);
    IS(FS0(sync), 0);
    bed_close(b);
    cr_assert(seconds() - began < SECONDS_MAX);
    IS(bed_open(b, NULL), -EIO);
    cr_assert(bed_why(b, "table dentry"));
    bed_done(b);
}

/* A schema of very many objects ends before all of them were read. */
Test(sqlitefs_hostile, a_schema_of_many_tables)
{
    struct strbuf sql = STRBUF_INIT;
    struct bed bed;
    struct bed *b = &bed;

    bed_with_files(b);
    (void)strbuf_adds(&sql, "BEGIN;");
    for (int i = 0; i < 3000; i++)
        (void)strbuf_addf(&sql, "CREATE TABLE t%d (x);", i);
    (void)strbuf_adds(&sql, "COMMIT;");
    db_run_sql(b->db, strbuf_str(&sql));
    strbuf_done(&sql);
    IS(bed_open(b, NULL), -EIO);
    cr_assert(b->why.count > 0);
    bed_done(b);
}

Test(sqlitefs_hostile, another_page_size)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_with_files(b);
    db_run_sql(b->db, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 65536; VACUUM;"
                      "PRAGMA journal_mode = WAL");
    IS(bed_open(b, NULL), -EIO);
    cr_assert(bed_why(b, "page size of 65536 bytes"));
    bed_done(b);
}

/* A database without tables is somebody's, too: it is not made over. */
Test(sqlitefs_hostile, another_page_size_and_no_tables)
{
    struct bed bed;
    struct bed *b = &bed;
    struct stat before;
    struct stat after;

    bed_init(b, "sqlitefs");
    IS(close(creat(b->db, 0644)), 0);
    db_run_sql(b->db, "PRAGMA page_size = 65536; CREATE TABLE x (x); DROP TABLE x");
    IS(stat(b->db, &before), 0);
    IS(bed_open(b, NULL), -EIO);
    cr_assert(bed_why(b, "page size of 65536 bytes"));
    IS(stat(b->db, &after), 0);
    IS(after.st_size, before.st_size);
    IS(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
    db_run_sql(b->db, "PRAGMA page_size = 4096; VACUUM");
    IS(bed_open(b, NULL), 0);
    bed_done(b);
}
