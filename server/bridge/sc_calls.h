/* SPDX-License-Identifier: MIT */
/* The calls of syscalls.def as guests make them, by the convention of their ABI. */
#ifndef SERVER_BRIDGE_SC_CALLS_H
#define SERVER_BRIDGE_SC_CALLS_H

#include "server/bridge/guest_abi.h"

/** Whether @nr is MMAP, MMAP_FILE, MCHMAP or MUNMAP: they change the guest's real memory. */
bool sc_calls_is_memory(int nr);

/** guest_abi.filter: all except the memory calls, which are replaced by the host's. */
void sc_calls_filter(struct filter *f);

/** guest_abi.take */
void sc_calls_take(struct guest *g, int nr, const uint64_t args[ARCH_ARGS]);

#endif
