/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/perm.h"

#include "server/kernel/door/driver.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

static unsigned granted(const struct fs_stat *st, const struct fs_caller *who)
{
    if (who->uid == st->uid)
        return st->mode >> 6 & 7u;
    if (who->gid == st->gid)
        return st->mode >> 3 & 7u;
    return st->mode & 7u;
}

/** The refused access, for the reason. */
static const char *refused_act(unsigned missing, bool is_dir)
{
    if ((missing & PERM_WRITE) != 0)
        return is_dir ? "change" : "write";
    if ((missing & PERM_READ) != 0)
        return is_dir ? "list" : "read";
    return is_dir ? "pass through" : "execute";
}

int perm_check(const struct fs_stat *st, const char *path, const struct fs_caller *who,
               unsigned want, struct why *why)
{
    unsigned missing;

    if (who->uid == 0)
        return 0;
    missing = want & ~granted(st, who);
    if (missing == 0)
        return 0;
    return why_add(why, -EACCES,
                   "%s has mode %04o and belongs to user %" PRIu32 ", group %" PRIu32
                   ": user %" PRIu32 ", group %" PRIu32 " may not %s it",
                   path, st->mode & 07777u, st->uid, st->gid, who->uid, who->gid,
                   refused_act(missing, S_ISDIR(st->mode)));
}

/** perm_check() of the directory that holds a place's name. Its status goes to @dir. */
static int check_parent(const struct place *at, struct fs_stat *dir, struct why *why)
{
    struct mount *m = at->view->mount;
    struct path parent = at->path;
    int err;

    path_pop(&parent);
    err = driver_getattr(m, &at->who, parent.str, dir, NULL);
    if (err < 0)
        return err;
    return perm_check(dir, parent.str, &at->who, PERM_WRITE | PERM_EXEC, why);
}

int perm_add(const struct place *at, struct why *why)
{
    struct fs_stat dir;

    return at->who.uid == 0 ? 0 : check_parent(at, &dir, why);
}

int perm_remove(const struct place *at, struct why *why)
{
    uint32_t uid = at->who.uid;
    struct fs_stat dir;
    int err;

    if (uid == 0)
        return 0;
    err = check_parent(at, &dir, why);
    if (err < 0 || (dir.mode & S_ISVTX) == 0 || uid == dir.uid || uid == at->stat.uid)
        return err;
    return why_add(why, -EPERM,
                   "the directory of %s is sticky and belongs to user %" PRIu32
                   ", the file to user %" PRIu32 ": user %" PRIu32 " may not take its name away",
                   at->path.str, dir.uid, at->stat.uid, uid);
}

int perm_owner(const struct place *at, struct why *why)
{
    if (at->who.uid == 0 || at->who.uid == at->stat.uid)
        return 0;
    return why_add(why, -EPERM, "%s belongs to user %" PRIu32 "; the caller is user %" PRIu32,
                   at->path.str, at->stat.uid, at->who.uid);
}
