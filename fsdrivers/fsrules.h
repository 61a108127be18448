/* SPDX-License-Identifier: MIT */
/* The rules of rename() for all writable drivers. */
#ifndef FSDRIVERS_FSRULES_H
#define FSDRIVERS_FSRULES_H

#include "fsdrivers/fsdriver.h"

/** One end of a rename. */
struct fsend {
    const char *path; /* borrowed */
    uint64_t ino;     /* 0: the name is free */
    bool is_dir;
};

/**
 * Check the paths of a rename, before they are looked up. Returns 0; -EBUSY, -EEXIST.
 */
int fsrules_rename_paths(const char *from, const char *to, enum fs_rename_type type);

/**
 * Check the two ends of a rename, both looked up and @from found.
 * Returns   1 continue; 0 nothing to do, both are the same file; -EEXIST, -ENOENT, -EINVAL,
 *           -ENOTEMPTY, -ENOTDIR, -EISDIR. The caller checks that a replaced directory is empty.
 */
int fsrules_rename(const struct fsend *from, const struct fsend *to, enum fs_rename_type type);

#endif
