/* SPDX-License-Identifier: MIT */
/* A queue of bytes in a ring that grows as it fills and gives its memory back when it is empty. */
#ifndef SERVER_KERNEL_BYTEQ_H
#define SERVER_KERNEL_BYTEQ_H

#include <stddef.h>
#include <stdint.h>

/** All zero when empty. */
struct byteq {
    char *at;
    size_t cap;  /* 0, or a power of two */
    size_t head; /* where the next byte to take is */
    size_t len;
};

/**
 * Put bytes at the end.
 * @max      bytes the queue may hold, a power of two.
 * Returns   how many of the @len bytes it took, 0 when it is full; -ENOMEM.
 */
int64_t byteq_put(struct byteq *q, const char *bytes, size_t len, size_t max);

/** Take up to @len bytes from the start. Returns how many. */
size_t byteq_take(struct byteq *q, char *out, size_t len);

/** Forget all bytes and release the memory. */
void byteq_done(struct byteq *q);

#endif
