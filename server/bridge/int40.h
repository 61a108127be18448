/* SPDX-License-Identifier: MIT */
/*
 * The gate of i386 guests, `int $0x40`.
 *
 * The host's kernel has no such gate, so the instruction raises a general protection fault like any
 * other; the bytes at the instruction identify it. Its site is then rewritten to `int $0x80`, which
 * arrives as a notification. Sites are recorded, because an `int $0x80` at any other place is the
 * guest's own, and a fault. (If a program writes `int $0x80` over a used site, that can't be told from
 * ours, and counts as the gate.) In memory that is shared with a file nothing is rewritten, because
 * others would see it: each call there is carried out at its fault.
 *
 * Under a foreign seccomp filter (a container's) rewriting does not work: that filter takes our numbers
 * for the host's, and our filter never sees the calls that it refuses: SC_READ is gtty(), which no
 * container allows. So there a call is carried out at its fault. Only the memory calls are still
 * rewritten, for one call each, because a host call has to take the place of a real system call; their
 * numbers are those of unlink(), execve(), chdir() and time(), which containers allow.
 */
#ifndef SERVER_BRIDGE_INT40_H
#define SERVER_BRIDGE_INT40_H

#include <stdbool.h>
#include <stdint.h>

struct guest;

/** guest_abi.admit: whether an `int $0x40` is or was at @site. */
bool int40_admit(struct guest *g, uint64_t site);

/** guest_abi.on_fault: carry out an `int $0x40`, or rewrite it. */
bool int40_on_fault(struct guest *g);

#endif
