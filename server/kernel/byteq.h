/* SPDX-License-Identifier: MIT */
/* A queue of bytes: a ring that grows as it fills, and frees its memory when it is empty. */
#ifndef SERVER_KERNEL_BYTEQ_H
#define SERVER_KERNEL_BYTEQ_H

#include <stddef.h>
#include <stdint.h>

/** The bytes of all queues of a machine. */
struct byteq_pool {
    uint64_t bytes;
    uint64_t bytes_max;
};

/** byteq_init() makes it. */
struct byteq {
    struct byteq_pool *pool; /* borrowed; its memory is counted there */
    char *at;
    size_t cap;  /* 0, or a power of two */
    size_t head; /* index of the next byte to take */
    size_t len;
};

/** Make an empty queue, without memory. @pool borrowed while the queue exists. */
void byteq_init(struct byteq *q, struct byteq_pool *pool);

/**
 * Append bytes.
 * @max      the most bytes the queue may hold, a power of two.
 * Returns   how many of the @len bytes were appended, 0 if it is full; -ENOMEM, also if the pool is
 *           exhausted.
 */
int64_t byteq_put(struct byteq *q, const char *bytes, size_t len, size_t max);

/** Take up to @len bytes from the start. Returns how many. */
size_t byteq_take(struct byteq *q, char *out, size_t len);

/** Drop all bytes and free the memory. */
void byteq_done(struct byteq *q);

#endif
