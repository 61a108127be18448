/* SPDX-License-Identifier: MIT */
/*
 * Returns freed memory of the daemon to the host. The C library keeps free blocks between used
 * ones, so a machine's peak would stay with the daemon for ever.
 */
#ifndef SERVER_HOST_HEAP_H
#define SERVER_HOST_HEAP_H

#include <uv.h>

enum {
    HEAP_LOOK_MS = 2000,         /* how often the heap is checked */
    HEAP_KEPT = 8 * 1024 * 1024, /* bytes freed since the last check that are not returned */
};

struct heap {
    uv_timer_t timer;
    size_t free_bytes; /* after the last check; some of them can't be returned */
};

/** Check the heap every HEAP_LOOK_MS. Does not keep the loop alive. */
void heap_init(struct heap *h, uv_loop_t *loop);

/** Leave the loop. The struct must live until the loop has turned. */
void heap_close(struct heap *h);

#endif
