/* SPDX-License-Identifier: MIT */
/* Slots on open files: what the flags of open() mean, and the bytes of files. */
#include "fsdrivers/fslimits.h"
#include "fsdrivers/generic/slots.h"
#include "server/base/check.h"

#include <string.h>
#include <sys/stat.h>

enum {
    FLAGS_REFUSED = FS_O_ASYNC | FS_O_CREAT | FS_O_EXCL | FS_O_NOCTTY,
    FLAGS_IMPLIED = FS_O_LARGEFILE | FS_O_NOFOLLOW,
    FLAGS_ALL = (FS_O_EXEC << 1) - 1,
    FLAGS_OF_OPEN = FS_O_DIRECTORY | FS_O_TRUNC | FS_O_EXEC,
};

/* Check the flags for themselves, and take away those that are implied. */
static int check_flags(const struct generic *g, struct fs_file *file)
{
    const uint32_t flags = file->flags;

    if ((flags & ~(uint32_t)FLAGS_ALL) != 0 || (flags & FLAGS_REFUSED) != 0)
        return -EINVAL;
    if ((flags & FS_O_EXEC) != 0 && (flags & (FS_O_WRONLY | FS_O_TRUNC)) != 0)
        return -EINVAL;
    if (g->config.readonly && (flags & (FS_O_WRONLY | FS_O_TRUNC)) != 0)
        return -EROFS;
    file->flags &= ~(uint32_t)FLAGS_IMPLIED;
    return 0;
}

/* Check the file that open() is to open, where its flags ask for that or the driver has FS_CAP_NO_OPEN. */
static int check_file(struct generic *g, const struct fs_caller *who, const char *path,
                      struct fs_file *file)
{
    struct fs_stat st;
    int err = generic_getattr(&g->fs, who, path, &st, NULL);

    if (err < 0)
        return err;
    if (S_ISLNK(st.mode))
        return -ELOOP;
    if (S_ISDIR(st.mode))
        return -EISDIR;
    if ((file->flags & FS_O_DIRECTORY) != 0)
        return -ENOTDIR;
    if ((file->flags & FS_O_EXEC) != 0 && (!S_ISREG(st.mode) || (st.mode & 0111u) == 0))
        return -EACCES;
    if (!S_ISREG(st.mode)) /* POSIX: no effect on FIFOs and terminals */
        file->flags &= ~(uint32_t)FS_O_TRUNC;
    return 0;
}

int generic_open(struct fs *fs, const struct fs_caller *who, const char *path, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    const bool stateless = (fs->caps & FS_CAP_NO_OPEN) != 0;
    int err = check_flags(g, file);

    if (err == 0 && (stateless || (file->flags & FLAGS_OF_OPEN) != 0))
        err = check_file(g, who, path, file);
    if (err == 0 && (file->flags & FS_O_TRUNC) != 0 &&
        (stateless || (fs->caps & FS_CAP_ATOMIC_TRUNC) == 0)) {
        if (who->nowait) /* open() may block when the file is already truncated */
            return FS_WOULD_WAIT;
        err = changed(g, INNER(g, truncate, who, path, 0, NULL));
        file->flags &= ~(uint32_t)FS_O_TRUNC;
    }
    if (err < 0 || stateless)
        return err;
    return changed(g, INNER(g, open, who, path, file));
}

int generic_lookup(struct fs *fs, const struct fs_caller *who, uint64_t ino, struct fs_stat *out,
                   struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = file != NULL ? check_flags(g, file) : 0;

    if (err == 0 && file != NULL && (file->flags & FLAGS_OF_OPEN) != 0)
        err = -EINVAL;
    if (err < 0)
        return err;
    err = INNER(g, lookup, who, ino, out, file);
    if (err == 0)
        override_stat(g, out);
    return err;
}

int generic_close(struct fs *fs, const struct fs_caller *who, const char *path,
                  struct fs_file *file)
{
    struct generic *g = generic_of(fs);

    if ((g->fs.caps & FS_CAP_NO_OPEN) != 0)
        return 0;
    return changed(g, INNER(g, close, who, path, file));
}

/* opendir() for a driver with FS_CAP_NO_OPEN. */
static int check_directory(struct generic *g, const struct fs_caller *who, const char *path)
{
    struct fs_stat st;
    int err = INNER(g, getattr, who, path, &st, NULL);

    return err < 0 || S_ISDIR(st.mode) ? err : -ENOTDIR;
}

int generic_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                    struct fs_file *file)
{
    struct generic *g = generic_of(fs);

    int err = check_flags(g, file);

    if (err == 0 && (file->flags & (FS_O_WRONLY | FS_O_TRUNC | FS_O_EXEC)) != 0)
        err = -EISDIR;
    if (err < 0)
        return err;
    if ((g->fs.caps & FS_CAP_NO_OPEN) != 0)
        return check_directory(g, who, path);
    return INNER(g, opendir, who, path, file);
}

int generic_closedir(struct fs *fs, const struct fs_caller *who, const char *path,
                     struct fs_file *file)
{
    struct generic *g = generic_of(fs);

    if ((g->fs.caps & FS_CAP_NO_OPEN) != 0)
        return 0;
    return changed(g, INNER(g, closedir, who, path, file));
}

int64_t generic_read(struct fs *fs, const struct fs_caller *who, const char *path,
                     struct fs_buf buf, int64_t off, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int64_t got = INNER(g, read, who, path, buf, off, file);
    size_t filled = got > 0 ? (size_t)got : 0;

    if (filled < buf.len)
        memset(buf.ptr + filled, 0, buf.len - filled);
    return got;
}

int64_t generic_write(struct fs *fs, const struct fs_caller *who, const char *path,
                      struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    uint32_t flags = file != NULL ? file->flags : 0;
    bool append = (flags & FS_O_APPEND) != 0;
    const bool synced = (flags & (FS_O_SYNC | FS_O_DSYNC)) != 0;
    int64_t put;
    int err;

    if (who->nowait && synced) /* fsync() may block when the bytes are already written */
        return FS_WOULD_WAIT;
    err = may_grow(g, who, path, file, append ? bytes.len : (uint64_t)off + bytes.len, append);
    if (err < 0)
        return err;
    put = INNER(g, write, who, path, bytes, off, file);
    if (put > 0 && synced) {
        err = INNER(g, fsync, who, path, (flags & FS_O_SYNC) == 0, file);
        put = err < 0 ? err : put;
    }
    (void)changed(g, 0);
    return put;
}

int generic_fsync(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                  struct fs_file *file)
{
    struct generic *g = generic_of(fs);

    return changed(g, INNER(g, fsync, who, path, data_only, file));
}

int generic_fsyncdir(struct fs *fs, const struct fs_caller *who, const char *path, bool data_only,
                     struct fs_file *file)
{
    struct generic *g = generic_of(fs);

    return changed(g, INNER(g, fsyncdir, who, path, data_only, file));
}

int64_t generic_ioctl(struct fs *fs, const struct fs_caller *who, const char *path,
                      uint32_t command, struct fs_buf data, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    const struct fs_command *c = fs_command_find(fs, command);
    int64_t answer;

    if (c == NULL)
        return -ENOTTY;
    CHECK(data.len == fs_command_size(c));
    answer = INNER(g, ioctl, who, path, command, data, file);
    (void)changed(g, 0);
    return answer;
}

bool generic_poll(struct fs *fs, const struct fs_caller *who, const char *path, bool write,
                  struct fs_file *file)
{
    struct fs *inner = generic_of(fs)->inner;

    return inner->ops->poll == NULL || inner->ops->poll(inner, who, path, write, file);
}

/* ---- The storage of files ---- */

static int check_space(const struct generic *g, const struct fs_space *space)
{
    const uint32_t flags = space->flags & ~(uint32_t)FS_SPACE_KEEP_SIZE;

    if (g->config.readonly)
        return -EROFS;
    if (flags != 0 && flags != FS_SPACE_ZERO_RANGE &&
        space->flags != (FS_SPACE_PUNCH_HOLE | FS_SPACE_KEEP_SIZE))
        return -ENOTSUP;
    if (flags == 0 && (g->fs.caps & FS_CAP_RESERVE) == 0)
        return -ENOTSUP;
    if (space->off < 0 || space->len <= 0)
        return -EINVAL;
    if ((uint64_t)space->off > FS_FILE_SIZE_MAX ||
        (uint64_t)space->len > FS_FILE_SIZE_MAX - (uint64_t)space->off)
        return -EFBIG;
    return 0;
}

/* Check that a file has content. Its size in *@out. */
static int content_size(struct generic *g, const struct fs_caller *who, const char *path,
                        struct fs_file *file, uint64_t *out)
{
    struct fs_stat st;
    int err = INNER(g, getattr, who, path, &st, file);

    if (err < 0)
        return err;
    if (!S_ISREG(st.mode))
        return S_ISDIR(st.mode) ? -EISDIR : -EINVAL;
    *out = st.size;
    return 0;
}

int generic_fallocate(struct fs *fs, const struct fs_caller *who, const char *path,
                      const struct fs_space *space, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    uint64_t size;
    int err = check_space(g, space);

    if (err == 0)
        err = content_size(g, who, path, file, &size);
    if (err == 0 && (space->flags & FS_SPACE_KEEP_SIZE) == 0)
        err = may_grow(g, who, path, file, (uint64_t)(space->off + space->len), false);
    if (err < 0)
        return err;
    err = changed(g, INNER(g, fallocate, who, path, space, file));
    return err == -ENOSYS ? -ENOTSUP : err;
}

int64_t generic_seek(struct fs *fs, const struct fs_caller *who, const char *path, int64_t off,
                     enum fs_seek what, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    uint64_t size;
    int err = content_size(g, who, path, file, &size);

    if (err < 0)
        return err;
    if (off < 0 || (uint64_t)off >= size)
        return -ENXIO;
    if (g->inner->ops->seek != NULL)
        return g->inner->ops->seek(g->inner, who, path, off, what, file);
    return what == FS_SEEK_DATA ? off : (int64_t)size;
}
