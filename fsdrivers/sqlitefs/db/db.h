/* SPDX-License-Identifier: MIT */
/*
 * The connection to the database and its statements: the only file with SQL of the hot path, and
 * the place where SQLite's result codes become errno numbers.
 *
 *     sqlite3_stmt *q = DB_USE(db, SQL_INODE_GET, ino);
 *     err = db_row(db, q);            1 a row, 0 none, -errno
 *     if (err > 0)
 *         ... sqlite3_column_int64(q, 0) ...
 *     db_end(q);
 *
 * Statements are prepared once, at opening. One function at a time uses a statement, and resets it
 * before it returns or calls out.
 */
#ifndef FSDRIVERS_SQLITEFS_DB_DB_H
#define FSDRIVERS_SQLITEFS_DB_DB_H

#include "server/base/why.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Limits of one statement, as the file is not trusted. */
enum {
    DB_VALUE_MAX = 128 * 1024, /* bytes of a row: a chunk and more */
    DB_TEXT_MAX = 16 * 1024,   /* bytes of SQL: the schema is the longest */
    DB_STEPS = 50000,          /* of SQLite's machine: about a millisecond */
    DB_STEPS_UNIT = 1000,      /* the interval in which they are counted */
    DB_DELETE_ROWS = 512,      /* rows that a statement may remove within them */
    DB_BUSY_WAITS = 6,         /* of DB_BUSY_US each: a millisecond for another process's lock */
    DB_BUSY_US = 150,
};

enum sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVE,
    SQL_SAVE_DONE,
    SQL_SAVE_UNDO,
    SQL_META_GET,
    SQL_META_SET,
    SQL_COUNT_USE,
    SQL_INODE_LAST,
    SQL_NAME_LONG,
    SQL_META_LONG,
    SQL_CHUNK_ODD,
    SQL_SYMLINK_ODD,
    SQL_INODE_GET,
    SQL_INODE_ADD,
    SQL_INODE_SET,
    SQL_INODE_DEL,
    SQL_DENTRY_GET,
    SQL_DENTRY_ADD,
    SQL_DENTRY_SET,
    SQL_DENTRY_DEL,
    SQL_DENTRY_ANY,
    SQL_DENTRY_LIST,
    SQL_CHUNK_LEN,
    SQL_CHUNK_NEXT,
    SQL_CHUNK_SET,
    SQL_CHUNK_DEL,
    SQL_SYMLINK_GET,
    SQL_SYMLINK_ADD,
    SQL_SYMLINK_DEL,
    SQL_XATTR_GET,
    SQL_XATTR_SET,
    SQL_XATTR_DEL,
    SQL_XATTR_LIST,
    SQL_XATTR_DROP,
    SQL_ORPHAN_ADD,
    SQL_ORPHAN_DEL,
    SQL_ORPHAN_NEXT,
    SQL_PAGE_COUNT,
    SQL_FREE_COUNT,
    SQL_LAST,
};

struct db {
    sqlite3 *sqlite;
    sqlite3_stmt *stmt[SQL_LAST];
    int64_t steps;  /* left for the running statement; see db_allow() */
    int64_t until;  /* ns of this thread's processor time; 0: none; see db_hurry() */
    bool late;      /* a statement was ended because of `until` */
    bool sealed;    /* see db_seal() */
    int sleep_us;   /* time that SQLite itself may still sleep in it */
    bool impatient; /* a wait for another process's lock failed: do not wait again before the next
                       success */
};

/** The errno of a result code of SQLite: 0, or -Exxx. */
int db_errno(int rc);

/** db_errno() of a connection's last failure, which may be a full disk under another code. */
int db_error(sqlite3 *sqlite, int rc);

/**
 * Defend an open connection against the content of its file: limits of values, text and statements,
 * no triggers, no functions called by the schema, cells checked when read.
 */
void db_defend(struct db *db);

/** Set the steps of the next statement; db_use() and the like set DB_STEPS. A statement that takes
 * more ends with -EIO. */
void db_allow(struct db *db, int64_t steps);

/**
 * End statements with -EIO, and set db.late, once this thread has worked for @ns from now.
 * @ns       0 cancels it.
 * Returns   the time that was left of it, at least 1; 0: it was not set.
 */
int64_t db_hurry(struct db *db, int64_t ns);

/** Prepare all statements, the first time or again; the schema must exist. Returns 0, -errno. */
int db_prepare(struct db *db);

/**
 * From now on compile only statements that read, and change no table. SQLite recompiles a prepared
 * statement when it finds another schema in the file, one that was never checked: then every use of
 * a table is -EIO.
 */
void db_seal(struct db *db);

/** Close the connection and its statements. A db that was never opened is accepted. */
void db_close(struct db *db);

/** A statement with integers bound to its first parameters. Borrowed; end with db_end(). */
sqlite3_stmt *db_use(struct db *db, enum sql id, size_t count, const int64_t *args);
#define DB_USE(db, id, ...)                                                                        \
    db_use(db, id, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

/** Bind bytes; borrowed until db_end(). NULL binds an empty blob. */
void db_bind_bytes(sqlite3_stmt *q, int at, const void *bytes, size_t len);

/** Copy a blob out of a row, cut to @size bytes. Returns its length. */
size_t db_copy_bytes(sqlite3_stmt *q, int at, char *buf, size_t size);

/** Step to the next row. Returns 1 a row, 0 none, -errno; -EBUSY only if it writes. */
int db_row(sqlite3_stmt *q);

/** End the use of a statement. */
void db_end(sqlite3_stmt *q);

/** Run a statement without rows, and end its use. Returns 0, -errno. */
int db_run(sqlite3_stmt *q);

/** Run a statement without parameters and rows. Returns 0, -errno. */
int db_do(struct db *db, enum sql id);

/** Run SQL text; rows are ignored. Returns 0, -errno, with SQLite's message in @why. */
int db_exec(struct db *db, const char *text, struct why *why);

/** Run a query for one integer, as PRAGMAs are. Returns 0, -errno. */
int db_query_int(struct db *db, const char *text, int64_t *out, struct why *why);

/** Read an integer of meta. Returns 1, 0 no such row, -EIO not an integer. */
int db_meta_find(struct db *db, const char *key, int64_t *out);

/** Read and write integers of meta. db_meta_get(): -EIO if there is no such row. */
int db_meta_get(struct db *db, const char *key, int64_t *out);
int db_meta_set(struct db *db, const char *key, int64_t value);

#endif
