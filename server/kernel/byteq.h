/* SPDX-License-Identifier: MIT */
/* A queue of bytes in a ring that grows as it fills and gives its memory back when it is empty. */
#ifndef SERVER_KERNEL_BYTEQ_H
#define SERVER_KERNEL_BYTEQ_H

#include <stddef.h>
#include <stdint.h>

/** What the queues of a machine take together. */
struct byteq_pool {
    uint64_t bytes;
    uint64_t bytes_max;
};

/** Made by byteq_init(). */
struct byteq {
    struct byteq_pool *pool; /* what it takes is counted there */
    char *at;
    size_t cap;  /* 0, or a power of two */
    size_t head; /* where the next byte to take is */
    size_t len;
};

/** An empty queue, without memory. @pool borrowed as long as the queue. */
void byteq_init(struct byteq *q, struct byteq_pool *pool);

/**
 * Put bytes at the end.
 * @max      bytes the queue may hold, a power of two.
 * Returns   how many of the @len bytes it took, 0 when it is full; -ENOMEM, also when the pool has
 *           no more.
 */
int64_t byteq_put(struct byteq *q, const char *bytes, size_t len, size_t max);

/** Take up to @len bytes from the start. Returns how many. */
size_t byteq_take(struct byteq *q, char *out, size_t len);

/** Forget all bytes and release the memory. */
void byteq_done(struct byteq *q);

#endif
