/* SPDX-License-Identifier: MIT */
#ifndef FSDRIVERS_PROCFS_PROCFS_H
#define FSDRIVERS_PROCFS_PROCFS_H

#include "fsdrivers/fsdriver.h"

/** The machine's processes as files. Takes no source and no option; see procfs.c. */
extern const struct fs_driver procfs_driver;

#endif
