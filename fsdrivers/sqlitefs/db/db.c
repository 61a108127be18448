/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/db/db.h"

#include "fsdrivers/sqlitefs/db/heap.h"
#include "server/base/check.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INODE_COLUMNS                                                                              \
    "gen, mode, nlink, uid, gid, rdev, size, blocks, atime, mtime, ctime, btime, flags, version"

/* A value behind a huge one costs a walk over all pages of that one, as does comparing a huge key.
 * typeof() and length() need only the beginning of a row. So these come first. */
#define INODE_SMALL_TO_SIZE                                                                        \
    "typeof(gen) = 'integer' AND typeof(mode) = 'integer' AND typeof(nlink) = 'integer'"           \
    " AND typeof(uid) = 'integer' AND typeof(gid) = 'integer' AND typeof(rdev) = 'integer'"        \
    " AND typeof(size) = 'integer'"
#define INODE_SMALL                                                                                \
    INODE_SMALL_TO_SIZE                                                                            \
    " AND typeof(blocks) = 'integer' AND typeof(atime) = 'integer' AND typeof(mtime) = 'integer'"  \
    " AND typeof(ctime) = 'integer' AND typeof(btime) = 'integer' AND typeof(flags) = 'integer'"   \
    " AND typeof(version) = 'integer'"

static const char *const sql_text[SQL_LAST] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_SAVE] = "SAVEPOINT op",
    [SQL_SAVE_DONE] = "RELEASE op",
    [SQL_SAVE_UNDO] = "ROLLBACK TO op",
    [SQL_META_GET] = "SELECT CASE typeof(value) WHEN 'integer' THEN value END FROM meta"
                     " WHERE key = ?1",
    [SQL_META_SET] = "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
    [SQL_COUNT_USE] = "SELECT count(*), total(CASE WHEN " INODE_SMALL_TO_SIZE
                      " AND mode >> 12 = 8 AND size BETWEEN 0 AND ?1 THEN size ELSE 0 END)"
                      " FROM inode",
    [SQL_INODE_LAST] = "SELECT max(ino) FROM inode WHERE ino <= ?1",
    [SQL_NAME_LONG] = "SELECT 1 FROM dentry WHERE length(name) > ?1"
                      " OR (typeof(parent) <> 'integer' AND length(parent) > ?1)"
                      " OR (typeof(hash) <> 'integer' AND length(hash) > ?1)"
                      " OR (typeof(ino) <> 'integer' AND length(ino) > ?1)"
                      " OR (typeof(type) <> 'integer' AND length(type) > ?1) LIMIT 1",
    [SQL_META_LONG] = "SELECT 1 FROM meta WHERE length(key) > ?1"
                      " OR (typeof(value) <> 'integer' AND length(value) > ?1) LIMIT 1",
    [SQL_CHUNK_ODD] = "SELECT 1 FROM data WHERE typeof(chunk) <> 'blob' LIMIT 1",
    [SQL_SYMLINK_ODD] = "SELECT 1 FROM symlink WHERE typeof(target) <> 'blob' LIMIT 1",
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
    [SQL_DENTRY_LIST] = "SELECT hash, name, type, dentry.ino, " INODE_COLUMNS " FROM dentry"
                        " LEFT JOIN inode ON inode.ino = dentry.ino AND " INODE_SMALL
                        " WHERE parent = ?1 AND (hash, name) > (?2, ?4)"
                        " AND typeof(name) = 'blob' AND length(name) <= 255"
                        " ORDER BY hash, name LIMIT ?3",
    [SQL_CHUNK_LEN] = "SELECT typeof(chunk) = 'blob', length(chunk) FROM data WHERE id = ?1",
    [SQL_CHUNK_NEXT] = "SELECT id FROM data WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1",
    [SQL_CHUNK_SET] = "INSERT OR REPLACE INTO data (id, chunk) VALUES (?1, ?2)",
    [SQL_CHUNK_DEL] = "DELETE FROM data WHERE id BETWEEN ?1 AND ?2",
    [SQL_SYMLINK_GET] = "SELECT target FROM symlink WHERE ino = ?1 AND typeof(target) = 'blob'"
                        " AND length(target) <= 4095",
    [SQL_SYMLINK_ADD] = "INSERT INTO symlink (ino, target) VALUES (?1, ?2)",
    [SQL_SYMLINK_DEL] = "DELETE FROM symlink WHERE ino = ?1",
    [SQL_XATTR_GET] = "SELECT value FROM xattr WHERE ino = ?1 AND name = ?2"
                      " AND typeof(value) = 'blob'",
    [SQL_XATTR_SET] = "INSERT OR REPLACE INTO xattr (ino, name, value) VALUES (?1, ?2, ?3)",
    [SQL_XATTR_DEL] = "DELETE FROM xattr WHERE ino = ?1 AND name = ?2",
    [SQL_XATTR_LIST] = "SELECT name FROM xattr WHERE ino = ?1 AND typeof(name) = 'blob'"
                       " AND length(name) <= 255 ORDER BY name",
    [SQL_XATTR_DROP] = "DELETE FROM xattr WHERE ino = ?1",
    [SQL_ORPHAN_ADD] = "INSERT INTO orphan (ino) VALUES (?1)",
    [SQL_ORPHAN_DEL] = "DELETE FROM orphan WHERE ino = ?1",
    [SQL_ORPHAN_NEXT] = "SELECT ino FROM orphan WHERE ino > ?1 ORDER BY ino LIMIT 1",
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
        return -EACCES;
    case SQLITE_PROTOCOL:
        return -ENOLCK;
    default:
        return rc == SQLITE_IOERR_NOMEM ? -ENOMEM : -EIO;
    }
}

int db_error(sqlite3 *sqlite, int rc)
{
    int err = db_errno(rc);
    int sys;

    if (err == -ENOMEM && heap_refused())
        return -EIO; /* only a damaged file needs that much memory */
    if (err != -EIO || ((rc & 0xff) != SQLITE_IOERR && (rc & 0xff) != SQLITE_CANTOPEN))
        return err;
    sys = sqlite3_system_errno(sqlite);
    return sys == ENOSPC || sys == EDQUOT ? -ENOSPC : err;
}

/* ---- Foreign files ---- */

/* The processor time of this thread: slow disks and other processes do not count. */
static int64_t worked_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* SQLite's progress handler. */
static int on_steps(void *user)
{
    struct db *db = user;

    db->steps -= DB_STEPS_UNIT;
    if (db->until != 0 && worked_ns() >= db->until)
        db->late = true;
    return db->steps < 0 || db->late;
}

int64_t db_hurry(struct db *db, int64_t ns)
{
    int64_t now = worked_ns();
    int64_t left = db->until - now;

    if (db->until == 0)
        left = 0;
    else if (left < 1)
        left = 1;
    db->until = ns > 0 ? now + ns : 0;
    return left;
}

void db_allow(struct db *db, int64_t steps)
{
    db->steps = steps;
    db->sleep_us = db->impatient ? 0 : DB_BUSY_WAITS * DB_BUSY_US;
}

/* SQLite's authorizer: what may occur in a statement that is compiled. */
static int on_compile(void *user, int action, const char *a, const char *b, const char *schema,
                      const char *trigger)
{
    const struct db *db = user;

    (void)a;
    (void)b;
    (void)schema;
    (void)trigger;
    if (!db->sealed || action == SQLITE_PRAGMA || action == SQLITE_TRANSACTION ||
        action == SQLITE_SAVEPOINT)
        return SQLITE_OK;
    return SQLITE_DENY;
}

void db_seal(struct db *db)
{
    db->sealed = true;
}

/* SQLite's busy handler: 0 gives up. */
static int on_busy(void *user, int count)
{
    struct db *db = user;

    if (db->impatient || count >= DB_BUSY_WAITS) {
        db->impatient = true;
        return 0;
    }
    (void)usleep(DB_BUSY_US);
    return 1;
}

void db_defend(struct db *db)
{
    static const struct {
        int limit;
        int value;
    } limits[] = {
        {SQLITE_LIMIT_LENGTH, DB_VALUE_MAX},
        {SQLITE_LIMIT_SQL_LENGTH, DB_TEXT_MAX},
        {SQLITE_LIMIT_COLUMN, 40},
        {SQLITE_LIMIT_EXPR_DEPTH, 40},
        {SQLITE_LIMIT_COMPOUND_SELECT, 4},
        {SQLITE_LIMIT_VDBE_OP, 25000},
        {SQLITE_LIMIT_FUNCTION_ARG, 8},
        {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 8},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 40},
        {SQLITE_LIMIT_TRIGGER_DEPTH, 1},
        {SQLITE_LIMIT_WORKER_THREADS, 0},
    };
    static const struct {
        int op;
        int value;
    } settings[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},  {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},         {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0}, {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_QPSG, 1}, /* binding a value never recompiles: db_seal() */
    };

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        (void)sqlite3_limit(db->sqlite, limits[i].limit, limits[i].value);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        (void)sqlite3_db_config(db->sqlite, settings[i].op, settings[i].value, NULL);
    sqlite3_progress_handler(db->sqlite, DB_STEPS_UNIT, on_steps, db);
    (void)sqlite3_busy_handler(db->sqlite, on_busy, db);
    (void)sqlite3_set_authorizer(db->sqlite, on_compile, db);
    (void)db_exec(db, "PRAGMA cell_size_check = ON", NULL);
}

/* ---- Statements ---- */

int db_prepare(struct db *db)
{
    for (size_t i = 0; i < SQL_LAST; i++) {
        int rc;

        (void)sqlite3_finalize(db->stmt[i]);
        db->stmt[i] = NULL;
        rc = sqlite3_prepare_v3(db->sqlite, sql_text[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &db->stmt[i], NULL);
        if (rc != SQLITE_OK)
            return db_error(db->sqlite, rc);
    }
    return 0;
}

void db_close(struct db *db)
{
    for (size_t i = 0; i < SQL_LAST; i++) {
        (void)sqlite3_finalize(db->stmt[i]);
        db->stmt[i] = NULL;
    }
    /* Only open blobs or statements would keep it open, whatever a file holds: store_close() has
     * closed the blobs, and statements are finalized here and in the functions that made them. */
    CHECK(sqlite3_close(db->sqlite) == SQLITE_OK);
    db->sqlite = NULL;
}

sqlite3_stmt *db_use(struct db *db, enum sql id, size_t count, const int64_t *args)
{
    sqlite3_stmt *q = db->stmt[id];

    db_allow(db, DB_STEPS);
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
    if (rc == SQLITE_DONE)
        return 0;
    if ((rc & 0xff) == SQLITE_BUSY && sqlite3_stmt_readonly(q) != 0)
        return -EIO; /* readers wait only for a recovery, and this one does not end */
    return db_error(sqlite3_db_handle(q), rc);
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
    return db_run(db_use(db, id, 0, NULL));
}

int db_exec(struct db *db, const char *text, struct why *why)
{
    int rc;

    db_allow(db, DB_STEPS);
    rc = sqlite3_exec(db->sqlite, text, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        return 0;
    return why_add(why, db_error(db->sqlite, rc), "SQLite says: %s", sqlite3_errstr(rc));
}

int db_query_int(struct db *db, const char *text, int64_t *out, struct why *why)
{
    sqlite3_stmt *q = NULL;
    int err;
    int rc;

    db_allow(db, DB_STEPS);
    rc = sqlite3_prepare_v2(db->sqlite, text, -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    err = rc == SQLITE_DONE ? -EIO : db_error(db->sqlite, rc);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(q, 0);
    (void)sqlite3_finalize(q);
    if (rc == SQLITE_ROW)
        return 0;
    return why_add(why, err, "SQLite says: %s", sqlite3_errstr(rc));
}

int db_meta_find(struct db *db, const char *key, int64_t *out)
{
    sqlite3_stmt *q = db_use(db, SQL_META_GET, 0, NULL);
    int err;

    (void)sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
    err = db_row(q);
    if (err > 0 && sqlite3_column_type(q, 0) != SQLITE_INTEGER)
        err = -EIO;
    if (err > 0)
        *out = sqlite3_column_int64(q, 0);
    db_end(q);
    return err;
}

int db_meta_get(struct db *db, const char *key, int64_t *out)
{
    int found = db_meta_find(db, key, out);

    if (found < 0)
        return found;
    return found > 0 ? 0 : -EIO;
}

int db_meta_set(struct db *db, const char *key, int64_t value)
{
    sqlite3_stmt *q = db_use(db, SQL_META_SET, 0, NULL);

    (void)sqlite3_bind_text(q, 1, key, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(q, 2, value);
    return db_run(q);
}
