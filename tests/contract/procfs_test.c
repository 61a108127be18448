/* SPDX-License-Identifier: MIT */
/* Processes as files: what there is, snapshots, and that nothing of it can be changed. */
#include "tests/contract/bed.h"

#include <string.h>

static void procfs_body(struct bed *b, void (*body)(struct bed *))
{
    bed_init(b, "procfs");
    IS(bed_open(b, NULL), 0);
    body(b);
    bed_done(b);
}

#define PROCFS(name)                                                                               \
    static void name(struct bed *b);                                                               \
    Test(procfs, name)                                                                             \
    {                                                                                              \
        struct bed bed;                                                                            \
        procfs_body(&bed, name);                                                                   \
    }                                                                                              \
    static void name(struct bed *b)

PROCFS(readdir_lists_who_may_be_seen)
{
    cr_assert_str_eq(names_of(b, "/"), " 12 5 machine self");
    cr_assert_str_eq(names_of(b, "/5"), " args children fds maps names status");
    cr_assert_str_eq(names_of(b, "/self"), " args children fds maps names status");
    IS(stat_of(b, "/").mode, S_IFDIR | 0555);
    IS(stat_of(b, "/12").mode, S_IFDIR | 0555);
    IS(stat_of(b, "/12/maps").mode, S_IFREG | 0444);
    IS(stat_of(b, "/self").ino, stat_of(b, "/5").ino);
    cr_assert(stat_of(b, "/12/maps").ino != stat_of(b, "/12/args").ino);
    cr_assert(stat_of(b, "/12/maps").ino != stat_of(b, "/5/maps").ino);
}

PROCFS(names_that_are_none_ENOENT)
{
    static const char *const missing[] = {"/4", "/05", "/0", "/x", "/5x", "/99999999999", "/5/x"};

    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
        IS(stat_error(b, missing[i]), -ENOENT);
    IS(stat_error(b, "/machine/x"), -ENOTDIR);
    IS(stat_error(b, "/5/args/x"), -ENOTDIR);
}

PROCFS(open_takes_a_snapshot)
{
    struct fs_stat st;
    struct fs_file f;
    char text[32] = "";

    b->told = 7;
    open_file(b, "/12/names", FS_O_RDONLY, &f);
    b->told = 1000000;
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(st.size, strlen("12 1 7\n"));
    IS(bed_read(b, NULL, text, 4, 0, &f), 4);
    IS(bed_read(b, "/12/names", text + 4, 20, 4, &f), 3);
    cr_assert_str_eq(text, "12 1 7\n");
    IS(bed_read(b, NULL, text, 4, 99, &f), 0);
    IS(FS(fsync, NULL, false, &f), 0);
    IS(FS(close, NULL, &f), 0);
    IS(stat_of(b, "/12/names").size, strlen("12 1 1000000\n"));
    IS(bed_read(b, "/machine", text, 32, 0, NULL), strlen("0 6 1000001\n"));
}

PROCFS(snapshots_count_as_memory_until_they_are_closed)
{
    struct fs_file first = {.flags = FS_O_RDONLY};
    struct fs_file second = {.flags = FS_O_RDONLY};

    IS(FS(open, "/12/names", &first), 0);
    cr_assert(b->taken >= strlen("12 1 0\n"));
    b->room = b->taken + 1;
    IS(FS(open, "/12/names", &second), -ENOSPC);
    IS(FS(close, NULL, &first), 0);
    IS(b->taken, 0);
    IS(FS(open, "/12/names", &second), 0);
    IS(FS(close, NULL, &second), 0);
}

PROCFS(directories_open_as_such)
{
    struct fs_stat st;
    struct fs_file f = {.flags = FS_O_RDONLY};
    char byte;

    IS(FS(open, "/5", &f), -EISDIR);
    IS(FS(open, "/4", &f), -ENOENT);
    IS(bed_read(b, "/5", &byte, 1, 0, NULL), -EISDIR);
    IS(FS(opendir, "/machine", &f), -ENOTDIR);
    IS(FS(opendir, "/12", &f), 0);
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(st.mode, S_IFDIR | 0555);
    IS(FS(closedir, NULL, &f), 0);
    IS(FS(readlink, "/self", &byte, 1), -EINVAL);
}

PROCFS(changes_EROFS)
{
    struct fs_file f = {.flags = FS_O_WRONLY};

    IS(FS(open, "/5/args", &f), -EROFS);
    IS(FS(mknod, "/x", S_IFREG), -EROFS);
    IS(FS(mkdir, "/5/x", 0755), -EROFS);
    IS(FS(unlink, "/5/args"), -EROFS);
    IS(FS(rmdir, "/5"), -EROFS);
    IS(FS(rename, "/5/args", "/5/x", FS_RENAME_REPLACE), -EROFS);
    IS(FS(symlink, "x", "/x"), -EROFS);
    IS(FS(link, "/5/args", "/x"), -EROFS);
    IS(FS(chmod, "/5", 0777, NULL), -EROFS);
    IS(FS(chown, "/5", 1, 1, NULL), -EROFS);
    IS(FS(truncate, "/5/args", 0, NULL), -EROFS);
    IS(FS(utimens, "/5", 0, 0, NULL), -EROFS);
}

PROCFS(a_source_ENOTSUP)
{
    bed_close(b);
    IS(bed_open(b, "source=/tmp"), -ENOTSUP);
    cr_assert(bed_why(b, "takes no source"));
}
