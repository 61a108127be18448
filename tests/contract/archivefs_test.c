/* SPDX-License-Identifier: MIT */
/* archivefs over sound archives of all formats, and the helper's life. */
#include "tests/contract/alloc.h"
#include "tests/contract/bed.h"
#include "tests/contract/pack.h"
#include "tests/count_fds.h"

#include <archive.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BIG_SIZE = 700001, NS = 1000000000 };

#define DAY_NS (INT64_C(86400) * NS)

static char big[BIG_SIZE];

static void begin(struct bed *b)
{
    bed_init(b, "archivefs");
    fill(big, sizeof(big), 3);
}

/** The end: nothing of the helper is left. */
static void end(struct bed *b)
{
    bed_done(b);
    IS(waitpid(-1, NULL, WNOHANG), -1);
    IS(errno, ECHILD);
}

/** A tree that every format has. */
static void pack_tree(const struct bed *b, const char *format, const char *filter)
{
    struct archive *a = pack_begin(b->db, format, filter);

    pack_file(a, "empty", S_IFREG | 0600, "", 0);
    pack_file(a, "dir", S_IFDIR | 0750, NULL, 0);
    pack_file(a, "dir/big", S_IFREG | 0644, big, sizeof(big));
    pack_file(a, "dir/small", S_IFREG | 0444, "hello", 5);
    pack_link(a, "dir/link", "../away", 0);
    pack_file(a, "no/parent/file", S_IFREG | 0644, "orphan", 6);
    pack_file(a, "last", S_IFREG | 0644, big, BIG_SIZE / 2);
    pack_end(a);
}

static void check_tree(struct bed *b)
{
    char text[8] = "";

    cr_assert_str_eq(names_of(b, "/"), " dir empty last no");
    cr_assert_str_eq(names_of(b, "/dir"), " big link small");
    cr_assert_str_eq(names_of(b, "/no"), " parent");
    IS(stat_of(b, "/dir").mode, S_IFDIR | 0750);
    IS(stat_of(b, "/dir").nlink, 2);
    IS(stat_of(b, "/").nlink, 4);
    IS(stat_of(b, "/no").mode & S_IFMT, S_IFDIR);
    IS(stat_of(b, "/dir/big").mode, S_IFREG | 0644);
    IS(stat_of(b, "/dir/big").size, sizeof(big));
    IS(stat_of(b, "/dir/big").blocks, (sizeof(big) + 511) / 512);
    IS(stat_of(b, "/dir/small").mtime, DAY_NS);
    cr_assert(file_is(b, "/dir/big", big, sizeof(big)));
    cr_assert(file_is(b, "/dir/small", "hello", 5));
    cr_assert(file_is(b, "/no/parent/file", "orphan", 6));
    cr_assert(file_is(b, "/last", big, BIG_SIZE / 2));
    cr_assert(file_is(b, "/dir/small", "hello", 5)); /* and back */
    cr_assert(file_is(b, "/empty", "", 0));
    IS(FS(readlink, "/dir/link", text, 3), 7);
    IS(memcmp(text, "../", 4), 0);
    IS(FS(readlink, "/dir/link", text, 8), 0);
    cr_assert_str_eq(text, "../away");
}

static void try_format(const char *format, const char *filter)
{
    struct bed b;

    begin(&b);
    pack_tree(&b, format, filter);
    IS(bed_open(&b, NULL), 0);
    check_tree(&b);
    end(&b);
}

#define FORMAT(name, format, filter)                                                               \
    Test(archivefs, name)                                                                          \
    {                                                                                              \
        try_format(format, filter);                                                                \
    }

FORMAT(pax, "pax", "none")
FORMAT(ustar, "ustar", "none")
FORMAT(gnutar, "gnutar", "none")
FORMAT(tar_gz, "pax", "gzip")
FORMAT(tar_bz2, "pax", "bzip2")
FORMAT(tar_xz, "pax", "xz")
FORMAT(tar_zst, "pax", "zstd")
FORMAT(zip, "zip", "none")
FORMAT(cpio_odc, "cpio", "none")
FORMAT(cpio_newc, "newc", "none")
FORMAT(iso, "iso9660", "none")

static void with_tree(void (*body)(struct bed *), const char *filter)
{
    struct bed b;

    begin(&b);
    pack_tree(&b, "pax", filter);
    IS(bed_open(&b, NULL), 0);
    body(&b);
    end(&b);
}

#define TREE(name, filter)                                                                         \
    static void name(struct bed *b);                                                               \
    Test(archivefs, name)                                                                          \
    {                                                                                              \
        with_tree(name, filter);                                                                   \
    }                                                                                              \
    static void name(struct bed *b)

/** Reads at positions of several files in turn, each compared. */
static void read_about(struct bed *b)
{
    static char buf[300000];
    static const struct {
        const char *path;
        int64_t off;
        size_t len;
    } reads[] = {{"/dir/big", 600000, 100},      {"/dir/big", 0, 1},
                 {"/last", 262143, 3},           {"/dir/big", 262144, 262145},
                 {"/last", 0, 300000},           {"/dir/big", BIG_SIZE - 1, 1},
                 {"/dir/big", BIG_SIZE - 10, 10}};

    for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        IS(bed_read(b, reads[i].path, buf, reads[i].len, reads[i].off, NULL), reads[i].len);
        cr_assert(memcmp(buf, big + reads[i].off, reads[i].len) == 0);
    }
    IS(bed_read(b, "/dir/big", buf, 100, BIG_SIZE - 10, NULL), 10);
    IS(bed_read(b, "/dir/big", buf, 100, BIG_SIZE, NULL), 0);
    IS(bed_read(b, "/dir/big", buf, 100, INT64_MAX - 100, NULL), 0);
    IS(bed_read(b, "/dir/big", buf, 0, 5, NULL), 0);
}

TREE(reads_at_positions_plain, "none")
{
    read_about(b);
}

TREE(reads_at_positions_compressed, "gzip")
{
    read_about(b);
}

TREE(errors_of_paths, "none")
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    struct fs_file w = {.flags = FS_O_WRONLY};
    char byte;

    IS(stat_error(b, "/x"), -ENOENT);
    IS(stat_error(b, "/empty/x"), -ENOTDIR);
    IS(stat_error(b, "/dir/link/x"), -ELOOP);
    IS(FS(open, "/dir", &f), -EISDIR);
    IS(FS(open, "/dir/link", &f), -ELOOP);
    IS(FS(open, "/x", &f), -ENOENT);
    IS(FS(open, "/empty", &w), -EROFS);
    IS(bed_read(b, "/dir", &byte, 1, 0, NULL), -EISDIR);
    IS(FS(opendir, "/empty", &f), -ENOTDIR);
    IS(FS(opendir, "/dir/link", &f), -ELOOP);
    IS(FS(readlink, "/dir", &byte, 1), -EINVAL);
    IS(FS(mkdir, "/new", 0755), -EROFS);
    IS(FS(unlink, "/empty"), -EROFS);
    IS(FS(chmod, "/empty", 0777, NULL), -EROFS);
    IS(FS(ioctl, "/empty", 1, (struct fs_buf){NULL, 0}, NULL), -ENOTTY);
    IS(FS(fsync, "/empty", false, NULL), 0);
    IS(FS0(sync), 0);
}

TREE(files_are_found_by_number, "none")
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    const uint64_t ino = stat_of(b, "/dir/small").ino;
    struct fs_stat st;
    char text[6] = "";

    IS(FS(lookup, ino, &st, &f), 0);
    IS(st.size, 5);
    IS(bed_read(b, NULL, text, 5, 0, &f), 5);
    cr_assert_str_eq(text, "hello");
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(FS(close, NULL, &f), 0);
    IS(FS(lookup, 0, &st, NULL), -ESTALE);
    IS(FS(lookup, 1000000, &st, NULL), -ESTALE);
    IS(FS(lookup, UINT64_C(1) << 40, &st, NULL), -ESTALE);
}

TREE(nowait_answers_what_is_in_memory, "none")
{
    struct fs_stat st;
    char text[6] = "";

    b->who.nowait = true;
    IS(FS(getattr, "/dir/small", &st, NULL), 0);
    IS(bed_read(b, "/dir/small", text, 5, 0, NULL), FS_WOULD_WAIT);
    b->who.nowait = false;
    IS(bed_read(b, "/dir/small", text, 1, 0, NULL), 1);
    b->who.nowait = true;
    IS(bed_read(b, "/dir/small", text, 5, 0, NULL), 5);
    cr_assert_str_eq(text, "hello");
    IS(bed_read(b, "/dir/small", text, 5, 5, NULL), 0);
    IS(bed_read(b, "/empty", text, 5, 0, NULL), 0);
}

TREE(statfs_counts_what_is_there, "none")
{
    struct fs_statfs st;

    IS(FS(statfs, &st), 0);
    IS(st.bytes_used, BIG_SIZE + BIG_SIZE / 2 + 5 + 6);
    IS(st.inodes_used, 8 + 1);
    IS(st.readonly, true);
    cr_assert_str_eq(st.note, "");
}

/** The process of an instance: the only child of this one. */
static pid_t helper_pid(void)
{
    char path[64];
    int pid = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
    f = fopen(path, "r");
    cr_assert(f != NULL && fscanf(f, "%d", &pid) == 1 && pid > 0);
    (void)fclose(f);
    return pid;
}

static bool has_seccomp(pid_t pid)
{
    char path[64];
    char line[200];
    bool found = false;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    cr_assert(f != NULL);
    while (fgets(line, sizeof(line), f) != NULL)
        found = found || strcmp(line, "Seccomp:\t2\n") == 0;
    (void)fclose(f);
    return found;
}

TREE(the_helper_is_locked_in, "none")
{
    char path[64];
    char score[8] = "";
    FILE *f;

    cr_assert(b->fs != NULL && has_seccomp(helper_pid()));
    (void)snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)helper_pid());
    f = fopen(path, "r");
    cr_assert(f != NULL && fgets(score, sizeof(score), f) != NULL);
    cr_assert_str_eq(score, "1000\n");
    (void)fclose(f);
}

/** It is killed: reads fail, names stay, and the next instance is fine. */
TREE(a_dead_helper_EIO, "none")
{
    struct bed other;
    struct fs_statfs st;
    char text[6] = "";

    IS(bed_read(b, "/dir/small", text, 5, 0, NULL), 5);
    IS(kill(helper_pid(), SIGKILL), 0);
    IS(bed_read(b, "/dir/small", text, 5, 0, NULL), 5);
    IS(bed_read(b, "/last", text, 5, 0, NULL), -EIO);
    IS(bed_read(b, "/last", text, 5, 0, NULL), -EIO);
    IS(stat_of(b, "/last").size, BIG_SIZE / 2);
    IS(FS(statfs, &st), 0);
    cr_assert_str_eq(st.note, "the helper has ended: reads answer EIO");
    begin(&other);
    pack_tree(&other, "zip", "none");
    IS(bed_open(&other, NULL), 0);
    check_tree(&other);
    bed_done(&other);
}

/** It stops: a read ends at its time limit, or is interrupted; when it goes on, so do reads. */
Test(archivefs, a_silent_helper_EIO)
{
    struct bed b;
    char text[6] = "";
    pid_t pid;

    begin(&b);
    pack_tree(&b, "pax", "none");
    IS(bed_open(&b, "timeout=1"), 0);
    pid = helper_pid();
    IS(kill(pid, SIGSTOP), 0);
    IS(bed_read(&b, "/dir/small", text, 5, 0, NULL), -EIO);
    IS(kill(pid, SIGCONT), 0);
    IS(bed_read(&b, "/last", text, 5, 0, NULL), 5);
    IS(memcmp(text, big, 5), 0);
    end(&b);
}

static void *interrupt_soon(void *user)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    struct bed *b = user;

    (void)nanosleep(&moment, NULL);
    b->fs->ops->interrupt(b->fs);
    return NULL;
}

/** An answer that was given up is not the next one's. */
Test(archivefs, a_read_is_interrupted_EINTR)
{
    struct bed b;
    char text[6] = "";
    pthread_t thread;
    pid_t pid;

    begin(&b);
    pack_tree(&b, "pax", "none");
    IS(bed_open(&b, NULL), 0);
    pid = helper_pid();
    IS(kill(pid, SIGSTOP), 0);
    IS(pthread_create(&thread, NULL, interrupt_soon, &b), 0);
    IS(bed_read(&b, "/dir/small", text, 5, 0, NULL), -EINTR);
    IS(pthread_join(thread, NULL), 0);
    IS(kill(pid, SIGCONT), 0);
    IS(bed_read(&b, "/no/parent/file", text, 5, 0, NULL), 5);
    cr_assert_str_eq(text, "orpha");
    end(&b);
}

/** Whether a process runs the helper: before that its parent would wait for it. */
static bool is_helper(int pid)
{
    char path[64];
    char name[32] = "";
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/comm", pid);
    f = fopen(path, "r");
    if (f == NULL)
        return false;
    if (fgets(name, sizeof(name), f) == NULL)
        name[0] = '\0';
    (void)fclose(f);
    return strcmp(name, "scbox-archive\n") == 0;
}

/** Stop the helper as soon as it is there. */
static void *stop_helper(void *user)
{
    const struct timespec moment = {.tv_nsec = 200000};
    int pid = 0;

    while (!is_helper(pid)) {
        FILE *f = fopen(user, "r");

        if (f == NULL || fscanf(f, "%d", &pid) != 1)
            (void)nanosleep(&moment, NULL);
        if (f != NULL)
            (void)fclose(f);
    }
    (void)kill(pid, SIGSTOP);
    return NULL;
}

/** The helper is silent while the archive is opened: it is refused in time, and the helper is gone. */
Test(archivefs, a_helper_that_stops_at_once_EIO)
{
    char path[64];
    pthread_t thread;
    struct bed b;

    begin(&b);
    pack_tree(&b, "pax", "bzip2");
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
    IS(pthread_create(&thread, NULL, stop_helper, path), 0);
    IS(bed_open(&b, "timeout=1"), -EIO);
    cr_assert(bed_why(&b, "did not start in time") || bed_why(&b, "was not read in time"));
    IS(pthread_join(thread, NULL), 0);
    end(&b);
}

/** Every allocation of this process fails once: the archive is refused, and nothing is left. */
Test(archivefs, an_open_without_memory_ENOMEM)
{
    struct bed b;
    bool failed = true;

    begin(&b);
    pack_tree(&b, "pax", "none");
    for (long n = 0; failed && n < 200; n++) {
        int err;

        alloc_fail_after(n);
        err = bed_open(&b, NULL);
        failed = alloc_failed();
        alloc_fail_after(-1);
        cr_assert(err == 0 || err == -ENOMEM || err == -EIO, "%ld: %d", n, err);
        if (err == 0)
            cr_assert_str_eq(names_of(&b, "/"), " dir empty last no");
        bed_close(&b);
        IS(b.taken, 0);
        IS(b.descriptors, 0);
    }
    cr_assert(!failed);
    end(&b);
}

Test(archivefs, nothing_is_left_open)
{
    struct bed b;
    const int before = count_fds();

    begin(&b);
    IS(bed_open(&b, NULL), -ENOENT);
    pack_tree(&b, "pax", "gzip");
    IS(bed_open(&b, NULL), 0);
    IS(count_fds() - before, 3);
    IS(b.descriptors, 5);
    bed_close(&b);
    IS(count_fds(), before);
    IS(b.descriptors, 0);
    IS(b.taken, 0);
    end(&b);
}

Test(archivefs, sources_that_are_none)
{
    struct bed b;
    FILE *f;

    begin(&b);
    IS(bed_open(&b, NULL), -ENOENT);
    f = fopen(b.db, "w");
    (void)fputs("this is not an archive, whatever its name", f);
    (void)fclose(f);
    IS(bed_open(&b, NULL), -EIO);
    cr_assert(bed_why(&b, "Unrecognized archive format"));
    IS(truncate(b.db, 0), 0);
    IS(bed_open(&b, NULL), 0);
    cr_assert_str_eq(names_of(&b, "/"), "");
    bed_close(&b);
    IS(unlink(b.db), 0);
    IS(mkdir(b.db, 0755), 0);
    IS(bed_open(&b, NULL), -EIO);
    cr_assert(bed_why(&b, "the image has no file index.json"));
    IS(rmdir(b.db), 0);
    b.db[0] = '\0';
    IS(bed_open(&b, NULL), -EINVAL);
    IS(bed_open(&b, "source=//host/file"), -ENOTSUP);
    end(&b);
}

/** The biggest source is tried; one byte more is not. */
Test(archivefs, sources_have_a_size)
{
    const off_t most = (off_t)1 << 40;
    struct bed b;

    begin(&b);
    pack_tree(&b, "pax", "none");
    if (truncate(b.db, most) < 0 && errno == EFBIG)
        cr_skip_test("files of a tebibyte are not possible here");
    IS(bed_open(&b, NULL), 0);
    bed_close(&b);
    IS(truncate(b.db, most + 1), 0);
    IS(bed_open(&b, NULL), -EIO);
    cr_assert(bed_why(&b, "an archive has at most 1099511627776"));
    end(&b);
}

/** An index takes its room from the machine, and gives it back. */
Test(archivefs, an_index_without_room_ENOSPC)
{
    struct bed b;
    uint64_t all;

    begin(&b);
    pack_tree(&b, "pax", "none");
    IS(bed_open(&b, NULL), 0);
    all = b.taken;
    bed_close(&b);
    b.room = all;
    for (int tries = 0; tries < 40 && bed_open(&b, NULL) < 0; tries++) {
        IS(b.taken, 0);
        cr_assert(bed_why(&b, "no room") || bed_why(&b, "too big"));
        b.room += all / 8;
    }
    cr_assert(b.fs != NULL);
    bed_close(&b);
    b.room = 100;
    IS(bed_open(&b, NULL), -ENOSPC);
    end(&b);
}
