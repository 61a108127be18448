/* SPDX-License-Identifier: MIT */
/*
 * Memory that machines have given back goes back to the host, too: the C library keeps what is free
 * between blocks in use, and what a machine once took would stay the daemon's for ever.
 */
#ifndef SERVER_HOST_HEAP_H
#define SERVER_HOST_HEAP_H

#include <uv.h>

enum {
    HEAP_LOOK_MS = 2000,         /* how often is looked */
    HEAP_KEPT = 8 * 1024 * 1024, /* bytes that became free since, and may stay */
};

struct heap {
    uv_timer_t timer;
    size_t free_bytes; /* after the last look: some of them can't be given back */
};

/** Look at the heap from time to time, as long as the loop has other things to do. */
void heap_init(struct heap *h, uv_loop_t *loop);

/** Leave the loop. The struct stays until the loop has turned. */
void heap_close(struct heap *h);

#endif
