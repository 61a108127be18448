/* SPDX-License-Identifier: MIT */
/*
 * ABIs of guests: the bridge's part of the table, with registers and filters. The kernel's part, which
 * has the same rows, is server/kernel/abi.h.
 *
 *     tracee --notification, or AT_ENTRY--> admit()  the call came through a gate of the ABI's
 *                                              |
 *                                           take()   what its number means; its arguments; call_begin()
 *     tracee --protection fault--> on_fault() -+     a gate that the host's kernel does not have
 *
 *     filter()   which numbers arrive as notifications; all others stop the tracee AT_ENTRY
 *     load()     the image of a new guest, its stack and its first registers
 *
 * An ABI answers by guest_finish(), or by guest_send_answer() if it began no call. An ABI of another
 * system has its own take(); those of syscalls.def share sc_calls.c, and differ in their convention.
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
    /** Add the numbers that arrive as notifications: filter_notify(). */
    void (*filter)(struct filter *f);
    /** Whether a call made at @site came through a gate; if not, the guest was ended. NULL: always. */
    bool (*admit)(struct guest *g, uint64_t site);
    /** Carry out a call of any number. */
    void (*take)(struct guest *g, int nr, const uint64_t args[ARCH_ARGS]);
    /** The tracee is before a protection fault. Returns whether that is a call, which was taken or will
     * come again. NULL: never. */
    bool (*on_fault)(struct guest *g);
    /** Fill the memory and the registers of a new tracee. Returns 0; -errno with the reason. */
    int (*load)(struct tracee *t, const struct exec_image *image, struct why *why);
};

extern const struct guest_abi guest_abis[ABI_COUNT];

/** The bridge's part of a row of abis[]. */
const struct guest_abi *guest_abi_of(const struct abi *abi);

#endif
