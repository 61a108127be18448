/* SPDX-License-Identifier: MIT */
/* The tiny ELF image that the host executes in place of a guest's. */
#ifndef SERVER_BRIDGE_TRACEE_STUB_H
#define SERVER_BRIDGE_TRACEE_STUB_H

#include "server/bridge/abi/arch.h"

enum { STUB_ADDR = 0x400000 }; /* its address, on both architectures */

/**
 * Make the image, a program that makes one host call, as a sealed memfd.
 * Returns   the fd, close-on-exec, owned by the caller; -errno.
 */
int stub_open(const struct arch *arch);

#endif
