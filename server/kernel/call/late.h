/* SPDX-License-Identifier: MIT */
/*
 * Late mappings: mappings whose owner gave them up (MUNMAP, EXIT, a kill) while they had more
 * changed pages than can be stored at once, or while their store failed.
 *
 *     mapping_free() ---more than LATE_PAGES---> late ---a part each LATE_NEXT_MS---> stored, freed
 *                 \----failed for now--------/    |\---tried again, LATE_RETRY_MS-----/
 *                                                 +---machine_free(), another error---> lost,
 *                                                 reported
 *
 * The last mapper of a file may be gone, and all processes too: the mapping holds its open file,
 * and that its mount, so the store stays open until the pages are stored. The mapping stays in its
 * mapped file's list, so READ sees what was written, and FSYNC and CLOSE of the file try to store
 * it, too, and return the store's answer. Its bytes stay counted in the machine's memory, which
 * limits them; LATE_MAX limits those that a store refuses.
 *
 * Calls that late mappings (other than refused ones) would make fail wait for them, and store them
 * part by part: a new region that finds no room, DELETE and RENAME of a file that only they hold
 * open, MAKE_FS.
 *
 * Nothing else waits: RM_FS does not, nor does the machine's end, whose attempt is the last one.
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
    LATE_MAX = 256,      /* late mappings that failed; more than that are lost and reported */
    LATE_RETRY_MS = 50,  /* between failed attempts, at first; doubled each time … */
    LATE_SLOW_MS = 1600, /* … up to this */
    LATE_NEXT_MS = 1,    /* between two parts that are stored */
    LATE_PAGES = 64,     /* of a part: one to two milliseconds in sqlitefs */
};

/** How many pages of a mapping may be stored at once when it is given up. On a virtual clock all:
 * file stamps would depend on the host's time, by which the parts are stored. */
size_t late_pages(const struct machine *m);

/** Keep a mapping whose write-back is unfinished (@err 1), or failed with @err. Returns whether it
 * is kept: then its owner must forget it. It is not if waiting can't help, or past LATE_MAX. */
bool late_keep(struct mapping *map, int err);

/**
 * Store a part of the late mappings, for a call that they would make fail.
 * Returns   SC_PENDING: the handler is called again; 0 waiting does not help.
 */
int late_wait(struct call *call);

/** late_wait() for the late mappings that hold a name's file open. */
int late_wait_for(struct call *call, const struct place *at);

/** The end of a machine: try each late mapping once more; the rest is lost. */
void late_give_up(struct machine *m);

#endif
