/* SPDX-License-Identifier: MIT */
/*
 * Arguments and results of guests' calls: from registers and memory to structs, and back.
 *
 * Every pointer is checked against the regions of the address space, and everything is copied once: later
 * changes of the guest's memory have no effect on a call that has begun, except on the bytes of a long
 * WRITE or DBG_PRINT that are not moved yet. Copies have limits.
 */
#ifndef SERVER_BRIDGE_MARSHAL_H
#define SERVER_BRIDGE_MARSHAL_H

#include "server/bridge/abi/convention.h"
#include "server/bridge/mover.h"
#include "server/bridge/sites.h"
#include "server/bridge/tracee/tracee.h"
#include "server/kernel/call/call.h"
#include "server/kernel/proc/proc.h"

enum {
    MARSHAL_STRING_MAX = 8 * 1024, /* bytes of a path, name or text */
    MARSHAL_DATA_MAX = 256 * 1024, /* bytes that READ, WRITE and DBG_PRINT move at once */
    MARSHAL_BUF_KEEP = 16 * 1024,  /* a guest at rest keeps no larger buffer */
    MARSHAL_ARGS = 5,              /* registers that carry arguments */
};

/** The copies of one guest's call. */
struct marshal {
    const struct convention *convention;
    char *buf; /* args and out point into it; owned */
    size_t cap;
    uint64_t out_addr;  /* the guest's address for results; 0: none */
    struct mover mover; /* of a call that moves more than the buffer holds */
};

void marshal_init(struct marshal *m, const struct convention *convention);
void marshal_done(struct marshal *m);

/**
 * Fill call->args, and call->out if results need a buffer.
 * @call     initialised: its process and number are used.
 * @t        borrowed until the call has finished; the guest's process.
 * @sites    borrowed as long; copies contain the original bytes of these patched instructions.
 * @regs     the argument registers; only the bits of a word are used.
 * Returns   0; -EFAULT a bad pointer, -EIO the host denies the guest's memory: the guest must end;
 *           -ENAMETOOLONG, -EINVAL, -E2BIG a string, -ENOMEM no memory: the call fails with it.
 */
int marshal_in(struct marshal *m, struct call *call, const struct tracee *t,
               const struct sites *sites, const uint64_t regs[MARSHAL_ARGS]);

/**
 * Store the results of a finished call in the guest's memory. A large buffer is freed.
 * Returns   the value for its result register.
 */
int64_t marshal_out(struct marshal *m, const struct call *call, const struct tracee *t);

#endif
