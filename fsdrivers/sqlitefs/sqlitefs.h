/* SPDX-License-Identifier: MIT */
#ifndef FSDRIVERS_SQLITEFS_SQLITEFS_H
#define FSDRIVERS_SQLITEFS_SQLITEFS_H

#include "fsdrivers/fsdriver.h"

/** Files in one SQLite file: persistent and crash-safe. Source "/path/file.db"; see FORMAT.md. */
extern const struct fs_driver sqlitefs_driver;

#endif
