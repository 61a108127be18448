/* SPDX-License-Identifier: MIT */
/* Limits of all writable drivers, so that all give the same answer to the same call. */
#ifndef FSDRIVERS_FSLIMITS_H
#define FSDRIVERS_FSLIMITS_H

#include <stdint.h>

/** The most bytes of a regular file; past it -EFBIG. */
#define FS_FILE_SIZE_MAX ((uint64_t)1 << 38)

/** The most names of a file (not a directory); past it -EMLINK. */
enum { FS_LINK_MAX = 65000 };

#endif
