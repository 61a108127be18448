/* SPDX-License-Identifier: MIT */
#include "server/rpc/frame.h"

#include <errno.h>
#include <string.h>

/** An empty buffer larger than this is given back. */
enum { KEPT_BYTES = 131072 };

void frame_init(struct frame *f, size_t max)
{
    *f = (struct frame){STRBUF_INIT, 0, 0, max};
}

void frame_done(struct frame *f)
{
    strbuf_done(&f->buf);
}

int frame_push(struct frame *f, const char *bytes, size_t len)
{
    if (f->start == f->buf.len && f->buf.cap > KEPT_BYTES)
        strbuf_done(&f->buf); /* a large message has passed */
    else
        strbuf_drop(&f->buf, f->start);
    f->scanned -= f->start;
    f->start = 0;
    return strbuf_add(&f->buf, bytes, len);
}

size_t frame_size(const struct frame *f)
{
    return f->buf.len - f->start;
}

/** The line that begins at start, without its end; moves start past it. 0: there is none yet. */
static int take_line(struct frame *f, bool ended, struct json_span *line)
{
    const char *text = strbuf_str(&f->buf);
    const char *end = NULL;

    if (f->scanned < f->buf.len)
        end = memchr(text + f->scanned, '\n', f->buf.len - f->scanned);
    f->scanned = end != NULL ? (size_t)(end - text) : f->buf.len;
    line->ptr = text + f->start;
    line->len = f->scanned - f->start;
    if (line->len > f->max + 1) /* a CR is no part of the message */
        return -EMSGSIZE;
    if (end == NULL && (!ended || line->len == 0))
        return 0;
    f->start = end != NULL ? f->scanned + 1 : f->scanned;
    f->scanned = f->start;
    return 1;
}

int frame_next(struct frame *f, bool ended, struct json_span *out)
{
    struct json_span line;
    int got;

    do {
        got = take_line(f, ended, &line);
        if (got != 1)
            return got;
        line = json_trim(line);
        if (line.len > f->max)
            return -EMSGSIZE;
    } while (line.len == 0);
    *out = line;
    return 1;
}
