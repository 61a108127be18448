/* SPDX-License-Identifier: MIT */
/* What sqlitefs promises beyond the contract: it keeps files, groups changes, and meets a failing
 * disk. */
#include "tests/contract/dbcheck.h"
#include "tests/contract/faults.h"
#include "tests/contract/script.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define SQLITEFS(name, options)                                                                    \
    static void name(struct bed *b);                                                               \
    CONTRACT_ON(sqlitefs, name, options)                                                           \
    static void name(struct bed *b)

static void reopen(struct bed *b, const char *opts)
{
    bed_close(b);
    IS(bed_open(b, opts), 0);
}

/* ---- Persistence ---- */

SQLITEFS(everything_is_kept, NULL)
{
    static char bytes[200000];
    struct fs_stat before;
    struct fs_stat after;
    char target[6];

    fill(bytes, sizeof(bytes), 1);
    IS(FS(mkdir, "/d", 0750), 0);
    put_file(b, "/d/\xfe", bytes, sizeof(bytes));
    IS(FS(link, "/d/\xfe", "/g"), 0);
    IS(FS(symlink, "target", "/l"), 0);
    IS(FS(chown, "/g", 70000, 7, NULL), 0);
    IS(FS(utimens, "/g", -5, 123, NULL), 0);
    before = stat_of(b, "/g");
    reopen(b, NULL);
    after = stat_of(b, "/d/\xfe");
    cr_assert(memcmp(&before, &after, sizeof(before)) == 0);
    cr_assert(file_is(b, "/g", bytes, sizeof(bytes)));
    IS(FS(readlink, "/l", target, 6), 0);
    cr_assert(memcmp(target, "target", 6) == 0);
    IS(stat_of(b, "/d").mode, S_IFDIR | 0750);
    bed_close(b);
    db_check(b->db);
}

SQLITEFS(totals_are_kept, NULL)
{
    struct fs_statfs use;

    put_file(b, "/f", "abc", 3);
    IS(FS(truncate, "/f", 1 << 20, NULL), 0);
    IS(FS(symlink, "target", "/l"), 0);
    reopen(b, NULL);
    IS(FS(statfs, &use), 0);
    IS(use.bytes_used, 1 << 20);
    IS(use.inodes_used, 2);
}

SQLITEFS(inode_numbers_are_never_used_again, NULL)
{
    uint64_t first;

    put_file(b, "/f", "", 0);
    first = stat_of(b, "/f").ino;
    IS(FS(unlink, "/f"), 0);
    reopen(b, NULL);
    put_file(b, "/g", "", 0);
    IS(stat_of(b, "/g").ino, first + 1);
}

SQLITEFS(settings_of_a_new_file, NULL)
{
    put_file(b, "/f", "", 0);
    bed_close(b);
    IS(db_number(b->db, "PRAGMA application_id"), 0x73636278);
    IS(db_number(b->db, "PRAGMA user_version"), 1);
    IS(db_number(b->db, "PRAGMA page_size"), 4096);
    IS(db_number(b->db, "PRAGMA auto_vacuum"), 2);
    IS(db_number(b->db, "SELECT value FROM meta WHERE key = 'clean'"), 1);
    cr_assert(db_text_is(b->db, "PRAGMA journal_mode", "wal"));
}

SQLITEFS(sql_works_while_mounted, NULL)
{
    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/f", "abc", 3);
    IS(FS0(commit), 0);
    IS(db_number(b->db, "SELECT size FROM file WHERE path = '/d/f'"), 3);
    IS(db_number(b->db, "SELECT bytes FROM chunk"), 3);
    put_file(b, "/d/g", "abcd", 4);
    IS(FS0(commit), 0);
    IS(db_number(b->db, "SELECT size FROM file WHERE path = '/d/g'"), 4);
    db_check(b->db);
}

SQLITEFS(chunk_option_is_of_the_file, "chunk=16K")
{
    static char bytes[50000];

    fill(bytes, sizeof(bytes), 1);
    put_file(b, "/f", bytes, sizeof(bytes));
    bed_close(b);
    IS(db_number(b->db, "SELECT max(bytes) FROM chunk"), 16384);
    IS(bed_open(b, "chunk=64K"), -EINVAL);
    cr_assert(bed_why(b, "16384"));
    IS(bed_open(b, NULL), 0);
    cr_assert(file_is(b, "/f", bytes, sizeof(bytes)));
}

SQLITEFS(zeros_and_holes_take_no_rows, NULL)
{
    static char zeros[200000];

    put_file(b, "/f", zeros, sizeof(zeros));
    IS(FS(truncate, "/f", 1 << 30, NULL), 0);
    IS(FS0(commit), 0);
    IS(db_number(b->db, "SELECT count(*) FROM data"), 0);
    IS(stat_of(b, "/f").blocks, 0);
}

/* ---- Groups ---- */

SQLITEFS(changes_gather_until_commit, NULL)
{
    put_file(b, "/f", "abc", 3);
    IS(b->fs->pending, true);
    IS(db_number(b->db, "SELECT count(*) FROM dentry"), 0);
    IS(FS0(commit), 0);
    IS(b->fs->pending, false);
    IS(db_number(b->db, "SELECT count(*) FROM dentry"), 1);
    IS(stat_of(b, "/f").size, 3);
    IS(b->fs->pending, false);
}

SQLITEFS(groups_are_bounded, NULL)
{
    static char bytes[FS_IO_MAX];
    char path[16];

    for (int i = 1; i < 1000; i++) {
        (void)snprintf(path, sizeof(path), "/%d", i);
        IS(FS(mknod, path, S_IFREG), 0);
        IS(b->fs->pending, true);
    }
    IS(FS(mknod, "/last", S_IFREG), 0);
    IS(b->fs->pending, false);
    fill(bytes, sizeof(bytes), 1);
    for (int i = 1; i < 8; i++)
        IS(bed_write(b, "/last", bytes, sizeof(bytes), i * FS_IO_MAX, NULL), FS_IO_MAX);
    IS(b->fs->pending, true);
    IS(bed_write(b, "/last", bytes, sizeof(bytes), 0, NULL), FS_IO_MAX);
    IS(b->fs->pending, false);
}

SQLITEFS(sync_always_commits_each_change, "sync=always")
{
    struct fs_statfs use;

    put_file(b, "/f", "abc", 3);
    IS(b->fs->pending, false);
    IS(FS(statfs, &use), 0);
    cr_assert_str_eq(use.note, "");
}

SQLITEFS(sync_none_says_so, "sync=none")
{
    struct fs_statfs use;

    put_file(b, "/f", "abc", 3);
    IS(FS(fsync, "/f", false, NULL), 0);
    IS(b->fs->pending, false);
    IS(FS(statfs, &use), 0);
    cr_assert(strstr(use.note, "sync=none") != NULL);
}

SQLITEFS(nothing_changed_nothing_pending, NULL)
{
    struct fs_file f;

    put_file(b, "/f", "abc", 3);
    IS(FS0(sync), 0);
    IS(FS(mknod, "/f", S_IFREG), -EEXIST);
    IS(FS(unlink, "/no"), -ENOENT);
    open_file(b, "/f", FS_O_RDWR, &f);
    IS(FS(close, "/f", &f), 0);
    IS(b->fs->pending, false);
}

/* ---- A failing disk. Each test has a process of its own, so the faulty VFS is nobody else's.
 * ---- */

Test(sqlitefs, fsync_syncs_the_log_once)
{
    struct bed bed;
    struct bed *b = &bed;
    int before;

    faults_install();
    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    IS(FS0(sync), 0);
    before = faults_sync_count();
    put_file(b, "/g", "abc", 3);
    IS(FS0(commit), 0);
    IS(faults_sync_count(), before);
    IS(FS(fsync, "/f", true, NULL), 0);
    IS(faults_sync_count(), before + 1);
    IS(FS(fsync, "/f", true, NULL), 0);
    IS(faults_sync_count(), before + 1);
    bed_done(b);
}

/* What holds after a group could not be stored. */
static void check_broken(struct bed *b, struct fs_file *lost, int err)
{
    struct fs_statfs use;
    struct fs_stat st;

    IS(FS(fsync, "/kept", true, NULL), err);
    IS(FS(mknod, "/more", S_IFREG), -EROFS);
    IS(bed_write(b, "/kept", "x", 1, 0, NULL), -EROFS);
    cr_assert(file_is(b, "/kept", "kept", 4));
    IS(stat_error(b, "/lost"), -ENOENT);
    IS(FS(getattr, NULL, &st, lost), -ESTALE);
    IS(FS(close, NULL, lost), err);
    IS(FS(statfs, &use), 0);
    IS(use.readonly, true);
    IS(use.inodes_used, 1);
    cr_assert(strstr(use.note, "read-only") != NULL);
}

static void failing_disk(int code, int err)
{
    struct bed bed;
    struct bed *b = &bed;
    struct fs_file lost;

    faults_install();
    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/kept", "kept", 4);
    IS(FS0(sync), 0);
    put_file(b, "/lost", "lost", 4);
    open_file(b, "/lost", FS_O_RDWR, &lost);
    faults_write(code);
    IS(FS0(commit), err);
    check_broken(b, &lost, err);
    faults_write(0);
    bed_close(b);
    cr_assert(b->why.count == 1);
    db_check(b->db);
    IS(bed_open(b, NULL), 0);
    cr_assert_str_eq(names_of(b, "/"), " kept");
    bed_done(b);
}

Test(sqlitefs, commit_full_disk_ENOSPC)
{
    failing_disk(SQLITE_FULL, -ENOSPC);
}

Test(sqlitefs, commit_broken_disk_EIO)
{
    failing_disk(SQLITE_IOERR_WRITE, -EIO);
}

Test(sqlitefs, fsync_broken_disk_EIO)
{
    struct bed bed;
    struct bed *b = &bed;

    faults_install();
    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    IS(FS0(sync), 0);
    IS(bed_write(b, "/f", "x", 1, 0, NULL), 1);
    faults_sync(SQLITE_IOERR_FSYNC);
    IS(FS(fsync, "/f", false, NULL), -EIO);
    faults_sync(0);
    IS(FS(fsync, "/f", false, NULL), -EIO);
    IS(FS(mknod, "/g", S_IFREG), -EROFS);
    bed_done(b);
}

/* ---- A real full disk: a small tmpfs, where the test may mount one. ---- */

static void open_small(struct bed *b, const char *size)
{
    bed_init(b, "sqlitefs");
    if (mount("tmpfs", b->dir, "tmpfs", 0, size) < 0) {
        bed_done(b);
        cr_skip("needs the right to mount a tmpfs");
    }
    IS(bed_open(b, NULL), 0);
}

static void close_small(struct bed *b)
{
    bed_close(b);
    db_check(b->db);
    (void)umount2(b->dir, MNT_DETACH);
    bed_done(b);
}

/* Append to a new file until the disk is full. Returns its size. */
static int64_t fill_disk(struct bed *b, const char *path, size_t step)
{
    static char bytes[FS_IO_MAX];
    int64_t put = 0;
    int64_t at = 0;

    fill(bytes, sizeof(bytes), 1);
    IS(FS(mknod, path, S_IFREG), 0);
    while ((put = bed_write(b, path, bytes, step, at, NULL)) > 0)
        at += put;
    IS(put, -ENOSPC);
    IS(stat_of(b, path).size, at);
    return at;
}

Test(sqlitefs, growth_full_disk_ENOSPC)
{
    struct bed bed;
    struct bed *b = &bed;

    open_small(b, "size=48m");
    cr_assert(fill_disk(b, "/f", FS_IO_MAX) >= 40 << 20);
    IS(FS0(sync), 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(truncate, "/f", 0, NULL), 0);
    IS(FS0(sync), 0);
    close_small(b);
}

/* Write zeros to a file of the host until its disk is full. */
static void fill_host(const char *path)
{
    static const char bytes[4096];
    int fd = open(path, O_WRONLY | O_CREAT, 0600);

    while (write(fd, bytes, sizeof(bytes)) > 0)
        continue;
    (void)close(fd);
}

/* Neither a new file nor an old one: the reason is the disk, not the file. */
Test(sqlitefs, full_disk_at_open_ENOSPC)
{
    char junk[BED_PATH_MAX + 8];
    struct bed bed;
    struct bed *b = &bed;

    open_small(b, "size=1m");
    put_file(b, "/f", "abc", 3);
    bed_close(b);
    (void)snprintf(junk, sizeof(junk), "%s/junk", b->dir);
    fill_host(junk);
    IS(bed_open(b, NULL), -ENOSPC);
    cr_assert(bed_why(b, "the disk is full"), "%s", b->why.text[0]);
    IS(b->why.count, 1);
    IS(unlink(junk), 0);
    IS(bed_open(b, NULL), 0);
    cr_assert(file_is(b, "/f", "abc", 3));
    bed_close(b);
    IS(unlink(b->db), 0);
    fill_host(junk);
    IS(bed_open(b, NULL), -ENOSPC);
    cr_assert(bed_why(b, "the disk is full"), "%s", b->why.text[0]);
    IS(b->why.count, 1);
    IS(unlink(junk), 0);
    IS(bed_open(b, NULL), 0);
    close_small(b);
}

/* The bytes of SQLite's log. */
static int64_t log_size(const struct bed *b)
{
    char path[BED_PATH_MAX + 8];
    struct stat st;

    (void)snprintf(path, sizeof(path), "%s-wal", b->db);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void reopen_small(struct bed *b)
{
    bed_close(b);
    IS(log_size(b), 0);
    db_check(b->db);
    IS(bed_open(b, NULL), 0);
}

/* What was freed can be used again: at once, and after another mount. */
Test(sqlitefs, full_disk_removed_can_be_used)
{
    struct bed bed;
    struct bed *b = &bed;
    int64_t first;

    open_small(b, "size=12m");
    first = fill_disk(b, "/a", 200000);
    cr_assert(first >= 8 << 20);
    IS(FS(truncate, "/a", (uint64_t)first / 2, NULL), 0);
    cr_assert(fill_disk(b, "/b", 200000) >= first / 4);
    reopen_small(b);
    IS(FS(unlink, "/b"), 0);
    cr_assert(fill_disk(b, "/c", 100000) >= first / 4);
    IS(FS(unlink, "/a"), 0);
    IS(FS(unlink, "/c"), 0);
    reopen_small(b);
    cr_assert(fill_disk(b, "/d", FS_IO_MAX) >= 7 << 20);
    IS(FS(unlink, "/d"), 0);
    put_file(b, "/e", "abc", 3);
    close_small(b);
}

/* Many small files take more of the tables than of content. */
Test(sqlitefs, full_disk_of_small_files_can_be_emptied)
{
    static const char bytes[4096] = "x";
    struct bed bed;
    struct bed *b = &bed;
    char path[32];
    int made = 0;
    int err = 0;

    open_small(b, "size=12m");
    while (err == 0) {
        (void)snprintf(path, sizeof(path), "/%d", made);
        err = FS(mknod, path, S_IFREG);
        if (err == 0)
            made++;
        if (err == 0 && bed_write(b, path, bytes, sizeof(bytes), 0, NULL) < 0)
            err = -ENOSPC;
    }
    IS(err, -ENOSPC);
    cr_assert(made > 1000);
    for (int i = 0; i < made; i++) {
        (void)snprintf(path, sizeof(path), "/%d", i);
        IS(FS(unlink, path), 0);
    }
    IS(FS0(sync), 0);
    cr_assert(fill_disk(b, "/f", 100000) >= 7 << 20);
    close_small(b);
}

/* ---- Orphans ---- */

/* Open and unlink a file, commit that, and die. */
static void leave_orphan(struct bed *b)
{
    pid_t pid = fork();
    struct fs_file f;
    int status = 0;

    cr_assert(pid >= 0);
    if (pid == 0) {
        if (bed_open(b, NULL) < 0)
            _exit(1);
        put_file(b, "/f", "abc", 3);
        open_file(b, "/f", FS_O_RDWR, &f);
        if (FS(unlink, "/f") < 0 || FS0(commit) < 0)
            _exit(2);
        _exit(0);
    }
    IS(waitpid(pid, &status, 0), pid);
    IS(status, 0);
}

Test(sqlitefs, orphans_are_removed_at_open)
{
    struct fs_statfs use;
    struct bed bed;
    struct bed *b = &bed;

    bed_init(b, "sqlitefs");
    leave_orphan(b);
    IS(db_number(b->db, "SELECT count(*) FROM orphan"), 1);
    IS(db_number(b->db, "SELECT value FROM meta WHERE key = 'clean'"), 0);
    IS(bed_open(b, "readonly"), 0);
    bed_close(b);
    IS(db_number(b->db, "SELECT count(*) FROM orphan"), 1);
    IS(bed_open(b, NULL), 0);
    IS(FS(statfs, &use), 0);
    IS(use.inodes_used, 0);
    bed_close(b);
    IS(db_number(b->db, "SELECT count(*) FROM orphan"), 0);
    IS(db_number(b->db, "SELECT count(*) FROM data"), 0);
    bed_done(b);
}
