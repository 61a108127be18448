/* SPDX-License-Identifier: MIT */
/* What must hold in a database of sqlitefs (FORMAT.md), checked from the outside, by SQL. */
#ifndef TESTS_CONTRACT_DBCHECK_H
#define TESTS_CONTRACT_DBCHECK_H

#include <stdint.h>

/** Fail the test unless the file passes integrity_check and every rule of FORMAT.md. */
void db_check(const char *path);

/** Run SQL on a file; fail the test if it can't. */
void db_run_sql(const char *path, const char *sql);

/** The integer that a query gives; fail the test if there is none. */
int64_t db_number(const char *path, const char *sql);

/** Whether a query gives this text. */
int db_text_is(const char *path, const char *sql, const char *text);

/** Hold the write lock of a file, as a shell in a transaction does, and give it back. */
void *db_lock(const char *path);
void db_unlock(void *db);

/** Run SQL on what db_lock() returned. */
void db_run_on(void *db, const char *sql);

#endif
