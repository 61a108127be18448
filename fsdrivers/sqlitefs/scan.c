/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/scan.h"

#include "fsdrivers/sqlitefs/db/heap.h"
#include "fsdrivers/sqlitefs/db/vfs.h"
#include "fsdrivers/sqlitefs/format.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int scan_stat(const struct store *s, const char *suffix, struct stat *out)
{
    struct strbuf name = STRBUF_INIT;
    int err = -ENOMEM;

    (void)strbuf_addf(&name, "%s%s", s->hostfile->name, suffix);
    if (!strbuf_failed(&name))
        err =
            fstatat(s->hostfile->dir, strbuf_str(&name), out, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
    strbuf_done(&name);
    return err;
}

/* Bytes on the disk of the database, or of a file beside it: holes have no rows. */
static int64_t bytes_on_disk(const struct store *s, const char *suffix)
{
    struct stat st;

    return scan_stat(s, suffix, &st) == 0 ? (int64_t)st.st_blocks * 512 : 0;
}

int scan_begin(struct store *s)
{
    int64_t most = (bytes_on_disk(s, "") + bytes_on_disk(s, VFS_LOG)) / FORMAT_PAGE_SIZE + 1;
    int err = db_query_int(&s->db, "PRAGMA page_count", &s->pages, NULL);

    if (err == 0 && (s->pages < 0 || s->pages > most))
        s->pages = most;
    if (err == 0)
        db_hurry(&s->db, (SCAN_US + s->pages * SCAN_US_PAGE) * 1000);
    return err;
}

int64_t scan_steps(const struct store *s)
{
    return SCAN_STEPS + s->pages * SCAN_STEPS_PAGE;
}

void scan_end(struct store *s)
{
    (void)db_hurry(&s->db, 0);
}

int scan_pages(struct store *s)
{
    static const enum sql checks[] = {SQL_CHUNK_ODD, SQL_SYMLINK_ODD};
    int err = 0;

    for (size_t i = 0; err == 0 && i < sizeof(checks) / sizeof(checks[0]); i++) {
        sqlite3_stmt *q = db_use(&s->db, checks[i], 0, NULL);

        db_allow(&s->db, scan_steps(s));
        err = db_row(q);
        db_end(q);
    }
    if (err != 0)
        return err == -ENOMEM || s->db.late ? err : 0;
    if (!hostfile_is_private(s->hostfile->file))
        return 0;
    err = db_exec(&s->db, "PRAGMA cell_size_check = OFF", NULL);
    return err < 0 ? err : db_prepare(&s->db); /* that PRAGMA has invalidated them */
}

static int run_check(sqlite3_stmt *q, char verdict[SCAN_VERDICT_SIZE])
{
    int err = db_row(q);
    const char *text = err > 0 ? (const char *)sqlite3_column_text(q, 0) : NULL;

    if (err < 0)
        return err;
    if (text == NULL)
        return -EIO;
    if (strcmp(text, "ok") == 0)
        return 0;
    (void)snprintf(verdict, SCAN_VERDICT_SIZE, "%s", text);
    return -EIO;
}

int scan_whole(struct store *s, char verdict[SCAN_VERDICT_SIZE])
{
    sqlite3_stmt *q = NULL;
    int64_t left;
    int err;

    verdict[0] = '\0';
    if (s->pages / 8 > HEAP_PIECE_MAX - FORMAT_PAGE_SIZE) /* a bit of each */
        return 0;
    left = db_hurry(&s->db, 0);
    db_allow(&s->db, scan_steps(s));
    err = db_error(s->db.sqlite,
                   sqlite3_prepare_v2(s->db.sqlite, "PRAGMA quick_check(1)", -1, &q, NULL));
    if (err == 0)
        err = run_check(q, verdict);
    (void)sqlite3_finalize(q);
    (void)db_hurry(&s->db, left);
    return err;
}
