/* SPDX-License-Identifier: MIT */
/* Shared memory objects of the host: a sealed memfd each. */
#ifndef SERVER_HOST_MEMORY_H
#define SERVER_HOST_MEMORY_H

#include "server/kernel/shared_memory.h"

/** The body of host_ops.memory_new(); @host is not looked at. Returns 0; -ENOMEM, also when the
 * process has no descriptor left. */
int host_memory_new(void *host, struct shared_memory **out);

#endif
