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

bool peer_is_full(const struct peer *peer)
{
    return peer->out.len + peer->sending.len > peer->rpc->limits.queued_bytes;
}

bool peer_all_sent(const struct peer *peer)
{
    return !peer->writing && peer->out.len == 0;
}

static void on_shut(uv_shutdown_t *req, int status)
{
    (void)req;
    (void)status;
}

/** A refused peer learns that nothing more will come. */
static void shut(struct peer *peer)
{
    if (peer->shut || uv_shutdown(&peer->shutdown, (uv_stream_t *)&peer->pipe, on_shut) < 0)
        return;
    peer->shut = true;
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
static void wake(struct peer *peer)
{
    if (((peer->refused || peer->ended) && peer_all_sent(peer)) ||
        ((peer->full || peer->events.stalling) && !peer_is_full(peer)))
        turns_join(&peer->rpc->turns, peer);
}

static void on_written(uv_write_t *req, int status)
{
    struct peer *peer = req->data;

    peer->writing = false;
    peer->rpc->stats.bytes_out += status == 0 ? (int64_t)peer->sending.len : 0;
    forget(&peer->sending);
    if (peer->closing)
        return;
    if (status < 0) {
        peer_close(peer);
        return;
    }
    peer_flush(peer);
    wake(peer); /* when little is left, peer_flush() leaves it to a turn that must come then */
}

/** Have the loop write what the socket does not take at once. */
static void write_later(struct peer *peer)
{
    struct strbuf empty = peer->sending;
    uv_buf_t buf;

    peer->sending = peer->out;
    peer->out = empty;
    buf = uv_buf_init(peer->sending.ptr, (unsigned)peer->sending.len);
    peer->write.data = peer;
    if (uv_write(&peer->write, (uv_stream_t *)&peer->pipe, &buf, 1, on_written) == 0) {
        peer->writing = true;
        return;
    }
    strbuf_reset(&peer->sending);
    peer_close_soon(peer);
}

void peer_flush(struct peer *peer)
{
    uv_buf_t buf;
    int written;

    if (peer->closing || peer->broken || peer->writing || peer->out.len == 0 ||
        (peer->out.len < HELD_BYTES && peer_has_more(peer)))
        return;
    buf = uv_buf_init(peer->out.ptr, (unsigned)peer->out.len);
    written = uv_try_write((uv_stream_t *)&peer->pipe, &buf, 1);
    if (written < 0 && written != UV_EAGAIN) {
        peer_close_soon(peer);
        return;
    }
    written = written < 0 ? 0 : written;
    peer->rpc->stats.bytes_out += written;
    if ((size_t)written == peer->out.len) {
        forget(&peer->out);
    } else {
        strbuf_drop(&peer->out, (size_t)written);
        write_later(peer);
    }
    wake(peer);
}

/** Put @bytes behind what is queued; without a copy when that is nothing. */
static void enqueue(struct peer *peer, struct strbuf *bytes)
{
    struct strbuf old = peer->out;

    if (old.len > 0) {
        (void)strbuf_add(&peer->out, bytes->ptr, bytes->len);
        return;
    }
    peer->out = *bytes;
    *bytes = old;
}

struct strbuf *peer_out(struct peer *peer)
{
    return peer->closing || peer->shut || peer->broken ? NULL : &peer->out;
}

void peer_written(struct peer *peer)
{
    if (strbuf_failed(&peer->out))
        peer_close_soon(peer); /* an answer is lost: better no more at all */
    else
        turns_send(&peer->rpc->turns, peer);
}

void peer_send(struct peer *peer, struct strbuf *bytes)
{
    if (peer_out(peer) != NULL) {
        enqueue(peer, bytes);
        peer_written(peer);
    }
    strbuf_reset(bytes);
}

static void refuse_large(struct peer *peer)
{
    struct failure f = FAILURE_INIT;

    (void)fail(&f, RPC_E_TOO_LARGE, NULL,
               "a message is one line of at most %llu bytes (limit message_bytes)",
               (unsigned long long)peer->rpc->limits.message_bytes);
    peer_refuse(peer, &f);
    failure_done(&f);
}

/** Whether the next line may be taken. */
static bool may_take(const struct peer *peer)
{
    return !peer->closing && !peer->refused && !peer->broken && !peer->rpc->stopping &&
           !peer_is_full(peer) && !peer_is_held(peer);
}

bool peer_has_more(const struct peer *peer)
{
    return peer->more && may_take(peer);
}

/** Carry out what has arrived, until the turn is over. */
static size_t take_requests(struct peer *peer)
{
    const uint64_t end = uv_hrtime() + TURN_NS;
    size_t taken = 0;
    int got = 1;

    while (got == 1 && may_take(peer) && taken < TURN_REQUESTS &&
           (taken == 0 || uv_hrtime() < end)) {
        got = message_take_next(peer);
        taken += got == 1;
    }
    peer->more = got == 1;
    peer->full = peer->more && peer_is_full(peer);
    if (got == -EMSGSIZE)
        refuse_large(peer);
    return taken;
}

size_t peer_take_turn(struct peer *peer)
{
    size_t taken;

    if (peer->broken) {
        peer_close(peer);
        return 0;
    }
    if (peer->refused && peer_all_sent(peer))
        shut(peer);
    subscription_drained(&peer->events);
    taken = take_requests(peer);
    if (peer->out.len > 0)
        turns_send(&peer->rpc->turns, peer);
    peer_update_reading(peer);
    peer_note_unread(peer);
    if (peer->ended && !peer_has_more(peer) && !peer_is_held(peer))
        peer_end(peer);
    else
        peer_settle(peer);
    return taken;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct peer *peer = handle->data;

    (void)suggested;
    *out = uv_buf_init(peer->rpc->chunk, sizeof(peer->rpc->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct peer *peer = stream->data;

    if (count == 0)
        return;
    if (count == UV_EOF) {
        peer->ended = true;
        turns_join(&peer->rpc->turns, peer);
        return;
    }
    if (count < 0) {
        peer_close(peer);
        return;
    }
    peer->rpc->stats.bytes_in += count;
    if (peer->refused)
        return;
    if (frame_push(&peer->in, buf->base, (size_t)count) < 0) {
        peer_close(peer);
        return;
    }
    turns_join(&peer->rpc->turns, peer);
    peer_update_reading(peer);
}

/** Whether enough has arrived that is not taken yet. While a batch is taken nothing may come behind
 * its line. */
static bool has_backlog(const struct peer *peer)
{
    return peer->batch != NULL ||
           ((peer->more || !list_empty(&peer->in_line)) && frame_size(&peer->in) >= READ_CHUNK);
}

void peer_update_reading(struct peer *peer)
{
    bool wanted = !peer->ended && !has_backlog(peer) && !peer_is_full(peer) && !peer->rpc->stopping;

    if (wanted == peer->reading || peer->closing)
        return;
    peer->reading = wanted;
    if (!wanted)
        (void)uv_read_stop((uv_stream_t *)&peer->pipe);
    else if (uv_read_start((uv_stream_t *)&peer->pipe, on_alloc, on_read) < 0)
        peer_close_soon(peer);
}
