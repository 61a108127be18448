/* SPDX-License-Identifier: MIT */
/*
 * What this host can serve: how far a client may raise the limits of its machines, and how the
 * daemon's descriptors are shared out.
 *
 *     all descriptors = the daemon's own + those of connections + pool
 *     pool            = what machines may take + a reserve for machines that hold few
 *
 * So a machine that takes all it can leaves enough for a newcomer to connect, and to run a guest.
 */
#ifndef SERVER_HOST_CAPACITY_H
#define SERVER_HOST_CAPACITY_H

#include "schema/machine_limits.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    CAPACITY_OWN = 40, /* descriptors of the daemon itself */
    CAPACITY_FEW = 8,  /* a machine that holds no more may take from the reserve */
};

struct capacity {
    uint64_t memory;      /* bytes the host has */
    uint64_t descriptors; /* the daemon may have */
};

/** How the descriptors are shared out. */
struct descriptor_budget {
    uint64_t connections; /* so many may be open, at two descriptors each */
    uint64_t machine;     /* the most that one machine may hold */
    uint64_t pool;        /* of all machines together */
    uint64_t reserve;     /* the last of the pool are for machines that hold few */
    uint64_t used;        /* of the pool */
};

/** Find out what this host has. */
void capacity_look(struct capacity *out);

/** Share the descriptors out. @connections as configured. */
void capacity_share(const struct capacity *c, uint64_t connections, struct descriptor_budget *out);

/** The most that a client may ask for when the configuration does not say: the ceilings of the table,
 * or what the host has when that is less. */
void capacity_ceilings(const struct capacity *c, const struct descriptor_budget *b,
                       struct machine_limits *out);

/** Take @count of the pool for a machine that holds @held. False when there are none for it. */
bool descriptors_take(struct descriptor_budget *b, uint64_t held, uint64_t count);

/** Give @count back. */
void descriptors_give(struct descriptor_budget *b, uint64_t count);

#endif
