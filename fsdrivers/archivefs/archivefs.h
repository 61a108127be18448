/* SPDX-License-Identifier: MIT */
#ifndef FSDRIVERS_ARCHIVEFS_ARCHIVEFS_H
#define FSDRIVERS_ARCHIVEFS_ARCHIVEFS_H

#include "fsdrivers/fsdriver.h"

extern const struct fs_driver archivefs_driver;

#endif
