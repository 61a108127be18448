/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/tree.h"

#include "fsdrivers/fslimits.h"
#include "fsdrivers/fsrules.h"
#include "fsdrivers/sqlitefs/name.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* ---- From paths to inodes ---- */

static const struct target root_target = {INO_ROOT, S_IFDIR};

/* Check that a target can have names in it. */
static int must_be_dir(struct target t)
{
    if (S_ISDIR(t.mode))
        return 0;
    return S_ISLNK(t.mode) ? -ELOOP : -ENOTDIR;
}

/* Walk @len bytes of a path. */
static int walk(struct store *s, const char *path, size_t len, struct target *out)
{
    const char *end = path + len;
    struct fsname name;
    int err = 0;

    *out = root_target;
    while (err == 0 && path < end && fspath_next(&path, &name)) {
        err = must_be_dir(*out);
        if (err == 0)
            err = name_get(s, out->ino, name, out);
        if (err == 0 && out->ino == 0)
            err = -ENOENT;
    }
    return err;
}

int inode_of(struct store *s, const char *path, const struct fs_file *file, struct inode **out)
{
    struct target t;
    int err;

    if (file != NULL) {
        *out = (struct inode *)(uintptr_t)file->handle;
        return (*out)->gone ? -ESTALE : 0;
    }
    inodes_trim(s);
    names_trim(s);
    err = walk(s, path, strlen(path), &t);
    return err < 0 ? err : inode_get(s, t.ino, out);
}

/* The place of a name in the tree; the name may not exist. */
struct spot {
    uint64_t dir;
    struct fsname name;   /* empty: the root, which is in no directory */
    struct target target; /* ino 0: the name is free */
};

static int find_spot(struct store *s, const char *path, struct spot *out)
{
    struct target dir;
    struct fsname parent;
    int err;

    inodes_trim(s);
    names_trim(s);
    fspath_split(path, &parent, &out->name);
    err = walk(s, path, parent.len, &dir);
    if (err == 0)
        err = must_be_dir(dir);
    if (err < 0)
        return err;
    out->dir = dir.ino;
    return name_get(s, dir.ino, out->name, &out->target);
}

/* Find the spot of a new name. */
static int find_free(struct store *s, const char *path, struct spot *out)
{
    int err;

    if (fspath_is_root(path))
        return -EEXIST;
    err = find_spot(s, path, out);
    if (err < 0)
        return err;
    return out->target.ino != 0 ? -EEXIST : 0;
}

/* Find the spot of an existing name. */
static int find_taken(struct store *s, const char *path, struct spot *out)
{
    int err;

    if (fspath_is_root(path))
        return -EBUSY;
    err = find_spot(s, path, out);
    if (err < 0)
        return err;
    return out->target.ino == 0 ? -ENOENT : 0;
}

/* Stamp a directory whose entries changed, and count @subdirs more subdirectories. */
static int change_dir(struct store *s, uint64_t ino, int subdirs)
{
    struct inode *dir;
    int err = inode_get(s, ino, &dir);

    if (err < 0)
        return err;
    if ((int64_t)dir->stat.nlink + subdirs < 2 || (int64_t)dir->stat.nlink + subdirs > INT32_MAX)
        return -EIO; /* its row counts fewer subdirectories than it has */
    dir->stat.nlink += (uint32_t)subdirs;
    inode_touch_content(s, dir);
    return 0;
}

static int subdirs_of(struct target t)
{
    return S_ISDIR(t.mode) ? 1 : 0;
}

/* ---- Making names ---- */

/* Name an inode that inode_new() made. */
static int name_new(struct store *s, const struct spot *at, const struct inode *i)
{
    struct target t = {i->stat.ino, i->stat.mode & S_IFMT};
    int err = name_add(s, at->dir, at->name, t);

    return err < 0 ? err : change_dir(s, at->dir, subdirs_of(t));
}

static int create(struct store *s, const struct fs_caller *who, const char *path, uint32_t mode)
{
    struct spot at;
    struct inode *i;
    int err;

    err = find_free(s, path, &at);
    if (err == 0)
        err = store_begin(s, 1);
    if (err < 0)
        return err;
    err = inode_new(s, who, mode, 0, &i);
    if (err == 0)
        err = name_new(s, &at, i);
    return store_end(s, err);
}

int sqlitefs_mknod(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    if ((mode & S_IFMT) != 0 && !S_ISREG(mode))
        return -EINVAL;
    return create(store_of(fs), who, path, S_IFREG | (mode & 07777u));
}

int sqlitefs_mkdir(struct fs *fs, const struct fs_caller *who, const char *path, uint32_t mode)
{
    return create(store_of(fs), who, path, S_IFDIR | (mode & 07777u));
}

static int add_target(struct store *s, const struct inode *i, const char *target, size_t len)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_SYMLINK_ADD, (int64_t)i->stat.ino);

    db_bind_bytes(q, 2, target, len);
    return db_run(q);
}

int sqlitefs_symlink(struct fs *fs, const struct fs_caller *who, const char *target,
                     const char *path)
{
    struct store *s = store_of(fs);
    size_t len = strlen(target);
    struct spot at;
    struct inode *i;
    int err;

    err = find_free(s, path, &at);
    if (err == 0)
        err = store_begin(s, len);
    if (err < 0)
        return err;
    err = inode_new(s, who, S_IFLNK | 0777u, len, &i);
    if (err == 0)
        err = add_target(s, i, target, len);
    if (err == 0)
        err = name_new(s, &at, i);
    return store_end(s, err);
}

int sqlitefs_link(struct fs *fs, const struct fs_caller *who, const char *from, const char *to)
{
    struct store *s = store_of(fs);
    struct target t;
    struct spot at;
    struct inode *i;
    int err;

    (void)who;
    err = walk(s, from, strlen(from), &t);
    if (err == 0)
        err = find_free(s, to, &at);
    if (err == 0 && S_ISDIR(t.mode))
        err = -EPERM;
    if (err == 0)
        err = inode_get(s, t.ino, &i);
    if (err == 0 && i->stat.nlink >= FS_LINK_MAX)
        err = -EMLINK;
    if (err == 0)
        err = store_begin(s, 1);
    if (err < 0)
        return err;
    i->stat.nlink++;
    inode_touch(s, i);
    err = name_add(s, at.dir, at.name, t);
    if (err == 0)
        err = change_dir(s, at.dir, 0);
    return store_end(s, err);
}

/* ---- Removing names ---- */

/* Count a name less for its inode, inside a change. */
static int lose_name(struct store *s, struct target t)
{
    struct inode *i;
    int err = inode_get(s, t.ino, &i);

    return err < 0 ? err : inode_unname(s, i);
}

static int remove_spot(struct store *s, const struct spot *at)
{
    int err = store_begin(s, 0);

    if (err < 0)
        return err;
    err = name_remove(s, at->dir, at->name);
    if (err == 0)
        err = change_dir(s, at->dir, -subdirs_of(at->target));
    if (err == 0)
        err = lose_name(s, at->target);
    return store_end(s, err);
}

int sqlitefs_unlink(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct store *s = store_of(fs);
    struct spot at;
    int err;

    (void)who;
    if (fspath_is_root(path))
        return -EISDIR;
    err = find_taken(s, path, &at);
    if (err == 0 && S_ISDIR(at.target.mode))
        err = -EISDIR;
    return err < 0 ? err : remove_spot(s, &at);
}

/* Check that a directory is empty. */
static int must_be_empty(struct store *s, uint64_t dir)
{
    int none = name_none(s, dir);

    if (none < 0)
        return none;
    return none == 0 ? -ENOTEMPTY : 0;
}

int sqlitefs_rmdir(struct fs *fs, const struct fs_caller *who, const char *path)
{
    struct store *s = store_of(fs);
    struct spot at;
    int err;

    (void)who;
    err = find_taken(s, path, &at);
    if (err == 0 && !S_ISDIR(at.target.mode))
        err = -ENOTDIR;
    if (err == 0)
        err = must_be_empty(s, at.target.ino);
    return err < 0 ? err : remove_spot(s, &at);
}

/* ---- Moving names ---- */

static int touch_target(struct store *s, struct target t)
{
    struct inode *i;
    int err = inode_get(s, t.ino, &i);

    if (err == 0)
        inode_touch(s, i);
    return err;
}

static int exchange(struct store *s, const struct spot *from, const struct spot *to)
{
    int more = subdirs_of(to->target) - subdirs_of(from->target);
    int err;

    err = name_set(s, from->dir, from->name, to->target);
    if (err == 0)
        err = name_set(s, to->dir, to->name, from->target);
    if (err == 0)
        err = change_dir(s, from->dir, more);
    if (err == 0)
        err = change_dir(s, to->dir, -more);
    if (err == 0)
        err = touch_target(s, from->target);
    return err < 0 ? err : touch_target(s, to->target);
}

static int replace(struct store *s, const struct spot *from, const struct spot *to)
{
    int err;

    err = name_remove(s, from->dir, from->name);
    if (err == 0 && to->target.ino == 0)
        err = name_add(s, to->dir, to->name, from->target);
    else if (err == 0)
        err = name_set(s, to->dir, to->name, from->target);
    if (err == 0)
        err = change_dir(s, from->dir, -subdirs_of(from->target));
    if (err == 0)
        err = change_dir(s, to->dir, subdirs_of(from->target) - subdirs_of(to->target));
    if (err == 0)
        err = touch_target(s, from->target);
    if (err < 0 || to->target.ino == 0)
        return err;
    return lose_name(s, to->target);
}

/* Look up both ends and decide. Returns as fsrules_rename(). */
static int find_ends(struct store *s, const char *from, const char *to, enum fs_rename_type type,
                     struct spot ends[2])
{
    int err = fsrules_rename_paths(from, to, type);

    if (err == 0)
        err = find_taken(s, from, &ends[0]);
    if (err == 0)
        err = find_spot(s, to, &ends[1]);
    if (err < 0)
        return err;
    return fsrules_rename(&(struct fsend){from, ends[0].target.ino, S_ISDIR(ends[0].target.mode)},
                          &(struct fsend){to, ends[1].target.ino, S_ISDIR(ends[1].target.mode)},
                          type);
}

int sqlitefs_rename(struct fs *fs, const struct fs_caller *who, const char *from, const char *to,
                    enum fs_rename_type type)
{
    struct store *s = store_of(fs);
    struct spot ends[2];
    int err = find_ends(s, from, to, type, ends);

    (void)who;
    if (err <= 0)
        return err;
    err = 0;
    if (type != FS_RENAME_EXCHANGE && S_ISDIR(ends[1].target.mode))
        err = must_be_empty(s, ends[1].target.ino);
    if (err == 0)
        err = store_begin(s, ends[1].target.ino == 0 ? 1 : 0);
    if (err < 0)
        return err;
    err = type == FS_RENAME_EXCHANGE ? exchange(s, &ends[0], &ends[1])
                                     : replace(s, &ends[0], &ends[1]);
    return store_end(s, err);
}
