/* SPDX-License-Identifier: MIT */
/*
 * sqlitefs: the slots that change no names, and the making of instances. FORMAT.md has the file's
 * format and guarantees; store.h has the life of a change, tree.c the slots that change names.
 *
 *     source.c   the source and its options           lock.c   one opener at a time
 *     format.c   checking and making the database     scan.c   checking all rows
 *     store.c    changes, groups, durability          db.c     statements, errno
 *     shape.c    the schema, word for word            quota.c  the quota in the file
 *     room.c     a full disk                          heap.c   the largest piece of SQLite's memory
 *     tree.c     paths, names                         name.c   entries and their cache
 *     inode.c    inodes and their cache               data.c   content
 */
#include "fsdrivers/sqlitefs/sqlitefs.h"

#include "fsdrivers/fs_ops.h"
#include "fsdrivers/sqlitefs/data.h"
#include "fsdrivers/sqlitefs/inode.h"
#include "fsdrivers/sqlitefs/name.h"
#include "fsdrivers/sqlitefs/source.h"
#include "fsdrivers/sqlitefs/tree.h"
#include "schema/drivers.h"
#include "server/base/hostfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- Attributes ---- */

static int sqlitefs_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                            struct fs_stat *out, struct fs_file *file)
{
    struct inode *i;
    int err = inode_of(store_of(fs), path, file, &i);

    (void)who;
    if (err == 0)
        *out = i->stat;
    return err;
}

static int64_t sqlitefs_readlink(struct fs *fs, const struct fs_caller *who, const char *path,
                                 char *buf, size_t size)
{
    struct store *s = store_of(fs);
    char target[FS_PATH_MAX + 1] = "";
    sqlite3_stmt *q;
    struct inode *i;
    size_t len = 0;
    int err = inode_of(s, path, NULL, &i);

    (void)who;
    if (err == 0 && !S_ISLNK(i->stat.mode))
        err = -EINVAL;
    if (err < 0)
        return err;
    q = DB_USE(&s->db, SQL_SYMLINK_GET, (int64_t)i->stat.ino);
    err = db_row(q);
    if (err > 0)
        len = db_copy_bytes(q, 0, target, FS_PATH_MAX);
    db_end(q);
    if (err < 0)
        return err;
    if (len == 0 || len != i->stat.size || strnlen(target, FS_PATH_MAX) != len)
        return -EIO; /* no row, or one that a link can't have */
    memcpy(buf, target, len < size ? len : size);
    return len > size ? (int64_t)len : 0;
}

/* Begin a change of one inode's status. */
static int begin_status(struct store *s, const char *path, const struct fs_file *file,
                        struct inode **out)
{
    int err = inode_of(s, path, file, out);

    return err < 0 ? err : store_begin(s, 0);
}

static int sqlitefs_chown(struct fs *fs, const struct fs_caller *who, const char *path,
                          uint32_t uid, uint32_t gid, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = begin_status(s, path, file, &i);

    (void)who;
    if (err < 0)
        return err;
    if (uid != (uint32_t)-1)
        i->stat.uid = uid;
    if (gid != (uint32_t)-1)
        i->stat.gid = gid;
    inode_touch(s, i);
    return store_end(s, 0);
}

static int sqlitefs_chmod(struct fs *fs, const struct fs_caller *who, const char *path,
                          uint32_t mode, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = begin_status(s, path, file, &i);

    (void)who;
    if (err < 0)
        return err;
    i->stat.mode = (i->stat.mode & S_IFMT) | (mode & 07777u);
    inode_touch(s, i);
    return store_end(s, 0);
}

static int sqlitefs_utimens(struct fs *fs, const struct fs_caller *who, const char *path,
                            int64_t atime, int64_t mtime, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = begin_status(s, path, file, &i);

    (void)who;
    if (err < 0)
        return err;
    if (atime != INT64_MIN)
        i->stat.atime = atime;
    if (mtime != INT64_MIN)
        i->stat.mtime = mtime;
    inode_touch(s, i);
    return store_end(s, 0);
}

/* ---- Content ---- */

/* inode_of() for a file with content. */
static int regular_of(struct store *s, const char *path, const struct fs_file *file,
                      struct inode **out)
{
    int err = inode_of(s, path, file, out);

    if (err < 0 || S_ISREG((*out)->stat.mode))
        return err;
    return S_ISDIR((*out)->stat.mode) ? -EISDIR : -EINVAL;
}

static int sqlitefs_truncate(struct fs *fs, const struct fs_caller *who, const char *path,
                             uint64_t size, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = regular_of(s, path, file, &i);

    (void)who;
    if (err == 0)
        err = store_begin(s, size > i->stat.size ? 1 : 0);
    if (err < 0)
        return err;
    err = data_resize(s, i, size);
    if (err == 0)
        inode_touch_content(s, i);
    return store_end(s, err);
}

static int64_t sqlitefs_read(struct fs *fs, const struct fs_caller *who, const char *path,
                             struct fs_buf buf, int64_t off, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = regular_of(s, path, file, &i);

    (void)who;
    return err < 0 ? err : data_read(s, i, buf.ptr, buf.len, (uint64_t)off);
}

static int64_t sqlitefs_write(struct fs *fs, const struct fs_caller *who, const char *path,
                              struct fs_bytes bytes, int64_t off, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = regular_of(s, path, file, &i);

    (void)who;
    if (err < 0 || bytes.len == 0)
        return err;
    if (file != NULL && (file->flags & FS_O_APPEND) != 0)
        off = (int64_t)i->stat.size;
    err = store_begin(s, bytes.len);
    if (err < 0)
        return err;
    err = data_write(s, i, bytes.ptr, bytes.len, (uint64_t)off);
    if (err == 0)
        inode_touch_content(s, i);
    err = store_end(s, err);
    return err < 0 ? err : (int64_t)bytes.len;
}

/* fsync() and fsyncdir(): one log has everything, so all of it is stored. */
static int sqlitefs_fsync(struct fs *fs, const struct fs_caller *who, const char *path,
                          bool data_only, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = inode_of(s, path, file, &i);

    (void)who;
    (void)data_only;
    return err < 0 && err != -ESTALE ? err : store_sync(s);
}

/* ---- Handles ---- */

static void hold(struct inode *i, struct fs_file *file)
{
    i->refs++;
    file->handle = (uintptr_t)i;
    file->nonseekable = false;
}

/* Open a file that is not a directory. */
static int open_inode(const struct store *s, struct inode *i, struct fs_file *file)
{
    if (S_ISDIR(i->stat.mode))
        return -EISDIR;
    if (S_ISLNK(i->stat.mode))
        return -ELOOP;
    if ((file->flags & FS_O_WRONLY) != 0 && (s->readonly || s->broken != 0))
        return -EROFS;
    hold(i, file);
    return 0;
}

static int sqlitefs_open(struct fs *fs, const struct fs_caller *who, const char *path,
                         struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = inode_of(s, path, NULL, &i);

    (void)who;
    return err < 0 ? err : open_inode(s, i, file);
}

static int sqlitefs_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                            struct fs_file *file)
{
    struct inode *i;
    int err = inode_of(store_of(fs), path, NULL, &i);

    (void)who;
    if (err < 0)
        return err;
    if (!S_ISDIR(i->stat.mode))
        return -ENOTDIR;
    hold(i, file);
    return 0;
}

static int sqlitefs_lookup(struct fs *fs, const struct fs_caller *who, uint64_t ino,
                           struct fs_stat *out, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err;

    (void)who;
    if (ino < INO_ROOT || ino > INO_MAX)
        return -ESTALE;
    inodes_trim(s);
    err = inode_find(s, ino, &i);
    if (err < 0)
        return err;
    if (i->gone || i->stat.nlink == 0)
        return -ESTALE;
    if (file != NULL && S_ISDIR(i->stat.mode))
        hold(i, file);
    else if (file != NULL)
        err = open_inode(s, i, file);
    if (err == 0)
        *out = i->stat;
    return err;
}

/* Remove a file without a name whose last handle was closed, now or later. */
static int free_orphan(struct store *s, struct inode *i)
{
    int err = inode_remove_orphan(s, i);

    if (err != -EBUSY)
        return err;
    s->late = true;
    s->fs.untidy = true;
    return 0;
}

/* close() and closedir(). A store that lost changes reports it: there may be no later call that
 * could. */
static int sqlitefs_close(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i = (struct inode *)(uintptr_t)file->handle;

    (void)who;
    (void)path;
    i->refs--;
    if (s->broken == 0 && i->refs == 0 && i->stat.nlink == 0 && !i->gone)
        return free_orphan(s, i);
    return (file->flags & FS_O_WRONLY) != 0 ? s->broken : 0;
}

static int sqlitefs_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                            fs_readdir_fn callback, void *user, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int err = inode_of(s, path, file, &i);

    (void)who;
    if (err < 0)
        return err;
    return S_ISDIR(i->stat.mode) ? name_each(s, i->stat.ino, callback, user) : -ENOTDIR;
}

static int64_t sqlitefs_ioctl(struct fs *fs, const struct fs_caller *who, const char *path,
                              uint32_t command, struct fs_file *file)
{
    struct inode *i;
    int err = inode_of(store_of(fs), path, file, &i);

    (void)who;
    (void)command;
    return err < 0 ? err : -ENOTTY;
}

/* ---- The instance ---- */

static int sqlitefs_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    const struct store *s = store_of(fs);

    (void)who;
    *out = (struct fs_statfs){
        .bytes_total = s->fs.quota_bytes,
        .bytes_used = s->totals.bytes,
        .inodes_used = s->totals.inodes - 1,
        .readonly = s->readonly || s->broken != 0,
    };
    if (s->broken != 0)
        (void)snprintf(out->note, sizeof(out->note), "read-only after an error: %.36s",
                       strerror(-s->broken));
    else if (s->damaged)
        (void)snprintf(out->note, sizeof(out->note), "damaged: it holds names that can't be shown");
    else if (s->sync == SYNC_NONE)
        (void)snprintf(out->note, sizeof(out->note), "sync=none: fsync does nothing");
    return 0;
}

static int sqlitefs_commit(struct fs *fs, const struct fs_caller *who)
{
    (void)who;
    return store_commit(store_of(fs));
}

static void sqlitefs_tidy(struct fs *fs, const struct fs_caller *who)
{
    (void)who;
    store_tidy(store_of(fs));
}

static int sqlitefs_sync(struct fs *fs, const struct fs_caller *who)
{
    (void)who;
    return store_sync(store_of(fs));
}

static void sqlitefs_destroy(struct fs *fs, struct why *why)
{
    struct store *s = store_of(fs);

    store_close(s, why);
    hostfile_free(s->hostfile);
    free(s);
}

static const struct fs_ops sqlitefs_ops = {
    .getattr = sqlitefs_getattr,
    .lookup = sqlitefs_lookup,
    .readlink = sqlitefs_readlink,
    .mknod = sqlitefs_mknod,
    .mkdir = sqlitefs_mkdir,
    .unlink = sqlitefs_unlink,
    .rmdir = sqlitefs_rmdir,
    .symlink = sqlitefs_symlink,
    .rename = sqlitefs_rename,
    .link = sqlitefs_link,
    .chown = sqlitefs_chown,
    .chmod = sqlitefs_chmod,
    .truncate = sqlitefs_truncate,
    .open = sqlitefs_open,
    .read = sqlitefs_read,
    .write = sqlitefs_write,
    .fsync = sqlitefs_fsync,
    .close = sqlitefs_close,
    .opendir = sqlitefs_opendir,
    .readdir = sqlitefs_readdir,
    .fsyncdir = sqlitefs_fsync,
    .closedir = sqlitefs_close,
    .ioctl = sqlitefs_ioctl,
    .utimens = sqlitefs_utimens,
    .statfs = sqlitefs_statfs,
    .commit = sqlitefs_commit,
    .tidy = sqlitefs_tidy,
    .sync = sqlitefs_sync,
    .destroy = sqlitefs_destroy,
};

static int sqlitefs_open_source(const struct fs_driver *driver, const struct fs_open *req,
                                struct fs **out)
{
    struct store *s = calloc(1, sizeof(*s));
    int err;

    if (s == NULL)
        return -ENOMEM;
    s->fs = (struct fs){
        .ops = &sqlitefs_ops, .driver = driver, .caps = FS_CAP_EXPORT | FS_CAP_SYMLINKS};
    s->maker = req->who;
    s->env = *req->env;
    s->readonly = req->readonly;
    s->lock = (struct lock)LOCK_INIT;
    s->clean = true;
    list_init(&s->dirty);
    err = source_open(s, req);
    if (err < 0) {
        store_close(s, NULL);
        free(s);
        return err;
    }
    *out = &s->fs;
    return 0;
}

const struct fs_driver sqlitefs_driver = {
    .name = "sqlitefs",
    .doc = SQLITEFS_DOC,
    .descriptors =
        8, /* its directory, the file, its log with index and journal, the lock, a temporary one */
    .opts = source_opts,
    .open_source = sqlitefs_open_source,
};
