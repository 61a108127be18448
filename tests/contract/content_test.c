/* SPDX-License-Identifier: MIT */
/* Content of regular files: reading, writing, resizing, holes, and files that outlive their
 * names. */
#include "fsdrivers/fslimits.h"
#include "tests/contract/bed.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 65536, PAGE = 4096 };

/* Sizes around every boundary a driver may have. */
static const size_t sizes[] = {0,
                               1,
                               511,
                               PAGE - 1,
                               PAGE,
                               PAGE + 1,
                               CHUNK - 1,
                               CHUNK,
                               CHUNK + 1,
                               2 * CHUNK - 1,
                               2 * CHUNK,
                               2 * CHUNK + 1,
                               3 * PAGE,
                               CHUNK + PAGE,
                               3 * CHUNK + 17};

enum { SIZE_COUNT = sizeof(sizes) / sizeof(sizes[0]), BIG = 4 * CHUNK };

CONTRACT(write_sizes_read_back)
{
    static char bytes[BIG];

    for (size_t i = 0; i < SIZE_COUNT; i++) {
        fill(bytes, sizes[i], (unsigned)i);
        put_file(b, "/f", bytes, sizes[i]);
        IS(stat_of(b, "/f").size, sizes[i]);
        cr_assert(file_is(b, "/f", bytes, sizes[i]), "size %zu", sizes[i]);
        IS(FS(unlink, "/f"), 0);
    }
}

/* Every pair of sizes: a file of the first, truncated to the second, then grown again. */
CONTRACT(truncate_sizes_rest_is_zero)
{
    static char bytes[BIG];

    for (size_t i = 0; i < SIZE_COUNT; i++) {
        for (size_t j = 0; j < SIZE_COUNT; j++) {
            memset(bytes, 0, sizeof(bytes));
            fill(bytes, sizes[i], 3);
            put_file(b, "/f", bytes, sizes[i]);
            IS(FS(truncate, "/f", sizes[j], NULL), 0);
            IS(stat_of(b, "/f").size, sizes[j]);
            memset(bytes + sizes[j], 0, sizeof(bytes) - sizes[j]);
            cr_assert(file_is(b, "/f", bytes, sizes[j]), "%zu to %zu", sizes[i], sizes[j]);
            IS(FS(truncate, "/f", BIG, NULL), 0);
            cr_assert(file_is(b, "/f", bytes, BIG), "%zu to %zu, grown", sizes[i], sizes[j]);
            IS(FS(unlink, "/f"), 0);
        }
    }
}

/* Every pair of sizes: overwrite a part of a file at one with bytes up to the other. */
CONTRACT(write_parts_keep_the_rest)
{
    static char bytes[BIG];

    for (size_t i = 0; i < SIZE_COUNT; i++) {
        for (size_t j = i + 1; j < SIZE_COUNT; j++) {
            size_t at = sizes[i] < sizes[j] ? sizes[i] : sizes[j];
            size_t len = sizes[i] < sizes[j] ? sizes[j] - at : sizes[i] - at;

            fill(bytes, BIG, 1);
            put_file(b, "/f", bytes, BIG);
            fill(bytes + at, len, 2);
            IS(bed_write(b, "/f", bytes + at, len, (int64_t)at, NULL), len);
            cr_assert(file_is(b, "/f", bytes, BIG), "%zu bytes at %zu", len, at);
            IS(FS(unlink, "/f"), 0);
        }
    }
}

CONTRACT(write_behind_end_gap_is_zero)
{
    static char bytes[BIG];

    for (size_t i = 0; i < SIZE_COUNT; i++) {
        memset(bytes, 0, sizeof(bytes));
        fill(bytes, 5, 1);
        put_file(b, "/f", bytes, 5);
        fill(bytes + sizes[i] + 10, 3, 9);
        IS(bed_write(b, "/f", bytes + sizes[i] + 10, 3, (int64_t)sizes[i] + 10, NULL), 3);
        cr_assert(file_is(b, "/f", bytes, sizes[i] + 13), "gap to %zu", sizes[i]);
        IS(FS(unlink, "/f"), 0);
    }
}

/* What was cut off by a truncate must not come back when a write leaves a gap over it. */
CONTRACT(write_behind_truncated_gap_is_zero)
{
    static char bytes[BIG];

    fill(bytes, BIG, 4);
    put_file(b, "/f", bytes, BIG);
    IS(FS(truncate, "/f", 100, NULL), 0);
    IS(bed_write(b, "/f", "x", 1, BIG - 1, NULL), 1);
    memset(bytes + 100, 0, BIG - 100);
    bytes[BIG - 1] = 'x';
    cr_assert(file_is(b, "/f", bytes, BIG));
}

CONTRACT(write_far_takes_no_room_between)
{
    const int64_t far = (int64_t)1 << 34;
    char bytes[8];

    put_file(b, "/f", "a", 1);
    IS(bed_write(b, "/f", "z", 1, far, NULL), 1);
    IS(stat_of(b, "/f").size, far + 1);
    cr_assert(stat_of(b, "/f").blocks < 1024);
    IS(bed_read(b, "/f", bytes, 8, far - 3, NULL), 4);
    cr_assert(memcmp(bytes, "\0\0\0z\0\0\0", 8) == 0);
    IS(FS(truncate, "/f", 1, NULL), 0);
    cr_assert(file_is(b, "/f", "a", 1));
}

/* Pieces that lie over the ends of what 31 and 32 bits count. */
CONTRACT(write_over_4_GiB)
{
    enum { PIECE = 100000, HALF = PIECE / 2 };
    static const int64_t edges[] = {(int64_t)1 << 31, (int64_t)1 << 32, (int64_t)3 << 31};
    static char bytes[PIECE];
    static char back[PIECE];

    put_file(b, "/f", "", 0);
    for (unsigned i = 0; i < 3; i++) {
        fill(bytes, PIECE, i);
        IS(bed_write(b, "/f", bytes, PIECE, edges[i] - HALF, NULL), PIECE);
    }
    IS(stat_of(b, "/f").size, edges[2] + HALF);
    for (unsigned i = 0; i < 3; i++) {
        fill(bytes, PIECE, i);
        IS(bed_read(b, "/f", back, PIECE, edges[i] - HALF, NULL), PIECE);
        IS(memcmp(back, bytes, PIECE), 0);
        IS(bed_read(b, "/f", back, 1, edges[i] - HALF - 1, NULL), 1);
        IS(back[0], 0);
    }
    IS(FS(truncate, "/f", (uint64_t)edges[1], NULL), 0);
    IS(bed_read(b, "/f", back, PIECE, edges[1] - HALF, NULL), HALF);
    IS(bed_read(b, "/f", back, PIECE, edges[2] - HALF, NULL), 0);
}

CONTRACT(write_largest_EFBIG)
{
    const int64_t end = (int64_t)FS_FILE_SIZE_MAX;

    put_file(b, "/f", "a", 1);
    IS(bed_write(b, "/f", "zz", 2, end - 1, NULL), -EFBIG);
    IS(FS(truncate, "/f", FS_FILE_SIZE_MAX + 1, NULL), -EFBIG);
    cr_assert(file_is(b, "/f", "a", 1));
    IS(bed_write(b, "/f", "z", 1, end - 1, NULL), 1);
    IS(stat_of(b, "/f").size, end);
    IS(bed_write(b, "/f", "z", 1, end, NULL), -EFBIG);
    IS(bed_write(b, "/f", "", 0, end + 1, NULL), 0);
    IS(FS(truncate, "/f", 0, NULL), 0);
    IS(FS(truncate, "/none", FS_FILE_SIZE_MAX + 1, NULL), -ENOENT);
    IS(FS(truncate, "/", FS_FILE_SIZE_MAX + 1, NULL), -EISDIR);
}

CONTRACT(read_open_directory_EISDIR)
{
    struct fs_file dir = {.flags = FS_O_RDONLY};
    char byte;

    IS(FS(opendir, "/", &dir), 0);
    IS(bed_read(b, NULL, &byte, 1, 0, &dir), -EISDIR);
    IS(bed_read(b, NULL, &byte, 0, 0, &dir), -EISDIR);
    b->who.nowait = b->hosted;
    IS(bed_read(b, NULL, &byte, 0, 0, &dir), -EISDIR);
    b->who.nowait = false;
    IS(FS(closedir, NULL, &dir), 0);
}

CONTRACT(write_nothing_changes_nothing)
{
    struct fs_stat before;

    put_file(b, "/f", "abc", 3);
    before = stat_of(b, "/f");
    IS(bed_write(b, "/f", "", 0, 100, NULL), 0);
    IS(stat_of(b, "/f").size, 3);
    IS(stat_of(b, "/f").mtime, before.mtime);
}

CONTRACT(write_zeros_read_zeros)
{
    static char zeros[2 * CHUNK];

    put_file(b, "/f", "abc", 3);
    IS(bed_write(b, "/f", zeros, sizeof(zeros), 0, NULL), sizeof(zeros));
    IS(bed_write(b, "/f", "q", 1, CHUNK, NULL), 1);
    zeros[CHUNK] = 'q';
    cr_assert(file_is(b, "/f", zeros, sizeof(zeros)));
    zeros[CHUNK] = 0;
}

CONTRACT(write_append_goes_to_the_end)
{
    struct fs_file one;
    struct fs_file two;

    put_file(b, "/f", "abc", 3);
    open_file(b, "/f", FS_O_WRONLY | FS_O_APPEND, &one);
    open_file(b, "/f", FS_O_WRONLY | FS_O_APPEND, &two);
    IS(bed_write(b, "/f", "1", 1, 0, &one), 1);
    IS(bed_write(b, NULL, "2", 1, 0, &two), 1);
    IS(bed_write(b, NULL, "3", 1, 77, &one), 1);
    cr_assert(file_is(b, "/f", "abc123", 6));
    IS(FS(close, "/f", &one), 0);
    IS(FS(close, NULL, &two), 0);
}

CONTRACT(write_append_in_small_steps)
{
    static char bytes[BIG];
    struct fs_file f;
    size_t at = 0;

    fill(bytes, sizeof(bytes), 12);
    put_file(b, "/f", "", 0);
    open_file(b, "/f", FS_O_RDWR | FS_O_APPEND, &f);
    for (size_t step = 1; at < sizeof(bytes); step = step * 3 % 1009) {
        size_t len = step < sizeof(bytes) - at ? step : sizeof(bytes) - at;

        IS(bed_write(b, "/f", bytes + at, len, 0, &f), len);
        at += len;
    }
    IS(FS(close, "/f", &f), 0);
    cr_assert(file_is(b, "/f", bytes, sizeof(bytes)));
}

CONTRACT(read_end_rest_is_zero)
{
    char bytes[8];

    put_file(b, "/f", "abc", 3);
    memset(bytes, '#', sizeof(bytes));
    IS(bed_read(b, "/f", bytes, 8, 1, NULL), 2);
    cr_assert(memcmp(bytes, "bc\0\0\0\0\0", 8) == 0);
    memset(bytes, '#', sizeof(bytes));
    IS(bed_read(b, "/f", bytes, 8, 3, NULL), 0);
    IS(bytes[0], 0);
    IS(bed_read(b, "/f", bytes, 8, (int64_t)1 << 40, NULL), 0);
    IS(bed_read(b, "/f", bytes, 0, 0, NULL), 0);
    memset(bytes, '#', sizeof(bytes));
    IS(bed_read(b, "/none", bytes, 8, 0, NULL), -ENOENT);
    IS(bytes[7], 0);
}

CONTRACT(read_dir_EISDIR)
{
    char byte;

    IS(FS(mkdir, "/d", 0755), 0);
    IS(bed_read(b, "/d", &byte, 1, 0, NULL), -EISDIR);
    IS(bed_write(b, "/d", "x", 1, 0, NULL), -EISDIR);
    IS(FS(truncate, "/d", 0, NULL), -EISDIR);
    IS(FS(truncate, "/", 0, NULL), -EISDIR);
}

CONTRACT(read_largest_piece)
{
    char *bytes = malloc(FS_IO_MAX);
    char *back = malloc(FS_IO_MAX);

    fill(bytes, FS_IO_MAX, 5);
    put_file(b, "/f", "", 0);
    IS(bed_write(b, "/f", bytes, FS_IO_MAX, 1, NULL), FS_IO_MAX);
    IS(bed_read(b, "/f", back, FS_IO_MAX, 1, NULL), FS_IO_MAX);
    cr_assert(memcmp(bytes, back, FS_IO_MAX) == 0);
    free(bytes);
    free(back);
}

CONTRACT(open_errors)
{
    struct fs_file f = {.flags = FS_O_RDONLY};

    put_file(b, "/f", "", 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "f", "/l"), 0);
    IS(FS(open, "/none", &f), -ENOENT);
    IS(FS(open, "/f/x", &f), -ENOTDIR);
    IS(FS(open, "/d", &f), -EISDIR);
    IS(FS(open, "/l", &f), -ELOOP);
    IS(FS(open, "/l/x", &f), -ELOOP);
    IS(FS(opendir, "/f", &f), -ENOTDIR);
    IS(FS(opendir, "/none", &f), -ENOENT);
}

CONTRACT(unlink_open_file_lives_on)
{
    static char bytes[CHUNK + 10];
    static char back[CHUNK + 10];
    struct fs_statfs use;
    struct fs_file f;
    struct fs_stat st;

    fill(bytes, sizeof(bytes), 6);
    put_file(b, "/f", bytes, sizeof(bytes));
    open_file(b, "/f", FS_O_RDWR, &f);
    IS(FS(unlink, "/f"), 0);
    IS(stat_error(b, "/f"), -ENOENT);
    IS(bed_read(b, NULL, back, sizeof(back), 0, &f), sizeof(back));
    cr_assert(memcmp(bytes, back, sizeof(back)) == 0);
    IS(bed_write(b, NULL, "x", 1, 0, &f), 1);
    IS(FS(getattr, NULL, &st, &f), 0);
    IS(st.nlink, 0);
    put_file(b, "/f", "new", 3);
    IS(bed_read(b, "/f", back, 1, 0, &f), 1);
    IS(back[0], 'x');
    IS(FS(statfs, &use), 0);
    IS(b->fs->driver->uncounted || (use.bytes_used == sizeof(bytes) + 3 && use.inodes_used == 2),
       true);
    IS(FS(close, NULL, &f), 0);
    IS(FS(statfs, &use), 0);
    IS(b->fs->driver->uncounted || (use.bytes_used == 3 && use.inodes_used == 1), true);
}

CONTRACT(unlink_open_twice_last_close_frees)
{
    struct fs_statfs use;
    struct fs_file one;
    struct fs_file two;
    char byte;

    put_file(b, "/f", "a", 1);
    open_file(b, "/f", FS_O_RDONLY, &one);
    open_file(b, "/f", FS_O_RDONLY, &two);
    IS(FS(unlink, "/f"), 0);
    IS(FS(close, "/f", &one), 0);
    IS(bed_read(b, NULL, &byte, 1, 0, &two), 1);
    IS(byte, 'a');
    IS(FS(close, "/f", &two), 0);
    IS(FS(statfs, &use), 0);
    IS(b->fs->driver->uncounted || use.bytes_used == 0, true);
}

CONTRACT(rename_over_open_file_lives_on)
{
    struct fs_file f;
    char byte;

    put_file(b, "/old", "o", 1);
    put_file(b, "/new", "n", 1);
    open_file(b, "/old", FS_O_RDONLY, &f);
    IS(FS(rename, "/new", "/old", FS_RENAME_REPLACE), 0);
    IS(bed_read(b, "/old", &byte, 1, 0, &f), 1);
    IS(byte, 'o');
    IS(FS(close, "/old", &f), 0);
    cr_assert(file_is(b, "/old", "n", 1));
}

CONTRACT(path_or_handle_alike)
{
    struct fs_file f;
    struct fs_stat by_path;
    struct fs_stat by_file;
    char byte;

    put_file(b, "/f", "abc", 3);
    open_file(b, "/f", FS_O_RDWR, &f);
    IS(bed_write(b, "/f", "1", 1, 0, NULL), 1);
    IS(bed_write(b, NULL, "2", 1, 1, &f), 1);
    IS(FS(truncate, NULL, 2, &f), 0);
    IS(FS(chmod, NULL, 0600, &f), 0);
    IS(FS(chown, NULL, 7, 8, &f), 0);
    IS(FS(utimens, NULL, 100, 200, &f), 0);
    IS(FS(getattr, "/f", &by_path, NULL), 0);
    IS(FS(getattr, NULL, &by_file, &f), 0);
    cr_assert(memcmp(&by_path, &by_file, sizeof(by_path)) == 0);
    IS(by_path.size, 2);
    IS(by_path.mode, S_IFREG | 0600);
    IS(bed_read(b, NULL, &byte, 1, 1, &f), 1);
    IS(byte, '2');
    IS(FS(fsync, NULL, true, &f), 0);
    IS(FS(fsync, "/f", false, NULL), 0);
    IS(FS(fsyncdir, "/", false, NULL), 0);
    IS(bed_ioctl(b, NULL, 40, NULL, &f), -ENOTTY);
    IS(bed_ioctl(b, "/f", 40, NULL, NULL), -ENOTTY);
    IS(FS(close, "/f", &f), 0);
    IS(FS(fsync, "/none", false, NULL), -ENOENT);
}

CONTRACT(rename_keeps_handles_valid)
{
    struct fs_file f;
    char byte;

    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/f", "abc", 3);
    open_file(b, "/d/f", FS_O_RDWR, &f);
    IS(FS(rename, "/d", "/e", FS_RENAME_REPLACE), 0);
    IS(FS(rename, "/e/f", "/g", FS_RENAME_REPLACE), 0);
    IS(bed_read(b, NULL, &byte, 1, 2, &f), 1);
    IS(byte, 'c');
    IS(bed_write(b, "/g", "C", 1, 2, &f), 1);
    IS(FS(close, "/g", &f), 0);
    cr_assert(file_is(b, "/g", "abC", 3));
}

CONTRACT(write_sync_flags_are_durable)
{
    struct fs_file f;

    put_file(b, "/f", "", 0);
    open_file(b, "/f", FS_O_WRONLY | FS_O_SYNC, &f);
    IS(bed_write(b, "/f", "abc", 3, 0, &f), 3);
    IS(b->fs->pending, false);
    IS(FS(close, "/f", &f), 0);
}
