/* SPDX-License-Identifier: MIT */
/* unionfs over layers that have something: what is seen, what is copied up, what is hidden, and that lower layers
 * stay as they are. That it does what every driver does is in the other suites. */
#include "tests/contract/layers.h"

#include <stdio.h>
#include <string.h>

/* ---- Copying up ---- */

UNION(what_is_written_is_copied)
{
    struct fs_stat dir;
    struct fs_stat st;

    IS(L(base, mkdir, "/d", 0751), 0);
    put_file(base, "/d/f", "lower", 5);
    IS(L(base, chmod, "/d/f", 04640, NULL), 0);
    IS(L(base, chown, "/d/f", 7, 8, NULL), 0);
    IS(L(base, utimens, "/d/f", 11, 12, NULL), 0);
    IS(L(base, utimens, "/d", 13, 14, NULL), 0);
    layers_open(b);
    dir = stat_of(b, "/d");
    st = stat_of(b, "/d/f");
    cr_assert(file_is(b, "/d/f", "lower", 5));
    cr_assert_str_eq(names_of(top, "/"), "");

    IS(FS(chown, "/d/f", 9, (uint32_t)-1, NULL), 0);
    IS(stat_of(b, "/d/f").mode, S_IFREG | 04640);
    IS(stat_of(b, "/d/f").mtime, 12);
    IS(stat_of(b, "/d/f").atime, 11);
    IS(stat_of(b, "/d/f").gid, 8);
    IS(stat_of(b, "/d/f").ino, st.ino);
    IS(bed_write(b, "/d/f", "UP", 2, 0, NULL), 2);
    cr_assert(file_is(b, "/d/f", "UPwer", 5));
    cr_assert(file_is(top, "/d/f", "UPwer", 5));
    IS(stat_of(b, "/d/f").ino, st.ino);
    st = stat_of(b, "/d");
    IS(st.ino, dir.ino);
    IS(st.mode, S_IFDIR | 0751);
    IS(st.mtime, 14);
    IS(st.atime, 13);
    cr_assert_str_eq(names_of(top, "/"), " d");
}

UNION(directories_links_and_empty_files_are_copied)
{
    char target[8] = "";

    IS(L(base, mkdir, "/d", 0700), 0);
    IS(L(base, mkdir, "/d/e", 0711), 0);
    IS(L(base, symlink, "to", "/d/l"), 0);
    put_file(base, "/d/none", "", 0);
    layers_open(b);
    IS(FS(chmod, "/d/e", 0755, NULL), 0);
    IS(FS(chown, "/d/l", 3, 4, NULL), 0);
    IS(FS(utimens, "/d/none", 5, 6, NULL), 0);
    IS(FS(readlink, "/d/l", target, sizeof(target)), 0);
    cr_assert_str_eq(target, "to");
    IS(stat_of(b, "/d/l").uid, 3);
    IS(stat_of(b, "/d/e").mode, S_IFDIR | 0755);
    IS(stat_of(b, "/d").mode, S_IFDIR | 0700);
    cr_assert_str_eq(names_of(top, "/d"), " e l none");
    cr_assert_str_eq(names_of(b, "/d"), " e l none");
}

UNION(holes_stay_holes)
{
    char byte;

    put_file(base, "/f", "", 0);
    IS(L(base, truncate, "/f", (uint64_t)1 << 33, NULL), 0);
    put_file(base, "/g", "x", 1);
    IS(bed_write(base, "/g", "z", 1, 3 << 20, NULL), 1);
    IS(bed_open(b, NULL), 0);
    IS(FS(chmod, "/f", 0600, NULL), 0);
    IS(stat_of(top, "/f").size, (int64_t)1 << 33);
    IS(stat_of(top, "/f").blocks, 0);
    IS(FS(chmod, "/g", 0600, NULL), 0);
    cr_assert(stat_of(top, "/g").blocks <= 2 * 128);
    IS(stat_of(top, "/g").size, (3 << 20) + 1);
    IS(bed_read(b, "/g", &byte, 1, 3 << 20, NULL), 1);
    IS(byte, 'z');
}

UNION(what_is_cut_off_is_not_copied)
{
    static char bytes[600000];

    layers_replace_top(b, "size=200K");
    fill(bytes, sizeof(bytes), 3);
    put_file(base, "/f", bytes, sizeof(bytes));
    layers_open(b);
    IS(FS(truncate, "/f", 70000, NULL), 0);
    cr_assert(file_is(b, "/f", bytes, 70000));
}

UNION(a_full_top_leaves_all_as_it_was)
{
    static char bytes[600000];
    struct fs_file f;
    char byte;

    layers_replace_top(b, "size=400K");
    fill(bytes, sizeof(bytes), 3);
    put_file(base, "/f", bytes, sizeof(bytes));
    layers_open(b);
    open_file(b, "/f", FS_O_RDONLY, &f);
    IS(bed_write(b, "/f", "x", 1, 0, NULL), -ENOSPC);
    IS(FS(chmod, "/f", 0, NULL), -ENOSPC);
    IS(FS(chmod, NULL, 0, &f), -ENOSPC);
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), -ENOSPC);
    cr_assert_str_eq(names_of(b, "/"), " f");
    cr_assert_str_eq(names_of(top, "/"), "");
    cr_assert(file_is(b, "/f", bytes, sizeof(bytes)));
    IS(bed_read(b, NULL, &byte, 1, 5, &f), 1);
    IS(byte, bytes[5]);
    IS(FS(close, NULL, &f), 0);
    IS(FS(unlink, "/f"), 0);
    IS(stat_error(b, "/f"), -ENOENT);
}

/* A store of the host, which may keep no mode of a link. */
UNION(links_are_copied_to_the_host)
{
    static struct bed store;
    char target[8] = "";

    layers_use_store(b, 0, &store, "hostfs");
    IS(L(base, symlink, "to", "/l"), 0);
    put_file(base, "/f", "abc", 3);
    layers_open(b);
    IS(FS(utimens, "/l", 5, 6, NULL), 0);
    IS(FS(readlink, "/l", target, sizeof(target)), 0);
    cr_assert_str_eq(target, "to");
    IS(stat_of(b, "/l").mtime, 6);
    IS(bed_write(b, "/f", "X", 1, 1, NULL), 1);
    cr_assert(file_is(b, "/f", "aXc", 3));
    IS(FS(unlink, "/l"), 0);
    cr_assert_str_eq(names_of(b, "/"), " f");
    cr_assert_str_eq(names_of(top, "/"), " .wh.l f");
}

/* ---- Hiding ---- */

UNION(what_is_deleted_is_hidden)
{
    put_file(base, "/f", "lower", 5);
    put_file(base, "/g", "", 0);
    layers_open(b);
    IS(FS(unlink, "/f"), 0);
    IS(stat_error(b, "/f"), -ENOENT);
    IS(FS(unlink, "/f"), -ENOENT);
    cr_assert_str_eq(names_of(b, "/"), " g");
    cr_assert_str_eq(names_of(top, "/"), " .wh.f");
    put_file(b, "/f", "new", 3);
    cr_assert(file_is(b, "/f", "new", 3));
    cr_assert_str_eq(names_of(b, "/"), " f g");
    IS(FS(unlink, "/f"), 0);
    cr_assert_str_eq(names_of(b, "/"), " g");
    bed_close(b);
    IS(bed_open(b, NULL), 0);
    cr_assert_str_eq(names_of(b, "/"), " g");
    IS(bed_write(b, "/f", "x", 1, 0, NULL), -ENOENT);
}

UNION(reserved_names_EINVAL)
{
    put_file(base, "/f", "", 0);
    put_file(base, "/.wh.x", "", 0);
    put_file(base, "/.whx", "", 0);
    layers_open(b);
    IS(FS(mknod, "/.wh.f", S_IFREG), -EINVAL);
    IS(FS(mknod, "/.wh.x", S_IFREG), -EINVAL);
    IS(FS(mkdir, "/.wh.", 0755), -EINVAL);
    IS(FS(symlink, "f", "/.wh..wh.l"), -EINVAL);
    IS(FS(link, "/f", "/.wh.f"), -EINVAL);
    IS(FS(rename, "/f", "/.wh.f", FS_RENAME_REPLACE), -EINVAL);
    IS(FS(rename, "/.wh.x", "/f", FS_RENAME_REPLACE), -ENOENT);
    IS(FS(mknod, "/.wh.x/f", S_IFREG), -ENOENT);
    IS(FS(unlink, "/.wh.x"), -ENOENT);
    IS(stat_error(b, "/.wh.x"), -ENOENT);
    cr_assert_str_eq(names_of(b, "/"), " .whx f");
    cr_assert_str_eq(names_of(top, "/"), "");
}

UNION(a_directory_that_is_made_again_is_empty)
{
    IS(L(base, mkdir, "/d", 0755), 0);
    IS(L(base, mkdir, "/d/e", 0755), 0);
    put_file(base, "/d/e/f", "", 0);
    layers_open(b);
    IS(FS(rmdir, "/d/e"), -ENOTEMPTY);
    IS(FS(unlink, "/d/e/f"), 0);
    IS(FS(rmdir, "/d/e"), 0);
    IS(stat_error(b, "/d/e"), -ENOENT);
    IS(FS(mkdir, "/d/e", 0700), 0);
    cr_assert_str_eq(names_of(b, "/d/e"), "");
    IS(stat_error(b, "/d/e/f"), -ENOENT);
    put_file(b, "/d/e/f", "new", 3);
    cr_assert(file_is(b, "/d/e/f", "new", 3));
    IS(stat_of(b, "/d").nlink, 3);
}

/* Names for whose whiteouts there is no room, and the longest for which there is. */
UNION(long_names_are_hidden)
{
    char path[FS_NAME_MAX + 2] = "/";

    for (size_t len = FS_NAME_MAX - 5; len <= FS_NAME_MAX; len++) {
        memset(path + 1, (int)('a' + len % 7), len);
        path[1 + len] = '\0';
        put_file(base, path, "", 0);
    }
    put_file(base, "/other", "", 0);
    IS(bed_open(b, NULL), 0);
    for (size_t len = FS_NAME_MAX - 5; len <= FS_NAME_MAX; len++) {
        memset(path + 1, (int)('a' + len % 7), len);
        path[1 + len] = '\0';
        IS(FS(unlink, path), 0);
        IS(stat_error(b, path), -ENOENT);
    }
    cr_assert_str_eq(names_of(b, "/"), " other");
}

UNION(a_path_without_room_for_a_whiteout_ENAMETOOLONG)
{
    char path[FS_PATH_MAX + 1] = "";
    static char name[200];

    memset(name, 'n', sizeof(name) - 1);
    while (strlen(path) + sizeof(name) < FS_PATH_MAX - 10) {
        (void)strcat(strcat(path, "/"), name);
        IS(L(base, mkdir, path, 0755), 0);
    }
    while (strlen(path) + 2 <= FS_PATH_MAX - 3) {
        (void)strcat(path, "/d");
        IS(L(base, mkdir, path, 0755), 0);
    }
    IS(bed_open(b, NULL), 0);
    IS(stat_error(b, path), 0);
    IS(FS(rmdir, path), -ENAMETOOLONG);
    IS(stat_error(b, path), 0);
    IS(FS(chmod, path, 0700, NULL), 0);
    IS(stat_of(b, path).mode, S_IFDIR | 0700);
}

/* ---- Merging ---- */

UNION(directories_are_merged)
{
    IS(L(base, mkdir, "/d", 0700), 0);
    IS(L(base, mkdir, "/d/sub", 0755), 0);
    IS(L(base, mkdir, "/d/both", 0755), 0);
    put_file(base, "/d/low", "low", 3);
    put_file(base, "/d/same", "low", 3);
    IS(L(top, mkdir, "/d", 0711), 0);
    IS(L(top, mkdir, "/d/both", 0755), 0);
    IS(L(top, mkdir, "/d/own", 0755), 0);
    put_file(top, "/d/same", "high", 4);
    layers_open(b);
    cr_assert_str_eq(names_of(b, "/d"), " both low own same sub");
    cr_assert(file_is(b, "/d/same", "high", 4));
    IS(stat_of(b, "/d").mode, S_IFDIR | 0711);
    IS(stat_of(b, "/d").nlink, 5);
    IS(FS(rmdir, "/d/both"), 0);
    IS(stat_of(b, "/d").nlink, 4);
    cr_assert_str_eq(names_of(b, "/d"), " low own same sub");
    IS(FS(rmdir, "/d/sub"), 0);
    IS(stat_of(b, "/d").nlink, 3);
}

UNION(files_of_other_kinds_hide_each_other)
{
    IS(L(base, mkdir, "/file-over-dir", 0755), 0);
    put_file(base, "/file-over-dir/x", "", 0);
    put_file(base, "/dir-over-file", "", 0);
    put_file(top, "/file-over-dir", "f", 1);
    IS(L(top, mkdir, "/dir-over-file", 0755), 0);
    layers_open(b);
    IS(stat_error(b, "/file-over-dir/x"), -ENOTDIR);
    cr_assert_str_eq(names_of(b, "/dir-over-file"), "");
    cr_assert_str_eq(names_of(b, "/"), " dir-over-file file-over-dir");
    IS(FS(unlink, "/file-over-dir"), 0);
    IS(FS(rmdir, "/dir-over-file"), 0);
    cr_assert_str_eq(names_of(b, "/"), "");
}

UNION(marks_of_a_middle_layer_count)
{
    struct bed under;

    under = layers_add(b, "under", "/w");
    IS(L(&under, mkdir, "/o", 0755), 0);
    IS(L(&under, mkdir, "/s", 0755), 0);
    put_file(&under, "/o/low", "", 0);
    put_file(&under, "/s/low", "", 0);
    put_file(&under, "/seen", "", 0);
    put_file(base, "/.wh.w", "", 0);
    IS(L(base, mkdir, "/o", 0755), 0);
    put_file(base, "/o/.wh..wh..opq", "", 0);
    put_file(base, "/o/mid", "", 0);
    IS(L(base, mkdir, "/s", 0755), 0);
    put_file(base, "/.wh.s", "", 0);
    layers_open(b);
    cr_assert_str_eq(names_of(b, "/"), " o s seen");
    cr_assert_str_eq(names_of(b, "/o"), " mid");
    cr_assert_str_eq(names_of(b, "/s"), "");
    IS(stat_error(b, "/w"), -ENOENT);
    IS(stat_error(b, "/o/low"), -ENOENT);

    IS(FS(mkdir, "/w", 0755),
       0); /* a whiteout is hidden by a new file, and hides again without it */
    cr_assert_str_eq(names_of(b, "/w"), "");
    IS(FS(rmdir, "/w"), 0);
    IS(stat_error(b, "/w"), -ENOENT);
    put_file(b, "/o/low", "", 0);
    cr_assert_str_eq(names_of(b, "/o"), " low mid");
    IS(FS(unlink, "/o/low"), 0);
    IS(FS(rename, "/o", "/p", FS_RENAME_REPLACE), 0);
    cr_assert_str_eq(names_of(b, "/p"), " mid");
    cr_assert_str_eq(names_of(b, "/"), " p s seen");
}

UNION(an_opaque_root_hides_the_layers_below)
{
    put_file(base, "/f", "", 0);
    put_file(top, "/.wh..wh..opq", "", 0);
    layers_open(b);
    cr_assert_str_eq(names_of(b, "/"), "");
    IS(stat_error(b, "/f"), -ENOENT);
}

/* ---- Moving ---- */

UNION(files_are_moved)
{
    put_file(base, "/f", "f", 1);
    put_file(base, "/g", "g", 1);
    put_file(base, "/h", "h", 1);
    layers_open(b);
    IS(FS(rename, "/f", "/n", FS_RENAME_REPLACE), 0);
    cr_assert_str_eq(names_of(b, "/"), " g h n");
    IS(FS(rename, "/n", "/g", FS_RENAME_NOREPLACE), -EEXIST);
    IS(FS(rename, "/n", "/g", FS_RENAME_REPLACE), 0);
    cr_assert(file_is(b, "/g", "f", 1));
    IS(FS(rename, "/g", "/f", FS_RENAME_REPLACE), 0); /* over a whiteout */
    cr_assert_str_eq(names_of(b, "/"), " f h");
    IS(FS(rename, "/f", "/h", FS_RENAME_EXCHANGE), 0);
    cr_assert(file_is(b, "/h", "f", 1));
    cr_assert(file_is(b, "/f", "h", 1));
    IS(FS(unlink, "/h"), 0);
    IS(FS(unlink, "/f"), 0);
    cr_assert_str_eq(names_of(b, "/"), "");
}

UNION(directories_are_moved_with_all_that_is_in_them)
{
    IS(L(base, mkdir, "/d", 0755), 0);
    IS(L(base, mkdir, "/d/e", 0711), 0);
    put_file(base, "/d/e/f", "f", 1);
    put_file(base, "/d/gone", "", 0);
    IS(L(base, mkdir, "/to", 0755), 0);
    put_file(base, "/to/x", "", 0);
    layers_open(b);
    IS(FS(unlink, "/d/gone"), 0);
    IS(FS(rename, "/d", "/to", FS_RENAME_REPLACE), -ENOTEMPTY);
    IS(FS(unlink, "/to/x"), 0);
    IS(FS(rename, "/d", "/to", FS_RENAME_REPLACE), 0);
    cr_assert_str_eq(names_of(b, "/"), " to");
    cr_assert_str_eq(names_of(b, "/to"), " e");
    cr_assert(file_is(b, "/to/e/f", "f", 1));
    IS(stat_of(b, "/to/e").mode, S_IFDIR | 0711);
    IS(FS(mkdir, "/d", 0755), 0);
    cr_assert_str_eq(names_of(b, "/d"), "");
    IS(FS(rename, "/to", "/d", FS_RENAME_EXCHANGE), 0);
    cr_assert(file_is(b, "/d/e/f", "f", 1));
    cr_assert_str_eq(names_of(b, "/to"), "");
}

UNION(devices_of_a_lower_layer_are_read_and_hidden)
{
    struct fs_file f = {.flags = FS_O_RDONLY};
    struct fs_file w = {.flags = FS_O_RDWR};
    char byte = 1;

    (void)bed_add_layer(b, "dev", "devices");
    layers_open(b);
    IS(FS(open, "/zero", &f), 0);
    IS(bed_read(b, NULL, &byte, 1, 0, &f), 1);
    IS(byte, 0);
    IS(FS(open, "/null", &w), -EROFS);
    IS(bed_write(b, "/null", "x", 1, 0, NULL), -EROFS);
    IS(FS(chmod, "/null", 0, NULL), -EROFS);
    IS(FS(rename, "/null", "/n", FS_RENAME_REPLACE), -EROFS);
    IS(FS(unlink, "/zero"), 0);
    IS(stat_error(b, "/zero"), -ENOENT);
    IS(FS(close, NULL, &f), 0);
    IS(FS(open, "/tty", &f), 0);
    cr_assert(f.nonseekable);
    IS(FS(ioctl, NULL, 40, (struct fs_buf){NULL, 0}, &f), -ENOTTY);
    IS(FS(close, NULL, &f), 0);
    put_file(b, "/zero", "file", 4);
    cr_assert(file_is(b, "/zero", "file", 4));
    IS(FS(rename, "/zero", "/null", FS_RENAME_REPLACE), 0);
    cr_assert(file_is(b, "/null", "file", 4));
}

/* ---- Hard links ---- */

UNION(a_lower_file_gets_another_name)
{
    put_file(base, "/f", "f", 1);
    layers_open(b);
    IS(FS(link, "/f", "/g"), 0);
    IS(stat_of(b, "/f").nlink, 2);
    IS(stat_of(b, "/f").ino, stat_of(b, "/g").ino);
    IS(bed_write(b, "/f", "F", 1, 0, NULL), 1);
    cr_assert(file_is(b, "/g", "F", 1));
}

UNION(names_of_one_lower_file_stay_names_of_one_file)
{
    uint64_t ino;

    put_file(base, "/f", "f", 1);
    IS(L(base, mkdir, "/d", 0755), 0);
    IS(L(base, link, "/f", "/d/g"), 0);
    IS(L(base, link, "/f", "/h"), 0);
    IS(L(base, link, "/f", "/i"), 0);
    layers_open(b);
    ino = stat_of(b, "/f").ino;
    IS(stat_of(b, "/d/g").ino, ino);
    IS(FS(unlink, "/h"), 0);
    IS(stat_of(b, "/f").nlink, 3);
    IS(bed_write(b, "/d/g", "G", 1, 0, NULL), 1);
    cr_assert(file_is(b, "/f", "G", 1));
    cr_assert(file_is(b, "/i", "G", 1));
    IS(stat_of(b, "/i").ino, ino);
    put_file(b, "/new", "", 0);
    IS(FS(rename, "/new", "/i", FS_RENAME_REPLACE), 0);
    IS(stat_of(b, "/f").nlink, 2);
}

/* ---- The instance ---- */

UNION(a_readonly_union_changes_no_layer)
{
    put_file(top, "/t", "", 0);
    put_file(base, "/b", "", 0);
    put_file(top, "/.wh..wh.tmp7", "", 0);
    layers_open(b);
    cr_assert(b->layer[0].written);
    cr_assert(!b->layer[1].written);
    cr_assert_str_eq(names_of(top, "/"), " t"); /* what a crash left is gone */
    bed_close(b);
    IS(bed_open(b, "readonly"), 0);
    cr_assert(!b->layer[0].written);
    IS(FS(unlink, "/b"), -EROFS);
    cr_assert_str_eq(names_of(b, "/"), " b t");
}

UNION(room_is_that_of_the_top)
{
    struct fs_statfs use;

    put_file(base, "/b", "12345", 5);
    layers_open(b);
    IS(FS(statfs, &use), 0);
    IS(use.bytes_used, 0);
    IS(FS(chmod, "/b", 0600, NULL), 0);
    IS(FS(statfs, &use), 0);
    IS(use.bytes_used, 5);
    IS(use.inodes_used, 1);
}

UNION(open_source_refuses)
{
    const struct fs_open req = {.env = &b->env, .why = &b->why, .who = {.uid = 5}};
    const struct fs_open opts = {
        .env = &b->env, .why = &b->why, .directory = true, .opts = "readonly"};

    b->layers = 0;
    IS(bed_open(b, NULL), -EINVAL);
    cr_assert(bed_why(b, "layer=NAME"));
    IS(bed_open(b, "layer=no"), -ENODEV);
    IS(bed_open(b, "source=elsewhere"), -ENOTSUP);
    IS(bed_open(b, "layer"), -ENODEV);
    b->layers = 2;
    b->uid = 5;
    IS(bed_open(b, "setuid=5"), -EACCES);
    IS(bed_open(b, "setgid=5"), -EACCES);
    IS(bed_open(b, "fmask=7"), 0);
    IS(b->fs->ops->add_source(b->fs, &req), -ENOTSUP);
    IS(b->fs->ops->add_source(b->fs, &opts), -EINVAL);
    cr_assert(bed_why(b, "no options"));
    bed_close(b);
    b->uid = 0;
    IS(bed_open(b, "setuid=5"), 0);
}

UNION(layers_have_a_limit)
{
    static char names[BED_LAYERS][4];

    for (unsigned i = 2; i < 32; i++) {
        (void)snprintf(names[i], sizeof(names[i]), "%u", i);
        (void)layers_add(b, names[i], names[i]);
    }
    IS(bed_open(b, NULL), 0);
    IS(stat_of(b, "/31").mode, S_IFREG | 0644);
    IS(FS(unlink, "/31"), 0);
    IS(FS(unlink, "/2"), 0);
    IS(stat_error(b, "/31"), -ENOENT);
    bed_close(b);
    (void)layers_add(b, "more", "/more");
    IS(bed_open(b, NULL), -EMFILE);
    cr_assert(bed_why(b, "at most 32 layers"));
}

/* A layer that may block: with nowait nothing is even begun. */
UNION(a_layer_that_blocks_makes_it_block)
{
    struct fs_stat st;

    put_file(base, "/f", "f", 1);
    base->fs->caps |= FS_CAP_BLOCKING;
    layers_open(b);
    cr_assert((b->fs->caps & FS_CAP_BLOCKING) != 0);
    b->who.nowait = true;
    IS(FS(getattr, "/f", &st, NULL), FS_WOULD_WAIT);
    IS(FS(unlink, "/f"), FS_WOULD_WAIT);
    IS(bed_write(b, "/f", "x", 1, 0, NULL), FS_WOULD_WAIT);
    IS(FS(rename, "/f", "/g", FS_RENAME_REPLACE), FS_WOULD_WAIT);
    b->who.nowait = false;
    cr_assert(file_is(b, "/f", "f", 1));
    IS(FS(unlink, "/f"), 0);
}
