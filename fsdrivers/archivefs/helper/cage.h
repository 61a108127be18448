/* SPDX-License-Identifier: MIT */
/* The helper gives up what it does not need, before it reads the first byte of an archive. */
#ifndef FSDRIVERS_ARCHIVEFS_HELPER_CAGE_H
#define FSDRIVERS_ARCHIVEFS_HELPER_CAGE_H

#include "fsdrivers/archivefs/wire.h"

enum {
    CAGE_MEMORY_MIB = 768, /* of address space: three cursors with big dictionaries */
    CAGE_CPU_S = 4 * 3600, /* of the processor in its life */
    CAGE_SILENCE_S = 3600, /* for one question; no driver waits longer */
    CAGE_DESCRIPTORS = WIRE_SOURCES_MAX + 16,
};

/**
 * From now on the process can read and map memory, read its descriptors, and answer on its socket; nothing
 * else: another system call kills it, and opening a file fails. Returns 0, -errno.
 */
int cage_close(void);

#endif
