/* SPDX-License-Identifier: MIT */
/*
 * Late mappings: those whose owner gave them up (MUNMAP, EXIT, a kill) while more had been written
 * to them than can be stored at once, or their store could not take it.
 *
 *     mapping_free() ---more than LATE_PAGES---> late ---a part each LATE_NEXT_MS---> stored, freed
 *                 \----failed for now--------/    |\---tried again, LATE_RETRY_MS-----/
 *                                                 +---machine_free(), another error---> lost, told
 *
 * The last mapper of a file may be gone, and so may every process: the mapping holds its open file
 * and that its mount, so the store stays open until the pages are stored. It stays in its mapped
 * file's list, so READ tells what was written, and FSYNC and CLOSE of the file try it, too, and
 * answer what the store does. Its bytes stay booked in the machine's memory, which bounds them;
 * those that a store does not take LATE_MAX bounds, too.
 *
 * Who would notice those that no store has refused waits for them, and has them stored part by part:
 * a region that finds no room, DELETE and RENAME of a file that only they hold open, MAKE_FS.
 *
 * Nothing else waits: not RM_FS, not the machine's end, whose attempt is the last one.
 */
#ifndef SERVER_KERNEL_CALL_LATE_H
#define SERVER_KERNEL_CALL_LATE_H

#include <stdbool.h>
#include <stddef.h>

struct call;
struct machine;
struct mapping;
struct place;

enum {
    LATE_MAX = 256,      /* late mappings that failed; what is more is lost, and told */
    LATE_RETRY_MS = 50,  /* between attempts that fail, at first; each time twice as long … */
    LATE_SLOW_MS = 1600, /* … up to this */
    LATE_NEXT_MS = 1,    /* between two parts that are stored */
    LATE_PAGES = 64,     /* of a part: one to two milliseconds in sqlitefs */
};

/** Pages that a mapping which is given up may have stored at once. A virtual clock moves between parts as
 * the host's time wants it, and files have stamps of it: there it is all of them. */
size_t late_pages(const struct machine *m);

/** Keep a mapping whose write-back is not over (@err 1), or failed with @err. Returns whether it is:
 * its owner must forget it then. Not when the error does not pass by waiting, and not past LATE_MAX. */
bool late_keep(struct mapping *map, int err);

/**
 * Store a part of what is late, for a call that can't be carried out while it is.
 * Returns   SC_PENDING: the call's handler comes again; 0 there is nothing that waiting helps with.
 */
int late_wait(struct call *call);

/** late_wait() for the late mappings that have a name's file open. */
int late_wait_for(struct call *call, const struct place *at);

/** The end of a machine: try each late mapping once more; what still fails is lost. */
void late_give_up(struct machine *m);

#endif
