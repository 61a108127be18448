/* SPDX-License-Identifier: MIT */
/* Extended attributes: what is the same over every driver. */
#include "fsdrivers/generic/slots.h"

#include <string.h>
#include <sys/stat.h>

/* Check the type of a file. @other: what it is if the file can't have attributes. */
static int check_type(struct generic *g, const struct fs_caller *who, const char *path,
                      struct fs_file *file, int other)
{
    struct fs_stat st;
    int err;

    if ((g->fs.caps & FS_CAP_XATTR) == 0)
        return -ENOTSUP;
    err = INNER(g, getattr, who, path, &st, file);
    if (err < 0)
        return err;
    return S_ISREG(st.mode) || S_ISDIR(st.mode) ? 0 : other;
}

static int check_name(const char *name)
{
    const size_t len = strnlen(name, FS_XATTR_NAME_MAX + 1);

    if (len == 0 || len > FS_XATTR_NAME_MAX)
        return -ERANGE;
    return strncmp(name, FS_XATTR_NAMESPACE, strlen(FS_XATTR_NAMESPACE)) != 0 ||
                   len == strlen(FS_XATTR_NAMESPACE)
               ? -ENOTSUP
               : 0;
}

int generic_setxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                     const struct fs_xattr *attr, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = may_change(g);

    if (err == 0 && (attr->flags > FS_XATTR_REPLACE)) /* unknown ones, or both */
        err = -EINVAL;
    if (err == 0)
        err = check_name(attr->name);
    if (err == 0 && attr->value.len > FS_XATTR_SIZE_MAX)
        err = -E2BIG;
    if (err == 0)
        err = check_type(g, who, path, file, -EPERM);
    return err < 0 ? err : changed(g, INNER(g, setxattr, who, path, attr, file));
}

int64_t generic_getxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                         const char *name, struct fs_buf buf, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = check_name(name);

    if (err == 0)
        err = check_type(g, who, path, file, -ENODATA);
    return err < 0 ? err : INNER(g, getxattr, who, path, name, buf, file);
}

int64_t generic_listxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                          struct fs_buf buf, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = check_type(g, who, path, file, -ENODATA);

    if (err < 0)
        return err == -ENODATA ? 0 : err;
    return INNER(g, listxattr, who, path, buf, file);
}

int generic_removexattr(struct fs *fs, const struct fs_caller *who, const char *path,
                        const char *name, struct fs_file *file)
{
    struct generic *g = generic_of(fs);
    int err = may_change(g);

    if (err == 0)
        err = check_name(name);
    if (err == 0)
        err = check_type(g, who, path, file, -EPERM);
    return err < 0 ? err : changed(g, INNER(g, removexattr, who, path, name, file));
}
