/* SPDX-License-Identifier: MIT */
/*
 * The capacity of this host: how far clients may raise the limits of their machines, and how the
 * daemon's descriptors are divided.
 *
 *     all descriptors = the daemon's own + those of connections + pool
 *     pool            = what machines may take + a reserve for machines that hold few
 *
 * So one machine can't keep a newcomer from connecting and running a guest.
 */
#ifndef SERVER_HOST_CAPACITY_H
#define SERVER_HOST_CAPACITY_H

#include "schema/machine_limits.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    CAPACITY_OWN = 40, /* descriptors of the daemon itself */
    CAPACITY_FEW = 8,  /* machines that hold no more may take from the reserve */
};

struct capacity {
    uint64_t memory;      /* bytes of RAM */
    uint64_t descriptors; /* the daemon's limit */
};

/** How the descriptors are divided. */
struct descriptor_budget {
    uint64_t connections; /* the most that may be open, at two descriptors each */
    uint64_t machine;     /* the most that one machine may hold */
    uint64_t pool;        /* of all machines together */
    uint64_t reserve;     /* the part of the pool that only machines with few may take */
    uint64_t used;        /* taken from the pool */
};

/** Read the capacity of this host. */
void capacity_look(struct capacity *out);

/** Divide the descriptors. @connections  the configured maximum. */
void capacity_share(const struct capacity *c, uint64_t connections, struct descriptor_budget *out);

/** The ceilings that clients may raise limits to unless the configuration sets others: those of the
 * table, or the host's capacity if that is less. */
void capacity_ceilings(const struct capacity *c, const struct descriptor_budget *b,
                       struct machine_limits *out);

/** Take @count from the pool for a machine that holds @held. False if too few are left for it. */
bool descriptors_take(struct descriptor_budget *b, uint64_t held, uint64_t count);

/** Give @count back. */
void descriptors_give(struct descriptor_budget *b, uint64_t count);

#endif
