/* SPDX-License-Identifier: MIT */
#include "tests/contract/dbcheck.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <string.h>

/* Queries that count what breaks a rule. */
static const struct {
    const char *rule;
    const char *sql;
} rules[] = {
    {"an entry names an inode that is missing",
     "SELECT count(*) FROM dentry WHERE ino NOT IN (SELECT ino FROM inode)"},
    {"an entry is in something that is no directory",
     "SELECT count(*) FROM dentry WHERE parent NOT IN"
     " (SELECT ino FROM inode WHERE mode >> 12 = 4)"},
    {"an entry's type is not its inode's",
     "SELECT count(*) FROM dentry JOIN inode USING (ino) WHERE type <> mode >> 12"},
    {"a chunk belongs to no regular file", "SELECT count(*) FROM data WHERE id >> 24 NOT IN"
                                           " (SELECT ino FROM inode WHERE mode >> 12 = 8)"},
    {"a chunk has a wrong length",
     "SELECT count(*) FROM data JOIN inode ON ino = id >> 24,"
     " (SELECT 1 << value AS size FROM meta WHERE key = 'chunk_shift') AS c"
     " WHERE length(chunk) <> min(c.size, inode.size - (id & 0xffffff) * c.size)"},
    {"an inode's blocks are wrong", "SELECT count(*) FROM inode WHERE mode >> 12 = 8 AND blocks <>"
                                    " (SELECT ifnull(sum((length(chunk) + 511) / 512), 0) FROM data"
                                    "  WHERE id BETWEEN ino << 24 AND ino << 24 | 0xffffff)"},
    {"a file's links are wrong", "SELECT count(*) FROM inode WHERE mode >> 12 <> 4 AND nlink <>"
                                 " (SELECT count(*) FROM dentry WHERE dentry.ino = inode.ino)"},
    {"a directory's links are wrong",
     "SELECT count(*) FROM inode WHERE mode >> 12 = 4 AND nlink <>"
     " 2 + (SELECT count(*) FROM dentry WHERE parent = inode.ino AND type = 4)"},
    {"an inode without a name is no orphan",
     "SELECT count(*) FROM inode WHERE ino <> 1 AND ino NOT IN (SELECT ino FROM dentry)"
     " AND ino NOT IN (SELECT ino FROM orphan)"},
    {"a directory has two names",
     "SELECT count(*) FROM (SELECT 1 FROM dentry WHERE type = 4 GROUP BY ino"
     " HAVING count(*) > 1)"},
    {"something can't be reached from the root",
     "SELECT (SELECT count(*) FROM inode) - (SELECT count(*) FROM orphan)"
     " - (SELECT count(DISTINCT ino) FROM file)"},
    {"a link and its target don't match", "SELECT count(*) FROM inode LEFT JOIN symlink USING (ino)"
                                          " WHERE (mode >> 12 = 10) <> (target IS NOT NULL)"
                                          " OR (target IS NOT NULL AND length(target) <> size)"},
    {"an attribute belongs to nothing",
     "SELECT count(*) FROM xattr WHERE ino NOT IN (SELECT ino FROM inode)"},
    {"an inode's number was never handed out",
     "SELECT count(*) FROM inode WHERE ino >= (SELECT value FROM meta WHERE key = 'ino_next')"},
};

static sqlite3 *open_db(const char *path)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);

    cr_assert(rc == SQLITE_OK, "%s: %s", path, sqlite3_errstr(rc));
    (void)sqlite3_busy_timeout(db, 2000);
    return db;
}

void db_run_sql(const char *path, const char *sql)
{
    sqlite3 *db = open_db(path);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

    cr_assert(rc == SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    (void)sqlite3_close(db);
}

/* Step a query to its one row. */
static sqlite3_stmt *query(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &q, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    cr_assert(rc == SQLITE_ROW, "%s: %s", sql, sqlite3_errmsg(db));
    return q;
}

int64_t db_number(const char *path, const char *sql)
{
    sqlite3 *db = open_db(path);
    sqlite3_stmt *q = query(db, sql);
    int64_t number = sqlite3_column_int64(q, 0);

    (void)sqlite3_finalize(q);
    (void)sqlite3_close(db);
    return number;
}

int db_text_is(const char *path, const char *sql, const char *text)
{
    sqlite3 *db = open_db(path);
    sqlite3_stmt *q = query(db, sql);
    int same = strcmp((const char *)sqlite3_column_text(q, 0), text) == 0;

    (void)sqlite3_finalize(q);
    (void)sqlite3_close(db);
    return same;
}

void db_check(const char *path)
{
    cr_assert(db_text_is(path, "PRAGMA integrity_check", "ok"), "%s: integrity_check", path);
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        cr_assert(db_number(path, rules[i].sql) == 0, "%s: %s", path, rules[i].rule);
}

void *db_lock(const char *path)
{
    sqlite3 *db = open_db(path);

    cr_assert(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
    return db;
}

void db_unlock(void *db)
{
    (void)sqlite3_close(db);
}

void db_run_on(void *db, const char *sql)
{
    cr_assert(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
              sqlite3_errmsg(db));
}
