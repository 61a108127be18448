/* SPDX-License-Identifier: MIT */
#include "fsdrivers/copy.h"

#include "server/base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PIECE_SIZE = 64 * 1024 };

/** Write bytes; zeros are left as a hole. Returns 0; -ENOSPC. */
static int put(int fd, const char *bytes, size_t len, int64_t off)
{
    size_t done = 0;

    if (bytes_are_zero(bytes, len))
        return 0;
    while (done < len) {
        const ssize_t count = pwrite(fd, bytes + done, len - done, (off_t)off + (off_t)done);

        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return -ENOSPC;
        done += (size_t)count;
    }
    return 0;
}

/** Copy all bytes; those behind the end of a handle that has become shorter are zeros. */
static int fill(const struct fs_open *req, const struct fs_copy *copy)
{
    char *piece = malloc(PIECE_SIZE);
    int64_t count = 1;
    int64_t off = 0;
    int err = piece != NULL ? 0 : -ENOMEM;

    while (err == 0 && count > 0 && (uint64_t)off < copy->size) {
        const uint64_t left = copy->size - (uint64_t)off;
        const size_t len = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;

        count = req->handle->read(req->handle->user, &req->who, piece, len, off);
        if (count > 0)
            err = put(copy->fd, piece, (size_t)count, off);
        off += count;
    }
    free(piece);
    return count < 0 ? (int)count : err;
}

int copy_make(const struct fs_open *req, const struct fs_env *env, struct fs_copy *out)
{
    const int64_t size = req->handle->size(req->handle->user, &req->who);
    int err;

    if (size < 0)
        return why_add(req->why, (int)size, "the source's size can't be found: %s",
                       strerror((int)-size));
    if ((uint64_t)size > COPY_SIZE_MAX)
        return why_add(req->why, -ENOSPC, "the source has %lld bytes, and is copied up to %llu",
                       (long long)size, (unsigned long long)COPY_SIZE_MAX);
    if (!env->take(env->user, (uint64_t)size))
        return why_add(req->why, -ENOSPC, "the machine has no room for a copy of %lld bytes",
                       (long long)size);
    *out = (struct fs_copy){memfd_create("scbox-copy", MFD_CLOEXEC | MFD_ALLOW_SEALING),
                            (uint64_t)size};
    err = out->fd < 0 ? -errno : ftruncate(out->fd, (off_t)size) < 0 ? -ENOSPC : fill(req, out);
    if (err == 0 && fcntl(out->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        err = -errno;
    if (err == 0)
        return 0;
    copy_done(out, env);
    return why_add(req->why, err, "the source can't be copied: %s", strerror(-err));
}

void copy_done(struct fs_copy *copy, const struct fs_env *env)
{
    if (copy->fd >= 0) {
        if (copy->size > 0)
            (void)!ftruncate(copy->fd, 0); /* who was sent it may keep it */
        (void)close(copy->fd);
    }
    if (copy->size > 0)
        env->give(env->user, copy->size);
    *copy = (struct fs_copy){-1, 0};
}
