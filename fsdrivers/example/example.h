/* SPDX-License-Identifier: MIT */
#ifndef FSDRIVERS_EXAMPLE_EXAMPLE_H
#define FSDRIVERS_EXAMPLE_EXAMPLE_H

#include "fsdrivers/fsdriver.h"

/** The driver to copy: fsdrivers/example/example.c. It is in no table; its tests open it by
 * registry_open_driver(). */
extern const struct fs_driver example_driver;

#endif
