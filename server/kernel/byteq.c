/* SPDX-License-Identifier: MIT */
#include "server/kernel/byteq.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    CAP_FIRST = 256,
    CAP_KEPT = 4096, /* the most that an empty queue keeps */
};

/** Copy @len bytes out from position @pos of the queue. */
static void copy_out(const struct byteq *q, size_t pos, char *out, size_t len)
{
    const size_t start = (q->head + pos) & (q->cap - 1);
    const size_t first = len < q->cap - start ? len : q->cap - start;

    memcpy(out, q->at + start, first);
    memcpy(out + first, q->at, len - first);
}

void byteq_init(struct byteq *q, struct byteq_pool *pool)
{
    *q = (struct byteq){.pool = pool};
}

/** Grow to @len bytes in total. Returns 0, -ENOMEM; -ENOSPC the pool is exhausted. */
static int grow(struct byteq *q, size_t len)
{
    size_t cap = q->cap != 0 ? q->cap : CAP_FIRST;
    char *at;

    while (cap < len)
        cap *= 2;
    if (cap == q->cap)
        return 0;
    if (cap - q->cap > q->pool->bytes_max - q->pool->bytes)
        return -ENOSPC;
    at = malloc(cap);
    if (at == NULL)
        return -ENOMEM;
    if (q->len > 0)
        copy_out(q, 0, at, q->len);
    free(q->at);
    q->pool->bytes += cap - q->cap;
    q->at = at;
    q->cap = cap;
    q->head = 0;
    return 0;
}

int64_t byteq_put(struct byteq *q, const char *bytes, size_t len, size_t max)
{
    size_t count = len < max - q->len ? len : max - q->len;
    size_t tail;
    size_t first;
    int err;

    if (count == 0)
        return 0;
    err = grow(q, q->len + count);
    if (err == -ENOSPC)
        count = q->cap - q->len; /* as many as fit */
    if (err == -ENOMEM || count == 0)
        return -ENOMEM;
    tail = (q->head + q->len) & (q->cap - 1);
    first = count < q->cap - tail ? count : q->cap - tail;
    memcpy(q->at + tail, bytes, first);
    memcpy(q->at, bytes + first, count - first);
    q->len += count;
    return (int64_t)count;
}

size_t byteq_take(struct byteq *q, char *out, size_t len)
{
    const size_t count = len < q->len ? len : q->len;

    if (count == 0)
        return 0;
    copy_out(q, 0, out, count);
    q->head = (q->head + count) & (q->cap - 1);
    q->len -= count;
    if (q->len == 0 && q->cap > CAP_KEPT)
        byteq_done(q);
    return count;
}

void byteq_done(struct byteq *q)
{
    free(q->at);
    q->pool->bytes -= q->cap;
    byteq_init(q, q->pool);
}
