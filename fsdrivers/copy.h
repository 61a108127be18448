/* SPDX-License-Identifier: MIT */
/*
 * A copy of a source that is a handle of the simulated system: in memory of the host, sealed.
 *
 * A handle can be read only where its machine is, and its bytes may change. A copy can be read from anywhere,
 * also by another process, and stays as it is. Its bytes are counted as the instance's.
 */
#ifndef FSDRIVERS_COPY_H
#define FSDRIVERS_COPY_H

#include "fsdrivers/fsdriver.h"

/** The most bytes of a copy; past it -ENOSPC. */
#define COPY_SIZE_MAX ((uint64_t)512 << 20)

struct fs_copy {
    int fd;        /* -1: none */
    uint64_t size; /* bytes that are counted */
};

/**
 * Copy @req->handle, which is borrowed.
 * @env      counts the bytes.
 * @out      copy_done(), on success only.
 * Returns   0; -ENOSPC too big, or no room; -EMFILE; -ENOMEM; other -errno of reading the handle.
 */
int copy_make(const struct fs_open *req, const struct fs_env *env, struct fs_copy *out);

/** Close it, and give its bytes back if they are counted: then it is emptied, also for a process that was sent
 * it. A copy without descriptor is fine. */
void copy_done(struct fs_copy *copy, const struct fs_env *env);

#endif
