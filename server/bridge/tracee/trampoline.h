/* SPDX-License-Identifier: MIT */
/*
 * The trampoline: a page with one call instruction, by which host calls are injected.
 *
 * It lies above the user limit, so no call of the program's maps, unmaps or pokes it, and it is
 * private to the process, so nobody else writes it. A program never runs while it is there: it is
 * mapped in a stop and unmapped, by its own instruction, before the program goes on.
 *
 *     trampoline_map(t)  ->  tracee_inject() … tracee_inject()  ->  trampoline_unmap(t)
 */
#ifndef SERVER_BRIDGE_TRACEE_TRAMPOLINE_H
#define SERVER_BRIDGE_TRACEE_TRAMPOLINE_H

#include "server/bridge/tracee/tracee.h"

/** Map it, by a call that tracee_inject() can make, and have further calls made by it. Returns 0;
 * -ENOMEM; -ESRCH; -EIO. */
int trampoline_map(struct tracee *t);

/** Unmap it: the tracee has no gate afterwards. Returns 0; -ESRCH; -EIO. */
int trampoline_unmap(struct tracee *t);

#endif
