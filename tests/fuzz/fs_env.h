/* SPDX-License-Identifier: MIT */
/* The environment of filesystems in fuzz targets: it counts what
 * instances take. Its clock moves with each look. */
#ifndef TESTS_FUZZ_FS_ENV_H
#define TESTS_FUZZ_FS_ENV_H

#include "fsdrivers/fsdriver.h"

extern const struct fs_env fuzz_env;

/** Fail unless all was given back: no instance exists. */
void fs_env_check(void);

#endif
