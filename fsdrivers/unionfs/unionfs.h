/* SPDX-License-Identifier: MIT */
/* unionfs: one writable layer over read-only ones. union.h has its rules. */
#ifndef FSDRIVERS_UNIONFS_UNIONFS_H
#define FSDRIVERS_UNIONFS_UNIONFS_H

#include "fsdrivers/fsdriver.h"

extern const struct fs_driver unionfs_driver;

#endif
