/* SPDX-License-Identifier: MIT */
#ifndef FSDRIVERS_HOSTFS_HOSTFS_H
#define FSDRIVERS_HOSTFS_HOSTFS_H

#include "fsdrivers/fsdriver.h"

enum { HOSTFS_FILES_MAX = 64 }; /* files and directories that an instance has open at once */

/** A directory of the host. Source: an absolute path of it; options: schema/drivers.h, HOSTFS_OPTIONS. */
extern const struct fs_driver hostfs_driver;

#endif
