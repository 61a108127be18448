/* SPDX-License-Identifier: MIT */
/* Opening sqlitefs: sources, damaged and foreign files, the lock against second openers, the
 * golden file. */
#include "fsdrivers/registry.h"
#include "tests/contract/bed.h"
#include "tests/contract/dbcheck.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    cr_assert(f != NULL);
    (void)fputs(text, f);
    (void)fclose(f);
}

static void copy_file(const char *from, const char *to)
{
    static char buf[1 << 20];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    size_t len;

    cr_assert(in != NULL && out != NULL, "%s", from);
    len = fread(buf, 1, sizeof(buf), in);
    cr_assert(len > 0 && len < sizeof(buf));
    cr_assert(fwrite(buf, 1, len, out) == len);
    (void)fclose(in);
    (void)fclose(out);
}

/* A bed with a database that was closed cleanly. */
static void bed_with_db(struct bed *b)
{
    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    bed_close(b);
}

/* ---- Sources ---- */

static int open_source(struct bed *b, const char *source, const char *opts)
{
    struct fs_open req = {.source = source, .opts = opts, .env = &b->env, .why = &b->why};
    int err;

    why_done(&b->why);
    err = registry_open("sqlitefs", &req, &b->fs);
    if (err == 0)
        bed_close(b);
    return err;
}

Test(sqlitefs_open, sources)
{
    char path[BED_PATH_MAX * 2];
    struct bed b;

    bed_init(&b, "sqlitefs");
    IS(open_source(&b, NULL, NULL), -EINVAL);
    IS(open_source(&b, "relative.db", NULL), -ENOTSUP);
    IS(open_source(&b, "//host/x.db", NULL), -ENOTSUP);
    cr_assert(bed_why(&b, "no driver for network targets yet"));
    IS(open_source(&b, "", NULL), -ENOTSUP);
    IS(open_source(&b, b.dir, NULL), -ENOTSUP);
    cr_assert(bed_why(&b, "directory"));
    IS(open_source(&b, "/dev/null", NULL), -ENOTBLK);
    (void)snprintf(path, sizeof(path), "%s/no/x.db", b.dir);
    IS(open_source(&b, path, NULL), -ENOENT);
    cr_assert(bed_why(&b, "/no/"));
    (void)snprintf(path, sizeof(path), "%s/x.db", b.dir);
    IS(open_source(&b, path, "readonly"), -ENOENT);
    (void)snprintf(path, sizeof(path), "source=%s/x.db,cache=1M", b.dir);
    IS(open_source(&b, NULL, path), 0);
    (void)snprintf(path, sizeof(path), "%s/x.db/y.db", b.dir);
    IS(open_source(&b, path, NULL), -ENOTDIR);
    bed_done(&b);
}

Test(sqlitefs_open, bad_options_EINVAL)
{
    static const char *const bad[] = {"sync=often", "sync",  "chunk=8K", "chunk",
                                      "mmap=x",     "cache", "c",        "size=1M"};
    struct bed b;

    bed_init(&b, "sqlitefs");
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert(open_source(&b, b.db, bad[i]) == -EINVAL, "%s", bad[i]);
        cr_assert(b.why.count > 0, "%s", bad[i]);
    }
    IS(access(b.db, F_OK), -1);
    bed_done(&b);
}

Test(sqlitefs_open, cache_from_1M_to_1G)
{
    struct bed b;

    bed_init(&b, "sqlitefs");
    IS(open_source(&b, b.db, "cache=1048575"), -EINVAL);
    cr_assert(bed_why(&b, "1M to 1G"));
    IS(open_source(&b, b.db, "cache=1073741825"), -EINVAL);
    IS(access(b.db, F_OK), -1);
    IS(open_source(&b, b.db, "cache=1M"), 0);
    IS(open_source(&b, b.db, "cache=1G"), 0);
    bed_done(&b);
}

Test(sqlitefs_open, handle_ENOTSUP)
{
    struct bed b;
    struct fs_source handle = {.user = NULL};
    struct fs_open req = {.handle = &handle, .env = &b.env, .why = &b.why};

    bed_init(&b, "sqlitefs");
    IS(registry_open("sqlitefs", &req, &b.fs), -ENOTSUP);
    cr_assert(bed_why(&b, "local files only"));
    bed_done(&b);
}

/* ---- Files that are not what they should be ---- */

/* Opening must fail like this, and leave the file as it is. */
static void refused(struct bed *b, const char *opts, int err, const char *reason)
{
    struct stat before;
    struct stat after;

    IS(stat(b->db, &before), 0);
    IS(bed_open(b, opts), err);
    cr_assert(bed_why(b, reason), "no reason says: %s; but: %s", reason,
              b->why.count > 0 ? b->why.text[0] : "nothing");
    IS(stat(b->db, &after), 0);
    IS(after.st_size, before.st_size);
    IS(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

Test(sqlitefs_open, text_file_EIO)
{
    struct bed b;
    char text[2000];

    bed_init(&b, "sqlitefs");
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    write_file(b.db, text);
    refused(&b, NULL, -EIO, "is not an SQLite database");
    refused(&b, "readonly", -EIO, "is not an SQLite database");
    write_file(b.db, "short");
    refused(&b, NULL, -EIO, "is not an SQLite database");
    bed_done(&b);
}

Test(sqlitefs_open, truncated_EIO)
{
    struct bed b;

    bed_with_db(&b);
    IS(truncate(b.db, 3 * 4096), 0);
    refused(&b, NULL, -EIO, "its end is missing");
    IS(truncate(b.db, 50), 0);
    refused(&b, NULL, -EIO, "its end is missing");
    bed_done(&b);
}

Test(sqlitefs_open, damaged_and_not_closed_EIO)
{
    static char junk[4096];
    struct bed b;
    int fd;

    bed_with_db(&b);
    db_run_sql(b.db, "UPDATE meta SET value = 0 WHERE key = 'clean';"
                     "PRAGMA wal_checkpoint(TRUNCATE)");
    memset(junk, 0x5a, sizeof(junk));
    fd = open(b.db, O_WRONLY);
    IS(pwrite(fd, junk, sizeof(junk), 4 * 4096), sizeof(junk));
    (void)close(fd);
    refused(&b, NULL, -EIO, "damaged");
    IS(bed_open(&b, "readonly"), -EIO);
    bed_done(&b);
}

Test(sqlitefs_open, empty_file_is_made_new)
{
    struct bed b;

    bed_init(&b, "sqlitefs");
    write_file(b.db, "");
    refused(&b, "readonly", -EIO, "empty");
    IS(bed_open(&b, NULL), 0);
    bed_done(&b);
}

Test(sqlitefs_open, newer_version_EIO)
{
    struct bed b;

    bed_with_db(&b);
    db_run_sql(b.db, "PRAGMA user_version = 2");
    refused(&b, NULL, -EIO, "format 2; this version of scbox reads format 1");
    bed_done(&b);
}

Test(sqlitefs_open, foreign_database_EIO)
{
    struct bed b;

    bed_with_db(&b);
    db_run_sql(b.db, "PRAGMA application_id = 77");
    refused(&b, NULL, -EIO, "another program");
    IS(unlink(b.db), 0);
    write_file(b.db, "");
    db_run_sql(b.db, "CREATE TABLE mine (x)");
    refused(&b, NULL, -EIO, "another program");
    bed_done(&b);
}

Test(sqlitefs_open, unknown_features)
{
    struct bed b;

    bed_with_db(&b);
    db_run_sql(b.db, "UPDATE meta SET value = 4 WHERE key = 'feature_compat'");
    IS(bed_open(&b, NULL), 0);
    bed_close(&b);
    db_run_sql(b.db, "UPDATE meta SET value = 4 WHERE key = 'feature_readonly'");
    refused(&b, NULL, -EROFS, "0x4");
    IS(bed_open(&b, "readonly"), 0);
    bed_close(&b);
    db_run_sql(b.db, "UPDATE meta SET value = 8 WHERE key = 'feature_incompat'");
    refused(&b, NULL, -EIO, "0x8");
    refused(&b, "readonly", -EIO, "0x8");
    bed_done(&b);
}

Test(sqlitefs_open, missing_table_EIO)
{
    struct bed b;

    bed_with_db(&b);
    db_run_sql(b.db, "DROP TABLE orphan");
    refused(&b, NULL, -EIO, "orphan");
    bed_done(&b);
}

/* Files that SQLite finds whole, and that break the rules of FORMAT.md. */
Test(sqlitefs_open, broken_rules_EIO)
{
    struct bed bed;
    struct bed *b = &bed;
    char byte;

    bed_with_db(b);
    db_run_sql(b->db, "UPDATE data SET chunk = x'61'");
    IS(bed_open(b, NULL), 0);
    IS(bed_read(b, "/f", &byte, 1, 2, NULL), -EIO);
    bed_close(b);
    db_run_sql(b->db, "UPDATE dentry SET name = CAST('a/b' AS BLOB)");
    IS(bed_open(b, NULL), 0);
    cr_assert_str_eq(names_of(b, "/"), "");
    bed_close(b);
    db_run_sql(b->db, "UPDATE dentry SET name = CAST('f' AS BLOB)");
    db_run_sql(b->db, "UPDATE inode SET size = -1 WHERE ino <> 1");
    IS(bed_open(b, NULL), 0);
    IS(stat_error(b, "/f"), -EIO);
    bed_close(b);
    db_run_sql(b->db, "DELETE FROM inode WHERE ino <> 1");
    IS(bed_open(b, NULL), 0);
    IS(stat_error(b, "/f"), -EIO);
    bed_close(b);
    db_run_sql(b->db, "UPDATE inode SET mode = 33188 WHERE ino = 1");
    refused(b, NULL, -EIO, "reading it failed");
    db_run_sql(b->db, "DELETE FROM inode");
    refused(b, NULL, -EIO, "reading it failed");
    bed_done(b);
}

/* root may write everything: look as somebody else. */
static void as_nobody(struct bed *b, void (*look)(struct bed *))
{
    pid_t pid = fork();
    int status = 0;

    cr_assert(pid >= 0);
    if (pid == 0) {
        if (geteuid() == 0 && (setegid(NOBODY) < 0 || seteuid(NOBODY) < 0))
            _exit(1);
        look(b);
        _exit(0);
    }
    IS(waitpid(pid, &status, 0), pid);
    IS(status, 0);
}

static void look_at_readonly_file(struct bed *b)
{
    if (bed_open(b, NULL) != -EROFS || !bed_why(b, "readonly"))
        _exit(2);
    if (bed_open(b, "readonly") != 0 || !file_is(b, "/f", "abc", 3))
        _exit(3);
    bed_close(b);
}

Test(sqlitefs_open, readonly_file_EROFS)
{
    struct bed b;

    bed_with_db(&b);
    IS(chmod(b.db, 0444), 0);
    IS(chmod(b.dir, 0777), 0);
    as_nobody(&b, look_at_readonly_file);
    bed_done(&b);
}

static void look_in_readonly_directory(struct bed *b)
{
    if (bed_open(b, "readonly") != 0 || !file_is(b, "/f", "abc", 3))
        _exit(2);
    bed_close(b);
}

Test(sqlitefs_open, readonly_in_readonly_directory)
{
    struct bed b;

    bed_with_db(&b);
    IS(chmod(b.dir, 0555), 0);
    as_nobody(&b, look_in_readonly_directory);
    IS(chmod(b.dir, 0700), 0);
    bed_done(&b);
}

/* ---- Second openers ---- */

static void look_at_used_file(struct bed *b)
{
    char holder[32];

    (void)snprintf(holder, sizeof(holder), "process %d", (int)getppid());
    if (bed_open(b, NULL) != -EBUSY || !bed_why(b, holder))
        _exit(2);
}

Test(sqlitefs_open, second_opener_EBUSY)
{
    char path[BED_PATH_MAX * 2];
    struct bed first;
    struct bed second;
    int status = 0;
    pid_t pid;

    bed_init(&first, "sqlitefs");
    IS(bed_open(&first, NULL), 0);
    second = first;
    second.fs = NULL;
    IS(bed_open(&second, NULL), -EBUSY);
    cr_assert(bed_why(&second, "in use by process"));
    IS(bed_open(&second, "readonly"), -EBUSY);
    (void)snprintf(path, sizeof(path), "%s/link.db", first.dir);
    IS(symlink(first.db, path), 0);
    IS(open_source(&second, path, NULL), -EBUSY);
    pid = fork();
    if (pid == 0) {
        look_at_used_file(&second);
        _exit(0);
    }
    IS(waitpid(pid, &status, 0), pid);
    IS(status, 0);
    why_done(&second.why);
    put_file(&first, "/f", "abc", 3);
    bed_close(&first);
    IS(bed_open(&first, NULL), 0);
    bed_done(&first);
}

Test(sqlitefs_open, readers_share)
{
    struct bed one;
    struct bed two;

    bed_with_db(&one);
    two = one;
    IS(bed_open(&one, "readonly"), 0);
    IS(bed_open(&two, "readonly"), 0);
    bed_close(&one);
    IS(bed_open(&one, NULL), -EBUSY);
    bed_close(&two);
    IS(bed_open(&one, NULL), 0);
    why_done(&two.why);
    bed_done(&one);
}

static void refused_once(struct bed *b, int err, const char *reason)
{
    IS(bed_open(b, NULL), err);
    IS(b->why.count, 1);
    cr_assert(bed_why(b, reason), "%s", b->why.text[0]);
}

/* A program that takes the whole file, as VACUUM and `.restore` of the shell do. */
Test(sqlitefs_open, locked_whole_EBUSY)
{
    struct bed b;
    void *db;

    bed_with_db(&b);
    db_run_sql(b.db, "PRAGMA journal_mode = DELETE");
    db = db_lock(b.db);
    db_run_on(db, "ROLLBACK; BEGIN EXCLUSIVE");
    refused_once(&b, -EBUSY, "locked by another program");
    db_unlock(db);
    IS(bed_open(&b, NULL), 0);
    bed_done(&b);
}

Test(sqlitefs_open, locked_by_sql_EBUSY)
{
    struct bed bed;
    struct bed *b = &bed;
    void *db;

    bed_init(b, "sqlitefs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    IS(FS0(sync), 0);
    db = db_lock(b->db);
    IS(FS(mknod, "/g", S_IFREG), -EBUSY);
    IS(b->fs->pending, false);
    db_unlock(db);
    IS(FS(mknod, "/g", S_IFREG), 0);
    bed_done(b);
}

/* ---- Files that others can write ---- */

static void look_at_index(struct bed *b, bool there)
{
    char path[BED_PATH_MAX + 8];

    (void)snprintf(path, sizeof(path), "%s-shm", b->db);
    IS(access(path, F_OK), there ? 0 : -1);
}

/* Nothing of it is shared memory, and so the shell finds it locked. */
Test(sqlitefs_open, others_can_write_no_shared_memory)
{
    struct bed b;

    bed_with_db(&b);
    IS(bed_open(&b, NULL), 0);
    look_at_index(&b, true);
    bed_close(&b);
    IS(chmod(b.db, 0620), 0);
    IS(bed_open(&b, "mmap=1G"), 0);
    look_at_index(&b, false);
    put_file(&b, "/g", "def", 3);
    bed_close(&b);
    IS(bed_open(&b, "readonly"), 0);
    look_at_index(&b, false);
    cr_assert(file_is(&b, "/g", "def", 3));
    bed_close(&b);
    db_check(b.db);
    bed_done(&b);
}

Test(sqlitefs_open, others_can_write_a_log_needs_a_writer_EBUSY)
{
    char log[BED_PATH_MAX + 8];
    struct bed b;

    bed_with_db(&b);
    IS(chmod(b.db, 0602), 0);
    (void)snprintf(log, sizeof(log), "%s-wal", b.db);
    write_file(log, "");
    refused(&b, "readonly", -EBUSY, "has a log");
    IS(bed_open(&b, NULL), 0);
    bed_close(&b);
    IS(bed_open(&b, "readonly"), 0);
    bed_done(&b);
}

/* ---- The golden file: format 1 as the first version wrote it ---- */

Test(sqlitefs_open, golden_format1)
{
    static char bytes[70000];
    struct bed bed;
    struct bed *b = &bed;
    char target[16] = "";

    bed_init(b, "sqlitefs");
    copy_file(GOLDEN_DIR "/format1.db", b->db);
    IS(bed_open(b, "readonly"), 0);
    cr_assert_str_eq(names_of(b, "/"), " big dir hole link");
    cr_assert_str_eq(names_of(b, "/dir"), " bytes-\xff empty hello");
    cr_assert(file_is(b, "/dir/hello", "hello\n", 6));
    fill(bytes, sizeof(bytes), 42);
    cr_assert(file_is(b, "/big", bytes, sizeof(bytes)));
    IS(stat_of(b, "/hole").size, 1 << 20);
    IS(stat_of(b, "/hole").blocks, 0);
    IS(stat_of(b, "/dir/hello").nlink, 2);
    IS(stat_of(b, "/dir/hello").ino, stat_of(b, "/dir/bytes-\xff").ino);
    IS(stat_of(b, "/dir/empty").mode, S_IFREG | 0640);
    IS(stat_of(b, "/dir/empty").uid, 1000);
    IS(stat_of(b, "/dir/empty").mtime, 1234567890123456789);
    IS(FS(readlink, "/link", target, sizeof(target)), 0);
    cr_assert_str_eq(target, "dir/hello");
    bed_close(b);
    IS(bed_open(b, NULL), 0);
    IS(FS(unlink, "/big"), 0);
    bed_close(b);
    db_check(b->db);
    bed_done(b);
}

/* The disk of a default machine as it was before files kept a quota, and before schemas were compared:
 * closed cleanly, and not. */
Test(sqlitefs_open, golden_root)
{
    struct bed bed;
    struct bed *b = &bed;
    char target[8] = "";
    char bytes[10] = "";

    bed_init(b, "sqlitefs");
    for (int clean = 0; clean <= 1; clean++) {
        copy_file(GOLDEN_DIR "/root.db", b->db);
        if (clean == 0)
            db_run_sql(b->db, "UPDATE meta SET value = 0 WHERE key = 'clean'");
        IS(bed_open(b, "quota=auto"), 0);
        cr_assert_str_eq(names_of(b, "/"), " dir kept link");
        IS(stat_of(b, "/kept").size, 100003);
        IS(bed_read(b, "/kept", bytes, sizeof(bytes), 0, NULL), sizeof(bytes));
        cr_assert(memcmp(bytes, "still here", sizeof(bytes)) == 0);
        IS(FS(readlink, "/link", target, sizeof(target)), 0);
        cr_assert_str_eq(target, "kept");
        IS(FS(unlink, "/kept"), 0);
        bed_close(b);
        db_check(b->db);
    }
    bed_done(b);
}
