/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/db.h"

#include "server/base/check.h"

#include <errno.h>
#include <string.h>

#define INODE_COLUMNS                                                                              \
    "gen, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime, flags, version"

static const char *const sql_text[SQL_LAST] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVE] = "SAVEPOINT op",
    [SQL_SAVE_DONE] = "RELEASE op",
    [SQL_SAVE_UNDO] = "ROLLBACK TO op",
    [SQL_META_GET] = "SELECT value FROM meta WHERE key = ?1",
    [SQL_META_SET] = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
    [SQL_COUNT_USE] = "SELECT count(*), total(CASE WHEN mode >> 12 = 8 THEN size ELSE 0 END)"
                      " FROM inode",
    [SQL_INODE_GET] = "SELECT " INODE_COLUMNS " FROM inode WHERE ino = ?1",
    [SQL_INODE_ADD] = "INSERT INTO inode (ino, " INODE_COLUMNS ") VALUES"
                      " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    [SQL_INODE_SET] = "UPDATE inode SET gen = ?2, mode = ?3, nlink = ?4, uid = ?5, gid = ?6,"
                      " rdev = ?7, size = ?8, blocks = ?9, atime = ?10, mtime = ?11, ctime = ?12,"
                      " btime = ?13, flags = ?14, version = ?15 WHERE ino = ?1",
    [SQL_INODE_DEL] = "DELETE FROM inode WHERE ino = ?1",
    [SQL_DENTRY_GET] = "SELECT ino, type FROM dentry WHERE parent = ?1 AND hash = ?2 AND name = ?3",
    [SQL_DENTRY_ADD] = "INSERT INTO dentry (parent, hash, ino, type, name)"
                       " VALUES (?1, ?2, ?3, ?4, ?5)",
    [SQL_DENTRY_SET] = "UPDATE dentry SET ino = ?3, type = ?4"
                       " WHERE parent = ?1 AND hash = ?2 AND name = ?5",
    [SQL_DENTRY_DEL] = "DELETE FROM dentry WHERE parent = ?1 AND hash = ?2 AND name = ?3",
    [SQL_DENTRY_ANY] = "SELECT 1 FROM dentry WHERE parent = ?1 LIMIT 1",
    [SQL_DENTRY_LIST] = "SELECT hash, name, dentry.ino, " INODE_COLUMNS
                        " FROM dentry JOIN inode ON inode.ino = dentry.ino"
                        " WHERE parent = ?1 AND (hash, name) > (?2, ?4)"
                        " ORDER BY hash, name LIMIT ?3",
    [SQL_CHUNK_LEN] = "SELECT length(chunk) FROM data WHERE id = ?1",
    [SQL_CHUNK_SET] = "INSERT OR REPLACE INTO data (id, chunk) VALUES (?1, ?2)",
    [SQL_CHUNK_DEL] = "DELETE FROM data WHERE id BETWEEN ?1 AND ?2",
    [SQL_SYMLINK_GET] = "SELECT target FROM symlink WHERE ino = ?1",
    [SQL_SYMLINK_ADD] = "INSERT INTO symlink (ino, target) VALUES (?1, ?2)",
    [SQL_SYMLINK_DEL] = "DELETE FROM symlink WHERE ino = ?1",
    [SQL_ORPHAN_ADD] = "INSERT INTO orphan (ino) VALUES (?1)",
    [SQL_ORPHAN_DEL] = "DELETE FROM orphan WHERE ino = ?1",
    [SQL_ORPHAN_ANY] = "SELECT ino FROM orphan LIMIT 1",
    [SQL_PAGE_COUNT] = "PRAGMA page_count",
    [SQL_FREE_COUNT] = "PRAGMA freelist_count",
};

int db_errno(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_TOOBIG:
        return -EFBIG;
    case SQLITE_PROTOCOL:
        return -ENOLCK;
    default:
        return rc == SQLITE_IOERR_NOMEM ? -ENOMEM : -EIO;
    }
}

int db_prepare(struct db *db)
{
    for (size_t i = 0; i < SQL_LAST; i++) {
        int rc = sqlite3_prepare_v3(db->sqlite, sql_text[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &db->stmt[i], NULL);

        if (rc != SQLITE_OK)
            return db_errno(rc);
    }
    return 0;
}

void db_close(struct db *db)
{
    for (size_t i = 0; i < SQL_LAST; i++) {
        (void)sqlite3_finalize(db->stmt[i]);
        db->stmt[i] = NULL;
    }
    CHECK(sqlite3_close(db->sqlite) == SQLITE_OK);
    db->sqlite = NULL;
}

sqlite3_stmt *db_use(struct db *db, enum sql id, size_t count, const int64_t *args)
{
    sqlite3_stmt *q = db->stmt[id];

    for (size_t i = 0; i < count; i++)
        (void)sqlite3_bind_int64(q, (int)i + 1, args[i]);
    return q;
}

void db_bind_bytes(sqlite3_stmt *q, int at, const void *bytes, size_t len)
{
    (void)sqlite3_bind_blob64(q, at, bytes != NULL ? bytes : "", len, SQLITE_STATIC);
}

size_t db_copy_bytes(sqlite3_stmt *q, int at, char *buf, size_t size)
{
    const void *bytes = sqlite3_column_blob(q, at);
    size_t len = (size_t)sqlite3_column_bytes(q, at);
    size_t cut = len < size ? len : size;

    if (cut > 0)
        memcpy(buf, bytes, cut);
    return len;
}

int db_row(sqlite3_stmt *q)
{
    int rc = sqlite3_step(q);

    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : db_errno(rc);
}

void db_end(sqlite3_stmt *q)
{
    (void)sqlite3_reset(q);
}

int db_run(sqlite3_stmt *q)
{
    int err = db_row(q);

    db_end(q);
    return err > 0 ? 0 : err;
}

int db_do(struct db *db, enum sql id)
{
    return db_run(db->stmt[id]);
}

int db_exec(struct db *db, const char *text, struct why *why)
{
    int rc = sqlite3_exec(db->sqlite, text, NULL, NULL, NULL);

    if (rc == SQLITE_OK)
        return 0;
    return why_add(why, db_errno(rc), "SQLite says: %s", sqlite3_errmsg(db->sqlite));
}

int db_query_int(struct db *db, const char *text, int64_t *out, struct why *why)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db->sqlite, text, -1, &q, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    (void)sqlite3_finalize(q);
    if (rc == SQLITE_ROW)
        return 0;
    return why_add(why, rc == SQLITE_DONE ? -EIO : db_errno(rc), "SQLite says: %s",
                   sqlite3_errstr(rc));
}

int db_meta_get(struct db *db, const char *key, int64_t *out)
{
    sqlite3_stmt *q = db->stmt[SQL_META_GET];
    int err;

    (void)sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
    err = db_row(q);
    if (err > 0)
        *out = sqlite3_column_int64(q, 0);
    db_end(q);
    if (err < 0)
        return err;
    return err > 0 ? 0 : -EIO;
}

int db_meta_set(struct db *db, const char *key, int64_t value)
{
    sqlite3_stmt *q = db->stmt[SQL_META_SET];

    (void)sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(q, 2, value);
    return db_run(q);
}
