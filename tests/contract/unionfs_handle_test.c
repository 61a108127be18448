/* SPDX-License-Identifier: MIT */
/* Handles of unionfs: whatever is copied, moved or deleted, they go on meaning the file that was opened. */
#include "tests/contract/layers.h"

#include <string.h>

UNION(handles_follow_to_the_copy)
{
    struct fs_file one;
    struct fs_file two;
    struct fs_stat st;
    uint64_t ino;
    char byte;

    put_file(base, "/f", "abc", 3);
    layers_open(b);
    open_file(b, "/f", FS_O_RDONLY, &one);
    open_file(b, "/f", FS_O_RDONLY, &two);
    ino = stat_of(b, "/f").ino;
    IS(bed_write(b, "/f", "X", 1, 1, NULL), 1);
    IS(bed_read(b, NULL, &byte, 1, 1, &one), 1);
    IS(byte, 'X');
    IS(FS(getattr, NULL, &st, &two), 0);
    IS(st.ino, ino);
    IS(FS(chmod, NULL, 0604, &two), 0);
    IS(stat_of(b, "/f").mode, S_IFREG | 0604);
    IS(FS(unlink, "/f"), 0);
    IS(FS(getattr, NULL, &st, &one), 0);
    IS(st.nlink, 0);
    IS(FS(close, NULL, &one), 0);
    IS(bed_read(b, NULL, &byte, 1, 1, &two), 1);
    IS(byte, 'X');
    IS(FS(close, NULL, &two), 0);
}

UNION(an_unlinked_lower_file_lives_on)
{
    struct fs_file f;
    struct fs_stat st;
    char bytes[3];

    put_file(base, "/f", "abc", 3);
    layers_open(b);
    open_file(b, "/f", FS_O_RDONLY, &f);
    IS(FS(unlink, "/f"), 0);
    put_file(b, "/f", "new", 3);
    IS(bed_read(b, NULL, bytes, 3, 0, &f), 3);
    cr_assert(memcmp(bytes, "abc", 3) == 0);
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(st.nlink, 0);
    IS(FS(chmod, NULL, 0600, &f), 0);
    IS(FS(truncate, NULL, 2, &f), 0);
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(st.size, 2);
    IS(st.nlink, 0);
    IS(st.mode, S_IFREG | 0600);
    cr_assert(file_is(b, "/f", "new", 3));
    IS(FS(close, NULL, &f), 0);
    cr_assert_str_eq(names_of(top, "/"), " .wh.f f");
}

/* The names of an open directory, counted. */
static int count_name(void *user, const char *name, const struct fs_stat *stat)
{
    (void)name;
    (void)stat;
    ++*(int *)user;
    return 0;
}

static int count_names(struct bed *b, struct fs_file *f)
{
    int count = 0;

    IS(FS(readdir, NULL, count_name, &count, f), 0);
    return count;
}

UNION(directory_handles_follow)
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    struct fs_stat st;

    IS(L(base, mkdir, "/d", 0755), 0);
    IS(L(base, mkdir, "/d/sub", 0755), 0);
    put_file(base, "/d/f", "", 0);
    layers_open(b);
    IS(FS(opendir, "/d", &f), 0);
    IS(count_names(b, &f), 2);
    put_file(b, "/d/g", "", 0);
    IS(count_names(b, &f), 3);
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(st.nlink, 3);
    IS(FS(rename, "/d", "/e", FS_RENAME_REPLACE), 0);
    IS(count_names(b, &f), 3);
    IS(FS(unlink, "/e/f"), 0);
    IS(FS(unlink, "/e/g"), 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(count_names(b, &f), 1);
    IS(FS(rmdir, "/e/sub"), 0);
    IS(FS(rmdir, "/e"), 0);
    IS(count_names(b, &f), 0);
    IS(FS(closedir, NULL, &f), 0);
}

UNION(a_removed_lower_directory_lists_nothing)
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    struct fs_stat st;

    IS(L(base, mkdir, "/d", 0755), 0);
    layers_open(b);
    IS(FS(opendir, "/d", &f), 0);
    IS(FS(rmdir, "/d"), 0);
    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/x", "", 0);
    IS(count_names(b, &f), 0);
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(st.nlink, 0);
    IS(FS(chmod, NULL, 0, &f), -ENOENT);
    IS(FS(closedir, NULL, &f), 0);
}
