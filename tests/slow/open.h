/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SLOW_OPEN_H
#define TESTS_SLOW_OPEN_H

#include "fsdrivers/fsdriver.h"

/**
 * registry_open() in a daemon that is built with SCBOX_SLOW, in per cent: so many slots of ramfs and sqlitefs
 * would wait. SCBOX_SLOW and SCBOX_SLOW_SEED in its environment say otherwise. Where SCBOX_SLOW_GATE is the path
 * of a FIFO, slots that wait do so until somebody opens that to write, or interrupts them.
 */
int slow_open(const char *driver, const struct fs_open *req, struct fs **out);

/** registry_waits(): so they wait to be made, too. */
bool slow_waits(const char *driver);

#endif
