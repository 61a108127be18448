/* SPDX-License-Identifier: MIT */
#include "fsdrivers/hostfs/beneath.h"

#include "fsdrivers/fsdriver.h"
#include "fsdrivers/fspath.h"
#include "server/base/hostfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RACE_TRIES = 100 };

int beneath_error(int host_errno)
{
    switch (host_errno) {
    case ENOENT:
    case ENOTDIR:
    case ELOOP:
    case EEXIST:
    case EISDIR:
    case ENOTEMPTY:
    case EBUSY:
    case EINVAL:
    case EMLINK:
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EROFS:
    case ENXIO:
    case ENOMEM:
    case EINTR:
        return -host_errno;
    case EACCES:
    case EPERM:
    case EXDEV: /* a mount point on the way */
        return -EACCES;
    case EMFILE:
    case ENFILE:
        return -EMFILE;
    default:
        return -EIO;
    }
}

int beneath_answer(int result)
{
    return result < 0 ? beneath_error(errno) : 0;
}

/** openat2() as all walks do it. Returns a descriptor of O_PATH, -errno of the host. */
static int walk(int root, const char *relative, bool nowait)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(O_PATH | O_NOFOLLOW | O_CLOEXEC),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    long fd = -1;

    if (nowait)
        how.resolve |= RESOLVE_CACHED;
    /* EAGAIN without RESOLVE_CACHED: somebody renamed a directory meanwhile. */
    for (int i = 0; i < RACE_TRIES; i++) {
        fd = syscall(SYS_openat2, root, relative, &how, sizeof(how));
        if (fd >= 0 || errno != EAGAIN || nowait)
            break;
    }
    return fd >= 0 ? (int)fd : -errno;
}

static const char *relative(const char *path)
{
    return path[1] == '\0' ? "." : path + 1;
}

int beneath_find(int root, const char *path, bool nowait)
{
    const int fd = walk(root, relative(path), nowait);

    if (fd >= 0)
        return fd;
    /* EINVAL: the host does not know RESOLVE_CACHED. */
    if (nowait && (fd == -EAGAIN || fd == -EINVAL))
        return FS_WOULD_WAIT;
    return beneath_error(-fd);
}

int beneath_parent(int root, const char *path, struct beneath_name *out)
{
    char parent[FS_PATH_MAX + 1];
    struct fsname dir;
    struct fsname name;
    struct stat st = {.st_mode = 0};

    out->dir = -1;
    if (fspath_is_root(path))
        return -EBUSY;
    fspath_split(path, &dir, &name);
    (void)snprintf(parent, sizeof(parent), "/%.*s", dir.len > 0 ? (int)dir.len - 1 : 0,
                   dir.len > 0 ? dir.ptr + 1 : "");
    (void)snprintf(out->name, sizeof(out->name), "%.*s", (int)name.len, name.ptr);
    out->dir = walk(root, relative(parent), false);
    if (out->dir < 0)
        return beneath_error(-out->dir);
    if (fstat(out->dir, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    beneath_name_done(out);
    return S_ISLNK(st.st_mode) ? -ELOOP : -ENOTDIR;
}

void beneath_name_done(struct beneath_name *n)
{
    if (n->dir >= 0)
        (void)close(n->dir);
    n->dir = -1;
}

int beneath_reopen(int fd, int flags)
{
    char path[HOSTFILE_FD_PATH_SIZE];
    int opened;

    hostfile_fd_path(fd, path);
    flags |= O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    opened = open(path, flags | O_NOATIME);
    if (opened < 0 && errno == EPERM) /* only the owner may leave the access time as it is */
        opened = open(path, flags);
    return opened >= 0 ? opened : beneath_error(errno);
}
