/* SPDX-License-Identifier: MIT */
#include "server/base/strbuf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRBUF_FIRST = 64 };

static int fail(struct strbuf *b)
{
    b->failed = true;
    return -ENOMEM;
}

int strbuf_grow(struct strbuf *b, size_t extra)
{
    size_t cap = b->cap != 0 ? b->cap : STRBUF_FIRST;
    char *ptr;

    if (b->failed || extra > SIZE_MAX / 2 - b->len)
        return fail(b);
    if (b->max != 0 && b->len + extra > b->max) {
        b->over = true;
        return fail(b);
    }
    if (b->cap > b->len + extra)
        return 0;
    while (cap <= b->len + extra)
        cap *= 2;
    ptr = realloc(b->ptr, cap);
    if (ptr == NULL)
        return fail(b);
    b->ptr = ptr;
    b->cap = cap;
    b->ptr[b->len] = '\0';
    return 0;
}

int strbuf_addv(struct strbuf *b, const char *fmt, va_list ap)
{
    va_list again;
    int len;
    int err;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (len < 0)
        return fail(b);
    err = strbuf_reserve(b, (size_t)len);
    if (err < 0)
        return err;
    (void)vsnprintf(b->ptr + b->len, (size_t)len + 1, fmt, ap);
    b->len += (size_t)len;
    return 0;
}

int strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
    va_list ap;
    int err;

    va_start(ap, fmt);
    err = strbuf_addv(b, fmt, ap);
    va_end(ap);
    return err;
}

void strbuf_drop(struct strbuf *b, size_t count)
{
    if (count > b->len)
        count = b->len;
    if (count == 0)
        return;
    memmove(b->ptr, b->ptr + count, b->len - count + 1);
    b->len -= count;
}

const char *strbuf_str(const struct strbuf *b)
{
    return b->ptr != NULL ? b->ptr : "";
}

char *strbuf_take(struct strbuf *b)
{
    char *ptr;

    if (strbuf_reserve(b, 0) < 0) {
        strbuf_done(b);
        return NULL;
    }
    ptr = b->ptr;
    *b = (struct strbuf)STRBUF_INIT;
    return ptr;
}

void strbuf_reset(struct strbuf *b)
{
    b->len = 0;
    b->failed = false;
    b->over = false;
    if (b->ptr != NULL)
        b->ptr[0] = '\0';
}

void strbuf_done(struct strbuf *b)
{
    free(b->ptr);
    *b = (struct strbuf)STRBUF_INIT;
}
