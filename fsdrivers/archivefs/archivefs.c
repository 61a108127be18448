/* SPDX-License-Identifier: MIT */
/*
 * archivefs: the files in an archive, for reading.
 *
 *     MAKE_FS ──> archivefs ──> index.c       the tree, in memory: all slots but read() are answered from it
 *                     │
 *                     └── helper.c ─── socket ─── scbox-archive      reads archives, by libarchive
 *
 * An archive is read once when it is opened, for its names and their attributes: take.c makes an index of what
 * the helper says. Content stays in the archive; read() asks the helper for it, and keeps the last
 * WIRE_READ_MAX bytes, so small reads in order ask once in a while. helper/source.h says what a read costs.
 *
 * The archive may be hostile, and the helper may be taken over by it: what it says is checked, and it can do
 * nothing but answer. When it is dead all reads answer -EIO; names and attributes are still there.
 *
 * Devices, FIFOs and sockets have a status, but open() answers -ENXIO; for files whose content is encrypted
 * it answers -EACCES. An archive that is damaged or cut short is refused as a whole, because files would be
 * missing from it without a word.
 *
 * More archives are stacked by add_source(), as if all were one archive. A source that is a handle is copied, so
 * everything else can be done where it may wait.
 */
#include "fsdrivers/archivefs/archivefs.h"

#include "fsdrivers/archivefs/add.h"
#include "fsdrivers/fs_ops.h"
#include "schema/drivers.h"
#include "server/base/check.h"
#include "server/base/hostfile.h"
#include "server/base/list.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Descriptors of an instance: two of its source, the helper's socket, and one that is opened to be sent. */
enum { OWN_DESCRIPTORS = 5, MS_PER_S = 1000 };

static struct archivefs *archivefs_of(struct fs *fs)
{
    return container_of(fs, struct archivefs, fs);
}

/** The file of a path or of an open file. Returns 0; -errno of index_walk(). */
static int find(const struct archivefs *a, const char *path, const struct fs_file *file,
                struct index_file **out)
{
    uint32_t name;
    int err;

    if (file != NULL) {
        *out = index_file_at(&a->index, (uint32_t)file->handle);
        return 0;
    }
    err = index_walk(&a->index, path, &name);
    if (err == 0)
        *out = index_file_at(&a->index, index_name_at(&a->index, name)->file);
    return err;
}

/* ---- Status ---- */

static int archivefs_getattr(struct fs *fs, const struct fs_caller *who, const char *path,
                             struct fs_stat *out, struct fs_file *file)
{
    struct index_file *f;
    const int err = find(archivefs_of(fs), path, file, &f);

    (void)who;
    if (err == 0)
        *out = f->stat;
    return err;
}

static int64_t archivefs_readlink(struct fs *fs, const struct fs_caller *who, const char *path,
                                  char *buf, size_t size)
{
    const struct archivefs *a = archivefs_of(fs);
    struct index_file *f;
    size_t len;
    const int err = find(a, path, NULL, &f);

    (void)who;
    if (err < 0)
        return err;
    if (!S_ISLNK(f->stat.mode))
        return -EINVAL;
    len = (size_t)f->stat.size;
    memcpy(buf, (const char *)a->index.text.ptr + f->target, len < size ? len : size);
    return len > size ? (int64_t)len : 0;
}

static int archivefs_statfs(struct fs *fs, const struct fs_caller *who, struct fs_statfs *out)
{
    const struct archivefs *a = archivefs_of(fs);

    (void)who;
    *out =
        (struct fs_statfs){.bytes_used = a->bytes, .inodes_used = a->index.named, .readonly = true};
    if (a->helper.fd < 0)
        (void)snprintf(out->note, sizeof(out->note), "the helper has ended: reads answer EIO");
    else if (a->left_out > 0 || a->encrypted > 0)
        (void)snprintf(out->note, sizeof(out->note),
                       "%" PRIu32 " entries left out, %" PRIu32 " encrypted", a->left_out,
                       a->encrypted);
    return 0;
}

/* ---- Content ---- */

/** Why a file is not opened for its content: 0 it may be. */
static int refuse(const struct index_file *f)
{
    if (S_ISREG(f->stat.mode))
        return f->encrypted ? -EACCES : 0;
    return index_is_dir(f) ? -EISDIR : S_ISLNK(f->stat.mode) ? -ELOOP : -ENXIO;
}

static int archivefs_open(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_file *file)
{
    struct index_file *f;
    int err = find(archivefs_of(fs), path, NULL, &f);

    (void)who;
    if (err == 0)
        err = refuse(f);
    if (err == 0)
        file->handle = f->stat.ino;
    return err;
}

/** Ask the helper for the content at a position. Returns 0; -EIO; -EINTR: nothing is held. */
static int fetch(struct archivefs *a, const struct index_file *f, uint64_t off)
{
    const int64_t deadline = helper_deadline(a->patience_ms);
    const uint64_t left = f->stat.size - off;
    struct wire_ask ask = {.op = WIRE_READ,
                           .source = f->source,
                           .count = left < WIRE_READ_MAX ? (uint32_t)left : WIRE_READ_MAX,
                           .entry = f->entry,
                           .off = off};
    int err = helper_ask(&a->helper, &ask, -1);
    size_t held = 0;

    a->held_file = INDEX_NONE;
    while (err == 0) {
        err = helper_next(&a->helper, deadline, &a->packet);
        if (err < 0 || a->packet.head.kind != WIRE_BYTES)
            break;
        if (a->packet.len == 0 || a->packet.len > ask.count - held)
            return helper_kill(&a->helper);
        memcpy(a->content + held, a->packet.bytes, a->packet.len);
        held += a->packet.len;
    }
    if (err < 0)
        return err == -EINTR ? -EINTR : -EIO;
    if (a->packet.head.kind != WIRE_DONE)
        return helper_kill(&a->helper);
    if (held != ask.count)
        return -EIO;
    a->held_file = (uint32_t)f->stat.ino;
    a->at = off;
    a->held = held;
    return 0;
}

/** Copy what is held of a file at a position. Returns bytes. */
static size_t copy_held(const struct archivefs *a, const struct index_file *f, struct fs_buf buf,
                        uint64_t off)
{
    size_t len;

    if (a->held_file != f->stat.ino || off < a->at || off - a->at >= a->held)
        return 0;
    len = a->held - (size_t)(off - a->at);
    len = len < buf.len ? len : buf.len;
    memcpy(buf.ptr, a->content + (off - a->at), len);
    return len;
}

static int64_t archivefs_read(struct fs *fs, const struct fs_caller *who, const char *path,
                              struct fs_buf buf, int64_t off, struct fs_file *file)
{
    struct archivefs *a = archivefs_of(fs);
    uint64_t at = (uint64_t)off;
    size_t done = 0;
    struct index_file *f;
    int err = find(a, path, file, &f);

    if (err == 0)
        err = refuse(f);
    if (err < 0 || at >= f->stat.size)
        return err;
    if (buf.len > f->stat.size - at)
        buf.len = (size_t)(f->stat.size - at);
    while (done < buf.len) {
        const size_t got =
            copy_held(a, f, (struct fs_buf){buf.ptr + done, buf.len - done}, at + done);

        done += got;
        if (got > 0)
            continue;
        if (who->nowait)
            return FS_WOULD_WAIT;
        err = fetch(a, f, at + done);
        if (err < 0)
            return err;
    }
    return (int64_t)done;
}

static void archivefs_interrupt(struct fs *fs)
{
    atomic_store(&archivefs_of(fs)->helper.interrupted, true);
}

/* ---- Directories ---- */

static int archivefs_opendir(struct fs *fs, const struct fs_caller *who, const char *path,
                             struct fs_file *file)
{
    struct index_file *f;
    const int err = find(archivefs_of(fs), path, NULL, &f);

    (void)who;
    if (err < 0 || !index_is_dir(f))
        return err < 0 ? err : S_ISLNK(f->stat.mode) ? -ELOOP : -ENOTDIR;
    file->handle = f->stat.ino;
    return 0;
}

/** In the order of the archive, in which reading all files is linear. */
static int archivefs_readdir(struct fs *fs, const struct fs_caller *who, const char *path,
                             fs_readdir_fn callback, void *user, struct fs_file *file)
{
    const struct index *ix = &archivefs_of(fs)->index;
    struct index_file *dir;
    uint32_t at;
    int result = find(archivefs_of(fs), path, file, &dir);

    (void)who;
    if (result < 0 || !index_is_dir(dir))
        return result < 0 ? result : S_ISLNK(dir->stat.mode) ? -ELOOP : -ENOTDIR;
    if (dir->stat.nlink == 0) /* a later source has removed it */
        return 0;
    at = index_name_at(ix, dir->name)->first;
    while (result == 0 && at != INDEX_NONE) {
        const struct index_name *n = index_name_at(ix, at);
        char name[FS_NAME_MAX + 1];

        memcpy(name, (const char *)ix->text.ptr + n->text, n->len);
        name[n->len] = '\0';
        at = n->next;
        result = callback(user, name, &index_file_at(ix, n->file)->stat);
    }
    return result;
}

static int archivefs_close(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_file *file)
{
    (void)fs, (void)who, (void)path, (void)file;
    return 0;
}

static int archivefs_lookup(struct fs *fs, const struct fs_caller *who, uint64_t ino,
                            struct fs_stat *out, struct fs_file *file)
{
    const struct archivefs *a = archivefs_of(fs);
    const struct index_file *f;
    int err;

    (void)who;
    if (ino < INDEX_ROOT || ino >= a->index.files.count)
        return -ESTALE;
    f = index_file_at(&a->index, (uint32_t)ino);
    if (f->stat.nlink == 0)
        return -ESTALE;
    err = file == NULL || index_is_dir(f) ? 0 : refuse(f);
    if (err == 0)
        *out = f->stat;
    if (err == 0 && file != NULL)
        file->handle = ino;
    return err;
}

static int archivefs_fsync(struct fs *fs, const struct fs_caller *who, const char *path,
                           bool data_only, struct fs_file *file)
{
    struct index_file *f;

    (void)who, (void)data_only;
    return find(archivefs_of(fs), path, file, &f);
}

static int archivefs_sync(struct fs *fs, const struct fs_caller *who)
{
    (void)fs, (void)who;
    return 0;
}

/* ---- Sources ---- */

/** A copy that the helper has now counts until the end. */
static void keep_copy(struct archivefs *a, struct fs_copy *copy)
{
    a->copied += copy->size;
    copy->size = 0;
}

static int archivefs_add_source(struct fs *fs, const struct fs_open *req)
{
    struct archivefs *a = archivefs_of(fs);
    int err;

    if (req->opts != NULL && *req->opts != '\0')
        return why_add(req->why, -EINVAL, "a further archive has no options: %s", req->opts);
    if (a->archives == WIRE_ARCHIVES_MAX)
        return why_add(req->why, -ENOSPC, "archivefs stacks %d archives at most",
                       WIRE_ARCHIVES_MAX);
    copy_done(&a->rest, &a->env); /* of one that was given up */
    err = copy_make(req, &a->env, &a->rest);
    return err < 0 ? err : FS_WOULD_WAIT;
}

static int archivefs_add_rest(struct fs *fs, const struct fs_caller *who, struct why *why)
{
    struct archivefs *a = archivefs_of(fs);
    int err;

    if (who->nowait)
        return FS_WOULD_WAIT;
    err = add_archive(a, a->rest.fd, NULL, why);
    if (err == 0)
        keep_copy(a, &a->rest);
    copy_done(&a->rest, &a->env);
    return err;
}

/** Open the source of a request. Returns a descriptor, -errno. */
static int open_source(const struct fs_open *req)
{
    struct stat st;
    int fd;

    if (req->copy != NULL) {
        fd = fcntl(req->copy->fd, F_DUPFD_CLOEXEC, 0);
        return fd >= 0 ? fd : -EMFILE;
    }
    if (req->hostfile == NULL)
        return why_add(req->why, req->source == NULL ? -EINVAL : -ENOTSUP,
                       "archivefs needs source=/path/file, or a handle");
    if (req->hostfile->file < 0)
        return why_add(req->why, -ENOENT, "%s: %s", req->hostfile->path, strerror(ENOENT));
    if (fstat(req->hostfile->file, &st) < 0 || !S_ISREG(st.st_mode))
        return why_add(req->why, -ENOTSUP, "%s is not a regular file", req->hostfile->path);
    if (st.st_size > SOURCE_SIZE_MAX)
        return why_add(req->why, -EIO, "%s has %lld bytes; an archive has at most %lld",
                       req->hostfile->path, (long long)st.st_size, (long long)SOURCE_SIZE_MAX);
    fd = hostfile_reopen(req->hostfile, O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : why_add(req->why, fd, "%s: %s", req->hostfile->path, strerror(-fd));
}

static void archivefs_destroy(struct fs *fs, struct why *why)
{
    struct archivefs *a = archivefs_of(fs);

    (void)why;
    (void)helper_kill(&a->helper);
    index_done(&a->index);
    copy_done(&a->rest, &a->env);
    a->env.give(a->env.user, sizeof(*a) + a->copied);
    hostfile_free(a->source);
    free(a);
}

static const struct fs_ops archivefs_ops = {
    .getattr = archivefs_getattr,
    .readlink = archivefs_readlink,
    .open = archivefs_open,
    .read = archivefs_read,
    .fsync = archivefs_fsync,
    .close = archivefs_close,
    .opendir = archivefs_opendir,
    .readdir = archivefs_readdir,
    .fsyncdir = archivefs_fsync,
    .closedir = archivefs_close,
    .lookup = archivefs_lookup,
    .statfs = archivefs_statfs,
    .commit = archivefs_sync,
    .sync = archivefs_sync,
    .interrupt = archivefs_interrupt,
    .add_source = archivefs_add_source,
    .add_rest = archivefs_add_rest,
    .destroy = archivefs_destroy,
};

/** Make an instance without files. Returns 0; -ENOMEM; -ENOSPC; as helper_start(). */
static int make(const struct fs_driver *driver, const struct fs_open *req, struct archivefs **out)
{
    struct archivefs *a = calloc(1, sizeof(*a));
    int err;

    if (a == NULL)
        return -ENOMEM;
    a->fs = (struct fs){.ops = &archivefs_ops,
                        .driver = driver,
                        .caps = FS_CAP_BLOCKING | FS_CAP_SYMLINKS | FS_CAP_EXPORT};
    a->env = *req->env;
    a->patience_ms = (int64_t)req->timeout_s * MS_PER_S * 9 / 10;
    a->helper.fd = -1;
    a->rest.fd = -1;
    if (!a->env.take(a->env.user, sizeof(*a))) {
        free(a);
        return why_add(req->why, -ENOSPC, "the machine has no room for the archive's index");
    }
    err = index_new(&a->env, &a->index);
    if (err == 0)
        err = helper_start(&a->helper, &a->packet, helper_deadline(a->patience_ms), req->why);
    if (err < 0)
        archivefs_destroy(&a->fs, NULL);
    else
        *out = a;
    return err;
}

static int archivefs_open_source(const struct fs_driver *driver, const struct fs_open *req,
                                 struct fs **out)
{
    const bool is_layout = req->hostfile != NULL && req->hostfile->directory;
    const int fd = is_layout ? -1 : open_source(req);
    struct archivefs *a;
    int err;

    if (fd < 0 && !is_layout)
        return fd;
    err = make(driver, req, &a);
    if (err == 0) {
        err = add_archive(a, fd, is_layout ? req->hostfile : NULL, req->why);
        if (err < 0)
            archivefs_destroy(&a->fs, NULL);
    }
    if (fd >= 0)
        (void)close(fd);
    if (err < 0)
        return err;
    a->source = req->hostfile;
    if (req->copy != NULL) {
        keep_copy(a, req->copy);
        copy_done(req->copy, &a->env);
    }
    *out = &a->fs;
    return 0;
}

static const struct fs_opt archivefs_opts[] = {ARCHIVEFS_OPTIONS(FS_OPTION_ROW){NULL, NULL}};

const struct fs_driver archivefs_driver = {
    .name = "archivefs",
    .doc = ARCHIVEFS_DOC,
    .readonly = true,
    .waits = true,
    .helper = true,
    .copies = true,
    .stacks = true,
    .descriptors = OWN_DESCRIPTORS,
    .opts = archivefs_opts,
    .open_source = archivefs_open_source,
};
