/* SPDX-License-Identifier: MIT */
/* The content of ramfs's regular files: reading, writing and resizing nodes. */
#ifndef FSDRIVERS_RAMFS_FILE_H
#define FSDRIVERS_RAMFS_FILE_H

#include "fsdrivers/ramfs/node.h"

/**
 * Read from a regular file.
 * Returns   bytes stored, less than @len only at the end of the file.
 */
int64_t file_read(const struct node *n, char *buf, size_t len, uint64_t off);

/**
 * Write to a regular file; a gap before @off reads as zero.
 * Returns   @len; -EFBIG, -ENOSPC: nothing has changed.
 */
int64_t file_write(struct ramfs *r, struct node *n, const char *buf, size_t len, uint64_t off);

/** Change a regular file's size. Returns 0, -EFBIG. */
int file_resize(struct ramfs *r, struct node *n, uint64_t size);

/** fs_ops.fallocate. Returns 0; -ENOSPC: a part may be reserved. */
int file_allocate(struct ramfs *r, struct node *n, const struct fs_space *space);

/** fs_ops.seek, of a position within the file. */
int64_t file_seek(const struct node *n, uint64_t off, enum fs_seek what);

#endif
