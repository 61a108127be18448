/* SPDX-License-Identifier: MIT */
#include "fsdrivers/ramfs/xattr.h"

#include "fsdrivers/ramfs/names.h"

#include <string.h>

/* One attribute: its name with its NUL, then its value. */
struct xattr {
    struct xattr *next;
    size_t name_size;
    size_t value_size;
    char bytes[];
};

static size_t xattr_size(const struct xattr *x)
{
    return sizeof(*x) + x->name_size + x->value_size;
}

/* The link that leads to an attribute, or the last one. */
static struct xattr **find(struct node *n, const char *name)
{
    struct xattr **at = &n->xattrs;

    while (*at != NULL && strcmp((*at)->bytes, name) != 0)
        at = &(*at)->next;
    return at;
}

/* Take an attribute out of the list, and free it. */
static void drop(struct ramfs *r, struct xattr **at)
{
    struct xattr *x = *at;

    *at = x->next;
    budget_free(&r->budget, x, xattr_size(x));
}

void xattrs_free(struct ramfs *r, struct node *n)
{
    while (n->xattrs != NULL)
        drop(r, &n->xattrs);
}

static size_t names_size(const struct node *n)
{
    size_t size = 0;

    for (const struct xattr *x = n->xattrs; x != NULL; x = x->next)
        size += x->name_size;
    return size;
}

int ramfs_setxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                   const struct fs_xattr *attr, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    const size_t name_size = strlen(attr->name) + 1;
    struct xattr **at;
    struct xattr *x;
    struct node *n;
    int err = node_of(r, path, file, &n);

    (void)who;
    if (err < 0)
        return err;
    at = find(n, attr->name);
    if (*at != NULL && (attr->flags & FS_XATTR_CREATE) != 0)
        return -EEXIST;
    if (*at == NULL && (attr->flags & FS_XATTR_REPLACE) != 0)
        return -ENODATA;
    if (*at == NULL && name_size > FS_XATTR_LIST_MAX - names_size(n))
        return -ENOSPC;
    x = budget_calloc(&r->budget, sizeof(*x) + name_size + attr->value.len);
    if (x == NULL)
        return -ENOSPC;
    x->name_size = name_size;
    x->value_size = attr->value.len;
    memcpy(x->bytes, attr->name, name_size);
    if (x->value_size > 0)
        memcpy(x->bytes + name_size, attr->value.ptr, x->value_size);
    if (*at != NULL)
        drop(r, at);
    x->next = *at;
    *at = x;
    touch(r, n);
    return 0;
}

int64_t ramfs_getxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                       const char *name, struct fs_buf buf, struct fs_file *file)
{
    const struct xattr *x;
    struct node *n;
    int err = node_of(ramfs_of(fs), path, file, &n);

    (void)who;
    if (err < 0)
        return err;
    x = *find(n, name);
    if (x == NULL)
        return -ENODATA;
    if (buf.len > 0 && buf.len < x->value_size)
        return -ERANGE;
    if (buf.len > 0)
        memcpy(buf.ptr, x->bytes + x->name_size, x->value_size);
    return (int64_t)x->value_size;
}

int64_t ramfs_listxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                        struct fs_buf buf, struct fs_file *file)
{
    struct node *n;
    size_t size;
    int err = node_of(ramfs_of(fs), path, file, &n);

    (void)who;
    if (err < 0)
        return err;
    size = names_size(n);
    if (buf.len == 0)
        return (int64_t)size;
    if (buf.len < size)
        return -ERANGE;
    for (const struct xattr *x = n->xattrs; x != NULL; x = x->next) {
        memcpy(buf.ptr, x->bytes, x->name_size);
        buf.ptr += x->name_size;
    }
    return (int64_t)size;
}

int ramfs_removexattr(struct fs *fs, const struct fs_caller *who, const char *path,
                      const char *name, struct fs_file *file)
{
    struct ramfs *r = ramfs_of(fs);
    struct xattr **at;
    struct node *n;
    int err = node_of(r, path, file, &n);

    (void)who;
    if (err < 0)
        return err;
    at = find(n, name);
    if (*at == NULL)
        return -ENODATA;
    drop(r, at);
    touch(r, n);
    return 0;
}
