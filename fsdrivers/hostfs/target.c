/* SPDX-License-Identifier: MIT */
#include "fsdrivers/hostfs/target.h"

#include "fsdrivers/hostfs/beneath.h"
#include "server/base/hostfile.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

int target_find(const struct hostfs *h, const struct fs_caller *who, const char *path,
                const struct fs_file *file, struct target *out)
{
    *out = (struct target){.fd = file != NULL ? (int)file->handle : -1};
    if (file != NULL)
        return 0;
    out->fd = beneath_find(h->source->file, path, who->nowait);
    out->own = out->fd >= 0;
    return out->own ? 0 : out->fd;
}

int target_find_blocking(const struct hostfs *h, const struct fs_caller *who, const char *path,
                         const struct fs_file *file, struct target *out)
{
    return who->nowait ? FS_WOULD_WAIT : target_find(h, who, path, file, out);
}

void target_done(const struct target *t)
{
    if (t->own)
        (void)close(t->fd);
}

int target_refuse(int fd)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return beneath_error(errno);
    if (S_ISREG(st.st_mode))
        return 0;
    if (S_ISDIR(st.st_mode))
        return -EISDIR;
    return S_ISLNK(st.st_mode) ? -ELOOP : -ENXIO;
}

int target_open(struct target *t, int flags)
{
    int err;
    int fd;

    if (!t->own)
        return 0;
    err = target_refuse(t->fd);
    if (err < 0)
        return err;
    fd = beneath_reopen(t->fd, flags);
    if (fd < 0)
        return fd;
    (void)close(t->fd);
    t->fd = fd;
    return 0;
}

int target_content(const struct hostfs *h, const struct fs_caller *who, const char *path,
                   const struct fs_file *file, int flags, struct target *out)
{
    int err = target_find(h, who, path, file, out);

    if (err < 0)
        return err;
    err = target_open(out, flags);
    if (err == 0)
        return 0;
    target_done(out);
    return err == -ELOOP || err == -ENXIO ? -EINVAL : err;
}
