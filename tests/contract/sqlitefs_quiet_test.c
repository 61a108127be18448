/* SPDX-License-Identifier: MIT */
/* What sqlitefs does when another process has its file's lock, and when nobody does anything. */
#include "tests/contract/bed.h"
#include "tests/contract/dbcheck.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { HOLD_SECONDS = 20 };

static double seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Take care of everything that can wait, as the kernel does in quiet times. */
static void tidy(struct bed *b)
{
    IS(FS0(commit), 0);
    for (int i = 0; i < 10 && b->fs->untidy; i++)
        FS0(tidy);
}

static int64_t log_size(const struct bed *b)
{
    char path[BED_PATH_MAX * 2];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s-wal", b->db);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

/* ---- Another process's lock ---- */

/* The first look waits a moment, those that follow don't: together they stop nobody for long. */
Test(sqlitefs_locked, changes_are_refused_at_once)
{
    struct bed bed;
    struct bed *b = &bed;
    double began;
    void *db;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    IS(FS0(sync), 0);
    db = db_lock(b->db);
    began = seconds();
    for (int i = 0; i < 1000; i++)
        IS(bed_write(b, "/f", "x", 1, 0, NULL), -EBUSY);
    cr_assert(seconds() - began < 0.5, "%f s", seconds() - began);
    cr_assert(file_is(b, "/f", "abc", 3));
    IS(FS0(sync), 0);
    db_unlock(db);
    IS(bed_write(b, "/f", "x", 1, 0, NULL), 1);
    bed_done(b);
}

/* A file without a name whose last handle is closed then goes later. */
Test(sqlitefs_locked, orphans_go_later)
{
    struct bed bed;
    struct bed *b = &bed;
    struct fs_file file;
    void *db;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    open_file(b, "/f", FS_O_RDWR, &file);
    IS(FS(unlink, "/f"), 0);
    tidy(b);
    db = db_lock(b->db);
    IS(FS(close, NULL, &file), 0);
    IS(b->fs->untidy, true);
    FS0(tidy);
    IS(b->fs->untidy, true);
    db_unlock(db);
    tidy(b);
    IS(b->fs->untidy, false);
    IS(db_number(b->db, "SELECT (SELECT count(*) FROM orphan) + (SELECT count(*) FROM data)"), 0);
    bed_done(b);
}

Test(sqlitefs_locked, nothing_is_lost_at_the_end)
{
    struct bed bed;
    struct bed *b = &bed;
    struct why why = WHY_INIT;
    void *db;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    IS(FS0(commit), 0);
    db = db_lock(b->db);
    b->fs->ops->destroy(b->fs, &why);
    b->fs = NULL;
    IS(why.count, 1);
    cr_assert(strstr(why.text[0], "can't be marked as closed") != NULL, "%s", why.text[0]);
    why_done(&why);
    db_unlock(db);
    IS(bed_open(b, NULL), 0);
    cr_assert(file_is(b, "/f", "abc", 3));
    bed_done(b);
}

/* Another process holds this part of the index, until it is killed. Returned: its pid. */
static pid_t hold_index(const struct bed *b, off_t start, off_t len)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    char path[BED_PATH_MAX * 2];
    char byte = 0;
    int ready[2];
    pid_t pid;

    IS(pipe(ready), 0);
    pid = fork();
    if (pid == 0) {
        (void)snprintf(path, sizeof(path), "%s-shm", b->db);
        if (fcntl(open(path, O_RDONLY), F_SETLK, &lock) < 0 || write(ready[1], &byte, 1) != 1)
            _exit(1);
        (void)alarm(HOLD_SECONDS); /* the test may fail and not end it */
        (void)pause();
    }
    (void)close(ready[1]);
    IS(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    return pid;
}

/* SQLite tries to get one of five locks in its index for ten seconds. */
Test(sqlitefs_locked, an_index_that_is_held_stops_nobody)
{
    struct bed bed;
    struct bed *b = &bed;
    double began;
    pid_t pid;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    bed_close(b);
    IS(bed_open(b, NULL), 0); /* no reader had a mark in this index yet */
    pid = hold_index(b, 123, 5);
    began = seconds();
    put_file(b, "/g", "abc", 3);
    (void)FS0(commit);
    cr_assert(seconds() - began < 0.5, "%f s", seconds() - began);
    cr_assert(file_is(b, "/f", "abc", 3));
    IS(kill(pid, SIGKILL), 0);
    IS(waitpid(pid, NULL, 0), pid);
    bed_done(b);
}

/* ---- Nobody ---- */

/* `cp` of an idle disk has everything. */
Test(sqlitefs_idle, the_file_alone_has_everything)
{
    static char bytes[300000];
    char copy[BED_PATH_MAX * 2];
    char command[BED_PATH_MAX * 6];
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    fill(bytes, sizeof(bytes), 3);
    put_file(b, "/f", bytes, sizeof(bytes));
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS0(commit), 0);
    IS(b->fs->untidy, true);
    cr_assert(log_size(b) > 0);
    tidy(b);
    IS(b->fs->untidy, false);
    IS(log_size(b), 0);
    (void)snprintf(copy, sizeof(copy), "%s/copy.db", b->dir);
    (void)snprintf(command, sizeof(command), "cp %s %s", b->db, copy);
    IS(system(command), 0);
    IS(db_number(copy, "SELECT size FROM file WHERE path = '/f'"), sizeof(bytes));
    IS(db_number(copy, "SELECT count(*) FROM file"), 3);
    IS(unlink(copy), 0);
    bed_done(b);
}

/* A reader keeps the log from being cut: it is tried again. */
Test(sqlitefs_idle, readers_are_waited_for)
{
    struct bed bed;
    struct bed *b = &bed;
    void *db;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    IS(FS0(commit), 0);
    db = db_lock(b->db);
    tidy(b);
    IS(b->fs->untidy, true);
    db_unlock(db);
    tidy(b);
    IS(b->fs->untidy, false);
    IS(log_size(b), 0);
    bed_done(b);
}
