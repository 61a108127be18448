/* SPDX-License-Identifier: MIT */
/* Operations on what a file is: its size, bits, owner and times. */
#include "server/kernel/mapped.h"
#include "server/kernel/mount.h"
#include "server/kernel/perm.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

int vfs_truncate(struct place *at, uint64_t size, struct why *why)
{
    struct mount *m = at->view->mount;
    int err;

    if (S_ISDIR(at->stat.mode))
        return why_add(why, -EISDIR, "%s is a directory", at->path.str);
    if (!S_ISREG(at->stat.mode))
        return why_add(why, -EINVAL, "%s is no regular file: it has no size", at->path.str);
    if (size > INT64_MAX)
        return why_add(why, -EFBIG, "no file has %" PRIu64 " bytes", size);
    err = perm_check(&at->stat, at->path.str, at->who, PERM_WRITE, why);
    if (err < 0)
        return err;
    err = m->fs->ops->truncate(m->fs, at->path.str, size, NULL);
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
    err = m->fs->ops->chmod(m->fs, at->path.str, mode, NULL);
    return mount_answer(m, err, "store permissions", why);
}

/** Whether who asks may give a file to @owner. */
static int may_give(const struct place *at, struct creds owner, struct why *why)
{
    int err = perm_owner(at, why);

    if (err < 0 || at->who.uid == 0)
        return err;
    if (owner.uid != CREDS_NONE && owner.uid != at->stat.uid)
        return why_add(why, -EPERM, "only user 0 gives files away, and this is user %" PRIu32,
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
    err = m->fs->ops->chown(m->fs, at->path.str, owner.uid, owner.gid, NULL);
    return mount_answer(m, err, "store owners", why);
}

int vfs_utimes(struct place *at, int64_t atime, int64_t mtime, struct why *why)
{
    struct mount *m = at->view->mount;
    int err = perm_owner(at, why);

    if (err < 0)
        return err;
    err = m->fs->ops->utimens(m->fs, at->path.str, atime, mtime, NULL);
    return mount_answer(m, err, "store times", why);
}
