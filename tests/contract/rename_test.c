/* SPDX-License-Identifier: MIT */
/* rename(): its three types, its errors, and what it does to link counts. */
#include "tests/contract/bed.h"

#include <string.h>

CONTRACT(rename_moves)
{
    uint64_t ino;

    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/f", "abc", 3);
    ino = stat_of(b, "/f").ino;
    IS(FS(rename, "/f", "/d/g", FS_RENAME_REPLACE), 0);
    IS(stat_error(b, "/f"), -ENOENT);
    IS(stat_of(b, "/d/g").ino, ino);
    cr_assert(file_is(b, "/d/g", "abc", 3));
    IS(FS(rename, "/d/g", "/d/h", FS_RENAME_NOREPLACE), 0);
    cr_assert_str_eq(names_of(b, "/d"), " h");
}

CONTRACT(rename_replaces)
{
    struct fs_statfs use;

    put_file(b, "/f", "abc", 3);
    put_file(b, "/g", "12345", 5);
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), 0);
    cr_assert_str_eq(names_of(b, "/"), " g");
    cr_assert(file_is(b, "/g", "abc", 3));
    IS(FS(statfs, &use), 0);
    if (b->fs->driver->uncounted)
        return;
    IS(use.bytes_used, 3);
    IS(use.inodes_used, 1);
}

CONTRACT(rename_replaces_empty_directory)
{
    IS(FS(mkdir, "/a", 0755), 0);
    IS(FS(mkdir, "/a/sub", 0755), 0);
    IS(FS(mkdir, "/b", 0755), 0);
    IS(FS(rename, "/a", "/b", FS_RENAME_REPLACE), 0);
    cr_assert_str_eq(names_of(b, "/"), " b");
    cr_assert_str_eq(names_of(b, "/b"), " sub");
    IS(stat_of(b, "/").nlink, 3);
    IS(stat_of(b, "/b").nlink, 3);
}

CONTRACT(rename_moves_directory_link_counts)
{
    IS(FS(mkdir, "/a", 0755), 0);
    IS(FS(mkdir, "/a/sub", 0755), 0);
    IS(FS(mkdir, "/b", 0755), 0);
    IS(FS(rename, "/a/sub", "/b/sub", FS_RENAME_REPLACE), 0);
    IS(stat_of(b, "/a").nlink, 2);
    IS(stat_of(b, "/b").nlink, 3);
}

CONTRACT(rename_type_errors)
{
    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/x", "", 0);
    IS(FS(mkdir, "/e", 0755), 0);
    put_file(b, "/f", "", 0);
    IS(FS(rename, "/f", "/e", FS_RENAME_REPLACE), -EISDIR);
    IS(FS(rename, "/e", "/f", FS_RENAME_REPLACE), -ENOTDIR);
    IS(FS(rename, "/e", "/d", FS_RENAME_REPLACE), -ENOTEMPTY);
    IS(FS(rename, "/f", "/f/g", FS_RENAME_REPLACE), -ENOTDIR);
    cr_assert_str_eq(names_of(b, "/"), " d e f");
}

CONTRACT(rename_missing_ENOENT)
{
    put_file(b, "/f", "", 0);
    IS(FS(rename, "/no", "/g", FS_RENAME_REPLACE), -ENOENT);
    IS(FS(rename, "/f", "/no/g", FS_RENAME_REPLACE), -ENOENT);
    IS(FS(rename, "/no", "/no", FS_RENAME_REPLACE), -ENOENT);
    IS(FS(rename, "/f", "/g", FS_RENAME_EXCHANGE), -ENOENT);
}

CONTRACT(rename_into_itself_EINVAL)
{
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(mkdir, "/d/e", 0755), 0);
    IS(FS(mkdir, "/dd", 0755), 0);
    IS(FS(rename, "/d", "/d/x", FS_RENAME_REPLACE), -EINVAL);
    IS(FS(rename, "/d", "/d/e/x", FS_RENAME_REPLACE), -EINVAL);
    IS(FS(rename, "/d", "/d/e", FS_RENAME_EXCHANGE), -EINVAL);
    IS(FS(rename, "/d/e", "/d", FS_RENAME_EXCHANGE), -EINVAL);
    IS(FS(rename, "/d/e", "/d", FS_RENAME_REPLACE), -ENOTEMPTY);
    IS(FS(rename, "/d", "/dd/x", FS_RENAME_REPLACE), 0);
}

CONTRACT(rename_root_EBUSY)
{
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(rename, "/", "/d/x", FS_RENAME_REPLACE), -EBUSY);
    IS(FS(rename, "/d", "/", FS_RENAME_REPLACE), -EBUSY);
    IS(FS(rename, "/d", "/", FS_RENAME_EXCHANGE), -EBUSY);
    IS(FS(rename, "/d", "/", FS_RENAME_NOREPLACE), -EEXIST);
    put_file(b, "/f", "", 0);
    IS(FS(rename, "/f/x", "/", FS_RENAME_REPLACE), -EBUSY);
}

CONTRACT(rename_noreplace_EEXIST)
{
    put_file(b, "/f", "f", 1);
    put_file(b, "/g", "g", 1);
    IS(FS(rename, "/f", "/g", FS_RENAME_NOREPLACE), -EEXIST);
    IS(FS(rename, "/f", "/f", FS_RENAME_NOREPLACE), -EEXIST);
    cr_assert(file_is(b, "/g", "g", 1));
}

CONTRACT(rename_to_itself_does_nothing)
{
    struct fs_stat before;

    put_file(b, "/f", "f", 1);
    IS(FS(link, "/f", "/g"), 0);
    before = stat_of(b, "/f");
    IS(FS(rename, "/f", "/f", FS_RENAME_REPLACE), 0);
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), 0);
    IS(FS(rename, "/f", "/g", FS_RENAME_EXCHANGE), 0);
    cr_assert_str_eq(names_of(b, "/"), " f g");
    IS(stat_of(b, "/f").ctime, before.ctime);
}

CONTRACT(rename_exchanges)
{
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(mkdir, "/d/sub", 0755), 0);
    put_file(b, "/d/sub/x", "", 0);
    put_file(b, "/f", "f", 1);
    IS(FS(rename, "/f", "/d/sub", FS_RENAME_EXCHANGE), 0);
    cr_assert(file_is(b, "/d/sub", "f", 1));
    cr_assert_str_eq(names_of(b, "/f"), " x");
    IS(stat_of(b, "/").nlink, 4);
    IS(stat_of(b, "/d").nlink, 2);
}

CONTRACT(rename_through_link_ELOOP)
{
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "/d", "/l"), 0);
    put_file(b, "/f", "", 0);
    IS(FS(rename, "/f", "/l/f", FS_RENAME_REPLACE), -ELOOP);
    IS(FS(rename, "/l/f", "/g", FS_RENAME_REPLACE), -ELOOP);
    IS(FS(rename, "/l", "/m", FS_RENAME_REPLACE), 0);
    IS(stat_of(b, "/m").mode & S_IFMT, S_IFLNK);
}

CONTRACT(rename_keeps_what_is_below)
{
    IS(FS(mkdir, "/a", 0755), 0);
    IS(FS(mkdir, "/a/b", 0755), 0);
    put_file(b, "/a/b/f", "x", 1);
    IS(FS(rename, "/a", "/c", FS_RENAME_REPLACE), 0);
    IS(stat_error(b, "/a/b/f"), -ENOENT);
    cr_assert(file_is(b, "/c/b/f", "x", 1));
    IS(FS(mkdir, "/a", 0755), 0);
    IS(stat_error(b, "/a/b"), -ENOENT);
}
