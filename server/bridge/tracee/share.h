/* SPDX-License-Identifier: MIT */
/* Mapping memory that a tracee shares with others. */
#ifndef SERVER_BRIDGE_TRACEE_SHARE_H
#define SERVER_BRIDGE_TRACEE_SHARE_H

#include "server/bridge/tracee/notify.h"
#include "server/bridge/tracee/tracee.h"

/** How an fd is passed to a tracee. */
struct share {
    int listener;          /* of the tracee's filter */
    struct notify *notify; /* borrowed */
};

/** What to map, and where. */
struct share_part {
    uint64_t addr;
    uint64_t size;
    uint64_t prot;   /* PROT_* */
    int fd;          /* of the memory object, in the daemon */
    uint64_t offset; /* in the object; a multiple of pages */
};

/**
 * Map a part of a memory object into a tracee with a trampoline; it holds no fd afterwards.
 * Returns   0, or the -errno of the host's mmap(); -ESRCH; -EIO the tracee can't continue.
 */
int share_map(struct tracee *t, const struct share *share, const struct share_part *part);

#endif
