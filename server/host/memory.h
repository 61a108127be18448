/* SPDX-License-Identifier: MIT */
/* The host's shared memory objects: sealed memfds. */
#ifndef SERVER_HOST_MEMORY_H
#define SERVER_HOST_MEMORY_H

#include "server/kernel/shared_memory.h"

/** host_ops.memory_new(). @host is unused. Returns 0; -ENOMEM, also without descriptors. */
int host_memory_new(void *host, struct shared_memory **out);

#endif
