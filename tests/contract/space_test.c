/* SPDX-License-Identifier: MIT */
/* The storage of files: fallocate(), and seek() for data and holes. */
#include "tests/contract/bed.h"

#include <string.h>

enum { KB = 1024, SIZE = 256 * KB, KEEP = FS_SPACE_KEEP_SIZE };
enum { PUNCH = FS_SPACE_PUNCH_HOLE | FS_SPACE_KEEP_SIZE, ZERO = FS_SPACE_ZERO_RANGE };

static char content[SIZE];

static int space(struct bed *b, const char *path, uint32_t flags, int64_t off, int64_t len)
{
    return FS(fallocate, path, &(struct fs_space){off, len, flags}, NULL);
}

/** Make /f with bytes that are not zero. */
static void put_content(struct bed *b)
{
    fill(content, sizeof(content), 9);
    put_file(b, "/f", content, sizeof(content));
}

/** Do this to ranges at all edges, and compare with bytes set to zero. */
static void zero_ranges(struct bed *b, uint32_t flags)
{
    static const struct {
        int off, len;
    } ranges[] = {{0, 1},
                  {5, 10},
                  {4095, 2},
                  {4096, 4096},
                  {10 * KB, 60 * KB},
                  {65535, 2},
                  {64 * KB, 1},
                  {64 * KB, 64 * KB},
                  {100 * KB, 128 * KB},
                  {SIZE - 1, 1},
                  {SIZE - 70 * KB, 70 * KB},
                  {0, SIZE}};

    put_content(b);
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        IS(space(b, "/f", flags, ranges[i].off, ranges[i].len), 0);
        memset(content + ranges[i].off, 0, (size_t)ranges[i].len);
        cr_assert(file_is(b, "/f", content, sizeof(content)), "range %zu", i);
    }
}

CONTRACT(fallocate_punches_holes)
{
    zero_ranges(b, PUNCH);
    IS(stat_of(b, "/f").blocks, 0);
}

CONTRACT(fallocate_zeroes_ranges)
{
    zero_ranges(b, ZERO | KEEP);
}

CONTRACT(fallocate_punches_past_the_end)
{
    put_content(b);
    IS(space(b, "/f", PUNCH, SIZE - 10, KB), 0);
    memset(content + SIZE - 10, 0, 10);
    cr_assert(file_is(b, "/f", content, sizeof(content)));
    IS(space(b, "/f", PUNCH, SIZE, KB), 0);
    IS(space(b, "/f", PUNCH, (int64_t)SIZE * SIZE, KB), 0);
    IS(space(b, "/f", ZERO | KEEP, SIZE - 20, KB), 0);
    memset(content + SIZE - 20, 0, 10);
    cr_assert(file_is(b, "/f", content, sizeof(content)));
}

CONTRACT(fallocate_zeroes_and_grows)
{
    struct fs_statfs use[2];
    static char all[SIZE + 3];

    put_content(b);
    IS(FS(statfs, &use[0]), 0);
    IS(space(b, "/f", ZERO, SIZE - 2, 5), 0);
    memcpy(all, content, SIZE - 2);
    cr_assert(file_is(b, "/f", all, sizeof(all)));
    IS(FS(statfs, &use[1]), 0);
    cr_assert(b->hosted || use[1].bytes_used == use[0].bytes_used + 3);
}

CONTRACT(fallocate_gives_storage_back)
{
    uint64_t blocks;

    put_content(b);
    blocks = stat_of(b, "/f").blocks;
    IS(space(b, "/f", PUNCH, 64 * KB, 128 * KB), 0);
    IS(stat_of(b, "/f").blocks, blocks - 128 * KB / 512);
}

/* A case for drivers with FS_CAP_RESERVE; the others refuse. */
CONTRACT(fallocate_reserves)
{
    if ((b->fs->caps & FS_CAP_RESERVE) == 0) {
        put_file(b, "/f", "abc", 3);
        IS(space(b, "/f", 0, 0, 10), -ENOTSUP);
        IS(space(b, "/f", KEEP, 0, 10), -ENOTSUP);
        cr_assert(file_is(b, "/f", "abc", 3));
        return;
    }
    put_file(b, "/f", "abc", 3);
    IS(space(b, "/f", KEEP, 64 * KB, 64 * KB), 0);
    cr_assert(file_is(b, "/f", "abc", 3));
    cr_assert(stat_of(b, "/f").blocks >= 64 * KB / 512);
    IS(space(b, "/f", 0, 1, 4), 0);
    cr_assert(file_is(b, "/f", "abc\0\0", 5));
    IS(space(b, "/f", 0, 0, 2), 0);
    cr_assert(file_is(b, "/f", "abc\0\0", 5));
    IS(FS(truncate, "/f", 0, NULL), 0);
    IS(stat_of(b, "/f").blocks, 0);
}

static void fallocate_reserves_within_the_size_ENOSPC(struct bed *b)
{
    char byte = 'x';

    put_file(b, "/f", "abc", 3);
    IS(space(b, "/f", 0, 0, 1 << 20), -ENOSPC);
    cr_assert(file_is(b, "/f", "abc", 3));
    IS(space(b, "/f", PUNCH, 3, 1 << 20), 0);
    IS(space(b, "/f", 0, 0, 16 * KB), 0);
    IS(bed_write(b, "/f", &byte, 1, 16 * KB - 1, NULL), 1);
}

CONTRACT_ON(ramfs, fallocate_reserves_within_the_size_ENOSPC, "size=64K")

CONTRACT(fallocate_errors)
{
    put_file(b, "/f", "abc", 3);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "f", "/l"), 0);
    IS(space(b, "/f", PUNCH, 0, 0), -EINVAL);
    IS(space(b, "/f", PUNCH, 0, -1), -EINVAL);
    IS(space(b, "/f", PUNCH, -1, 10), -EINVAL);
    IS(space(b, "/f", PUNCH, (int64_t)1 << 38, 1), -EFBIG);
    IS(space(b, "/f", ZERO, 0, ((int64_t)1 << 38) + 1), -EFBIG);
    IS(space(b, "/f", PUNCH, INT64_MAX, INT64_MAX), -EFBIG);
    IS(space(b, "/f", FS_SPACE_PUNCH_HOLE, 0, 1), -ENOTSUP);
    IS(space(b, "/f", PUNCH | ZERO, 0, 1), -ENOTSUP);
    IS(space(b, "/f", 1 << 3, 0, 1), -ENOTSUP);
    IS(space(b, "/d", PUNCH, 0, 1), -EISDIR);
    IS(space(b, "/l", PUNCH, 0, 1), -EINVAL);
    IS(space(b, "/no", PUNCH, 0, 1), -ENOENT);
    cr_assert(file_is(b, "/f", "abc", 3));
}

CONTRACT_OWN(fallocate_past_the_quota_EDQUOT, "quota_bytes=1000")
{
    put_file(b, "/f", "abc", 3);
    IS(space(b, "/f", ZERO, 0, 1001), -EDQUOT);
    IS(space(b, "/f", ZERO, 0, 1000), 0);
    IS(stat_of(b, "/f").size, 1000);
}

CONTRACT_OWN(fallocate_is_stamped, NULL)
{
    struct fs_stat before;
    struct fs_stat st;

    put_file(b, "/f", "abc", 3);
    before = stat_of(b, "/f");
    IS(space(b, "/f", PUNCH, 0, 1), 0);
    st = stat_of(b, "/f");
    cr_assert(st.mtime > before.mtime && st.ctime > before.ctime);
    IS(st.btime, before.btime);
}

CONTRACT(fallocate_by_a_handle_for_reading)
{
    struct fs_file f;

    put_file(b, "/f", "abc", 3);
    open_file(b, "/f", FS_O_RDONLY, &f);
    IS(FS(unlink, "/f"), 0);
    IS(FS(fallocate, NULL, &(struct fs_space){0, 10, ZERO}, &f), 0);
    IS(FS(seek, NULL, 9, FS_SEEK_HOLE, &f) >= 9, true);
    IS(FS(close, NULL, &f), 0);
}

static int64_t seek(struct bed *b, const char *path, int64_t off, enum fs_seek what)
{
    return FS(seek, path, off, what, NULL);
}

/* Data may be found before the real one, holes after the real one, never the other way round. */
CONTRACT(seek_finds_data_and_holes)
{
    static char bytes[64 * KB];
    int64_t at;

    fill(bytes, sizeof(bytes), 3);
    put_file(b, "/f", bytes, sizeof(bytes));
    IS(bed_write(b, "/f", bytes, sizeof(bytes), 512 * KB, NULL), sizeof(bytes));
    IS(FS(truncate, "/f", 1024 * KB, NULL), 0);
    IS(seek(b, "/f", 0, FS_SEEK_DATA), 0);
    IS(seek(b, "/f", 600, FS_SEEK_DATA), 600);
    at = seek(b, "/f", 0, FS_SEEK_HOLE);
    cr_assert(at >= 64 * KB && at <= 1024 * KB, "%d", (int)at);
    at = seek(b, "/f", 64 * KB, FS_SEEK_DATA);
    cr_assert(at >= 64 * KB && at <= 512 * KB, "%d", (int)at);
    at = seek(b, "/f", 512 * KB + 1, FS_SEEK_HOLE);
    cr_assert(at >= 576 * KB && at <= 1024 * KB, "%d", (int)at);
    at = seek(b, "/f", 576 * KB, FS_SEEK_DATA);
    cr_assert(at == -ENXIO || at >= 576 * KB, "%d", (int)at);
}

static void seek_finds_the_pages(struct bed *b)
{
    put_file(b, "/f", "", 0);
    IS(FS(truncate, "/f", (uint64_t)1 << 37, NULL), 0);
    IS(seek(b, "/f", 0, FS_SEEK_DATA), -ENXIO);
    IS(seek(b, "/f", 5, FS_SEEK_HOLE), 5);
    IS(bed_write(b, "/f", "x", 1, ((int64_t)1 << 36) + 5000, NULL), 1);
    IS(seek(b, "/f", 0, FS_SEEK_DATA), ((int64_t)1 << 36) + 4096);
    IS(seek(b, "/f", ((int64_t)1 << 36) + 4999, FS_SEEK_DATA), ((int64_t)1 << 36) + 4999);
    IS(seek(b, "/f", ((int64_t)1 << 36) + 4999, FS_SEEK_HOLE), ((int64_t)1 << 36) + 8192);
    IS(seek(b, "/f", ((int64_t)1 << 36) + 8192, FS_SEEK_DATA), -ENXIO);
}

CONTRACT_ON(ramfs, seek_finds_the_pages, NULL)

CONTRACT(seek_errors)
{
    put_file(b, "/f", "abc", 3);
    put_file(b, "/empty", "", 0);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "f", "/l"), 0);
    IS(seek(b, "/f", 2, FS_SEEK_DATA), 2);
    IS(seek(b, "/f", 2, FS_SEEK_HOLE), 3);
    IS(seek(b, "/f", 3, FS_SEEK_DATA), -ENXIO);
    IS(seek(b, "/f", 3, FS_SEEK_HOLE), -ENXIO);
    IS(seek(b, "/f", -1, FS_SEEK_DATA), -ENXIO);
    IS(seek(b, "/empty", 0, FS_SEEK_HOLE), -ENXIO);
    IS(seek(b, "/d", 0, FS_SEEK_DATA), -EISDIR);
    IS(seek(b, "/l", 0, FS_SEEK_DATA), -EINVAL);
    IS(seek(b, "/no", 0, FS_SEEK_DATA), -ENOENT);
}
