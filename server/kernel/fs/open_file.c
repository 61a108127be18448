/* SPDX-License-Identifier: MIT */
/* Open files: from a place to a handle, and the operations on handles. */
#include "server/kernel/fs/open_file.h"

#include "server/base/strbuf.h"
#include "server/kernel/door/driver.h"
#include "server/kernel/fs/channel.h"
#include "server/kernel/fs/listing.h"
#include "server/kernel/fs/mount.h"
#include "server/kernel/fs/node.h"
#include "server/kernel/fs/perm.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/mapped.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/** The driver's open flags for a handle's rights. */
static uint32_t slot_flags(uint32_t mode)
{
    uint32_t flags = 0;

    if ((mode & FM_READ) != 0 || (mode & FM_WRITE) == 0)
        flags |= FS_O_RDONLY;
    if ((mode & FM_WRITE) != 0)
        flags |= FS_O_WRONLY;
    if ((mode & FM_APPEND) != 0)
        flags |= FS_O_APPEND;
    if ((mode & FM_BLOCKING) == 0)
        flags |= FS_O_NONBLOCK;
    return flags;
}

static bool needs_path(const struct open_file *f)
{
    return (f->mount->fs->caps & FS_CAP_NO_OPEN) != 0;
}

/** The path a driver without handles needs; NULL for all others. */
static const char *slot_path(const struct open_file *f, struct path *buf)
{
    if (!needs_path(f))
        return NULL;
    return node_path(f->node, buf) == 0 ? buf->str : NULL;
}

/** Check that the machine may keep one more label. */
static int check_label(const struct machine *m, struct sc_str label, struct why *why)
{
    if (label.len <= m->limits.labels - m->labels)
        return 0;
    return why_add(why, -EMFILE,
                   "the names that the machine's open files were opened by have %" PRIu64
                   " of %" PRIu64 " bytes (limit labels)",
                   m->labels, m->limits.labels);
}

/** Allocate a file that is not open in the driver yet, with its node. */
static int file_new(struct place *at, uint32_t mode, struct sc_str label, struct why *why,
                    struct open_file **out)
{
    struct mount *m = at->view->mount;
    struct open_file *f;
    int err = check_label(m->machine, label, why);

    if (err < 0)
        return err;
    f = calloc(1, sizeof(*f));
    if (f == NULL)
        return -ENOMEM;
    f->label = strndup(label.ptr, label.len);
    err = f->label == NULL ? -ENOMEM : node_get(m, &at->path, why, &f->node);
    if (err < 0) {
        free(f->label);
        free(f);
        return err;
    }
    m->machine->labels += strlen(f->label);
    f->mount = mount_ref(m);
    f->node->open_count++;
    f->mode = mode;
    f->view_modes = at->view->ok_modes;
    f->ino = at->exists ? at->stat.ino : 0;
    f->file.flags = slot_flags(mode);
    f->refs = 1;
    m->machine->census.files++;
    *out = f;
    return 0;
}

/** Free everything except the driver's handle. */
static void file_free(struct open_file *f)
{
    listing_drop(f);
    f->mount->machine->labels -= strlen(f->label);
    f->mount->machine->census.files--;
    f->node->open_count--;
    (void)node_unref(f->node);
    (void)mount_unref(f->mount);
    free(f->label);
    free(f);
}

static int open_in_driver(struct open_file *f, const struct fs_caller *who, const char *path)
{
    return f->is_dir ? driver_opendir(f->mount, who, path, &f->file)
                     : driver_open(f->mount, who, path, &f->file);
}

/** Open a file whose content is to be deleted: only for user 0 the set-id bits stay. */
static int open_emptied(struct open_file *f, struct place *at)
{
    struct mount *m = f->mount;
    int err = at->who.uid != 0 ? mount_drop_ids(m, &at->who, at->path.str, NULL, &at->stat) : 0;

    if (err < 0)
        return err;
    f->file.flags |= FS_O_TRUNC;
    err = open_in_driver(f, &at->who, at->path.str);
    if (err == 0)
        mapped_resized(m, at->stat.ino, at->stat.size, 0);
    else if (at->who.uid != 0)
        mount_restore_ids(m, &at->who, at->path.str, NULL, &at->stat);
    return err;
}

/** The permission bits that OPEN's mode needs. */
static unsigned perm_of_mode(uint32_t mode)
{
    unsigned want = 0;

    if ((mode & (FM_READ | FM_READDIR | FM_MMAP)) != 0)
        want |= PERM_READ;
    if ((mode & (FM_WRITE | FM_TRUNC | FM_APPEND)) != 0)
        want |= PERM_WRITE;
    return want;
}

/** Check that an existing place may be opened with @mode. */
static int check_open(const struct place *at, uint32_t mode, struct why *why)
{
    bool is_dir = at->exists && S_ISDIR(at->stat.mode);

    if (!at->exists && (mode & FM_CREATE) == 0)
        return vfs_refuse_missing(at, why);
    if (is_dir && mode != FM_READDIR)
        return why_add(why, -EISDIR, "a directory can only be opened with exactly READDIR");
    if (!is_dir && (mode & FM_READDIR) != 0)
        return why_add(why, -ENOTDIR, "%s is not a directory", at->path.str);
    return at->exists ? perm_check(&at->stat, at->path.str, &at->who, perm_of_mode(mode), why) : 0;
}

int vfs_open(struct place *at, uint32_t mode, struct sc_str label, struct why *why,
             struct open_file **out)
{
    struct open_file *f;
    bool created = false;
    bool emptied;
    int err = check_open(at, mode, why);

    if (err < 0)
        return err;
    err = file_new(at, mode, label, why, &f);
    if (err < 0)
        return err;
    f->is_dir = at->exists && S_ISDIR(at->stat.mode);
    emptied = (mode & FM_TRUNC) != 0 && at->exists && S_ISREG(at->stat.mode);
    if (!at->exists) {
        err = vfs_make_file(at, why);
        created = err == 0;
    }
    if (err == 0)
        err = emptied ? open_emptied(f, at) : open_in_driver(f, &at->who, at->path.str);
    if (err < 0)
        goto out;
    if (emptied)
        mount_changed(f->mount);
    *out = f;
    return 0;
out:
    if (!created && at->exists)
        err = mount_answer(f->mount, err, NULL, why);
    file_free(f);
    if (created)
        (void)driver_unlink(at->view->mount, &at->who,
                            at->path.str); /* the first error is the one to report */
    return err;
}

int open_file_of_end(struct machine *m, struct channel_end *end, uint32_t mode,
                     struct open_file **out)
{
    struct open_file *f = calloc(1, sizeof(*f));
    struct strbuf label = STRBUF_INIT;

    if (f == NULL)
        return -ENOMEM;
    if (strbuf_addf(&label, "channel:%" PRIu64, ++m->channel_ends_made) < 0) {
        free(f);
        return -ENOMEM;
    }
    f->label = label.ptr;
    f->end = end;
    f->mode = mode;
    f->view_modes = SC_FM_NAMED;
    f->file.nonseekable = true;
    f->refs = 1;
    m->census.files++;
    *out = f;
    return 0;
}

/** Close a channel's end whose last reference is gone. */
static void close_end(struct open_file *f)
{
    f->end->readable.machine->census.files--;
    channel_close(f->end);
    free(f->label);
    free(f);
}

struct open_file *open_file_ref(struct open_file *f)
{
    f->refs++;
    return f;
}

struct open_file *open_file_unref(struct open_file *f)
{
    int err;

    if (f == NULL || --f->refs > 0)
        return NULL;
    if (f->end != NULL) {
        close_end(f);
        return NULL;
    }
    err = f->is_dir ? driver_closedir(f->mount, &vfs_nobody, NULL, &f->file)
                    : driver_close(f->mount, &vfs_nobody, NULL, &f->file);
    if (err < 0)
        event_note(f->mount->machine, 0, "closing %s: %s", f->label, sc_errno_name(err));
    mount_changed(f->mount);
    file_free(f);
    return NULL;
}

int64_t open_file_load(struct open_file *f, const struct fs_caller *who, char *buf, size_t len,
                       int64_t off)
{
    struct path path;

    if (f->end != NULL)
        return channel_read(f->end, buf, len);
    return driver_read(f->mount, who, slot_path(f, &path), (struct fs_buf){buf, len}, off,
                       &f->file);
}

int64_t vfs_read(struct open_file *f, const struct fs_caller *who, char *buf, size_t len,
                 int64_t off)
{
    int64_t count = open_file_load(f, who, buf, len, off);
    struct mapped_file *mf = mapped_of(f);
    int err = 0;

    if (mf != NULL && count > 0)
        err = mapped_read(mf, buf, (size_t)count, (uint64_t)off);
    return err < 0 ? err : count;
}

/** Write with the flags of @file. */
static int64_t write_as(struct open_file *f, const struct fs_caller *who, struct fs_file *file,
                        struct fs_bytes bytes, int64_t off)
{
    struct path path;
    int64_t count;

    if (f->end != NULL)
        return channel_write(f->end, bytes.ptr, bytes.len);
    count = driver_write(f->mount, who, slot_path(f, &path), bytes, off, file);
    mount_changed(f->mount);
    return count;
}

bool vfs_is_ready(struct open_file *f, const struct fs_caller *who, bool write)
{
    struct path path;

    if (f->end != NULL)
        return channel_is_ready(f->end, write);
    return f->is_dir || driver_poll(f->mount, who, slot_path(f, &path), write, &f->file);
}

int64_t open_file_store(struct open_file *f, const char *buf, size_t len, int64_t off)
{
    struct fs_file file = f->file;

    file.flags &= ~(uint32_t)FS_O_APPEND;
    return write_as(f, &vfs_nobody, &file, (struct fs_bytes){buf, len}, off);
}

/** Write to a mapped file: its pages get the same bytes. */
static int64_t write_mapped(struct open_file *f, const struct fs_caller *who,
                            struct mapped_file *mf, struct fs_bytes bytes, int64_t off)
{
    struct fs_stat st;
    int64_t count = vfs_fstat(f, who, &st);

    if (count < 0)
        return count;
    if ((f->mode & FM_APPEND) != 0)
        off = (int64_t)st.size;
    count = write_as(f, who, &f->file, bytes, off);
    if (count > 0)
        mapped_written(mf, bytes.ptr, (size_t)count, (uint64_t)off, st.size);
    return count;
}

/** Get the status of a file to be written, for mount_drop_ids(). Returns whether it is needed. */
static bool may_have_ids(struct open_file *f, const struct fs_caller *who, struct fs_stat *out)
{
    return who->uid != 0 && f->mount != NULL && vfs_fstat(f, who, out) == 0 && S_ISREG(out->mode);
}

int vfs_before_change(struct open_file *f, const struct fs_caller *who)
{
    struct path path;
    struct fs_stat st;
    int err;

    if (!may_have_ids(f, who, &st))
        return 0;
    err = mount_drop_ids(f->mount, who, slot_path(f, &path), &f->file, &st);
    mount_changed(f->mount);
    return err;
}

int64_t vfs_write(struct open_file *f, const struct fs_caller *who, const char *buf, size_t len,
                  int64_t off)
{
    struct mapped_file *mf = mapped_of(f);
    struct path path;
    struct fs_stat st;
    bool drop = len > 0 && may_have_ids(f, who, &st);
    int64_t count = drop ? mount_drop_ids(f->mount, who, slot_path(f, &path), &f->file, &st) : 0;

    if (count < 0)
        return count;
    count = mf != NULL ? write_mapped(f, who, mf, (struct fs_bytes){buf, len}, off)
                       : write_as(f, who, &f->file, (struct fs_bytes){buf, len}, off);
    if (count < 0 && drop)
        mount_restore_ids(f->mount, who, slot_path(f, &path), &f->file, &st);
    return count;
}

int vfs_write_back(struct open_file *f, uint64_t *at, size_t *pages)
{
    struct mapped_file *mf = mapped_of(f);

    return mf != NULL ? mapped_write_back(mf, at, pages) : 0;
}

int vfs_fstat(struct open_file *f, const struct fs_caller *who, struct fs_stat *out)
{
    struct path path;

    if (f->end != NULL) {
        *out = (struct fs_stat){.mode = S_IFIFO | 0600, .nlink = 1, .size = f->end->in.len};
        return 0;
    }
    return driver_getattr(f->mount, who, slot_path(f, &path), out, &f->file);
}

int vfs_fsync(struct open_file *f, const struct fs_caller *who, bool data_only, int back)
{
    struct path path;
    const char *at = slot_path(f, &path);
    int err = f->is_dir ? driver_fsyncdir(f->mount, who, at, data_only, &f->file)
                        : driver_fsync(f->mount, who, at, data_only, &f->file);

    mount_changed(f->mount);
    if (back == 0)
        back = f->write_error;
    f->write_error = 0;
    if (err == 0 || err == -ENOSYS) /* a driver without fsync() has nothing to store */
        return back;
    return err;
}

int64_t vfs_ioctl(struct open_file *f, const struct fs_caller *who, uint32_t command,
                  struct fs_buf data)
{
    struct path path;
    int64_t result = driver_ioctl(f->mount, who, slot_path(f, &path), command, data, &f->file);

    mount_changed(f->mount);
    return result == -ENOSYS ? -ENOTTY : result;
}
