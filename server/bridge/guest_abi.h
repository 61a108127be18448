/* SPDX-License-Identifier: MIT */
/*
 * ABIs of guests: the part of the table that knows registers and filters. The kernel's part, one
 * row for each row here, is server/kernel/abi.h.
 *
 *     tracee --notification, or AT_ENTRY--> admit()  the call came through a gate of the ABI's
 *                                              |
 *                                           take()   what its number means; its arguments; call_begin()
 *     tracee --protection fault--> on_fault() -+     a gate that the host's kernel does not have
 *
 *     filter()   which numbers arrive as notifications; all others stop the tracee AT_ENTRY
 *     load()     the image of a new guest, its stack and its first registers
 *
 * An ABI answers by guest_finish(), or guest_send_answer() when it began no call. One of another
 * system has a take() of its own; those of syscalls.def share sc_calls.c, and differ in their
 * convention.
 */
#ifndef SERVER_BRIDGE_GUEST_ABI_H
#define SERVER_BRIDGE_GUEST_ABI_H

#include "server/base/why.h"
#include "server/bridge/abi/arch.h"
#include "server/bridge/abi/convention.h"
#include "server/kernel/abi.h"
#include "server/kernel/executor.h"

struct filter;
struct guest;
struct tracee;

struct guest_abi {
    const struct abi *kernel; /* the kernel's part */
    const struct arch *arch;
    const struct convention *convention; /* of the calls of syscalls.def */
    /** Add the numbers that are notified: filter_notify(). */
    void (*filter)(struct filter *f);
    /** Whether a call made at @site came through a gate; if not, the guest has been ended. NULL:
     * each does. */
    bool (*admit)(struct guest *g, uint64_t site);
    /** Carry out a call of any number. */
    void (*take)(struct guest *g, int nr, const uint64_t args[ARCH_ARGS]);
    /** The tracee is before a protection fault. Returns whether that was a call, which has been taken
     * or will come again. NULL: none is. */
    bool (*on_fault)(struct guest *g);
    /** Fill the memory and the registers of a new tracee. Returns 0; -errno with the reason. */
    int (*load)(struct tracee *t, const struct exec_image *image, struct why *why);
};

extern const struct guest_abi guest_abis[ABI_COUNT];

/** The bridge's part of a row of abis[]. */
const struct guest_abi *guest_abi_of(const struct abi *abi);

#endif
