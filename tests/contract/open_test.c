/* SPDX-License-Identifier: MIT */
/* What each flag of open() means, and a driver that is never asked to open. */
#include "fsdrivers/registry.h"
#include "server/base/list.h"
#include "tests/contract/bed.h"

#include <stdlib.h>
#include <string.h>

enum { UNKNOWN = FS_O_EXEC << 1 };

/** The answer of open(); what was opened is closed. */
static int try_open(struct bed *b, const char *path, uint32_t flags)
{
    struct fs_file f = {.flags = flags};
    int err = FS(open, path, &f);

    if (err == 0)
        IS(FS(close, path, &f), 0);
    return err;
}

static int try_opendir(struct bed *b, const char *path, uint32_t flags)
{
    struct fs_file f = {.flags = flags};
    int err = FS(opendir, path, &f);

    if (err == 0)
        IS(FS(closedir, path, &f), 0);
    return err;
}

CONTRACT(open_flags_of_the_core_EINVAL)
{
    static const uint32_t refused[] = {FS_O_ASYNC, FS_O_CREAT, FS_O_EXCL, FS_O_NOCTTY, UNKNOWN};

    put_file(b, "/f", "abc", 3);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        IS(try_open(b, "/f", FS_O_WRONLY | FS_O_TRUNC | refused[i]), -EINVAL);
        IS(try_opendir(b, "/", FS_O_RDONLY | refused[i]), -EINVAL);
    }
    cr_assert(file_is(b, "/f", "abc", 3));
}

CONTRACT(open_implied_flags_mean_nothing)
{
    struct fs_file f;

    put_file(b, "/f", "abc", 3);
    IS(FS(symlink, "f", "/l"), 0);
    open_file(b, "/f", FS_O_RDONLY | FS_O_LARGEFILE | FS_O_NOFOLLOW | FS_O_NONBLOCK, &f);
    IS(f.flags, FS_O_RDONLY | FS_O_NONBLOCK);
    IS(FS(close, NULL, &f), 0);
    IS(try_open(b, "/l", FS_O_RDONLY | FS_O_NOFOLLOW), -ELOOP);
    IS(try_open(b, "/l", FS_O_RDONLY), -ELOOP);
    IS(try_opendir(b, "/", FS_O_RDONLY | FS_O_NOFOLLOW | FS_O_LARGEFILE), 0);
}

CONTRACT(open_directory_flag_ENOTDIR)
{
    put_file(b, "/f", "abc", 3);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "d", "/l"), 0);
    IS(try_open(b, "/f", FS_O_RDWR | FS_O_DIRECTORY | FS_O_TRUNC), -ENOTDIR);
    IS(try_open(b, "/d", FS_O_RDONLY | FS_O_DIRECTORY), -EISDIR);
    IS(try_open(b, "/l", FS_O_RDONLY | FS_O_DIRECTORY), -ELOOP);
    IS(try_opendir(b, "/d", FS_O_RDONLY | FS_O_DIRECTORY), 0);
    IS(try_opendir(b, "/f", FS_O_RDONLY | FS_O_DIRECTORY), -ENOTDIR);
    cr_assert(file_is(b, "/f", "abc", 3));
}

CONTRACT(opendir_to_change_EISDIR)
{
    IS(try_opendir(b, "/", FS_O_RDWR), -EISDIR);
    IS(try_opendir(b, "/", FS_O_RDONLY | FS_O_TRUNC), -EISDIR);
    IS(try_opendir(b, "/", FS_O_EXEC), -EISDIR);
}

CONTRACT(open_exec_EACCES)
{
    char bytes[3];
    struct fs_file f;

    put_file(b, "/f", "abc", 3);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(try_open(b, "/f", FS_O_EXEC), -EACCES);
    IS(FS(chmod, "/f", 0654, NULL), 0);
    open_file(b, "/f", FS_O_EXEC, &f);
    IS(bed_read(b, NULL, bytes, 3, 0, &f), 3);
    cr_assert(memcmp(bytes, "abc", 3) == 0);
    IS(FS(close, NULL, &f), 0);
    IS(try_open(b, "/f", FS_O_EXEC | FS_O_RDONLY), 0);
    IS(try_open(b, "/f", FS_O_EXEC | FS_O_WRONLY), -EINVAL);
    IS(try_open(b, "/f", FS_O_EXEC | FS_O_TRUNC), -EINVAL);
    IS(try_open(b, "/d", FS_O_EXEC), -EISDIR);
    IS(try_open(b, "/no", FS_O_EXEC), -ENOENT);
}

CONTRACT_OPTS(open_exec_sees_the_mask_EACCES, "fmask=111")
{
    put_file(b, "/f", "", 0);
    IS(FS(chmod, "/f", 0755, NULL), 0);
    IS(try_open(b, "/f", FS_O_EXEC), -EACCES);
}

CONTRACT(open_trunc_empties_the_file)
{
    struct fs_statfs use[2];
    struct fs_file other;
    struct fs_stat before;
    struct fs_file f;
    char byte;

    put_file(b, "/f", "abc", 3);
    IS(FS(statfs, &use[0]), 0);
    open_file(b, "/f", FS_O_RDONLY, &other);
    before = stat_of(b, "/f");
    open_file(b, "/f", FS_O_WRONLY | FS_O_TRUNC, &f);
    IS(stat_of(b, "/f").size, 0);
    IS(stat_of(b, "/f").blocks, 0);
    IS(bed_read(b, NULL, &byte, 1, 0, &other), 0);
    cr_assert(b->hosted || stat_of(b, "/f").mtime > before.mtime);
    IS(bed_write(b, NULL, "x", 1, 1, &f), 1);
    IS(FS(close, NULL, &f), 0);
    IS(FS(close, NULL, &other), 0);
    cr_assert(file_is(b, "/f", "\0x", 2));
    IS(FS(statfs, &use[1]), 0);
    cr_assert(b->hosted || use[1].bytes_used == use[0].bytes_used - 1);
}

CONTRACT(open_trunc_without_writing_empties_too)
{
    put_file(b, "/f", "abc", 3);
    IS(try_open(b, "/f", FS_O_RDONLY | FS_O_TRUNC), 0);
    cr_assert(file_is(b, "/f", "", 0));
}

CONTRACT(open_trunc_that_fails_changes_nothing)
{
    put_file(b, "/f", "abc", 3);
    IS(FS(mkdir, "/d", 0755), 0);
    IS(FS(symlink, "f", "/l"), 0);
    IS(try_open(b, "/no", FS_O_WRONLY | FS_O_TRUNC), -ENOENT);
    IS(try_open(b, "/d", FS_O_WRONLY | FS_O_TRUNC), -EISDIR);
    IS(try_open(b, "/l", FS_O_WRONLY | FS_O_TRUNC), -ELOOP);
    IS(try_open(b, "/f/x", FS_O_WRONLY | FS_O_TRUNC), -ENOTDIR);
    cr_assert(file_is(b, "/f", "abc", 3));
    bed_close(b);
}

Test(hostfs, open_trunc_past_the_most_files_EMFILE_keeps_the_content)
{
    struct fs_file f[BED_DESCRIPTORS];
    struct bed bed;
    struct bed *b = &bed;
    size_t count = 0;
    int err;

    bed_init(b, "hostfs");
    IS(bed_open(b, NULL), 0);
    put_file(b, "/f", "abc", 3);
    do {
        cr_assert_lt(count, BED_DESCRIPTORS);
        f[count] = (struct fs_file){.flags = FS_O_RDONLY};
        err = FS(open, "/f", &f[count]);
    } while (err == 0 && ++count > 0);
    IS(err, -EMFILE);
    IS(try_open(b, "/f", FS_O_WRONLY | FS_O_TRUNC), -EMFILE);
    cr_assert(file_is(b, "/f", "abc", 3));
    while (count-- > 0)
        IS(FS(close, NULL, &f[count]), 0);
    bed_done(b);
}

static void open_trunc_readonly_EROFS(struct bed *b)
{
    IS(try_open(b, "/f", FS_O_RDONLY | FS_O_TRUNC), -EROFS);
    IS(try_open(b, "/f", FS_O_WRONLY), -EROFS);
}

CONTRACT_ON(ramfs, open_trunc_readonly_EROFS, "readonly")
CONTRACT_ON(hostfs, open_trunc_readonly_EROFS, "readonly")

CONTRACT_OWN(lookup_takes_no_flags_of_open_EINVAL, NULL)
{
    static const uint32_t refused[] = {FS_O_DIRECTORY, FS_O_TRUNC, FS_O_EXEC, FS_O_CREAT};
    struct fs_stat st;
    struct fs_file f;

    put_file(b, "/f", "abc", 3);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        f = (struct fs_file){.flags = FS_O_RDONLY | refused[i]};
        IS(FS(lookup, stat_of(b, "/f").ino, &st, &f), -EINVAL);
    }
    cr_assert(file_is(b, "/f", "abc", 3));
}

/* ---- FS_CAP_NO_OPEN: a file "/f" and a directory "/d"; no slot may come without its path, and none that
 * opens or closes may come at all. ---- */

struct stateless {
    struct fs fs;
    char byte; /* the content of /f */
    uint64_t size;
};

static struct stateless *stateless_of(struct fs *fs)
{
    return container_of(fs, struct stateless, fs);
}

static int stateless_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                             struct fs_stat *out, struct fs_file *file)
{
    const bool is_file = path != NULL && strcmp(path, "/f") == 0;

    (void)who, (void)file;
    cr_assert_not_null(path);
    *out = (struct fs_stat){.ino = 2, .mode = is_file ? S_IFREG | 0644 : S_IFDIR | 0755};
    if (strcmp(path, "/l") == 0)
        out->mode = S_IFLNK | 0777;
    out->size = is_file ? stateless_of(fs)->size : 0;
    return strcmp(path, "/no") == 0 ? -ENOENT : 0;
}

static int64_t stateless_read(struct fs *fs, const struct fs_caller *who, const char *path,
                              struct fs_buf buf, int64_t off, struct fs_file *file)
{
    (void)who, (void)file;
    cr_assert_str_eq(path, "/f");
    if (off >= (int64_t)stateless_of(fs)->size || buf.len == 0)
        return 0;
    buf.ptr[0] = stateless_of(fs)->byte;
    return 1;
}

static int64_t stateless_write(struct fs *fs, const struct fs_caller *who, const char *path,
                               struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    (void)who, (void)off, (void)file;
    cr_assert_str_eq(path, "/f");
    cr_assert_eq(bytes.len, 1);
    stateless_of(fs)->byte = bytes.ptr[0];
    stateless_of(fs)->size = 1;
    return 1;
}

static int stateless_truncate(struct fs *fs, const struct fs_caller *who, const char *path,
                              uint64_t size, struct fs_file *file)
{
    (void)who, (void)file;
    cr_assert_str_eq(path, "/f");
    stateless_of(fs)->size = size;
    return 0;
}

static int stateless_open(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_file *file)
{
    (void)fs, (void)who, (void)path, (void)file;
    cr_assert_fail("a driver with FS_CAP_NO_OPEN was asked to open or close");
    return -EIO;
}

static void stateless_destroy(struct fs *fs, struct why *why)
{
    (void)why;
    free(stateless_of(fs));
}

static const struct fs_ops stateless_ops = {
    .getattr = stateless_getattr,
    .read = stateless_read,
    .write = stateless_write,
    .truncate = stateless_truncate,
    .open = stateless_open,
    .close = stateless_open,
    .opendir = stateless_open,
    .closedir = stateless_open,
    .destroy = stateless_destroy,
};

static int stateless_open_source(const struct fs_driver *driver, const struct fs_open *req,
                                 struct fs **out)
{
    struct stateless *s = calloc(1, sizeof(*s));

    (void)req;
    cr_assert_not_null(s);
    s->fs = (struct fs){
        .ops = &stateless_ops, .driver = driver, .caps = FS_CAP_NO_OPEN | FS_CAP_ATOMIC_TRUNC};
    *out = &s->fs;
    return 0;
}

static const struct fs_opt stateless_opts[] = {{NULL, NULL}};
static const struct fs_driver stateless_driver = {
    .name = "stateless", .opts = stateless_opts, .open_source = stateless_open_source};

Test(stateless, opens_and_closes_nothing)
{
    struct bed bed;
    struct bed *b = &bed;
    struct fs_file f;
    char byte = 0;

    bed_init(b, "stateless");
    IS(registry_open_driver(&stateless_driver, "stateless",
                            &(struct fs_open){.env = &b->env, .why = &b->why}, &b->fs),
       0);
    IS(try_open(b, "/no", FS_O_RDONLY), -ENOENT);
    IS(try_open(b, "/d", FS_O_RDONLY), -EISDIR);
    IS(try_open(b, "/l", FS_O_RDONLY), -ELOOP);
    IS(try_open(b, "/f", FS_O_EXEC), -EACCES);
    IS(try_opendir(b, "/f", FS_O_RDONLY), -ENOTDIR);
    IS(try_opendir(b, "/d", FS_O_RDONLY), 0);
    open_file(b, "/f", FS_O_RDWR, &f);
    IS(bed_write(b, "/f", "x", 1, 0, &f), 1);
    IS(bed_read(b, "/f", &byte, 1, 0, &f), 1);
    IS(byte, 'x');
    IS(FS(close, "/f", &f), 0);
    IS(try_open(b, "/f", FS_O_WRONLY | FS_O_TRUNC), 0);
    IS(stat_of(b, "/f").size, 0);
    bed_done(b);
}
