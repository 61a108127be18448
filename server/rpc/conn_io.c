/* SPDX-License-Identifier: MIT */
/* The bytes of a connection: reading, lines, writing, and which of them has to wait for which. */
#include "server/rpc/conn_io.h"

#include "server/rpc/message.h"

#include <errno.h>
#include <string.h>

/** Lines of one connection that are taken before others have their turn. */
enum { LINES_PER_TURN = 256 };

bool conn_is_full(const struct conn *c)
{
    return c->out.len + c->sending.len > c->rpc->limits.queued_bytes;
}

bool conn_all_sent(const struct conn *c)
{
    return !c->writing && c->out.len == 0;
}

static void on_shut(uv_shutdown_t *req, int status)
{
    (void)req;
    (void)status;
}

/** A refused peer learns that nothing more will come. */
static void shut(struct conn *c)
{
    if (c->shut || uv_shutdown(&c->shutdown, (uv_stream_t *)&c->pipe, on_shut) < 0)
        return;
    c->shut = true;
}

/** Empty a buffer; the memory of a large one is given back. */
static void forget(struct strbuf *b)
{
    if (b->cap > READ_CHUNK)
        strbuf_done(b);
    else
        strbuf_reset(b);
}

static void on_written(uv_write_t *req, int status)
{
    struct conn *c = req->data;

    c->writing = false;
    c->rpc->stats.bytes_out += status == 0 ? (int64_t)c->sending.len : 0;
    forget(&c->sending);
    if (c->closing)
        return;
    if (status < 0) {
        conn_close(c);
        return;
    }
    conn_flush(c);
    if (c->refused && conn_all_sent(c))
        shut(c);
    subscription_drained(&c->events);
    conn_take_lines(c);
    conn_settle(c);
}

void conn_flush(struct conn *c)
{
    struct strbuf empty = c->sending;
    uv_buf_t buf;

    if (c->closing || c->broken || c->writing || c->corked || c->out.len == 0)
        return;
    c->sending = c->out;
    c->out = empty;
    buf = uv_buf_init(c->sending.ptr, (unsigned)c->sending.len);
    c->write.data = c;
    if (uv_write(&c->write, (uv_stream_t *)&c->pipe, &buf, 1, on_written) == 0) {
        c->writing = true;
        return;
    }
    strbuf_reset(&c->sending);
    conn_close_soon(c);
}

/** Put @bytes behind what is queued; without a copy when that is nothing. */
static void enqueue(struct conn *c, struct strbuf *bytes)
{
    struct strbuf old = c->out;

    if (old.len > 0) {
        (void)strbuf_add(&c->out, bytes->ptr, bytes->len);
        return;
    }
    c->out = *bytes;
    *bytes = old;
}

void conn_send(struct conn *c, struct strbuf *bytes)
{
    if (!c->closing && !c->shut && !c->broken) {
        bool failed = strbuf_failed(bytes);

        enqueue(c, bytes);
        if (failed || strbuf_failed(&c->out))
            conn_close_soon(c); /* an answer is lost: better no more at all */
        else
            conn_flush(c);
    }
    strbuf_reset(bytes);
}

static void refuse_large(struct conn *c)
{
    struct failure f = FAILURE_INIT;

    (void)fail(&f, RPC_E_TOO_LARGE, NULL,
               "a message is one line of at most %llu bytes (limit message_bytes)",
               (unsigned long long)c->rpc->limits.message_bytes);
    conn_refuse(c, &f);
    failure_done(&f);
}

/** Whether the next line may be taken. */
static bool may_take(const struct conn *c)
{
    return !c->closing && !c->refused && !c->broken && !c->rpc->stopping && !conn_is_full(c);
}

void conn_take_lines(struct conn *c)
{
    struct json_span line;
    int taken = 0;
    int got = 0;

    if (c->corked || c->has_more)
        return;
    c->corked = true;
    while (taken++ < LINES_PER_TURN && may_take(c)) {
        got = frame_next(&c->in, c->ended, &line);
        if (got != 1)
            break;
        message_take(c, line);
    }
    c->corked = false;
    if (got == -EMSGSIZE)
        refuse_large(c);
    if (got == -EPROTO)
        message_refuse_opening(c, line);
    if (got == 1 && may_take(c)) {
        c->has_more = true;
        conn_turn_soon(c);
    }
    conn_flush(c);
    conn_update_reading(c);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct conn *c = handle->data;

    (void)suggested;
    *out = uv_buf_init(c->rpc->chunk, sizeof(c->rpc->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct conn *c = stream->data;

    if (count == 0)
        return;
    if (count == UV_EOF) {
        conn_end(c);
        return;
    }
    if (count < 0) {
        conn_close(c);
        return;
    }
    c->rpc->stats.bytes_in += count;
    if (c->refused)
        return;
    if (frame_push(&c->in, buf->base, (size_t)count) < 0)
        conn_close(c);
    else
        conn_take_lines(c);
}

void conn_update_reading(struct conn *c)
{
    bool wanted = !c->ended && !c->has_more && !conn_is_full(c) && !c->rpc->stopping;

    if (wanted == c->reading || c->closing)
        return;
    c->reading = wanted;
    if (!wanted)
        (void)uv_read_stop((uv_stream_t *)&c->pipe);
    else if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) < 0)
        conn_close_soon(c);
}
