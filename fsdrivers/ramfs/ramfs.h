/* SPDX-License-Identifier: MIT */
#ifndef FSDRIVERS_RAMFS_RAMFS_H
#define FSDRIVERS_RAMFS_RAMFS_H

#include "fsdrivers/fsdriver.h"

/** Files in memory. Takes no source. Options c, m, d, size: see ramfs.c. */
extern const struct fs_driver ramfs_driver;

#endif
