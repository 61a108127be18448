/* SPDX-License-Identifier: MIT */
/*
 * The gate of i386 guests, `int $0x40`.
 *
 * It has no gate in the host's kernel, so it ends in a general protection fault, which looks like all
 * others: the bytes at the instruction decide. Its site is then rewritten to `int $0x80`, which arrives
 * as a notification, and remembered, because an `int $0x80` at any other place is the guest's own and
 * a fault; one that a program writes over a site that has been used can't be told from ours, and counts
 * as the gate that was there. In memory that is shared with a file nothing is rewritten, for others
 * would see it: there a call is carried out at its fault, each time.
 *
 * Under a seccomp filter of somebody else's (a container's) that does not do: what it refuses, by
 * number, our filter never sees, and to it our numbers are the host's: SC_READ is gtty(), which no
 * container allows. So there a call is carried out at its fault. Only the memory calls, which need
 * a real system call to put the host's in its place, are still rewritten, each time; their numbers
 * are those of unlink(), execve(), chdir() and time(), which containers allow.
 */
#ifndef SERVER_BRIDGE_INT40_H
#define SERVER_BRIDGE_INT40_H

#include <stdbool.h>
#include <stdint.h>

struct guest;

/** guest_abi.admit: whether an `int $0x40` is or was at @site. */
bool int40_admit(struct guest *g, uint64_t site);

/** guest_abi.on_fault: an `int $0x40` is carried out where it stands, or rewritten. */
bool int40_on_fault(struct guest *g);

#endif
