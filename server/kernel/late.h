/* SPDX-License-Identifier: MIT */
/*
 * Late mappings: those whose owner gave them up (MUNMAP, EXIT, a kill) while their store could not
 * take what was written to them.
 *
 *     mapping_free() ---failed for now---> late ---tried again, LATE_RETRY_MS---> stored and freed
 *                                           |
 *                                           +---machine_free(), another error---> lost, and told
 *
 * The last mapper of a file may be gone, and so may every process: the mapping holds its open file
 * and that its mount, so the store stays open until the pages are stored. It stays in its mapped
 * file's list, so READ tells what was written, and FSYNC and CLOSE of the file try it, too, and
 * answer what the store does. Its bytes stay booked in the machine's memory, which bounds them
 * together with LATE_MAX.
 *
 * Nothing waits for it: not RM_FS, not the machine's end, whose attempt is the last one.
 */
#ifndef SERVER_KERNEL_LATE_H
#define SERVER_KERNEL_LATE_H

#include <stdbool.h>

struct machine;
struct mapping;

enum {
    LATE_MAX = 256,      /* late mappings of a machine; what is more is lost, and told */
    LATE_RETRY_MS = 50,  /* between attempts that fail, at first; each time twice as long … */
    LATE_SLOW_MS = 1600, /* … up to this */
    LATE_NEXT_MS = 1,    /* between two parts that are stored */
    LATE_PAGES = 256,    /* of a part: about a millisecond */
};

/** Keep a mapping whose write-back failed with @err. Returns whether it is: its owner must forget it
 * then. Not when the error does not pass by waiting, and not past LATE_MAX. */
bool late_keep(struct mapping *map, int err);

/** The end of a machine: try each late mapping once more; what still fails is lost. */
void late_give_up(struct machine *m);

#endif
