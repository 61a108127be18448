/* SPDX-License-Identifier: MIT */
/* Names: making and removing them, links of both kinds, listings. */
#include "fsdrivers/fslimits.h"
#include "tests/contract/bed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CONTRACT(mknod_then_getattr)
{
    struct fs_stat st;

    IS(FS(mknod, "/f", S_IFREG | 0640), 0);
    st = stat_of(b, "/f");
    IS(st.mode, S_IFREG | 0640);
    IS(st.nlink, 1);
    IS(st.size, 0);
    IS(st.blocks, 0);
    IS(st.rdev, 0);
    cr_assert(st.ino != 0 && st.ino != stat_of(b, "/").ino);
    IS(FS(mknod, "/g", 0600), 0);
    IS(stat_of(b, "/g").mode, S_IFREG | 0600);
}

CONTRACT(mknod_errors)
{
    put_file(b, "/f", "", 0);
    IS(FS(symlink, "/", "/l"), 0);
    IS(FS(mknod, "/f", S_IFREG), -EEXIST);
    IS(FS(mknod, "/l", S_IFREG), -EEXIST);
    IS(FS(mknod, "/", S_IFREG), -EEXIST);
    IS(FS(mknod, "/no/f", S_IFREG), -ENOENT);
    IS(FS(mknod, "/f/g", S_IFREG), -ENOTDIR);
    IS(FS(mknod, "/l/g", S_IFREG), -ELOOP);
    IS(FS(mknod, "/l/m/g", S_IFREG), -ELOOP);
    IS(FS(mknod, "/d", S_IFDIR), -EINVAL);
    IS(FS(mknod, "/d", S_IFLNK), -EINVAL);
    cr_assert_str_eq(names_of(b, "/"), " f l");
}

CONTRACT(mkdir_errors)
{
    put_file(b, "/f", "", 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(stat_of(b, "/d").mode, S_IFDIR | 0755);
    IS(FS(mkdir, "/e", S_IFDIR | 0700), 0);
    IS(stat_of(b, "/e").mode, S_IFDIR | 0700);
    IS(FS(mkdir, "/d", 0755), -EEXIST);
    IS(FS(mkdir, "/", 0755), -EEXIST);
    IS(FS(mkdir, "/no/d", 0755), -ENOENT);
    IS(FS(mkdir, "/f/d", 0755), -ENOTDIR);
}

CONTRACT(mkdir_counts_links)
{
    IS(stat_of(b, "/").nlink, 2);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(mkdir, "/d/e", 0755), 0);
    put_file(b, "/d/f", "", 0);
    IS(stat_of(b, "/").nlink, 3);
    IS(stat_of(b, "/d").nlink, 3);
    IS(stat_of(b, "/d/e").nlink, 2);
    IS(FS(rmdir, "/d/e"), 0);
    IS(stat_of(b, "/d").nlink, 2);
}

CONTRACT(unlink_errors)
{
    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/f", "", 0);
    IS(FS(unlink, "/d"), -EISDIR);
    IS(FS(unlink, "/"), -EISDIR);
    IS(FS(unlink, "/no"), -ENOENT);
    IS(FS(unlink, "/no/no"), -ENOENT);
    IS(FS(unlink, "/f/g"), -ENOTDIR);
    IS(FS(unlink, "/f"), 0);
    IS(FS(unlink, "/f"), -ENOENT);
}

CONTRACT(rmdir_errors)
{
    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/f", "", 0);
    IS(FS(rmdir, "/d"), -ENOTEMPTY);
    IS(FS(rmdir, "/d/f"), -ENOTDIR);
    IS(FS(rmdir, "/"), -EBUSY);
    IS(FS(rmdir, "/no"), -ENOENT);
    IS(FS(unlink, "/d/f"), 0);
    IS(FS(rmdir, "/d"), 0);
    IS(stat_error(b, "/d"), -ENOENT);
}

CONTRACT(rmdir_open_dir_lists_nothing)
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    struct fs_stat st;

    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(opendir, "/d", &f), 0);
    IS(FS(rmdir, "/d"), 0);
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(st.nlink, 0);
    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/f", "", 0);
    IS(FS(readdir, NULL, NULL, NULL, &f), 0);
    IS(FS(closedir, NULL, &f), 0);
}

CONTRACT(getattr_errors)
{
    put_file(b, "/f", "", 0);
    IS(FS(symlink, "f", "/l"), 0);
    IS(stat_error(b, "/no"), -ENOENT);
    IS(stat_error(b, "/no/no"), -ENOENT);
    IS(stat_error(b, "/f/x"), -ENOTDIR);
    IS(stat_error(b, "/l/x"), -ELOOP);
    IS(stat_of(b, "/l").mode & S_IFMT, S_IFLNK);
    IS(stat_of(b, "/").mode & S_IFMT, S_IFDIR);
}

CONTRACT(symlink_then_readlink)
{
    char buf[8];

    IS(FS(symlink, "target", "/l"), 0);
    IS(stat_of(b, "/l").size, 6);
    IS(stat_of(b, "/l").mode & S_IFMT, S_IFLNK);
    IS(FS(readlink, "/l", buf, 6), 0);
    cr_assert(memcmp(buf, "target", 6) == 0);
    memset(buf, '#', sizeof(buf));
    IS(FS(readlink, "/l", buf, 3), 6);
    cr_assert(memcmp(buf, "tar#", 4) == 0);
    IS(FS(readlink, "/l", buf, 0), 6);
    IS(FS(unlink, "/l"), 0);
    IS(FS(readlink, "/l", buf, 8), -ENOENT);
}

CONTRACT(symlink_longest_target)
{
    static char target[FS_PATH_MAX + 1];
    static char back[FS_PATH_MAX];

    memset(target, 'x', FS_PATH_MAX);
    IS(FS(symlink, target, "/l"), 0);
    IS(FS(readlink, "/l", back, sizeof(back)), 0);
    cr_assert(memcmp(target, back, FS_PATH_MAX) == 0);
}

CONTRACT(symlink_errors)
{
    char byte;

    put_file(b, "/f", "", 0);
    IS(FS(symlink, "x", "/f"), -EEXIST);
    IS(FS(symlink, "x", "/no/l"), -ENOENT);
    IS(FS(symlink, "x", "/f/l"), -ENOTDIR);
    IS(FS(readlink, "/f", &byte, 1), -EINVAL);
    IS(FS(readlink, "/", &byte, 1), -EINVAL);
    IS(FS(symlink, "f", "/l"), 0);
    IS(bed_read(b, "/l", &byte, 1, 0, NULL), -EINVAL);
    IS(FS(rmdir, "/l"), -ENOTDIR);
}

CONTRACT(link_shares_the_file)
{
    put_file(b, "/f", "abc", 3);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(link, "/f", "/d/g"), 0);
    IS(stat_of(b, "/f").nlink, 2);
    IS(stat_of(b, "/f").ino, stat_of(b, "/d/g").ino);
    IS(bed_write(b, "/d/g", "X", 1, 0, NULL), 1);
    IS(FS(unlink, "/f"), 0);
    cr_assert(file_is(b, "/d/g", "Xbc", 3));
    IS(stat_of(b, "/d/g").nlink, 1);
    IS(FS(symlink, "t", "/l"), 0);
    IS(FS(link, "/l", "/m"), 0);
    IS(stat_of(b, "/m").mode & S_IFMT, S_IFLNK);
}

CONTRACT(link_errors)
{
    put_file(b, "/f", "", 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(link, "/d", "/e"), -EPERM);
    IS(FS(link, "/", "/e"), -EPERM);
    IS(FS(link, "/", "/f/e"), -ENOTDIR);
    IS(FS(link, "/", "/f"), -EEXIST);
    IS(FS(link, "/no", "/e"), -ENOENT);
    IS(FS(link, "/f", "/no/e"), -ENOENT);
    IS(FS(link, "/f", "/d"), -EEXIST);
    IS(FS(link, "/f", "/f"), -EEXIST);
    IS(FS(link, "/f", "/"), -EEXIST);
    IS(FS(link, "/f", "/f/g"), -ENOTDIR);
    IS(stat_of(b, "/f").nlink, 1);
}

CONTRACT(link_too_many_EMLINK)
{
    char path[32];

    put_file(b, "/f", "", 0);
    IS(FS(mkdir, "/d", 0755), 0);
    for (int i = 1; i < FS_LINK_MAX; i++) {
        (void)snprintf(path, sizeof(path), "/d/%d", i);
        IS(FS(link, "/f", path), 0);
    }
    IS(FS(link, "/f", "/g"), -EMLINK);
    IS(FS(unlink, "/d/1"), 0);
    IS(FS(link, "/f", "/g"), 0);
}

CONTRACT(names_are_bytes)
{
    char path[2 + 255];
    char name[2] = {0};

    IS(FS(mkdir, "/d", 0755), 0);
    for (int c = 1; c < 256; c++) {
        name[0] = (char)c;
        if (c == '/' || c == '.')
            continue;
        (void)snprintf(path, sizeof(path), "/d/%s", name);
        IS(FS(mknod, path, S_IFREG | 0600), 0);
    }
    for (int c = 1; c < 256; c++) {
        name[0] = (char)c;
        if (c == '/' || c == '.')
            continue;
        (void)snprintf(path, sizeof(path), "/d/%s", name);
        IS(FS(unlink, path), 0);
    }
    memset(path, '\xff', sizeof(path));
    path[0] = '/';
    path[256] = '\0';
    put_file(b, path, "abc", 3);
    cr_assert(file_is(b, path, "abc", 3));
    IS(strlen(names_of(b, "/")), strlen(" d ") + 255);
}

CONTRACT(names_differ_in_case_and_length)
{
    put_file(b, "/a", "1", 1);
    put_file(b, "/A", "2", 1);
    put_file(b, "/aa", "3", 1);
    put_file(b, "/a b", "4", 1);
    cr_assert_str_eq(names_of(b, "/"), " A a a b aa");
    cr_assert(file_is(b, "/a", "1", 1));
    cr_assert(file_is(b, "/A", "2", 1));
}

CONTRACT(tree_as_deep_as_a_path)
{
    char path[FS_PATH_MAX + 1] = "";
    int depth = 0;

    while (strlen(path) + 2 <= FS_PATH_MAX) {
        (void)strcat(path, "/d");
        IS(FS(mkdir, path, 0755), 0);
        depth++;
    }
    IS(stat_of(b, path).nlink, 2);
    while (depth-- > 0) {
        IS(FS(rmdir, path), 0);
        path[strlen(path) - 2] = '\0';
    }
    IS(stat_of(b, "/").nlink, 2);
}

CONTRACT(lookup_in_a_large_directory)
{
    char path[32];

    for (int i = 0; i < 3000; i++) {
        (void)snprintf(path, sizeof(path), "/file-%d", i);
        IS(FS(mknod, path, S_IFREG | 0600), 0);
    }
    for (int i = 0; i < 3000; i += 7) {
        (void)snprintf(path, sizeof(path), "/file-%d", i);
        IS(FS(unlink, path), 0);
    }
    for (int i = 0; i < 3000; i++) {
        (void)snprintf(path, sizeof(path), "/file-%d", i);
        IS(stat_error(b, path), i % 7 == 0 ? -ENOENT : 0);
    }
}

static int count_name(void *user, const char *name, const struct fs_stat *stat)
{
    (void)name;
    (void)stat;
    ++*(int *)user;
    return 0;
}

/* 100,000 in the long suite. */
CONTRACT(directory_of_many_entries)
{
    const int many = bed_is_long() ? 100000 : 5000;
    char path[32];
    int count = 0;

    IS(FS(mkdir, "/d", 0755), 0);
    for (int i = 0; i < many; i++) {
        (void)snprintf(path, sizeof(path), "/d/%d", i);
        IS(FS(mknod, path, S_IFREG | 0600), 0);
    }
    IS(FS(readdir, "/d", count_name, &count, NULL), 0);
    IS(count, many);
    IS(FS(rmdir, "/d"), -ENOTEMPTY);
    IS(FS(rename, "/d", "/e", FS_RENAME_REPLACE), 0);
    IS(stat_error(b, "/d/4999"), -ENOENT);
    IS(stat_error(b, "/e/4999"), 0);
    for (int i = 0; i < many; i++) {
        (void)snprintf(path, sizeof(path), "/e/%d", i);
        IS(FS(unlink, path), 0);
    }
    IS(FS(rmdir, "/e"), 0);
}

/* ---- Listings ---- */

static int count_entries(void *user, const char *name, const struct fs_stat *stat)
{
    int *count = user;

    cr_assert(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
    cr_assert(stat == NULL || stat->ino != 0);
    return ++*count == 3 ? 77 : 0;
}

CONTRACT(readdir_errors)
{
    int count = 0;

    put_file(b, "/f", "", 0);
    IS(FS(readdir, "/no", count_entries, &count, NULL), -ENOENT);
    IS(FS(readdir, "/f", count_entries, &count, NULL), -ENOTDIR);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(readdir, "/d", count_entries, &count, NULL), 0);
    IS(count, 0);
}

CONTRACT(readdir_callback_stops_it)
{
    int count = 0;

    for (char name[] = "/a"; name[1] <= 'e'; name[1]++)
        put_file(b, name, "", 0);
    IS(FS(readdir, "/", count_entries, &count, NULL), 77);
    IS(count, 3);
}

static int check_stat(void *user, const char *name, const struct fs_stat *stat)
{
    struct bed *b = user;
    char path[FS_NAME_MAX + 2];
    struct fs_stat st;

    (void)snprintf(path, sizeof(path), "/%s", name);
    st = stat_of(b, path);
    cr_assert(stat == NULL || memcmp(&st, stat, sizeof(st)) == 0, "%s", name);
    return 0;
}

CONTRACT(readdir_stat_is_getattr)
{
    put_file(b, "/f", "abc", 3);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "xx", "/l"), 0);
    IS(FS(readdir, "/", check_stat, b, NULL), 0);
}

CONTRACT(readdir_order_is_stable)
{
    char first[2048];

    for (char name[] = "/a"; name[1] <= 'z'; name[1]++)
        put_file(b, name, "", 0);
    (void)snprintf(first, sizeof(first), "%s", names_of(b, "/"));
    cr_assert_str_eq(names_of(b, "/"), first);
}
