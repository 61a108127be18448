/* SPDX-License-Identifier: MIT */
/*
 * The daemon uses pread() and pwrite(), and maps no object: no guest can make it fault, and an
 * object's size costs it no address space.
 */
#include "server/host/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* Linux 6.3; older kernels answer EINVAL */
#endif

static int memory_grow(struct shared_memory *s, uint64_t size)
{
    return ftruncate(s->fd, (off_t)size) < 0 ? -ENOMEM : 0;
}

static int memory_read(const struct shared_memory *s, uint64_t off, void *buf, size_t len)
{
    for (char *to = buf; len > 0;) {
        ssize_t n = pread(s->fd, to, len, (off_t)off);

        if (n <= 0)
            return -EIO;
        to += n;
        off += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static int memory_write(struct shared_memory *s, uint64_t off, const void *buf, size_t len)
{
    for (const char *from = buf; len > 0;) {
        ssize_t n = pwrite(s->fd, from, len, (off_t)off);

        if (n <= 0)
            return n < 0 && (errno == ENOMEM || errno == ENOSPC) ? -ENOMEM : -EIO;
        from += n;
        off += (uint64_t)n;
        len -= (size_t)n;
    }
    return 0;
}

static int memory_clear(struct shared_memory *s, uint64_t off, uint64_t len)
{
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    int result;

    do
        result = fallocate(s->fd, mode, (off_t)off, (off_t)len);
    while (result < 0 && errno == EINTR);
    if (result == 0)
        return 0;
    return errno == ENOMEM || errno == ENOSPC ? -ENOMEM : -EIO;
}

static uint64_t memory_next_written(const struct shared_memory *s, uint64_t off)
{
    off_t at = lseek(s->fd, (off_t)off, SEEK_DATA);

    if (at >= 0)
        return (uint64_t)at;
    return errno == ENXIO ? UINT64_MAX : off; /* unsupported by the host: all may be data */
}

static void memory_free(struct shared_memory *s)
{
    (void)close(s->fd);
    free(s);
}

static const struct shared_memory_ops memory_ops = {
    .grow = memory_grow,
    .read = memory_read,
    .write = memory_write,
    .clear = memory_clear,
    .next_written = memory_next_written,
    .free = memory_free,
};

/** A memfd sealed against shrinking; -1 on failure. */
static int open_sealed(void)
{
    const int seals = F_SEAL_SHRINK | F_SEAL_SEAL;
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    int fd = memfd_create("scbox-file", flags | MFD_NOEXEC_SEAL);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("scbox-file", flags);
    if (fd >= 0 && fcntl(fd, F_ADD_SEALS, seals) < 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

int host_memory_new(void *host, struct shared_memory **out)
{
    struct shared_memory *s = malloc(sizeof(*s));

    (void)host;
    if (s == NULL)
        return -ENOMEM;
    *s = (struct shared_memory){&memory_ops, open_sealed()};
    if (s->fd < 0) {
        free(s);
        return -ENOMEM;
    }
    *out = s;
    return 0;
}
