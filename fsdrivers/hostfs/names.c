/* SPDX-License-Identifier: MIT */
#include "fsdrivers/hostfs/names.h"

#include "fsdrivers/fslimits.h"
#include "fsdrivers/fspath.h"
#include "fsdrivers/fsrules.h"
#include "fsdrivers/hostfs/beneath.h"
#include "fsdrivers/hostfs/target.h"
#include "server/base/hostfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NS_PER_S = 1000000000 };

/* ---- Names ---- */

/** The permission bits that hostfs gives. */
static mode_t given_bits(uint32_t mode, bool directory)
{
    return mode & (directory ? 01777u : 0777u);
}

/** Give a file that was just made its bits, which a link does not have, and give it to the caller, if the
 * daemon can. It is never named here: others may have put a link at its name. @fd may be of O_PATH.
 * Returns 0; -ENOENT it is not of the type in @mode, so others have replaced it; other -errno. */
static int settle(const struct hostfs *h, const struct fs_caller *who, int fd, uint32_t mode)
{
    char path[HOSTFILE_FD_PATH_SIZE];
    struct stat st;
    int err = beneath_answer(fstat(fd, &st));

    if (err == 0 && (st.st_mode & S_IFMT) != (mode & S_IFMT))
        err = -ENOENT;
    hostfile_fd_path(fd, path); /* fchmod() takes no O_PATH */
    if (err == 0 && !S_ISLNK(mode))
        err = beneath_answer(chmod(path, given_bits(mode, S_ISDIR(mode))));
    if (err == 0 && h->is_root)
        err = beneath_answer(fchownat(fd, "", who->uid, who->gid, AT_EMPTY_PATH));
    return err;
}

/** settle() what was just made at a name. */
static int settle_name(const struct hostfs *h, const struct fs_caller *who,
                       const struct beneath_name *n, uint32_t mode)
{
    const int fd = openat(n->dir, n->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int err;

    if (fd < 0)
        return beneath_error(errno);
    err = settle(h, who, fd, mode);
    (void)close(fd);
    return err;
}

/** Find the directory of a name that is to be made. @out beneath_name_done(), on success only. Returns 0;
 * FS_WOULD_WAIT; -EEXIST the root; other -errno of beneath_parent(). */
static int find_new(const struct hostfs *h, const struct fs_caller *who, const char *path,
                    struct beneath_name *out)
{
    int err;

    if (who->nowait)
        return FS_WOULD_WAIT;
    err = beneath_parent(h->source->file, path, out);
    return err == -EBUSY ? -EEXIST : err;
}

int hostfs_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    const struct hostfs *h = hostfs_of(fs);
    struct beneath_name n;
    int fd;
    int err;

    if ((mode & S_IFMT) != 0 && !S_ISREG(mode))
        return -EINVAL;
    err = find_new(h, who, path, &n);
    if (err < 0)
        return err;
    fd = openat(n.dir, n.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    err = beneath_answer(fd);
    if (err == 0) {
        err = settle(h, who, fd, S_IFREG | mode);
        (void)close(fd);
        if (err < 0)
            (void)unlinkat(n.dir, n.name, 0);
    }
    beneath_name_done(&n);
    return err;
}

int hostfs_mkdir(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    const struct hostfs *h = hostfs_of(fs);
    struct beneath_name n;
    int err;

    err = find_new(h, who, path, &n);
    if (err < 0)
        return err;
    err = beneath_answer(mkdirat(n.dir, n.name, 0700));
    if (err == 0) {
        err = settle_name(h, who, &n, S_IFDIR | mode);
        if (err < 0)
            (void)unlinkat(n.dir, n.name, AT_REMOVEDIR);
    }
    beneath_name_done(&n);
    return err;
}

int hostfs_symlink(struct fs *fs, const struct fs_caller *who, const char *target, const char *path)
{
    const struct hostfs *h = hostfs_of(fs);
    struct beneath_name n;
    int err;

    err = find_new(h, who, path, &n);
    if (err < 0)
        return err;
    err = beneath_answer(symlinkat(target, n.dir, n.name));
    if (err == 0) {
        err = settle_name(h, who, &n, S_IFLNK);
        if (err < 0)
            (void)unlinkat(n.dir, n.name, 0);
    }
    beneath_name_done(&n);
    return err;
}

/** Remove a name. @flags of unlinkat(2). */
static int remove_name(const struct hostfs *h, const struct fs_caller *who, const char *path,
                       int flags)
{
    struct beneath_name n;
    int err;

    if (who->nowait)
        return FS_WOULD_WAIT;
    err = beneath_parent(h->source->file, path, &n);
    if (err == 0)
        err = beneath_answer(unlinkat(n.dir, n.name, flags));
    beneath_name_done(&n);
    return err;
}

int hostfs_unlink(struct fs *fs, const struct fs_caller *who, const char *path)
{
    return fspath_is_root(path) ? -EISDIR : remove_name(hostfs_of(fs), who, path, 0);
}

int hostfs_rmdir(struct fs *fs, const struct fs_caller *who, const char *path)
{
    return remove_name(hostfs_of(fs), who, path, AT_REMOVEDIR);
}

/** The directories of two paths; the first must name a file, whose status is returned. Both are to be done
 * with, whatever it returns. */
static int two_parents(const struct hostfs *h, const char *from, const char *to,
                       struct beneath_name *a, struct beneath_name *b, struct stat *out)
{
    int err = beneath_parent(h->source->file, from, a);

    b->dir = -1;
    if (err == 0)
        err = beneath_answer(fstatat(a->dir, a->name, out, AT_SYMLINK_NOFOLLOW));
    return err < 0 ? err : beneath_parent(h->source->file, to, b);
}

int hostfs_rename(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                  enum fs_rename_type type)
{
    static const unsigned flags[] = {[FS_RENAME_REPLACE] = 0,
                                     [FS_RENAME_NOREPLACE] = RENAME_NOREPLACE,
                                     [FS_RENAME_EXCHANGE] = RENAME_EXCHANGE};
    struct beneath_name a;
    struct beneath_name b;
    struct stat st;
    int err = fsrules_rename_paths(from, to, type);

    if (err < 0)
        return err;
    if (who->nowait)
        return FS_WOULD_WAIT;
    err = two_parents(hostfs_of(fs), from, to, &a, &b, &st);
    if (err == 0)
        err = beneath_answer(renameat2(a.dir, a.name, b.dir, b.name, flags[type]));
    beneath_name_done(&a);
    beneath_name_done(&b);
    return err;
}

int hostfs_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to)
{
    const struct hostfs *h = hostfs_of(fs);
    const bool root = fspath_is_root(from);
    struct beneath_name a = {.dir = -1};
    struct beneath_name b;
    struct stat st = {.st_mode = S_IFDIR}; /* of the root */
    int err;

    if (who->nowait)
        return FS_WOULD_WAIT;
    err = root ? beneath_parent(h->source->file, to, &b) : two_parents(h, from, to, &a, &b, &st);
    if (err == 0) {
        err = beneath_answer(
            linkat(root ? h->source->file : a.dir, root ? "." : a.name, b.dir, b.name, 0));
        if (err == -EACCES && S_ISDIR(st.st_mode))
            err = -EPERM;
    }
    if (err == -EBUSY)
        err = -EEXIST;
    beneath_name_done(&a);
    beneath_name_done(&b);
    return err;
}

/* ---- Attributes ---- */

int hostfs_chown(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t uid,
                 uint32_t gid, struct fs_file *file)
{
    struct target t;
    int err;

    err = target_find_blocking(hostfs_of(fs), who, path, file, &t);
    if (err < 0)
        return err;
    err = beneath_answer(fchownat(t.fd, "", uid, gid, AT_EMPTY_PATH));
    target_done(&t);
    return err;
}

int hostfs_chmod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode,
                 struct fs_file *file)
{
    struct target t;
    struct stat st;
    char again[HOSTFILE_FD_PATH_SIZE];
    int err;

    err = target_find_blocking(hostfs_of(fs), who, path, file, &t);
    if (err < 0)
        return err;
    err = beneath_answer(fstat(t.fd, &st));
    if (err == 0 && S_ISLNK(st.st_mode)) /* it has become one */
        err = -EINVAL;
    hostfile_fd_path(t.fd, again); /* fchmod() takes no O_PATH */
    if (err == 0)
        err = beneath_answer(chmod(again, given_bits(mode, S_ISDIR(st.st_mode))));
    target_done(&t);
    return err;
}

static struct timespec time_of(int64_t ns)
{
    struct timespec t = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};

    if (ns == INT64_MIN)
        return (struct timespec){.tv_nsec = UTIME_OMIT};
    if (t.tv_nsec < 0) {
        t.tv_sec--;
        t.tv_nsec += NS_PER_S;
    }
    return t;
}

int hostfs_utimens(struct fs *fs, const struct fs_caller *who, const char *path, int64_t atime,
                   int64_t mtime, struct fs_file *file)
{
    const struct timespec times[] = {time_of(atime), time_of(mtime)};
    struct target t;
    int err;

    err = target_find_blocking(hostfs_of(fs), who, path, file, &t);
    if (err < 0)
        return err;
    err = beneath_answer(utimensat(t.fd, "", times, AT_EMPTY_PATH));
    target_done(&t);
    return err;
}

/** Find a file, opened to write its content. @out target_done(), on success only. */
static int find_writable(const struct hostfs *h, const struct fs_caller *who, const char *path,
                         const struct fs_file *file, struct target *out)
{
    /* An open file may be open for reading only: it is found by its descriptor, and opened anew. */
    int err = target_find_blocking(h, who, path, file, out);

    if (err == 0 && !out->own) {
        out->fd = beneath_reopen(out->fd, O_PATH);
        if (out->fd < 0)
            return out->fd;
        out->own = true;
    }
    if (err < 0)
        return err;
    err = target_open(out, O_WRONLY);
    if (err < 0)
        target_done(out);
    return err == -ENXIO || err == -ELOOP ? -EINVAL : err;
}

int hostfs_truncate(struct fs *fs, const struct fs_caller *who, const char *path, uint64_t size,
                    struct fs_file *file)
{
    struct target t;
    int err;

    err = find_writable(hostfs_of(fs), who, path, file, &t);
    if (err < 0)
        return err;
    err = size > FS_FILE_SIZE_MAX ? -EFBIG : beneath_answer(ftruncate(t.fd, (off_t)size));
    target_done(&t);
    return err;
}

int hostfs_fallocate(struct fs *fs, const struct fs_caller *who, const char *path,
                     const struct fs_space *space, struct fs_file *file)
{
    struct target t;
    int err = find_writable(hostfs_of(fs), who, path, file, &t);

    if (err < 0)
        return err;
    if (fallocate(t.fd, (int)space->flags, space->off, space->len) < 0)
        err = errno == EOPNOTSUPP ? -ENOTSUP : beneath_error(errno);
    target_done(&t);
    return err;
}
