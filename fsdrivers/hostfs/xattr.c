/* SPDX-License-Identifier: MIT */
#include "fsdrivers/hostfs/xattr.h"

#include "fsdrivers/hostfs/beneath.h"
#include "fsdrivers/hostfs/target.h"
#include "server/base/hostfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

/** A file, as a path that calls on attributes take: they take no descriptor of O_PATH. */
struct named {
    struct target target;
    char path[HOSTFILE_FD_PATH_SIZE];
};

/** @out target_done(), on success only. Returns as target_find_blocking(). */
static int find(struct fs *fs, const struct fs_caller *who, const char *path,
                const struct fs_file *file, struct named *out)
{
    int err = target_find_blocking(hostfs_of(fs), who, path, file, &out->target);

    if (err == 0)
        hostfile_fd_path(out->target.fd, out->path);
    return err;
}

/** End the use of a file. Returns @result, or the answer for errno if that is negative. */
static int64_t finish(const struct named *n, ssize_t result)
{
    const int err = errno;

    target_done(&n->target);
    if (result >= 0)
        return result;
    return err == ENODATA || err == ERANGE || err == E2BIG || err == ENOTSUP ? -err
                                                                             : beneath_error(err);
}

bool xattr_is_there(int fd)
{
    char path[HOSTFILE_FD_PATH_SIZE];

    hostfile_fd_path(fd, path);
    return getxattr(path, FS_XATTR_NAMESPACE "scbox", NULL, 0) >= 0 || errno == ENODATA;
}

int hostfs_setxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                    const struct fs_xattr *attr, struct fs_file *file)
{
    struct named n;
    int err = find(fs, who, path, file, &n);

    if (err < 0)
        return err;
    return (int)finish(
        &n, setxattr(n.path, attr->name, attr->value.ptr, attr->value.len, (int)attr->flags));
}

int64_t hostfs_getxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                        const char *name, struct fs_buf buf, struct fs_file *file)
{
    struct named n;
    int err = find(fs, who, path, file, &n);

    return err < 0 ? err : finish(&n, getxattr(n.path, name, buf.ptr, buf.len));
}

/** Keep the names that slots take, in place. Returns their size. */
static size_t filter(char *names, size_t size)
{
    size_t kept = 0;

    for (size_t at = 0, len; at < size; at += len) {
        len = strnlen(names + at, size - at) + 1;
        if (strncmp(names + at, FS_XATTR_NAMESPACE, strlen(FS_XATTR_NAMESPACE)) != 0)
            continue;
        memmove(names + kept, names + at, len);
        kept += len;
    }
    return kept;
}

int64_t hostfs_listxattr(struct fs *fs, const struct fs_caller *who, const char *path,
                         struct fs_buf buf, struct fs_file *file)
{
    char *names;
    int64_t size;
    struct named n;
    int err = find(fs, who, path, file, &n);

    if (err < 0)
        return err;
    names = malloc(FS_XATTR_LIST_MAX + 1);
    if (names == NULL) {
        target_done(&n.target);
        return -ENOMEM;
    }
    size = finish(&n, listxattr(n.path, names, FS_XATTR_LIST_MAX));
    names[FS_XATTR_LIST_MAX] = '\0';
    if (size > 0)
        size = (int64_t)filter(names, (size_t)size);
    if (size > 0 && buf.len > 0 && buf.len < (size_t)size)
        size = -ERANGE;
    if (size > 0 && buf.len > 0)
        memcpy(buf.ptr, names, (size_t)size);
    free(names);
    return size;
}

int hostfs_removexattr(struct fs *fs, const struct fs_caller *who, const char *path,
                       const char *name, struct fs_file *file)
{
    struct named n;
    int err = find(fs, who, path, file, &n);

    return err < 0 ? err : (int)finish(&n, removexattr(n.path, name));
}
