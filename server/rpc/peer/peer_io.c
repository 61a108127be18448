/* SPDX-License-Identifier: MIT */
/* The bytes of a connection: reading, lines, writing, and which of them has to wait for which. */
#include "server/rpc/peer/peer_io.h"

#include "server/rpc/peer/message.h"

#include <errno.h>
#include <string.h>

enum {
    TURN_REQUESTS = 32,
    TURN_NS = 125000,
    HELD_BYTES = 16384, /* fewer are not written while more requests are to be carried out */
};

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

/** What waits for the queue to be sent, or to be below its limit, is done in the next turn. */
static void wake(struct conn *c)
{
    if (((c->refused || c->ended) && conn_all_sent(c)) ||
        ((c->full || c->events.stalling) && !conn_is_full(c)))
        turns_join(&c->rpc->turns, c);
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
    wake(c); /* when little is left, conn_flush() leaves it to a turn that must come then */
}

/** Have the loop write what the socket does not take at once. */
static void write_later(struct conn *c)
{
    struct strbuf empty = c->sending;
    uv_buf_t buf;

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

void conn_flush(struct conn *c)
{
    uv_buf_t buf;
    int written;

    if (c->closing || c->broken || c->writing || c->out.len == 0 ||
        (c->out.len < HELD_BYTES && conn_has_more(c)))
        return;
    buf = uv_buf_init(c->out.ptr, (unsigned)c->out.len);
    written = uv_try_write((uv_stream_t *)&c->pipe, &buf, 1);
    if (written < 0 && written != UV_EAGAIN) {
        conn_close_soon(c);
        return;
    }
    written = written < 0 ? 0 : written;
    c->rpc->stats.bytes_out += written;
    if ((size_t)written == c->out.len) {
        forget(&c->out);
    } else {
        strbuf_drop(&c->out, (size_t)written);
        write_later(c);
    }
    wake(c);
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

struct strbuf *conn_out(struct conn *c)
{
    return c->closing || c->shut || c->broken ? NULL : &c->out;
}

void conn_written(struct conn *c)
{
    if (strbuf_failed(&c->out))
        conn_close_soon(c); /* an answer is lost: better no more at all */
    else
        turns_send(&c->rpc->turns, c);
}

void conn_send(struct conn *c, struct strbuf *bytes)
{
    if (conn_out(c) != NULL) {
        enqueue(c, bytes);
        conn_written(c);
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
    return !c->closing && !c->refused && !c->broken && !c->rpc->stopping && !conn_is_full(c) &&
           !conn_is_held(c);
}

bool conn_has_more(const struct conn *c)
{
    return c->more && may_take(c);
}

/** Carry out what has arrived, until the turn is over. */
static size_t take_requests(struct conn *c)
{
    const uint64_t end = uv_hrtime() + TURN_NS;
    size_t taken = 0;
    int got = 1;

    while (got == 1 && may_take(c) && taken < TURN_REQUESTS && (taken == 0 || uv_hrtime() < end)) {
        got = message_take_next(c);
        taken += got == 1;
    }
    c->more = got == 1;
    c->full = c->more && conn_is_full(c);
    if (got == -EMSGSIZE)
        refuse_large(c);
    return taken;
}

size_t conn_take_turn(struct conn *c)
{
    size_t taken;

    if (c->broken) {
        conn_close(c);
        return 0;
    }
    if (c->refused && conn_all_sent(c))
        shut(c);
    subscription_drained(&c->events);
    taken = take_requests(c);
    if (c->out.len > 0)
        turns_send(&c->rpc->turns, c);
    conn_update_reading(c);
    conn_note_unread(c);
    if (c->ended && !conn_has_more(c) && !conn_is_held(c))
        conn_end(c);
    else
        conn_settle(c);
    return taken;
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
        c->ended = true;
        turns_join(&c->rpc->turns, c);
        return;
    }
    if (count < 0) {
        conn_close(c);
        return;
    }
    c->rpc->stats.bytes_in += count;
    if (c->refused)
        return;
    if (frame_push(&c->in, buf->base, (size_t)count) < 0) {
        conn_close(c);
        return;
    }
    turns_join(&c->rpc->turns, c);
    conn_update_reading(c);
}

/** Whether enough has arrived that is not taken yet. While a batch is taken nothing may come behind
 * its line. */
static bool has_backlog(const struct conn *c)
{
    return c->batch != NULL ||
           ((c->more || !list_empty(&c->in_line)) && frame_size(&c->in) >= READ_CHUNK);
}

void conn_update_reading(struct conn *c)
{
    bool wanted = !c->ended && !has_backlog(c) && !conn_is_full(c) && !c->rpc->stopping;

    if (wanted == c->reading || c->closing)
        return;
    c->reading = wanted;
    if (!wanted)
        (void)uv_read_stop((uv_stream_t *)&c->pipe);
    else if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) < 0)
        conn_close_soon(c);
}
