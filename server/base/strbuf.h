/* SPDX-License-Identifier: MIT */
/*
 * A growing byte string. Errors are sticky: after a failed allocation, or past the limit `max` that
 * the owner may set, appending does nothing, so callers check strbuf_failed() once, at the end.
 */
#ifndef SERVER_BASE_STRBUF_H
#define SERVER_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct strbuf {
    char *ptr;  /* NUL-terminated once something was appended, else NULL */
    size_t len; /* bytes before the NUL */
    size_t cap;
    bool failed;
    bool over;  /* failed because of max */
    size_t max; /* the most bytes; 0: no limit */
};

#define STRBUF_INIT                                                                                \
    {                                                                                              \
        NULL, 0, 0, false, false, 0                                                                \
    }

/** The slow path of strbuf_reserve(): the memory is too small. */
int strbuf_grow(struct strbuf *b, size_t extra);

/* Inlined: most of an answer is written by these, a few bytes at a time. */

/** Make sure @extra more bytes fit. Returns 0 or -ENOMEM. */
static inline int strbuf_reserve(struct strbuf *b, size_t extra)
{
    if (b->cap - b->len > extra && !b->failed && b->max == 0)
        return 0;
    return strbuf_grow(b, extra);
}

/** Append @len bytes. Returns 0 or -ENOMEM. */
static inline int strbuf_add(struct strbuf *b, const void *bytes, size_t len)
{
    int err = strbuf_reserve(b, len);

    if (err < 0)
        return err;
    if (len > 0)
        memcpy(b->ptr + b->len, bytes, len);
    b->len += len;
    b->ptr[b->len] = '\0';
    return 0;
}

/** Append a NUL-terminated string. Returns 0 or -ENOMEM. */
static inline int strbuf_adds(struct strbuf *b, const char *s)
{
    return strbuf_add(b, s, strlen(s));
}

/** Append one byte. Returns 0 or -ENOMEM. */
static inline int strbuf_addc(struct strbuf *b, char c)
{
    return strbuf_add(b, &c, 1);
}

/** Append printf-formatted text. Returns 0 or -ENOMEM. */
int strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int strbuf_addv(struct strbuf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

/** Remove the first @count bytes. */
void strbuf_drop(struct strbuf *b, size_t count);

/** The text, "" when empty. Borrowed until the next change. */
const char *strbuf_str(const struct strbuf *b);

/** Hand the text, "" if empty, to the caller (returned; free()); NULL if an append failed. */
char *strbuf_take(struct strbuf *b);

/** Forget the text, keep the memory. */
void strbuf_reset(struct strbuf *b);

/** Release the memory; it is empty and usable again. */
void strbuf_done(struct strbuf *b);

static inline bool strbuf_failed(const struct strbuf *b)
{
    return b->failed;
}

#endif
