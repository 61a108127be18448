/* SPDX-License-Identifier: MIT */
/*
 * hostfs: a directory of the host, and what lies beneath it.
 *
 * An instance is read-only without the option write. With it no other filesystem may have its source in the
 * directory, because guests could change that source (hostfile.h). Links are stored like any other file; the
 * core follows them inside the view. FIFOs, devices and sockets of the host have a status, but open() answers
 * -ENXIO for them. Mount points beneath the directory are -EACCES.
 *
 * Owners are the host's. A new file belongs to the daemon's user, or to the caller if the daemon is root.
 * Set-id bits are never set: they would give the daemon's rights to users of the host.
 *
 * Slots answer FS_WOULD_WAIT where the host would have to read a disk: `nowait` looks up paths and reads bytes
 * in the host's memory only (RESOLVE_CACHED, RWF_NOWAIT). Slots that write, list or change names always block.
 * Open files are descriptors of the host, so removing, replacing or truncating a file by others has the
 * effect that it has on any descriptor.
 *
 * beneath.c walks paths, target.c finds the files that slots work on, names.c has the slots that change names
 * and attributes; the others and the instance are here.
 */
#include "fsdrivers/hostfs/hostfs.h"

#include "fsdrivers/fs_ops.h"
#include "fsdrivers/fslimits.h"
#include "fsdrivers/hostfs/beneath.h"
#include "fsdrivers/hostfs/names.h"
#include "fsdrivers/hostfs/target.h"
#include "fsdrivers/options.h"
#include "schema/drivers.h"
#include "server/base/hostfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

/* Descriptors besides those of open files: two of the source, and those that a slot opens and closes. */
enum { OWN_DESCRIPTORS = 6, NS_PER_S = 1000000000 };

/* ---- Status ---- */

static int64_t stamp(const struct statx_timestamp *t)
{
    return t->tv_sec * NS_PER_S + t->tv_nsec;
}

static int hostfs_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_stat *out, struct fs_file *file)
{
    const int flags = AT_EMPTY_PATH | (who->nowait ? AT_STATX_DONT_SYNC : 0);
    struct statx st;
    struct target t;
    int err = target_find(hostfs_of(fs), who, path, file, &t);

    if (err < 0)
        return err;
    err = beneath_answer(statx(t.fd, "", flags, STATX_BASIC_STATS | STATX_BTIME, &st));
    target_done(&t);
    if (err == 0)
        *out = (struct fs_stat){
            .ino = st.stx_ino,
            .mode = st.stx_mode,
            .nlink = st.stx_nlink,
            .uid = st.stx_uid,
            .gid = st.stx_gid,
            .rdev = makedev(st.stx_rdev_major, st.stx_rdev_minor),
            .size = st.stx_size,
            .blocks = st.stx_blocks,
            .atime = stamp(&st.stx_atime),
            .mtime = stamp(&st.stx_mtime),
            .ctime = stamp(&st.stx_ctime),
            .btime = (st.stx_mask & STATX_BTIME) != 0 ? stamp(&st.stx_btime) : stamp(&st.stx_ctime),
        };
    return err;
}

static int64_t hostfs_readlink(struct fs *fs, const struct fs_caller *who, const char *path,
                               char *buf, size_t size)
{
    char all[FS_PATH_MAX + 1];
    struct target t;
    ssize_t len;
    int err = target_find(hostfs_of(fs), who, path, NULL, &t);

    if (err < 0)
        return err;
    /* readlinkat() answers ENOENT for a file that is not a link. */
    len = readlinkat(t.fd, "", all, sizeof(all));
    err = len >= 0 ? 0 : errno == ENOENT ? -EINVAL : beneath_error(errno);
    target_done(&t);
    if (err < 0)
        return err;
    memcpy(buf, all, (size_t)len < size ? (size_t)len : size);
    return (size_t)len > size ? len : 0;
}

static int hostfs_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    const struct hostfs *h = hostfs_of(fs);
    struct statvfs st;
    int err;

    if (who->nowait)
        return FS_WOULD_WAIT;
    err = beneath_answer(fstatvfs(h->source->file, &st));
    if (err < 0)
        return err;
    *out = (struct fs_statfs){
        .bytes_total = (uint64_t)st.f_blocks * st.f_frsize,
        .bytes_used = (uint64_t)(st.f_blocks - st.f_bfree) * st.f_frsize,
        .inodes_total = st.f_files,
        .inodes_used = st.f_files - st.f_ffree,
        .readonly = !h->writable || (st.f_flag & ST_RDONLY) != 0,
    };
    return 0;
}

/* ---- Content ---- */

/** open(2)'s flags for a file that is opened. */
static int open_flags(uint32_t flags)
{
    static const int modes[] = {O_RDONLY, O_RDONLY, O_WRONLY, O_RDWR};
    int all = modes[(flags & FS_O_RDWR) / FS_O_RDONLY];

    if ((flags & FS_O_APPEND) != 0)
        all |= O_APPEND;
    if ((flags & FS_O_SYNC) != 0)
        all |= O_SYNC;
    if ((flags & FS_O_DSYNC) != 0)
        all |= O_DSYNC;
    return all;
}

/** Count a file or directory as open. @t taken. Returns 0; -EMFILE. */
static int keep_open(struct hostfs *h, struct target *t, struct fs_file *file)
{
    if (h->open == HOSTFS_FILES_MAX) {
        target_done(t);
        return -EMFILE;
    }
    h->open++;
    file->handle = (uint64_t)t->fd;
    return 0;
}

static int hostfs_open(struct fs *fs, const struct fs_caller *who, const char *path,
                       struct fs_file *file)
{
    struct hostfs *h = hostfs_of(fs);
    struct target t;
    int err;

    if ((file->flags & FS_O_WRONLY) != 0 && !h->writable)
        return -EROFS;
    err = target_find(h, who, path, NULL, &t);
    if (err < 0)
        return err;
    err = target_open(&t, open_flags(file->flags));
    if (err == 0)
        return keep_open(h, &t, file);
    target_done(&t);
    return err;
}

/** Read what the host has in memory. */
static int64_t read_now(int fd, struct fs_buf buf, int64_t off)
{
    struct iovec to = {buf.ptr, buf.len};
    struct stat st;
    ssize_t got = preadv2(fd, &to, 1, off, RWF_NOWAIT);

    if (got >= 0 && (size_t)got == buf.len)
        return got;
    if (got < 0 && errno == EISDIR)
        return -EISDIR;
    /* Less than was asked for is all there is, at the end; elsewhere it is what there was in memory. */
    if (got >= 0 && fstat(fd, &st) == 0 && off + got >= st.st_size)
        return got;
    return FS_WOULD_WAIT;
}

static int64_t read_all(int fd, struct fs_buf buf, int64_t off)
{
    size_t done = 0;

    while (done < buf.len) {
        const ssize_t got = pread(fd, buf.ptr + done, buf.len - done, off + (int64_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return beneath_error(errno);
        if (got == 0)
            break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

static int64_t hostfs_read(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_buf buf, int64_t off, struct fs_file *file)
{
    struct target t;
    int64_t result = target_content(hostfs_of(fs), who, path, file, O_RDONLY, &t);

    if (result < 0)
        return result;
    result = who->nowait ? read_now(t.fd, buf, off) : read_all(t.fd, buf, off);
    target_done(&t);
    return result;
}

/** Write all bytes, or truncate the file to its size before. */
static int64_t write_all(int fd, struct fs_bytes bytes, int64_t off, bool append)
{
    struct stat before;
    size_t done = 0;
    int err;

    if (fstat(fd, &before) < 0)
        return beneath_error(errno);
    if (append)
        off = before.st_size;
    if (bytes.len > FS_FILE_SIZE_MAX || (uint64_t)off > FS_FILE_SIZE_MAX - bytes.len)
        return -EFBIG;
    while (done < bytes.len) {
        const ssize_t put = pwrite(fd, bytes.ptr + done, bytes.len - done, off + (int64_t)done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            break;
        done += (size_t)put;
    }
    if (done == bytes.len)
        return (int64_t)done;
    err = beneath_error(errno);
    if (done > 0 && ftruncate(fd, before.st_size) < 0)
        err = -EIO;
    return err;
}

static int64_t hostfs_write(struct fs *fs, const struct fs_caller *who, const char *path,
                            struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    struct target t;
    int64_t result;

    if (who->nowait)
        return FS_WOULD_WAIT;
    result = target_content(hostfs_of(fs), who, path, file, O_WRONLY, &t);
    if (result < 0)
        return result;
    result = write_all(t.fd, bytes, off, file != NULL && (file->flags & FS_O_APPEND) != 0);
    target_done(&t);
    return result;
}

static int hostfs_fsync(struct fs *fs, const struct fs_caller *who, const char *path,
                        bool data_only, struct fs_file *file)
{
    struct target t;
    int err;

    if (who->nowait)
        return FS_WOULD_WAIT;
    err = target_content(hostfs_of(fs), who, path, file, O_RDONLY, &t);
    if (err < 0)
        return err;
    err = beneath_answer(data_only ? fdatasync(t.fd) : fsync(t.fd));
    target_done(&t);
    return err;
}

/** Closing the last descriptor of a file without a name frees its blocks, which can take long. */
static int hostfs_close(struct fs *fs, const struct fs_caller *who, const char *path,
                        struct fs_file *file)
{
    struct hostfs *h = hostfs_of(fs);
    const int fd = (int)file->handle;
    struct stat st;

    (void)path;
    if (who->nowait && (fstat(fd, &st) < 0 || st.st_nlink == 0))
        return FS_WOULD_WAIT;
    h->open--;
    return beneath_answer(close(fd));
}

/* ---- Directories ---- */

/** Open a directory of O_PATH for listing. Returns a descriptor, -errno. */
static int open_listing(int fd)
{
    const int opened = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return opened >= 0 ? opened : beneath_error(errno);
}

/** Find a directory and open it for listing. Returns a descriptor; FS_WOULD_WAIT; -ENOTDIR;
 * other -errno of target_find(). */
static int find_listing(const struct hostfs *h, const struct fs_caller *who, const char *path,
                        const struct fs_file *file)
{
    struct target t;
    int err = target_find_blocking(h, who, path, file, &t);
    int fd;

    if (err < 0)
        return err;
    err = target_refuse(t.fd);
    fd = err == -EISDIR ? open_listing(t.fd) : -ENOTDIR;
    target_done(&t);
    return fd;
}

static int hostfs_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_file *file)
{
    struct hostfs *h = hostfs_of(fs);
    struct target t = {.fd = find_listing(h, who, path, NULL), .own = true};

    return t.fd < 0 ? t.fd : keep_open(h, &t, file);
}

/** Give the entries of an open directory to a callback. @dir closed. */
static int list(DIR *dir, fs_readdir_fn callback, void *user)
{
    const struct dirent *entry;
    int result = 0;

    errno = 0;
    while (result == 0 && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            result = callback(user, entry->d_name, NULL);
        errno = 0;
    }
    if (result == 0 && errno != 0)
        result = beneath_error(errno);
    (void)closedir(dir);
    return result;
}

static int hostfs_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                          fs_readdir_fn callback, void *user, struct fs_file *file)
{
    const int fd = find_listing(hostfs_of(fs), who, path, file);
    DIR *dir;

    if (fd < 0)
        return fd;
    dir = fdopendir(fd);
    if (dir == NULL) {
        const int err = beneath_error(errno);

        (void)close(fd);
        return err;
    }
    return list(dir, callback, user);
}

static int hostfs_fsyncdir(struct fs *fs, const struct fs_caller *who, const char *path,
                           bool data_only, struct fs_file *file)
{
    struct target t;
    int err = target_find_blocking(hostfs_of(fs), who, path, file, &t);
    int fd;

    if (err < 0)
        return err;
    fd = open_listing(t.fd);
    target_done(&t);
    if (fd < 0)
        return fd;
    err = beneath_answer(data_only ? fdatasync(fd) : fsync(fd));
    (void)close(fd);
    return err;
}

/* ---- Instances ---- */

/** No operation is ever pending. */
static int hostfs_commit(struct fs *fs, const struct fs_caller *who)
{
    (void)fs;
    (void)who;
    return 0;
}

static int64_t hostfs_ioctl(struct fs *fs, const struct fs_caller *who, const char *path,
                            uint32_t command, struct fs_file *file)
{
    struct target t;
    const int err = target_find(hostfs_of(fs), who, path, file, &t);

    (void)command;
    if (err < 0)
        return err;
    target_done(&t);
    return -ENOTTY; /* devices are never opened */
}

static int hostfs_sync(struct fs *fs, const struct fs_caller *who)
{
    const struct hostfs *h = hostfs_of(fs);
    int fd;
    int err;

    if (who->nowait)
        return FS_WOULD_WAIT;
    if (!h->writable)
        return 0;
    fd = open_listing(h->source->file);
    if (fd < 0)
        return fd;
    err = beneath_answer(syncfs(fd));
    (void)close(fd);
    return err;
}

static void hostfs_destroy(struct fs *fs, struct why *why)
{
    struct hostfs *h = hostfs_of(fs);

    (void)why;
    hostfile_free(h->source);
    free(h);
}

static const struct fs_ops hostfs_ops = {
    .getattr = hostfs_getattr,
    .readlink = hostfs_readlink,
    .mknod = hostfs_mknod,
    .mkdir = hostfs_mkdir,
    .unlink = hostfs_unlink,
    .rmdir = hostfs_rmdir,
    .symlink = hostfs_symlink,
    .rename = hostfs_rename,
    .link = hostfs_link,
    .chown = hostfs_chown,
    .chmod = hostfs_chmod,
    .truncate = hostfs_truncate,
    .open = hostfs_open,
    .read = hostfs_read,
    .write = hostfs_write,
    .fsync = hostfs_fsync,
    .close = hostfs_close,
    .opendir = hostfs_opendir,
    .readdir = hostfs_readdir,
    .fsyncdir = hostfs_fsyncdir,
    .closedir = hostfs_close,
    .ioctl = hostfs_ioctl,
    .utimens = hostfs_utimens,
    .statfs = hostfs_statfs,
    .commit = hostfs_commit,
    .sync = hostfs_sync,
    .destroy = hostfs_destroy,
};

/** Check the form of a source. */
static int check_source(const struct fs_open *req)
{
    struct stat st;
    int probe;

    if (req->hostfile == NULL)
        return why_add(req->why, req->source == NULL && req->handle == NULL ? -EINVAL : -ENOTSUP,
                       "hostfs needs source=/DIR, a directory of the host");
    if (req->hostfile->file < 0)
        return why_add(req->why, -ENOENT, "%s: %s", req->hostfile->path, strerror(ENOENT));
    if (fstat(req->hostfile->file, &st) < 0 || !S_ISDIR(st.st_mode))
        return why_add(req->why, -ENOTSUP, "%s is no directory", req->hostfile->path);
    probe = beneath_find(req->hostfile->file, "/", false);
    if (probe < 0)
        return why_add(req->why, probe == -EIO ? -ENOTSUP : probe,
                       "%s: paths beneath it can't be walked: hostfs needs openat2(2), Linux 5.6",
                       req->hostfile->path);
    (void)close(probe);
    return 0;
}

static int hostfs_open_source(const struct fs_driver *driver, const struct fs_open *req,
                              struct fs **out)
{
    const bool writable = !req->readonly;
    struct hostfs *h;
    int err = check_source(req);

    if (err == 0 && writable)
        err = hostfile_access(req->hostfile, W_OK | X_OK);
    if (err < 0)
        return err == -EACCES || err == -EROFS
                   ? why_add(req->why, -EROFS, "%s can't be written", req->hostfile->path)
                   : err;
    h = calloc(1, sizeof(*h));
    if (h == NULL)
        return -ENOMEM;
    h->fs = (struct fs){
        .ops = &hostfs_ops, .driver = driver, .caps = FS_CAP_BLOCKING | FS_CAP_SYMLINKS};
    h->source = req->hostfile;
    h->writable = writable;
    h->is_root = geteuid() == 0;
    *out = &h->fs;
    return 0;
}

static const struct fs_opt hostfs_opts[] = {HOSTFS_OPTIONS(FS_OPTION_ROW){NULL, NULL}};

const struct fs_driver hostfs_driver = {
    .name = "hostfs",
    .doc = HOSTFS_DOC,
    .opts = hostfs_opts,
    .write_option = "write",
    .uncounted = true,
    .waits = true,
    .descriptors = HOSTFS_FILES_MAX + OWN_DESCRIPTORS,
    .open_source = hostfs_open_source,
};
