/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/frame.h"

#include <errno.h>
#include <string.h>

/** An empty buffer larger than this is freed. */
enum { KEPT_BYTES = 131072 };

void frame_init(struct frame *f, size_t max)
{
    *f = (struct frame){.buf = STRBUF_INIT, .max = max};
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
    if (line->len > f->max + 1) /* a CR is not part of the message */
        return -EMSGSIZE;
    if (end == NULL && (!ended || line->len == 0))
        return 0;
    f->start = end != NULL ? f->scanned + 1 : f->scanned;
    f->scanned = f->start;
    return 1;
}

/** Look at the first byte that is not blank, if it has arrived. Returns 0, -EPROTO. */
static int check_opening(struct frame *f, struct json_span *out)
{
    struct json_span seen = {strbuf_str(&f->buf) + f->start, f->buf.len - f->start};
    const char *end;

    seen = json_trim(seen);
    if (seen.len == 0)
        return 0;
    f->opened = *seen.ptr == '{' || *seen.ptr == '[';
    if (f->opened)
        return 0;
    end = memchr(seen.ptr, '\n', seen.len);
    if (end != NULL)
        seen.len = (size_t)(end - seen.ptr);
    *out = json_trim(seen);
    return -EPROTO;
}

int frame_next(struct frame *f, bool ended, struct json_span *out)
{
    struct json_span line;
    int got = f->opened ? 0 : check_opening(f, out);

    if (got < 0)
        return got;

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
