/* SPDX-License-Identifier: MIT */
/*
 * The trampoline: a page with one call instruction, by which host calls are injected.
 *
 * It lies above the user limit, so no call of the program can map, unmap or poke it, and it is private
 * to the process, so no other process can write it. The program never runs while it is mapped: it is
 * mapped at a stop and unmapped, by its own instruction, before the program continues.
 *
 *     trampoline_map(t)  ->  tracee_inject() … tracee_inject()  ->  trampoline_unmap(t)
 */
#ifndef SERVER_BRIDGE_TRACEE_TRAMPOLINE_H
#define SERVER_BRIDGE_TRACEE_TRAMPOLINE_H

#include "server/bridge/tracee/tracee.h"

/** Map it, by a call that tracee_inject() can make, and make further calls through it. Returns 0;
 * -ENOMEM; -ESRCH; -EIO. */
int trampoline_map(struct tracee *t);

/** Unmap it: the tracee has no gate afterwards. Returns 0; -ESRCH; -EIO. */
int trampoline_unmap(struct tracee *t);

#endif
