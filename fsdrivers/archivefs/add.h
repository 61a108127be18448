/* SPDX-License-Identifier: MIT */
/* An instance of archivefs, and adding an archive to it. */
#ifndef FSDRIVERS_ARCHIVEFS_ADD_H
#define FSDRIVERS_ARCHIVEFS_ADD_H

#include "fsdrivers/archivefs/helper.h"
#include "fsdrivers/archivefs/index.h"
#include "fsdrivers/copy.h"
#include "fsdrivers/fsdriver.h"
#include "server/base/hostfile.h"

/** The most bytes of a source; past it -EFBIG. */
#define SOURCE_SIZE_MAX ((int64_t)1 << 40)

struct archivefs {
    struct fs fs;
    struct fs_env env;
    struct hostfile *source; /* owned; NULL: a copy */
    uint64_t copied;         /* bytes of copies, which the helper has */
    struct fs_copy rest;     /* of add_source(), for add_rest() */
    struct index index;
    struct helper helper;
    struct helper_packet packet;
    uint64_t bytes;               /* index_bytes() */
    uint32_t archives;            /* that are stacked */
    uint32_t left_out, encrypted; /* entries */
    int64_t patience_ms; /* with the helper, in one slot: less than the kernel has with the slot */
    /* The content that was read last: @held bytes at @at of a file. */
    uint32_t held_file;
    uint64_t at;
    size_t held;
    char content[WIRE_READ_MAX];
};

/**
 * Read the names of an archive, and merge them over those that are there.
 * @fd       borrowed; -1 with @layout.
 * @layout   borrowed; the directory of an OCI image layout; NULL: none.
 * Returns   0; -EIO it is none, or a damaged one, or too slow; -ENOSPC no room for the index; -ENOMEM;
 *           -EINTR. Then nothing has changed.
 */
int add_archive(struct archivefs *a, int fd, const struct hostfile *layout, struct why *why);

#endif
