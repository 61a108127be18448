/* SPDX-License-Identifier: MIT */
#ifndef FSDRIVERS_DEVFS_DEVFS_H
#define FSDRIVERS_DEVFS_DEVFS_H

#include "fsdrivers/fsdriver.h"

/** The devices of a machine. Takes no source and no option; see devfs.c. */
extern const struct fs_driver devfs_driver;

#endif
