/* SPDX-License-Identifier: MIT */
/* Which operation sets which time, over every writable driver (POSIX.1-2017, the section of each). */
#include "tests/contract/bed.h"

enum { OLD = 1000000007 }; /* mtime before each operation */
enum changes { NOTHING, STATUS, CONTENT };

/* A file or directory before an operation. */
struct watched {
    const char *path;
    struct fs_stat before;
};

static struct watched watch(struct bed *b, const char *path)
{
    IS(FS(utimens, path, OLD, OLD, NULL), 0);
    return (struct watched){path, stat_of(b, path)};
}

/** Check what has changed. hostfs has the host's clock, which may stand still in between. */
static void expect(struct bed *b, const struct watched *w, enum changes what, int line)
{
    const struct fs_stat st = stat_of(b, w->path);

    cr_assert_eq(st.btime, w->before.btime, "line %d: btime of %s", line, w->path);
    cr_assert_eq(st.atime, w->before.atime, "line %d: atime of %s", line, w->path);
    cr_assert_eq(st.mtime != OLD, what == CONTENT, "line %d: mtime of %s", line, w->path);
    cr_assert(st.ctime >= w->before.ctime, "line %d: ctime of %s", line, w->path);
    if (!b->hosted)
        cr_assert_eq(st.ctime != w->before.ctime, what != NOTHING, "line %d: ctime of %s", line,
                     w->path);
}

/** Do something, which changes a file and its directory so. */
#define STAMPS(what, file, of_file, dir, of_dir)                                                   \
    do {                                                                                           \
        const struct watched f = watch(b, file);                                                   \
        const struct watched d = watch(b, dir);                                                    \
                                                                                                   \
        IS(what, 0);                                                                               \
        expect(b, &f, of_file, __LINE__);                                                          \
        expect(b, &d, of_dir, __LINE__);                                                           \
    } while (0)

static int write_bytes(struct bed *b, size_t count)
{
    return (int)bed_write(b, "/d/f", "xyz", count, 1, NULL) - (int)count;
}

static int read_bytes(struct bed *b)
{
    char bytes[3];

    return (int)bed_read(b, "/d/f", bytes, sizeof(bytes), 0, NULL) - (int)sizeof(bytes);
}

static int open_and_close(struct bed *b, uint32_t flags)
{
    struct fs_file f = {.flags = flags};
    int err = FS(open, "/d/f", &f);

    return err < 0 ? err : FS(close, "/d/f", &f);
}

CONTRACT(stamps_of_what_files_are_and_have)
{
    const struct fs_space hole = {0, 2, FS_SPACE_PUNCH_HOLE | FS_SPACE_KEEP_SIZE};
    const struct fs_xattr attr = {"user.a", {"1", 1}, 0};

    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/f", "abcdef", 6);
    STAMPS(read_bytes(b), "/d/f", NOTHING, "/d", NOTHING);
    STAMPS(write_bytes(b, 3), "/d/f", CONTENT, "/d", NOTHING);
    STAMPS(write_bytes(b, 0), "/d/f", NOTHING, "/d", NOTHING);
    STAMPS(open_and_close(b, FS_O_RDWR), "/d/f", NOTHING, "/d", NOTHING);
    STAMPS(FS(truncate, "/d/f", 5, NULL), "/d/f", CONTENT, "/d", NOTHING);
    STAMPS(FS(truncate, "/d/f", 9, NULL), "/d/f", CONTENT, "/d", NOTHING);
    STAMPS(FS(fallocate, "/d/f", &hole, NULL), "/d/f", CONTENT, "/d", NOTHING);
    STAMPS(open_and_close(b, FS_O_WRONLY | FS_O_TRUNC), "/d/f", CONTENT, "/d", NOTHING);
    STAMPS(FS(chmod, "/d/f", 0600, NULL), "/d/f", STATUS, "/d", NOTHING);
    STAMPS(FS(chown, "/d/f", 0, 0, NULL), "/d/f", STATUS, "/d", NOTHING);
    STAMPS(FS(utimens, "/d/f", OLD, OLD, NULL), "/d/f", STATUS, "/d", NOTHING);
    if ((b->fs->caps & FS_CAP_XATTR) != 0)
        STAMPS(FS(setxattr, "/d/f", &attr, NULL), "/d/f", STATUS, "/d", NOTHING);
    STAMPS(FS(fsync, "/d/f", false, NULL), "/d/f", NOTHING, "/d", NOTHING);
    cr_assert_str_eq(names_of(b, "/d"), " f");
}

CONTRACT(stamps_of_names)
{
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(mkdir, "/e", 0755), 0);
    put_file(b, "/d/f", "abc", 3);
    STAMPS(FS(mknod, "/d/g", S_IFREG | 0644), "/d/f", NOTHING, "/d", CONTENT);
    STAMPS(FS(mkdir, "/d/sub", 0755), "/d/f", NOTHING, "/d", CONTENT);
    STAMPS(FS(symlink, "f", "/d/l"), "/d/f", NOTHING, "/d", CONTENT);
    STAMPS(FS(link, "/d/f", "/d/h"), "/d/f", STATUS, "/d", CONTENT);
    STAMPS(FS(unlink, "/d/h"), "/d/f", STATUS, "/d", CONTENT);
    STAMPS(FS(rmdir, "/d/sub"), "/d/f", NOTHING, "/d", CONTENT);
    STAMPS(FS(rename, "/d/g", "/e/g", FS_RENAME_REPLACE), "/d", CONTENT, "/e", CONTENT);
    STAMPS(FS(rename, "/d/f", "/e/g", FS_RENAME_EXCHANGE), "/d", CONTENT, "/e", CONTENT);
    STAMPS(FS(rename, "/d/f", "/e/x", FS_RENAME_NOREPLACE), "/d", CONTENT, "/e", CONTENT);
}

CONTRACT(stamps_stay_when_it_fails)
{
    IS(FS(mkdir, "/d", 0755), 0);
    put_file(b, "/d/f", "abc", 3);
    STAMPS(FS(mknod, "/d/f", S_IFREG | 0644) + EEXIST, "/d/f", NOTHING, "/d", NOTHING);
    STAMPS(FS(unlink, "/d/no") + ENOENT, "/d/f", NOTHING, "/d", NOTHING);
    STAMPS(FS(rmdir, "/d") + ENOTEMPTY, "/d/f", NOTHING, "/d", NOTHING);
    STAMPS(FS(rename, "/d/f", "/d/f", FS_RENAME_REPLACE), "/d/f", NOTHING, "/d", NOTHING);
    STAMPS(FS(truncate, "/d/f", UINT64_C(1) << 39, NULL) + EFBIG, "/d/f", NOTHING, "/d", NOTHING);
}

CONTRACT(stamps_of_what_is_new_are_one)
{
    struct fs_stat st;

    put_file(b, "/f", "", 0);
    st = stat_of(b, "/f");
    cr_assert(st.atime == st.mtime && st.btime <= st.ctime);
    cr_assert(b->hosted || (st.mtime == st.ctime && st.btime == st.ctime));
    IS(FS(mkdir, "/d", 0755), 0);
    st = stat_of(b, "/d");
    cr_assert(st.atime == st.mtime && st.btime <= st.ctime);
}
