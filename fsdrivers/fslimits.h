/* SPDX-License-Identifier: MIT */
/* Bounds that all writable drivers share, so that all give the same answer to the same call. */
#ifndef FSDRIVERS_FSLIMITS_H
#define FSDRIVERS_FSLIMITS_H

#include <stdint.h>

/** Bytes a regular file may have: past it -EFBIG. */
#define FS_FILE_SIZE_MAX ((uint64_t)1 << 38)

/** Names a file that is no directory may have: past it -EMLINK. */
enum { FS_LINK_MAX = 65000 };

#endif
