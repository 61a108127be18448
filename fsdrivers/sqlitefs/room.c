/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/room.h"

#include "fsdrivers/sqlitefs/data.h"
#include "fsdrivers/sqlitefs/store.h"
#include "server/base/hostfile.h"

#include <stdio.h>
#include <sys/statvfs.h>

enum {
    PAGE_SIZE = 4096,
    CHECKPOINT_PAGES = 2000, /* of the log, before a checkpoint */
    TREE_COST = 64 * 1024,   /* pages of tables and indexes around a change, and SQLite's own */
    CHUNKS_TOUCHED = 3,      /* rewritten by a write: its first, its last, the file's tail */
    RESERVE_MIN = 256 * 1024,
    RESERVE_CHUNK = 768,         /* the most bytes of log to remove one chunk */
    VACUUM_PAGES = 500,          /* the most that one step takes off the file */
    VACUUM_COST = 4 * PAGE_SIZE, /* bytes of log for each: moved, and pointed to */
    VACUUM_STEPS = 64,
};

/* ---- The log ---- */

/* Checkpoint: move the log into the file as far as readers and the disk allow. */
static void move_log(struct store *s, int mode)
{
    int left = 0;
    int moved = 0;
    int rc = sqlite3_wal_checkpoint_v2(s->db.sqlite, "main", mode, &left, &moved);

    if (left >= moved && moved >= 0)
        s->room.log = (uint64_t)(left - moved) * PAGE_SIZE;
    if (rc == SQLITE_OK && mode == SQLITE_CHECKPOINT_TRUNCATE)
        s->room.log_used = false;
}

/* SQLite's WAL hook, after each commit. A checkpoint that fails now is done later: not an error. */
static int log_grown(void *user, sqlite3 *sqlite, const char *name, int pages)
{
    struct store *s = user;

    (void)sqlite;
    (void)name;
    s->room.log = (uint64_t)pages * PAGE_SIZE;
    s->room.log_used = true;
    s->fs.untidy = true;
    if (pages >= CHECKPOINT_PAGES)
        move_log(s, SQLITE_CHECKPOINT_PASSIVE);
    return SQLITE_OK;
}

void room_watch(struct store *s)
{
    s->room.log_used = true;
    (void)sqlite3_wal_hook(s->db.sqlite, log_grown, s);
    move_log(s, SQLITE_CHECKPOINT_PASSIVE);
}

/* ---- Is there room? ---- */

static uint64_t pages_of(struct store *s, enum sql which)
{
    sqlite3_stmt *q = db_use(&s->db, which, 0, NULL);
    int64_t pages = db_row(q) > 0 ? sqlite3_column_int64(q, 0) : 0;

    db_end(q);
    return (uint64_t)pages;
}

void room_look(struct store *s)
{
    uint64_t file = pages_of(s, SQL_PAGE_COUNT) * PAGE_SIZE;
    struct statvfs st;

    s->room.spare = pages_of(s, SQL_FREE_COUNT) * PAGE_SIZE;
    s->room.reserve = RESERVE_MIN + (file >> s->chunk_shift) * RESERVE_CHUNK;
    s->room.disk = UINT64_MAX;
    if (fstatvfs(s->hostfile->dir, &st) == 0)
        s->room.disk = (uint64_t)st.f_bavail * st.f_frsize;
}

uint64_t room_cost(const struct store *s, uint64_t bytes)
{
    uint64_t chunks = bytes > 0 ? CHUNKS_TOUCHED : 1;

    return bytes + TREE_COST + (chunks << s->chunk_shift);
}

bool room_fits(const struct store *s, uint64_t bytes)
{
    uint64_t cost = s->group.cost + room_cost(s, bytes);
    uint64_t growth = cost > s->room.spare ? cost - s->room.spare : 0;
    uint64_t reserve = bytes > 0 ? s->room.reserve : 0;

    return cost + growth + s->room.log + reserve <= s->room.disk;
}

/* ---- Making room ---- */

/* Cut free pages off the end of the file, as many as the log has room for. A failure changes
 * nothing: the step is a separate transaction. Returns 0, -errno. */
static int cut_file(struct store *s)
{
    uint64_t pages = s->room.disk / 2 / VACUUM_COST;
    char text[64];
    int err;

    if (pages > VACUUM_PAGES)
        pages = VACUUM_PAGES;
    (void)snprintf(text, sizeof(text), "PRAGMA incremental_vacuum(%u)", (unsigned)pages + 1);
    err = db_exec(&s->db, text, NULL);
    move_log(s, SQLITE_CHECKPOINT_TRUNCATE);
    room_look(s);
    return err;
}

void room_make(struct store *s, uint64_t bytes)
{
    uint64_t need = room_cost(s, bytes) + (bytes > 0 ? s->room.reserve : 0);
    int err = 0;

    data_close_blob(s);
    if (s->room.log_used)
        move_log(s, SQLITE_CHECKPOINT_TRUNCATE);
    room_look(s);
    for (int i = 0; err == 0 && i < VACUUM_STEPS && !room_fits(s, bytes); i++) {
        if (s->room.spare == 0 || s->room.disk + s->room.spare < need)
            return;
        err = cut_file(s);
    }
}

void room_tidy(struct store *s)
{
    if (s->room.log > 0)
        move_log(s, SQLITE_CHECKPOINT_PASSIVE);
    else if (s->room.log_used)
        move_log(s, SQLITE_CHECKPOINT_TRUNCATE);
}

void room_close(struct store *s)
{
    data_close_blob(s);
    if (s->room.log_used)
        move_log(s, SQLITE_CHECKPOINT_TRUNCATE);
    room_look(s);
    for (int i = 0; i < VACUUM_STEPS && s->room.log > 0 && s->room.spare > 0; i++) {
        if (cut_file(s) < 0)
            return;
    }
}
