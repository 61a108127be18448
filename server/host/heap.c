/* SPDX-License-Identifier: MIT */
#include "server/host/heap.h"

#include <malloc.h>

static void on_look(uv_timer_t *timer)
{
    struct heap *h = timer->data;
    const size_t free_bytes = mallinfo2().fordblks;

    if (free_bytes < h->free_bytes)
        h->free_bytes = free_bytes;
    if (free_bytes - h->free_bytes <= HEAP_KEPT)
        return;
    (void)malloc_trim(HEAP_KEPT);
    h->free_bytes = mallinfo2().fordblks;
}

void heap_init(struct heap *h, uv_loop_t *loop)
{
    *h = (struct heap){0};
    (void)uv_timer_init(loop, &h->timer);
    h->timer.data = h;
    (void)uv_timer_start(&h->timer, on_look, HEAP_LOOK_MS, HEAP_LOOK_MS);
    uv_unref((uv_handle_t *)&h->timer);
}

void heap_close(struct heap *h)
{
    uv_close((uv_handle_t *)&h->timer, NULL);
}
