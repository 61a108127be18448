/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/spoil.h"

#include "server/base/check.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS_MAX = 8, POKES_MAX = 16, SQL_MAX = 1024, COUNT_STEPS = 1000, COUNTS_MAX = 500 };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

uint8_t recipe_byte(struct recipe *r)
{
    if (r->size == 0)
        return 0;
    r->size--;
    return *r->at++;
}

/** One of a list. */
#define PICK(r, list) ((list)[recipe_byte(r) % COUNT(list)])

static const char *const values[] = {
    "0",
    "1",
    "-1",
    "2",
    "3",
    "4",
    "8",
    "10",
    "14",
    "16",
    "20",
    "63",
    "255",
    "256",
    "4095",
    "4096",
    "33188",
    "16877",
    "41471",
    "65000",
    "65535",
    "65536",
    "65537",
    "131072",
    "1 << 24",
    "2 << 24",
    "(2 << 24) + 1",
    "(3 << 24) + 5",
    "1 << 29",
    "(1 << 31) - 1",
    "1 << 31",
    "1 << 32",
    "1 << 38",
    "(1 << 38) + 1",
    "1 << 39",
    "(1 << 39) - 1",
    "1 << 40",
    "1 << 62",
    "9223372036854775807",
    "-9223372036854775808",
    "NULL",
    "1.5",
    "1e300",
    "'16'",
    "'text'",
    "''",
    "x''",
    "x'00'",
    "x'2e'",
    "x'2e2e'",
    "x'612f62'",
    "x'610062'",
    "zeroblob(1)",
    "zeroblob(255)",
    "zeroblob(256)",
    "zeroblob(4095)",
    "zeroblob(16384)",
    "zeroblob(65535)",
    "zeroblob(65536)",
    "zeroblob(65537)",
    "zeroblob(131072)",
    "zeroblob(1000000)",
    "CAST(hex(randomblob(40000)) AS TEXT)",
};

/* Tables with their columns; the first is what rows are chosen by. For meta see keys. */
static const struct table {
    const char *name;
    const char *column[16];
    size_t columns;
} tables[] = {
    {"inode",
     {"ino", "gen", "mode", "nlink", "uid", "gid", "rdev", "size", "blocks", "atime", "mtime",
      "ctime", "btime", "flags", "version"},
     15},
    {"dentry", {"ino", "parent", "hash", "name", "type"}, 5},
    {"data", {"id", "chunk"}, 2},
    {"symlink", {"ino", "target"}, 2},
    {"xattr", {"ino", "name", "value"}, 3},
    {"orphan", {"ino"}, 1},
};

static const char *const keys[] = {"chunk_shift",      "ino_next",       "clean",
                                   "feature_readonly", "feature_compat", "feature_incompat",
                                   "quota_bytes"};

static const char *const schemas[] = {
    "CREATE TABLE more (x)",
    "CREATE TABLE sqlite_more (x)",
    "CREATE INDEX more ON inode (length(printf('%.*c', nlink, 'a')))",
    "CREATE TRIGGER more AFTER INSERT ON inode BEGIN DELETE FROM inode; END",
    "CREATE TRIGGER more AFTER UPDATE ON meta BEGIN DELETE FROM dentry; END",
    "CREATE VIEW more AS SELECT * FROM more",
    "DROP VIEW file; CREATE VIEW file AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1"
    " FROM n) SELECT i FROM n",
    "DROP VIEW chunk",
    "DROP TABLE orphan",
    "DROP TABLE xattr; CREATE TABLE xattr (x)",
    "DROP TABLE orphan; CREATE VIEW orphan AS WITH RECURSIVE n(ino) AS (SELECT 1 UNION ALL SELECT"
    " ino + 1 FROM n) SELECT ino FROM n",
    "CREATE VIRTUAL TABLE more USING fts5 (x)",
    "DROP TABLE symlink; CREATE VIRTUAL TABLE symlink USING fts5 (ino, target)",
    "DROP TABLE orphan; CREATE VIRTUAL TABLE orphan USING rtree (ino, a, b)",
    "ALTER TABLE inode ADD COLUMN more INTEGER AS (length(printf('%.*c', 9, 'a')))",
    "ALTER TABLE inode RENAME COLUMN gen TO more",
    "ALTER TABLE xattr RENAME TO more",
    "ANALYZE",
    "VACUUM",
    "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM",
    "PRAGMA journal_mode = DELETE; PRAGMA page_size = 65536; VACUUM; PRAGMA journal_mode = WAL",
    "PRAGMA auto_vacuum = FULL; VACUUM",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA application_id = 77",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 2",
    "PRAGMA user_version = -1",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM"
    " sqlite_schema WHERE name = 'data') WHERE name = 'symlink'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 0 WHERE name = 'data'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 WHERE name = 'orphan'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 1 << 40 WHERE name = 'data'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = NULL WHERE name = 'data'",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'BLOB', 'ANY')",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, ') STRICT',"
    " ', CHECK (length(hex(randomblob(450000000))) > 0)) STRICT')",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' '",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET name = name || 'x' WHERE type = 'view'",
    "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'dentry'",
    "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM sqlite_schema",
    "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE data (id INTEGER"
    " PRIMARY KEY, chunk BLOB COLLATE nosuch)' WHERE name = 'data'",
};

/* The spoiler shall not hang in what it has made itself. */
static int on_steps(void *user)
{
    int *counts = user;

    return ++*counts > COUNTS_MAX;
}

static void run(sqlite3 *db, const char *sql)
{
    int counts = 0;

    sqlite3_progress_handler(db, COUNT_STEPS, on_steps, &counts);
    (void)sqlite3_exec(db, sql, NULL, NULL, NULL);
    sqlite3_progress_handler(db, 0, NULL, NULL);
}

/* Which rows: some of them by their first column, or all. */
static void choose(struct recipe *r, const struct table *t, char out[SQL_MAX])
{
    unsigned of = recipe_byte(r) % 6 + 1;

    (void)snprintf(out, SQL_MAX, "WHERE %s %% %u = %u", t->column[0], of, recipe_byte(r) % of);
}

static void change_rows(sqlite3 *db, struct recipe *r)
{
    const struct table *t = &PICK(r, tables);
    const char *column = t->column[recipe_byte(r) % t->columns];
    const char *value = PICK(r, values);
    char where[SQL_MAX];
    char sql[2 * SQL_MAX];

    choose(r, t, where);
    if (recipe_byte(r) % 8 == 0)
        (void)snprintf(sql, sizeof(sql), "DELETE FROM %s %s", t->name, where);
    else
        (void)snprintf(sql, sizeof(sql), "UPDATE OR IGNORE %s SET %s = %s %s", t->name, column,
                       value, where);
    run(db, sql);
}

static void change_meta(sqlite3 *db, struct recipe *r)
{
    const char *key = PICK(r, keys);
    char sql[SQL_MAX];

    (void)snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO meta VALUES ('%s', %s)", key,
                   PICK(r, values));
    run(db, sql);
}

/* Names in two places, circles, names of nothing; rows of data and orphans of anything. */
static void add_rows(sqlite3 *db, struct recipe *r)
{
    unsigned parent = recipe_byte(r) % 10;
    unsigned ino = recipe_byte(r) % 12;
    char sql[SQL_MAX];

    switch (recipe_byte(r) % 4) {
    case 0:
        (void)snprintf(sql, sizeof(sql),
                       "INSERT OR IGNORE INTO dentry SELECT %u, hash, name, %u, type FROM dentry",
                       parent, ino);
        break;
    case 1:
        (void)snprintf(sql, sizeof(sql), "INSERT OR REPLACE INTO data VALUES ((%u << 24) + %u, %s)",
                       ino, parent, PICK(r, values));
        break;
    case 2:
        (void)snprintf(sql, sizeof(sql), "INSERT OR IGNORE INTO orphan VALUES (%s)",
                       PICK(r, values));
        break;
    default:
        (void)snprintf(sql, sizeof(sql),
                       "INSERT OR IGNORE INTO inode SELECT %u, gen, mode, nlink, uid, gid, rdev,"
                       " size, blocks, atime, mtime, ctime, btime, flags, version FROM inode"
                       " WHERE ino = %u",
                       ino, parent);
    }
    run(db, sql);
}

/* By SQL, on tables whose columns take any type meanwhile. */
static void spoil_rows(sqlite3 *db, struct recipe *r)
{
    unsigned steps = recipe_byte(r) % STEPS_MAX;

    run(db, "CREATE TEMP TABLE was AS SELECT name, sql FROM sqlite_schema WHERE type = 'table';"
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_schema SET sql = replace(replace(sql, ') STRICT, WITHOUT',"
            " ') WITHOUT'), ') STRICT', ')');"
            "PRAGMA writable_schema = RESET");
    for (unsigned i = 0; i < steps; i++) {
        uint8_t way = recipe_byte(r) % 32;

        if (way == 0) /* seldom: most of that is seen at once */
            change_meta(db, r);
        else if (way < 10)
            add_rows(db, r);
        else
            change_rows(db, r);
    }
    run(db, "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_schema SET sql = (SELECT sql FROM was WHERE was.name ="
            " tbl_name) WHERE type = 'table';"
            "PRAGMA writable_schema = RESET");
}

static void spoil_bytes(const char *path, struct recipe *r)
{
    static const uint8_t edges[] = {0, 1, 2, 5, 10, 13, 0x7f, 0x80, 0x81, 0xff};
    unsigned pokes = recipe_byte(r) % POKES_MAX;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;

    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    for (unsigned i = 0; i < pokes && st.st_size > 0; i++) {
        off_t page = recipe_byte(r) * (off_t)4096;
        off_t at = page + (recipe_byte(r) % 2 == 0 ? 0 : recipe_byte(r) * 16) + recipe_byte(r) % 16;
        uint8_t byte = recipe_byte(r) % 2 == 0 ? PICK(r, edges) : recipe_byte(r);

        CHECK(pwrite(fd, &byte, 1, at % st.st_size) == 1);
    }
    if (recipe_byte(r) % 32 == 1)
        CHECK(ftruncate(fd, st.st_size / 256 * recipe_byte(r)) == 0);
    (void)close(fd);
}

void spoil(const char *path, struct recipe *r)
{
    uint8_t ways = recipe_byte(r);
    sqlite3 *db = NULL;

    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    if ((ways & 3) != 0)
        spoil_rows(db, r);
    if ((ways & 12) == 12)
        run(db, PICK(r, schemas));
    (void)sqlite3_close(db);
    if ((ways & 48) == 48)
        spoil_bytes(path, r);
}
