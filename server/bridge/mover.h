/* SPDX-License-Identifier: MIT */
/* The slices of a guest's long READ, WRITE or DBG_PRINT: between its memory and the gate's buffer. */
#ifndef SERVER_BRIDGE_MOVER_H
#define SERVER_BRIDGE_MOVER_H

#include "server/bridge/sites.h"
#include "server/bridge/tracee/tracee.h"
#include "server/kernel/call/call.h"

struct mover {
    struct call_mover base;
    const struct tracee *tracee;
    const struct sites *sites;
    uint64_t in_addr;  /* the guest's address of the data */
    uint64_t out_addr; /* the guest's address for results */
};

/** Make one that moves @size bytes at once. All borrowed until the call has finished; the caller sets the
 * addresses and base.first_size. */
void mover_init(struct mover *m, const struct tracee *t, const struct sites *sites, char *slice,
                size_t size);

#endif
