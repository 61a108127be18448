/* SPDX-License-Identifier: MIT */
/* A file that exists only in memory, for parsers that are given a path. */
#ifndef TESTS_FUZZ_MEMFILE_H
#define TESTS_FUZZ_MEMFILE_H

#include "server/base/check.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MEMFILE_PATH_MAX = 64 };

/** Set the file's content. @path gets its name, the same at every call. */
static inline void memfile_set(const uint8_t *data, size_t size, char path[MEMFILE_PATH_MAX])
{
    static int fd = -1;

    if (fd < 0)
        fd = memfd_create("fuzz", MFD_CLOEXEC);
    CHECK(fd >= 0);
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
    (void)snprintf(path, MEMFILE_PATH_MAX, "/proc/self/fd/%d", fd);
}

#endif
