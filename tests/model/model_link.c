/* SPDX-License-Identifier: MIT */
/* Renaming, links, owners, permission bits, times. */
#include "tests/model/model.h"

#include "fsdrivers/fslimits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PERM_BITS = 07777, SET_GID = 02000, SET_IDS = 06000, TARGET_MAX = 4095 };

#define NO_USER UINT32_MAX
#define NO_TIME INT64_MIN

/* ---- permission bits ---- */

bool model_may(const struct mproc *p, const struct minode *i, uint32_t bits)
{
    uint32_t granted = i->perm; /* the last three bits: everybody else's */

    if (p->uid == 0)
        return true;
    if (p->uid == i->uid)
        granted = i->perm >> 6;
    else if (p->gid == i->gid)
        granted = i->perm >> 3;
    return (granted & bits) == bits;
}

void model_may_add(const struct mcall *c, const struct mname *dir)
{
    if (dir != NULL && !model_may(c->p, dir->inode, MAY_WRITE | MAY_EXEC))
        refuse(c->v, EACCES);
}

void model_may_remove(const struct mcall *c, const struct mname *name)
{
    const struct minode *dir = name->dir != NULL ? name->dir->inode : name->inode;

    if (!model_may(c->p, dir, MAY_WRITE | MAY_EXEC))
        refuse(c->v, EACCES);
    if ((dir->perm & STICKY) != 0 && c->p->uid != 0 && c->p->uid != dir->uid &&
        c->p->uid != name->inode->uid)
        refuse(c->v, EPERM);
}

/* ---- names ---- */

/** What speaks against putting a name where another one is. */
static void check_replace(const struct mcall *c, const struct mplace *from, const struct mplace *to)
{
    bool from_dir = from->name->inode->type == FT_DIR;
    bool to_dir = to->name->inode->type == FT_DIR;

    if (to->name->opens > 0 || to->name->views > 0)
        refuse(c->v, EBUSY);
    if (to_dir && !from_dir)
        refuse(c->v, EISDIR);
    if (from_dir && !to_dir)
        refuse(c->v, ENOTDIR);
    if (to->name->inode->entries != NULL)
        refuse(c->v, ENOTEMPTY);
}

/** What speaks against giving @from the name @to. */
static void check_rename(const struct mcall *c, const struct mplace *from, const struct mplace *to,
                         uint32_t flags)
{
    bool same = to->name != NULL && to->name->inode == from->name->inode;

    if (from->dir == NULL || (to->name != NULL && to->dir == NULL))
        refuse(c->v, EBUSY);
    if (flags != RN_EXCHANGE)
        model_check_slash(c, to, from->name->inode->type);
    model_may_remove(c, from->name);
    model_may_add(c, to->dir);
    if (to->dir != NULL && from->name != to->name && model_is_below(to->dir, from->name))
        refuse(c->v, EINVAL);
    if (flags == RN_NOREPLACE && to->name != NULL)
        refuse(c->v, EEXIST);
    if (flags == RN_EXCHANGE && to->name == NULL)
        refuse(c->v, ENOENT);
    if (flags == RN_EXCHANGE && to->name != NULL) {
        model_may_remove(c, to->name);
        model_may_add(c, from->dir);
        if (from->name != to->name && model_is_below(from->name, to->name))
            refuse(c->v, EINVAL);
    }
    if (flags == 0 && to->name != NULL)
        model_may_remove(c, to->name);
    if (flags == 0 && to->name != NULL && !same) {
        check_replace(c, from, to);
        if (model_is_below(from->name, to->name))
            refuse(c->v, EINVAL);
    }
}

/** Swap two names: what is open and the roots of views go along. */
static void exchange(struct model *m, struct mname *a, struct mname *b)
{
    struct mname *dir = b->dir;
    const char *text = b->text;

    model_move_name(m, b, a->dir, a->text);
    model_move_name(m, a, dir, text);
}

void rule_rename(const struct mcall *c, const struct sc_rename_args *a, struct sc_rename_out *out)
{
    struct mplace from;
    struct mplace to;
    bool found = model_find_file(c, a->old_file, NOFOLLOW, FM_DMOVE, &from);

    (void)out;
    if (a->flags != 0 && a->flags != RN_NOREPLACE && a->flags != RN_EXCHANGE)
        refuse(c->v, EINVAL);
    model_same_name(c, a->old_file, a->new_file);
    if (!model_find(c, a->new_file, NOFOLLOW, 0, &to))
        return;
    if (a->flags == 0 && to.name != NULL)
        model_needs(to.view, FM_DDELETE, c->v); /* to replace: also itself */
    if (!found)
        return;
    check_rename(c, &from, &to, a->flags);
    if (refused(c->v) || (to.name != NULL && to.name->inode == from.name->inode))
        return; /* two names of one file stay as they are */
    if (a->flags == RN_EXCHANGE) {
        exchange(c->m, from.name, to.name);
        return;
    }
    if (to.name != NULL)
        model_unlink_name(to.name);
    model_move_name(c->m, from.name, to.dir, to.base);
}

void rule_link(const struct mcall *c, const struct sc_link_args *a, struct sc_link_out *out)
{
    struct mplace from;
    struct mplace to;
    bool found = model_find_file(c, a->old_file, NOFOLLOW, FM_DCREATE, &from);

    (void)out;
    model_same_name(c, a->old_file, a->new_file);
    if (found && from.name->inode->type == FT_DIR)
        refuse(c->v, EPERM);
    if (!model_find(c, a->new_file, NOFOLLOW, 0, &to) || !found)
        return;
    if (to.name != NULL)
        refuse(c->v, EEXIST);
    model_check_slash(c, &to, from.name->inode->type);
    model_may_add(c, to.dir);
    if (!refused(c->v))
        (void)model_link_name(c->m, to.dir, to.base, from.name->inode);
}

void rule_symlink(const struct mcall *c, const struct sc_symlink_args *a,
                  struct sc_symlink_out *out)
{
    struct minode *link;
    struct mplace at;

    (void)out;
    if (a->target.len == 0 || a->target.len > TARGET_MAX)
        refuse(c->v, EINVAL);
    if (!model_find(c, a->file, NOFOLLOW, FM_DCREATE, &at))
        return;
    if (at.name != NULL)
        refuse(c->v, EEXIST);
    model_check_slash(c, &at, MODEL_LINK);
    model_may_add(c, at.dir);
    if (refused(c->v))
        return;
    link = model_inode(c->m, c->p, MODEL_LINK);
    link->target = model_copy(c->m, a->target.ptr, a->target.len);
    link->size = a->target.len;
    (void)model_link_name(c->m, at.dir, at.base, link);
}

void rule_readlink(const struct mcall *c, const struct sc_readlink_args *a,
                   struct sc_readlink_out *out)
{
    struct mplace at;
    struct minode *i;

    if (!model_find_file(c, a->file, NOFOLLOW, 0, &at))
        return;
    i = at.name->inode;
    if (i->type != MODEL_LINK) {
        refuse(c->v, EINVAL);
        return;
    }
    out->length = i->size;
    out->target =
        (struct sc_buf){i->target, i->size, (size_t)(a->size < i->size ? a->size : i->size)};
}

/* ---- attributes ---- */

/** The file whose attributes its owner may change; NULL when it is not found. */
static struct minode *owned_file(const struct mcall *c, struct sc_str file)
{
    struct mplace at;

    if (!model_find_file(c, file, FOLLOW, FM_WRITE, &at))
        return NULL;
    if (c->p->uid != 0 && c->p->uid != at.name->inode->uid)
        refuse(c->v, EPERM);
    return at.name->inode;
}

void model_drop_ids(const struct mcall *c, struct minode *i)
{
    if (c->p->uid != 0 && i->type != FT_DIR)
        i->perm &= ~(uint32_t)SET_IDS;
}

void rule_chmod(const struct mcall *c, const struct sc_chmod_args *a, struct sc_chmod_out *out)
{
    struct minode *i = owned_file(c, a->file);

    (void)out;
    if ((a->mode & ~(uint32_t)PERM_BITS) != 0)
        refuse(c->v, EINVAL);
    if (i == NULL || refused(c->v))
        return;
    i->perm = a->mode;
    if (c->p->uid != 0 && c->p->gid != i->gid)
        i->perm &= ~(uint32_t)SET_GID;
}

void rule_chown(const struct mcall *c, const struct sc_chown_args *a, struct sc_chown_out *out)
{
    struct minode *i = owned_file(c, a->file);

    (void)out;
    if (i == NULL)
        return;
    if (c->p->uid != 0 && ((a->uid != NO_USER && a->uid != i->uid) ||
                           (a->gid != NO_USER && a->gid != i->gid && a->gid != c->p->gid)))
        refuse(c->v, EPERM);
    if (refused(c->v))
        return;
    i->uid = a->uid != NO_USER ? a->uid : i->uid;
    i->gid = a->gid != NO_USER ? a->gid : i->gid;
    if (i->type != FT_DIR)
        i->perm &= ~(uint32_t)SET_IDS; /* whoever asks */
}

void rule_truncate(const struct mcall *c, const struct sc_truncate_args *a,
                   struct sc_truncate_out *out)
{
    struct mplace at;

    (void)out;
    if (!model_find_file(c, a->file, FOLLOW, FM_WRITE | FM_TRUNC, &at))
        return;
    if (at.name->inode->type == FT_DIR)
        refuse(c->v, EISDIR);
    if (a->size > FS_FILE_SIZE_MAX)
        refuse(c->v, EFBIG);
    if (!model_may(c->p, at.name->inode, MAY_WRITE))
        refuse(c->v, EACCES);
    if (refused(c->v))
        return;
    model_drop_ids(c, at.name->inode);
    model_set_size(at.name->inode, a->size);
}

void rule_fsync(const struct mcall *c, const struct sc_fsync_args *a, struct sc_fsync_out *out)
{
    struct mhandle *h = model_handle(c->p, a->fd);

    (void)out;
    if (h == NULL)
        refuse(c->v, EBADF);
    if (a->data_only > 1 || (h != NULL && h->file->channel != NULL))
        refuse(c->v, EINVAL);
}

void rule_utimes(const struct mcall *c, const struct sc_utimes_args *a, struct sc_utimes_out *out)
{
    struct minode *i = owned_file(c, a->file);

    (void)out;
    if (i == NULL || refused(c->v))
        return;
    if (a->atime != NO_TIME)
        i->atime = a->atime;
    if (a->mtime != NO_TIME)
        i->mtime = a->mtime;
    i->atime_known = i->atime_known || a->atime != NO_TIME;
    i->mtime_known = (i->mtime_known || a->mtime != NO_TIME) && !model_is_mapped(c->m, i);
}

/** Directories: 2, and one more for each directory in it. */
static uint32_t names_of(const struct minode *i)
{
    uint32_t count = 2;

    if (i->type != FT_DIR)
        return i->nlink;
    for (const struct mname *e = i->entries; e != NULL; e = e->next)
        count += e->inode->type == FT_DIR ? 1 : 0;
    return count;
}

void rule_fstat_ex(const struct mcall *c, const struct sc_fstat_ex_args *a,
                   struct sc_fstat_ex_out *out)
{
    struct mplace at;
    struct minode *i;

    if (!model_find_file(c, a->file, FOLLOW, 0, &at))
        return;
    i = at.name->inode;
    out->stat = (struct sc_stat_ex){.mode = i->perm | (i->type == FT_DIR ? 0040000 : 0100000),
                                    .nlink = names_of(i),
                                    .uid = i->uid,
                                    .gid = i->gid,
                                    .size = i->size,
                                    .atime = i->atime,
                                    .mtime = i->mtime};
    c->v->atime_open = !i->atime_known;
    c->v->mtime_open = !i->mtime_known;
}
