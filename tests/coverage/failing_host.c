/* SPDX-License-Identifier: MIT */
/*
 * A host that fails when it is told to: preloaded into scboxd by test_errnos.py.
 *
 * $FAILING_HOST names a file that both map. Its words say which allocation fails, counted down from
 * the value to 1, and what errno every read and write of files answers instead of doing anything.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum { ORDERS_SIZE = 4096 };

struct orders {
    volatile int32_t allocation; /* this one fails; 0: none will, or one has */
    volatile int32_t read_errno;
    volatile int32_t write_errno;
};

static struct orders none;
static struct orders *orders = &none;

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);

__attribute__((constructor)) static void find_orders(void)
{
    const char *name = getenv("FAILING_HOST");
    int fd = name != NULL ? open(name, O_RDWR | O_CLOEXEC) : -1;
    void *map;

    if (fd < 0)
        return;
    map = mmap(NULL, ORDERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (map != MAP_FAILED)
        orders = map;
}

/** Whether this allocation is the one. */
static int is_to_fail(void)
{
    if (orders->allocation == 0 || --orders->allocation > 0)
        return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size)
{
    return is_to_fail() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return is_to_fail() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return is_to_fail() ? NULL : __libc_realloc(old, size);
}

typedef ssize_t (*transfer_fn)(int fd, void *bytes, size_t size, off64_t at);

/** Read or write at a position, or refuse to. */
static ssize_t transfer(const char *name, int err, int fd, void *bytes, size_t size, off64_t at)
{
    transfer_fn real;

    if (err != 0) {
        errno = err;
        return -1;
    }
    *(void **)&real = dlsym(RTLD_NEXT, name);
    return real(fd, bytes, size, at);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t at)
{
    return transfer("pread64", orders->read_errno, fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    return transfer("pwrite64", orders->write_errno, fd, (void *)(uintptr_t)bytes, size, at);
}
