/* SPDX-License-Identifier: MIT */
/* Numbers that follow from what a filesystem shows: those of two drivers with the same files are equal. */
#ifndef TESTS_CONTRACT_DIGEST_H
#define TESTS_CONTRACT_DIGEST_H

#include "fsdrivers/fsdriver.h"

#define DIGEST_START UINT64_C(0xcbf29ce484222325)

uint64_t digest_bytes(uint64_t hash, const void *bytes, size_t len);

/** What must be the same of a file in every driver. The size of a directory is its driver's. */
uint64_t digest_stat(uint64_t hash, const struct fs_stat *st);

/** A positive number that follows from bytes. */
int64_t digest_sum(const void *bytes, size_t len);

/** Of all names, bits, owners, sizes and content; of a file past FS_IO_MAX, its first and last piece. What can't
 * be read ends the program. */
uint64_t digest_tree(struct fs *fs, const struct fs_caller *who);

#endif
