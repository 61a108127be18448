/* SPDX-License-Identifier: MIT */
/* Operations on a file's attributes: size, bits, owner and times. */
#include "server/kernel/door/driver.h"
#include "server/kernel/fs/mount.h"
#include "server/kernel/fs/perm.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/mapped.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

enum { SET_IDS = S_ISUID | S_ISGID };

static bool has_ids(const struct fs_stat *st)
{
    return !S_ISDIR(st->mode) && (st->mode & SET_IDS) != 0;
}

int mount_drop_ids(struct mount *m, const struct fs_caller *who, const char *path,
                   struct fs_file *file, const struct fs_stat *st)
{
    if (!has_ids(st))
        return 0;
    return driver_chmod(m, who, path, st->mode & 07777u & ~(uint32_t)SET_IDS, file);
}

void mount_restore_ids(struct mount *m, const struct fs_caller *who, const char *path,
                       struct fs_file *file, const struct fs_stat *st)
{
    int err = has_ids(st) ? driver_chmod(m, who, path, st->mode & 07777u, file) : 0;

    if (err < 0)
        event_note(m->machine, 0, "%s: restoring permission bits: %s", m->driver,
                   sc_errno_name(err));
}

/** Truncate for the place's caller: only for user 0 the set-id bits stay. */
static int truncate_as(struct place *at, uint64_t size)
{
    struct mount *m = at->view->mount;
    int err = at->who.uid != 0 ? mount_drop_ids(m, &at->who, at->path.str, NULL, &at->stat) : 0;

    if (err < 0)
        return err;
    err = driver_truncate(m, &at->who, at->path.str, size, NULL);
    if (err < 0 && at->who.uid != 0)
        mount_restore_ids(m, &at->who, at->path.str, NULL, &at->stat);
    return err;
}

int vfs_truncate(struct place *at, uint64_t size, struct why *why)
{
    struct mount *m = at->view->mount;
    int err;

    if (S_ISDIR(at->stat.mode))
        return why_add(why, -EISDIR, "%s is a directory", at->path.str);
    if (!S_ISREG(at->stat.mode))
        return why_add(why, -EINVAL, "%s is not a regular file: it has no size", at->path.str);
    if (size > INT64_MAX)
        return why_add(why, -EFBIG, "a file of %" PRIu64 " bytes is too large", size);
    err = perm_check(&at->stat, at->path.str, &at->who, PERM_WRITE, why);
    if (err < 0)
        return err;
    err = truncate_as(at, size);
    if (err == 0)
        mapped_resized(m, at->stat.ino, at->stat.size, size);
    return mount_answer(m, err, NULL, why);
}

int vfs_chmod(struct place *at, uint32_t mode, struct why *why)
{
    struct mount *m = at->view->mount;
    int err = perm_owner(at, why);

    if (err < 0)
        return err;
    if (at->who.uid != 0 && at->who.gid != at->stat.gid) /* a group that the caller is not in */
        mode &= ~(uint32_t)S_ISGID;
    err = driver_chmod(m, &at->who, at->path.str, mode, NULL);
    return mount_answer(m, err, "store permissions", why);
}

/** Check that the caller may give a file to @owner. */
static int may_give(const struct place *at, struct creds owner, struct why *why)
{
    int err = perm_owner(at, why);

    if (err < 0 || at->who.uid == 0)
        return err;
    if (owner.uid != CREDS_NONE && owner.uid != at->stat.uid)
        return why_add(why, -EPERM, "only user 0 may give files away; the caller is user %" PRIu32,
                       at->who.uid);
    if (owner.gid != CREDS_NONE && owner.gid != at->stat.gid && owner.gid != at->who.gid)
        return why_add(why, -EPERM, "user %" PRIu32 " is in group %" PRIu32 ", not %" PRIu32,
                       at->who.uid, at->who.gid, owner.gid);
    return 0;
}

int vfs_chown(struct place *at, struct creds owner, struct why *why)
{
    struct mount *m = at->view->mount;
    int err = may_give(at, owner, why);

    if (err < 0)
        return err;
    err = mount_drop_ids(m, &at->who, at->path.str, NULL, &at->stat);
    if (err == 0) {
        err = driver_chown(m, &at->who, at->path.str, owner.uid, owner.gid, NULL);
        if (err < 0)
            mount_restore_ids(m, &at->who, at->path.str, NULL, &at->stat);
    }
    return mount_answer(m, err, "store owners", why);
}

int vfs_utimes(struct place *at, int64_t atime, int64_t mtime, struct why *why)
{
    struct mount *m = at->view->mount;
    int err = perm_owner(at, why);

    if (err < 0)
        return err;
    err = driver_utimens(m, &at->who, at->path.str, atime, mtime, NULL);
    return mount_answer(m, err, "store times", why);
}
