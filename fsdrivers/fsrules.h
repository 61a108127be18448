/* SPDX-License-Identifier: MIT */
/* The rules of rename() that all writable drivers share: decided from what a driver found, not
 * how. */
#ifndef FSDRIVERS_FSRULES_H
#define FSDRIVERS_FSRULES_H

#include "fsdrivers/fsdriver.h"

/** What is at one end of a rename. */
struct fsend {
    const char *path; /* borrowed */
    uint64_t ino;     /* 0 when the name is free */
    bool is_dir;
};

/**
 * Whether the paths can be renamed at all, before they are looked up. Returns 0; -EBUSY, -EEXIST.
 */
int fsrules_rename_paths(const char *from, const char *to, enum fs_rename_type type);

/**
 * Whether one end may take the other's name, both looked up and @from found.
 * Returns   1 go on; 0 nothing to do, both are the same file; -EEXIST, -ENOENT, -EINVAL,
 *           -ENOTEMPTY, -ENOTDIR, -EISDIR. The caller checks that a replaced directory is empty.
 */
int fsrules_rename(const struct fsend *from, const struct fsend *to, enum fs_rename_type type);

#endif
