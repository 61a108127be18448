/* SPDX-License-Identifier: MIT */
/*
 * Extended attributes: rows of the table xattr, one for each.
 *
 * The table is in every file of format 1, but older versions write no rows, and leave those of a file that
 * they remove. As an inode's number is never used twice, such rows are never seen.
 */
#include "fsdrivers/sqlitefs/store.h"
#include "fsdrivers/sqlitefs/tree.h"

#include <errno.h>
#include <string.h>

/** Steps of a statement on all attributes of an inode: FS_XATTR_LIST_MAX bytes are about 9,000 names. */
enum { ALL_STEPS = 8 * DB_STEPS };

/* A statement on one attribute. */
static sqlite3_stmt *use(struct store *s, enum sql id, const struct inode *i, const char *name)
{
    sqlite3_stmt *q = DB_USE(&s->db, id, (int64_t)i->stat.ino);

    db_bind_bytes(q, 2, name, strlen(name));
    return q;
}

/* Get an attribute's value, cut to @size bytes. Returns its length; -ENODATA, -EIO no slot set it. */
static int64_t get(struct store *s, const struct inode *i, const char *name, char *buf, size_t size)
{
    sqlite3_stmt *q = use(s, SQL_XATTR_GET, i, name);
    int64_t len = 0;
    int err = db_row(q);

    if (err > 0)
        len = (int64_t)db_copy_bytes(q, 0, buf, size);
    db_end(q);
    if (err <= 0)
        return err == 0 ? -ENODATA : err;
    return len <= FS_XATTR_SIZE_MAX ? len : -EIO;
}

/* List names, cut to @size bytes; what no slot takes is left out. Returns the size of all; -EIO more than
 * slots add. */
static int64_t list(struct store *s, const struct inode *i, char *buf, size_t size)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_XATTR_LIST, (int64_t)i->stat.ino);
    size_t all = 0;
    int err;

    db_allow(&s->db, ALL_STEPS);
    while ((err = db_row(q)) > 0 && all <= FS_XATTR_LIST_MAX) {
        char name[FS_XATTR_NAME_MAX + 1] = "";
        const size_t len = db_copy_bytes(q, 0, name, FS_XATTR_NAME_MAX);

        if (strncmp(name, "user.", 5) != 0 || strlen(name) != len)
            continue;
        if (size >= all + len + 1)
            memcpy(buf + all, name, len + 1);
        all += len + 1;
    }
    db_end(q);
    if (err < 0)
        return err;
    return all <= FS_XATTR_LIST_MAX ? (int64_t)all : -EIO;
}

int xattrs_remove(struct store *s, const struct inode *i)
{
    sqlite3_stmt *q = DB_USE(&s->db, SQL_XATTR_DROP, (int64_t)i->stat.ino);

    db_allow(&s->db, ALL_STEPS);
    return db_run(q);
}

/* Whether an attribute may be set so. */
static int check_set(struct store *s, const struct inode *i, const struct fs_xattr *attr)
{
    char none[1];
    int64_t there = get(s, i, attr->name, none, 0);
    int64_t names;

    if (there >= 0)
        return (attr->flags & FS_XATTR_CREATE) != 0 ? -EEXIST : 0;
    if (there != -ENODATA)
        return (int)there;
    if ((attr->flags & FS_XATTR_REPLACE) != 0)
        return -ENODATA;
    names = list(s, i, none, 0);
    if (names < 0)
        return (int)names;
    return (size_t)names + strlen(attr->name) + 1 > FS_XATTR_LIST_MAX ? -ENOSPC : 0;
}

int sqlitefs_setxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                      const struct fs_xattr *attr, struct fs_file *file)
{
    struct store *s = store_of(fs);
    sqlite3_stmt *q;
    struct inode *i;
    int err = inode_of(s, path, file, &i);

    (void)who;
    if (err == 0)
        err = check_set(s, i, attr);
    if (err == 0)
        err = store_begin(s, strlen(attr->name) + attr->value.len);
    if (err < 0)
        return err;
    q = use(s, SQL_XATTR_SET, i, attr->name);
    db_bind_bytes(q, 3, attr->value.len > 0 ? attr->value.ptr : NULL, attr->value.len);
    err = db_run(q);
    if (err == 0)
        inode_touch(s, i);
    return store_end(s, err);
}

int64_t sqlitefs_getxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                          const char *name, struct fs_buf buf, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int64_t len = inode_of(s, path, file, &i);

    (void)who;
    if (len == 0)
        len = get(s, i, name, buf.ptr, buf.len);
    return buf.len > 0 && len > (int64_t)buf.len ? -ERANGE : len;
}

int64_t sqlitefs_listxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                           struct fs_buf buf, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    int64_t size = inode_of(s, path, file, &i);

    (void)who;
    if (size == 0)
        size = list(s, i, buf.ptr, buf.len);
    return buf.len > 0 && size > (int64_t)buf.len ? -ERANGE : size;
}

int sqlitefs_removexattr(struct fs *fs, const struct fs_caller *who, const char *path,
                         const char *name, struct fs_file *file)
{
    struct store *s = store_of(fs);
    struct inode *i;
    char none[1];
    int64_t err = inode_of(s, path, file, &i);

    (void)who;
    if (err == 0)
        err = get(s, i, name, none, 0);
    if (err >= 0)
        err = store_begin(s, 0);
    if (err < 0)
        return (int)err;
    err = db_run(use(s, SQL_XATTR_DEL, i, name));
    if (err == 0)
        inode_touch(s, i);
    return store_end(s, (int)err);
}
