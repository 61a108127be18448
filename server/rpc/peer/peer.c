/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/peer.h"

#include "server/rpc/peer/marks.h"
#include "server/rpc/peer/message.h"
#include "server/rpc/peer/request.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum {
    TURN_REQUESTS = 32,
    TURN_NS = 125000,
    HELD_BYTES = 16384, /* fewer are not sent while more requests are to be carried out */
};

/* ---- Out ---- */

bool peer_is_full(const struct peer *peer)
{
    const struct stream *s = peer->stream;

    return s != NULL && stream_unsent(s) > peer->rpc->limits.queued_bytes;
}

static bool all_sent(const struct peer *peer)
{
    return stream_unsent(peer->stream) == 0;
}

/** What waits for the queue to be sent, or to be below its limit, is done in the next turn. */
static void wake(struct peer *peer)
{
    if (((peer->refused || peer->ended) && all_sent(peer)) ||
        ((peer->full || peer->events.stalling) && !peer_is_full(peer)))
        turns_join(&peer->rpc->turns, peer);
}

void peer_flush(struct peer *peer)
{
    struct stream *s = peer->stream;
    ssize_t sent;

    if (peer->closing || peer->broken || s->sending > 0 || s->out.len == 0 ||
        (s->out.len < HELD_BYTES && peer_has_more(peer)))
        return;
    sent = s->ops->flush(s);
    if (sent < 0) {
        peer_lost(peer);
        return;
    }
    peer->rpc->stats.bytes_out += sent;
    wake(peer);
}

void peer_sent(struct peer *peer, size_t bytes)
{
    peer->rpc->stats.bytes_out += (int64_t)bytes;
    if (peer->closing)
        return;
    peer_flush(peer);
    wake(peer); /* when little is left, peer_flush() leaves it to a turn that must come then */
}

void peer_send(struct peer *peer, struct strbuf *message)
{
    struct strbuf *out = peer_begin(peer);

    if (out != NULL && out->len == 0 && !strbuf_failed(out)) { /* no copy */
        struct strbuf empty = *out;

        *out = *message;
        *message = empty;
    } else if (out != NULL) {
        (void)strbuf_add(out, message->ptr, message->len);
        out->failed = out->failed || strbuf_failed(message);
    }
    if (out != NULL)
        peer_seal(peer);
    strbuf_reset(message);
}

/** Whether the next message may be taken. */
static bool may_take(const struct peer *peer)
{
    return !peer->closing && !peer->refused && !peer->broken && !peer_is_full(peer) &&
           !peer_is_throttled(peer);
}

bool peer_has_more(const struct peer *peer)
{
    return peer->more && may_take(peer);
}

/* ---- In ---- */

/** Whether enough has arrived that is not taken yet. While a batch is taken nothing may come behind
 * its message. */
static bool has_backlog(const struct peer *peer)
{
    return peer->batch != NULL || ((peer->more || !list_empty(&peer->in_line)) &&
                                   peer->stream->ops->unread(peer->stream) >= READ_CHUNK);
}

/** Read from the stream, unless the peer has enough to do or to send. */
static void update_reading(struct peer *peer)
{
    const bool wanted =
        !peer->ended && !has_backlog(peer) && !peer_is_full(peer) && !peer->rpc->stopping;
    const enum stream_reading how = !wanted         ? STREAM_STOPPED
                                    : peer->refused ? STREAM_IGNORING
                                                    : STREAM_READING;

    if (how == peer->reading || peer->closing)
        return;
    peer->reading = how;
    peer->stream->ops->read(peer->stream, how);
}

void peer_arrived(struct peer *peer, size_t bytes)
{
    peer->rpc->stats.bytes_in += (int64_t)bytes;
    if (peer->refused)
        return;
    turns_join(&peer->rpc->turns, peer);
    update_reading(peer);
}

void peer_ended(struct peer *peer)
{
    peer->ended = true;
    turns_join(&peer->rpc->turns, peer);
}

/* ---- Life ---- */

/** The peer sends no more: the session's clock need not wait for it. */
static void mute(struct peer *peer)
{
    if (!peer->talks)
        return;
    peer->talks = false;
    session_mute(peer->session);
}

static void note_unread(struct peer *peer)
{
    const bool unread = peer->attached && peer_has_more(peer);

    if (unread == peer->unread)
        return;
    peer->unread = unread;
    session_unread(peer->session, unread);
}

static void leave_session(struct peer *peer)
{
    if (peer->unread)
        session_unread(peer->session, false);
    peer->unread = false;
    mute(peer);
    if (!peer->attached)
        return;
    peer->attached = false;
    session_detach(peer->session);
}

/** End what the peer has in machines. */
static void let_go(struct peer *peer)
{
    subscription_stop(&peer->events);
    leave_session(peer);
    marks_undo(&peer->marks, MARK_PAUSE | MARK_FAULT);
    sessions_orphan(peer);
}

/** The stream or the timer is closed. */
static void release(struct peer *peer)
{
    struct rpc *rpc = peer->rpc;

    if (--peer->open > 0)
        return;
    let_go(
        peer); /* of what requests have done since, that had to wait for their turn in a machine */
    list_del(&peer->link);
    rpc->stats.connections--;
    (void)session_unref(peer->session);
    free(peer);
    rpc_peer_gone(rpc);
}

void peer_stream_closed(struct peer *peer)
{
    peer->stream = NULL;
    release(peer);
}

static void on_timer_closed(uv_handle_t *timer)
{
    release(timer->data);
}

typedef void (*request_end_fn)(struct request *rq, enum rpc_code code, const char *why);

/** End all of its requests. Those in machines that stand still end later. */
static void cancel_requests(struct peer *peer, request_end_fn end, enum rpc_code code,
                            const char *why)
{
    struct list now;

    list_init(&now);
    list_splice(&now, &peer->requests);
    while (!list_empty(&now)) {
        struct request *rq = container_of(now.next, struct request, link);

        list_del(&rq->link);
        list_append(&peer->requests, &rq->link);
        end(rq, code, why);
    }
}

void peer_close(struct peer *peer)
{
    if (peer->closing)
        return;
    peer->closing = true;
    turns_leave(peer);
    message_abandon(peer);
    if (peer->lingers)
        peer->rpc->lingering--;
    cancel_requests(peer, request_abandon, RPC_E_CANCELLED, "the connection is closed");
    let_go(peer);
    while (!list_empty(&peer->machines))
        machines_end(container_of(peer->machines.next, struct rpc_machine, in_peer));
    peer->stream->ops->close(peer->stream);
    (void)uv_timer_stop(&peer->timer);
    peer_request_gone(peer);
}

/** Whether there is nothing left to do. */
static bool is_done(const struct peer *peer)
{
    bool deaf = peer->ended || (peer->refused && peer->rpc->stopping);

    if (!deaf || peer_has_more(peer) || (peer->more && peer_is_throttled(peer)) ||
        !list_empty(&peer->in_line))
        return false;
    return peer->gone || (all_sent(peer) && (peer->in_flight == 0 || peer->refused));
}

static void settle(struct peer *peer)
{
    if (is_done(peer))
        peer_close(peer);
}

static void on_close_time(uv_timer_t *timer)
{
    peer_close(timer->data);
}

void peer_lost(struct peer *peer)
{
    peer->broken = true;
    turns_join(&peer->rpc->turns, peer);
}

void peer_request_gone(struct peer *peer)
{
    uv_handle_t *last = (uv_handle_t *)&peer->timer;

    if (peer->closing && peer->in_flight == 0 && !uv_is_closing(last))
        uv_close(last, on_timer_closed); /* nothing keeps it any more */
    else if (!peer->closing && ((peer->ended && peer->in_flight == 0) || peer->more))
        turns_join(&peer->rpc->turns, peer); /* it may be done, or have been held */
}

bool peer_is_throttled(const struct peer *peer)
{
    return peer->on_way > 0 && peer->in_flight >= peer->rpc->limits.in_flight;
}

void peer_gone(struct peer *peer)
{
    peer->gone = true;
    settle(peer); /* messages that came before are taken all the same */
}

void peer_refuse(struct peer *peer, struct failure *f)
{
    message_answer_failure(peer, f);
    peer->refused = true;
    peer_flush(peer);
    if (peer->rpc->lingering >= PEERS_LINGERING_MAX) {
        peer_close(peer);
        return;
    }
    peer->lingers = true;
    peer->rpc->lingering++;
    (void)uv_timer_start(&peer->timer, on_close_time, peer->rpc->limits.linger_ms, 0);
    update_reading(peer);
}

void peer_set_session(struct peer *peer, struct session *s)
{
    struct session *old = peer->session;

    if (s == old)
        return;
    leave_session(peer);
    peer->session = session_ref(s);
    (void)session_unref(old);
    peer->attached = true;
    peer->talks = true;
    session_attach(s);
    if (peer->ended)
        mute(peer);
}

int peer_new(struct rpc *rpc, struct stream *stream, struct peer **out)
{
    struct peer *peer = calloc(1, sizeof(*peer));

    if (peer == NULL) {
        stream->ops->close(stream);
        return -ENOMEM;
    }
    peer->rpc = rpc;
    peer->stream = stream;
    stream->peer = peer;
    peer->open = 2;
    peer->timer.data = peer;
    list_init(&peer->link);
    list_init(&peer->requests);
    list_init(&peer->machines);
    list_init(&peer->opened);
    list_init(&peer->marks);
    list_init(&peer->in_line);
    list_init(&peer->unsent);
    subscription_init(&peer->events, peer);
    (void)uv_timer_init(rpc->loop, &peer->timer);
    list_append(&rpc->peers, &peer->link);
    rpc->stats.connections++;
    rpc->stats.connections_total++;
    *out = peer;
    return 0;
}

void peer_start(struct peer *peer)
{
    update_reading(peer);
}

void peer_finish(struct peer *peer)
{
    peer->refused = true;
    message_abandon(peer);
    cancel_requests(peer, request_cancel, RPC_E_SHUTTING_DOWN, "the daemon stops");
    update_reading(peer);
    turns_join(&peer->rpc->turns, peer);
}

/* ---- Turns ---- */

/** The peer sends no more, and all it has sent was taken. */
static void end(struct peer *peer)
{
    const struct stream_ops *ops = peer->stream->ops;

    mute(peer);
    settle(peer);
    if (!peer->closing && ops->watch != NULL)
        ops->watch(peer->stream);
}

/** uv_hrtime() in fewer instructions: it is asked once a request. */
static uint64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

/** Carry out what has arrived, until the turn is over. */
static size_t take_requests(struct peer *peer)
{
    const uint64_t end = now_ns() + TURN_NS;
    size_t taken = 0;
    int got = 1;

    while (got == 1 && may_take(peer) && taken < TURN_REQUESTS && (taken == 0 || now_ns() < end)) {
        got = message_take_next(peer);
        taken += got == 1;
    }
    peer->more = got == 1;
    peer->full = peer->more && peer_is_full(peer);
    return taken;
}

size_t peer_take_turn(struct peer *peer)
{
    size_t taken;

    if (peer->broken) {
        peer_close(peer);
        return 0;
    }
    if (peer->refused && all_sent(peer) &&
        !peer->shut) { /* it learns that nothing more will come */
        peer->shut = true;
        peer->stream->ops->shut(peer->stream);
    }
    subscription_drained(&peer->events);
    taken = take_requests(peer);
    if (peer->stream->out.len > 0)
        turns_send(&peer->rpc->turns, peer);
    update_reading(peer);
    note_unread(peer);
    if (peer->ended && !peer_has_more(peer) && !peer_is_throttled(peer))
        end(peer);
    else
        settle(peer);
    return taken;
}
