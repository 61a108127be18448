/* SPDX-License-Identifier: MIT */
/* What another program left beside a database: its log, or the journal of a change. */
#include "tests/contract/bed.h"
#include "tests/contract/dbcheck.h"

#include "fsdrivers/sqlitefs/format.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COPY_MAX = 8 * 1024 * 1024 };

static void bed_with_db(struct bed *b)
{
    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    bed_close(b);
}

static void set_size(const char *path, off_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    cr_assert(fd >= 0);
    IS(ftruncate(fd, size), 0);
    (void)close(fd);
}

/* A log is read through before SQLite answers anything. */
Test(sqlitefs_sides, a_log_or_journal_of_gigabytes_EIO)
{
    static const char *const sides[] = {"-wal", "-journal"};
    char path[BED_PATH_MAX + 16];
    struct bed bed;
    struct bed *b = &bed;

    for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
        bed_with_db(b);
        (void)snprintf(path, sizeof(path), "%s%s", b->db, sides[i]);
        set_size(path, (off_t)FORMAT_SIDE_MAX + 1);
        IS(bed_open(b, NULL), -EIO);
        cr_assert(bed_why(b, sides[i]) && bed_why(b, "512 MiB"));
        set_size(path, FORMAT_SIDE_MAX);
        IS(bed_open(b, NULL), 0);
        cr_assert(file_is(b, "/f", "abc", 3));
        bed_done(b);
    }
}

static void copy(const char *from, const char *to)
{
    static char buf[COPY_MAX];
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ssize_t len = read(in, buf, sizeof(buf));

    cr_assert(in >= 0 && out >= 0 && len > 0 && len < COPY_MAX, "%s", from);
    IS(write(out, buf, (size_t)len), len);
    (void)close(in);
    (void)close(out);
}

/* The file as a killed program left it in the middle of a change, with a journal to undo it. */
static void leave_change(struct bed *b)
{
    char other[BED_PATH_MAX];
    char from[BED_PATH_MAX + 16];
    char to[BED_PATH_MAX + 16];
    void *shell;

    db_run_sql(b->db, "PRAGMA journal_mode = DELETE");
    shell = db_lock(b->db);
    db_run_on(shell, "PRAGMA cache_size = 1; PRAGMA cache_spill = 1;"
                     "UPDATE inode SET mode = 0; WITH RECURSIVE n(i) AS"
                     " (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 40)"
                     " INSERT INTO data SELECT (2 << 24) + i, zeroblob(65536) FROM n");
    (void)snprintf(other, sizeof(other), "%.200s/y.db", b->dir);
    (void)snprintf(from, sizeof(from), "%s-journal", b->db);
    (void)snprintf(to, sizeof(to), "%s-journal", other);
    copy(b->db, other);
    copy(from, to);
    db_unlock(shell);
    memcpy(b->db, other, sizeof(other));
}

Test(sqlitefs_sides, a_reader_names_the_journal_EROFS)
{
    struct bed bed;
    struct bed *b = &bed;

    bed_with_db(b);
    leave_change(b);
    IS(bed_open(b, "readonly"), -EROFS);
    cr_assert(bed_why(b, "y.db-journal") && bed_why(b, "open it for writing once"));
    IS(bed_open(b, NULL), 0);
    cr_assert(file_is(b, "/f", "abc", 3));
    bed_close(b);
    IS(bed_open(b, "readonly"), 0);
    bed_close(b);
    db_check(b->db);
    bed_done(b);
}
