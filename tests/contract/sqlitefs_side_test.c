/* SPDX-License-Identifier: MIT */
/* What lies beside a database of sqlitefs, and who made it. */
#include "tests/contract/bed.h"
#include "tests/contract/dbcheck.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOMEBODY = 65534, SECTOR = 512, PAGE = 4096, PENDING_PAGE = 0x40000000 / PAGE + 1 };

static const char *beside(const struct bed *b, const char *suffix)
{
    static char path[BED_PATH_MAX * 2];

    (void)snprintf(path, sizeof(path), "%s%s", b->db, suffix);
    return path;
}

static void write_bytes(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    cr_assert(fd >= 0);
    IS(write(fd, bytes, len), len);
    (void)close(fd);
}

static int64_t mode_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (int64_t)(st.st_mode & 0777) : -1;
}

static void bed_with_db(struct bed *b)
{
    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    bed_close(b);
}

/* ---- Journals ---- */

static void put32(unsigned char *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(value >> (24 - 8 * i));
}

/* Write a journal without pages that names the file of a transaction over several databases
 * (SQLite's file format, 3). */
static void write_journal(const struct bed *b, const char *name)
{
    static const unsigned char magic[8] = {0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7};
    unsigned char bytes[SECTOR + 2 * BED_PATH_MAX] = {0};
    size_t len = strlen(name);
    uint32_t sum = 0;
    struct stat st;

    IS(stat(b->db, &st), 0);
    memcpy(bytes, magic, sizeof(magic));
    put32(bytes + 16, (uint32_t)(st.st_size / PAGE));
    put32(bytes + 20, SECTOR);
    put32(bytes + 24, PAGE);
    put32(bytes + SECTOR, PENDING_PAGE);
    memcpy(bytes + SECTOR + 4, name, len);
    for (size_t i = 0; i < len; i++)
        sum += (unsigned char)name[i]; /* ASCII */
    put32(bytes + SECTOR + 4 + len, (uint32_t)len);
    put32(bytes + SECTOR + 8 + len, sum);
    memcpy(bytes + SECTOR + 12 + len, magic, sizeof(magic));
    write_bytes(beside(b, "-journal"), bytes, SECTOR + 20 + len);
}

static void foreign_name_is_left_alone(bool is_fifo)
{
    char victim[BED_PATH_MAX + 16];
    struct bed b;

    bed_with_db(&b);
    db_run_sql(b.db, "PRAGMA journal_mode = DELETE");
    (void)snprintf(victim, sizeof(victim), "%s/victim", b.dir);
    if (is_fifo)
        IS(mkfifo(victim, 0600), 0);
    else
        write_bytes(victim, "mine", 4);
    write_journal(&b, victim);
    IS(bed_open(&b, NULL), -EIO);
    cr_assert(bed_why(&b, "several databases"), "%s", b.why.text[0]);
    IS(access(victim, F_OK), 0);
    IS(access(beside(&b, "-journal"), F_OK), 0);
    IS(unlink(victim), 0);
    IS(bed_open(&b, NULL), -EIO);
    IS(unlink(beside(&b, "-journal")), 0);
    IS(bed_open(&b, NULL), 0);
    cr_assert(file_is(&b, "/f", "abc", 3));
    bed_done(&b);
}

Test(sqlitefs_side, a_journal_names_a_file, .timeout = 30)
{
    foreign_name_is_left_alone(false);
}

Test(sqlitefs_side, a_journal_names_a_fifo, .timeout = 30)
{
    foreign_name_is_left_alone(true);
}

/* ---- Modes and owners ---- */

Test(sqlitefs_side, made_for_this_user_alone)
{
    struct bed b;

    bed_with_db(&b);
    IS(chmod(b.db, 0644), 0);
    IS(bed_open(&b, NULL), 0);
    put_file(&b, "/g", "abc", 3);
    IS(mode_of(beside(&b, "-shm")), 0600);
    IS(mode_of(beside(&b, "-wal")), 0600);
    bed_done(&b);
}

/* Such an index may be locked by others, or cut short: it is not used, and goes. */
static void index_of_mode(mode_t mode)
{
    struct bed b;

    bed_with_db(&b);
    write_bytes(beside(&b, "-shm"), "", 0);
    IS(chmod(beside(&b, "-shm"), mode), 0);
    IS(bed_open(&b, NULL), 0);
    put_file(&b, "/g", "abc", 3);
    IS(access(beside(&b, "-shm"), F_OK), -1);
    bed_close(&b);
    IS(bed_open(&b, NULL), 0);
    IS(mode_of(beside(&b, "-shm")), 0600);
    bed_done(&b);
}

Test(sqlitefs_side, an_index_that_others_can_read)
{
    index_of_mode(0640);
}

Test(sqlitefs_side, an_index_that_others_can_write)
{
    index_of_mode(0666);
}

Test(sqlitefs_side, a_log_that_others_can_change_EBUSY)
{
    struct bed b;

    bed_with_db(&b);
    write_bytes(beside(&b, "-wal"), "x", 1);
    IS(chmod(beside(&b, "-wal"), 0666), 0);
    IS(bed_open(&b, NULL), -EBUSY);
    cr_assert(bed_why(&b, "-wal is open to others"), "%s", b.why.text[0]);
    IS(mode_of(beside(&b, "-wal")), 0666);
    IS(chmod(beside(&b, "-wal"), (mode_t)mode_of(b.db)),
       0); /* as the database: of an older version */
    IS(bed_open(&b, NULL), 0);
    bed_done(&b);
}

Test(sqlitefs_side, an_empty_log_of_others_is_made_anew)
{
    struct bed b;

    bed_with_db(&b);
    write_bytes(beside(&b, "-wal"), "", 0);
    IS(chmod(beside(&b, "-wal"), 0666), 0);
    if (geteuid() == 0)
        IS(chown(beside(&b, "-wal"), SOMEBODY, SOMEBODY), 0);
    IS(bed_open(&b, NULL), 0);
    put_file(&b, "/g", "abc", 3);
    IS(mode_of(beside(&b, "-wal")), 0600);
    bed_done(&b);
}

Test(sqlitefs_side, a_database_with_two_names_EBUSY)
{
    char other[BED_PATH_MAX + 16];
    struct bed b;

    bed_with_db(&b);
    (void)snprintf(other, sizeof(other), "%s/other.db", b.dir);
    IS(link(b.db, other), 0);
    IS(bed_open(&b, NULL), -EBUSY);
    cr_assert(bed_why(&b, "has 2 names"), "%s", b.why.text[0]);
    IS(bed_open(&b, "readonly"), 0);
    bed_close(&b);
    IS(unlink(other), 0);
    IS(bed_open(&b, NULL), 0);
    bed_done(&b);
}
