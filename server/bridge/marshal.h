/* SPDX-License-Identifier: MIT */
/*
 * Arguments and results of guests' calls: from registers and memory to structs, and back.
 *
 * Every pointer is checked against the books of the address space, everything is copied once, and
 * nothing is read back: what the guest's memory says later has no effect on a call that has begun,
 * but on the bytes of a long WRITE or DBG_PRINT that are not moved yet. Copies have caps.
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
    MARSHAL_ARGS = 5,              /* registers that arguments come in */
};

/** The copies of one guest's call. */
struct marshal {
    const struct convention *convention;
    char *buf; /* what args and out point to; owned */
    size_t cap;
    uint64_t out_addr;  /* where the guest wants its results; 0 none */
    struct mover mover; /* of a call that moves more than the buffer holds */
};

void marshal_init(struct marshal *m, const struct convention *convention);
void marshal_done(struct marshal *m);

/**
 * Fill call->args, and call->out where results need a buffer.
 * @call     initialised: its process and number are used.
 * @t        borrowed until the call has finished; where the guest's memory is.
 * @sites    borrowed as long; the guest's patched instructions, which copies show unpatched.
 * @regs     the argument registers, of which as many bits as a word has are used.
 * Returns   0; -EFAULT a bad pointer, -EIO the host denies the guest's memory: the guest must end;
 *           -ENAMETOOLONG, -EINVAL, -E2BIG a string, -ENOMEM no memory: the call fails with it.
 */
int marshal_in(struct marshal *m, struct call *call, const struct tracee *t,
               const struct sites *sites, const uint64_t regs[MARSHAL_ARGS]);

/**
 * Store the results of a finished call in the guest's memory. A large buffer is given back.
 * Returns   what its result register gets.
 */
int64_t marshal_out(struct marshal *m, const struct call *call, const struct tracee *t);

#endif
