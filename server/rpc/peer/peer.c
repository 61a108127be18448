/* SPDX-License-Identifier: MIT */
/* The life of a connection: sessions, turns, hanging up, closing. */
#include "server/rpc/peer/marks.h"
#include "server/rpc/peer/message.h"
#include "server/rpc/peer/peer_io.h"
#include "server/rpc/peer/request.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/** The peer sends no more: the session's clock need not wait for it. */
static void mute(struct peer *peer)
{
    if (!peer->talks)
        return;
    peer->talks = false;
    session_mute(peer->session);
}

void peer_note_unread(struct peer *peer)
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

/** What the connection has in machines goes with it. */
static void let_go(struct peer *peer)
{
    subscription_stop(&peer->events);
    leave_session(peer);
    marks_undo(&peer->marks, MARK_PAUSE | MARK_FAULT);
    sessions_orphan(peer);
}

static void on_closed(uv_handle_t *handle)
{
    struct peer *peer = handle->data;
    struct rpc *rpc = peer->rpc;

    if (--peer->handles > 0)
        return;
    if (peer->hangup_fd >= 0)
        (void)close(peer->hangup_fd);
    let_go(
        peer); /* of what requests have done since, that had to wait for their turn in a machine */
    list_del(&peer->link);
    rpc->stats.connections--;
    frame_done(&peer->in);
    strbuf_done(&peer->out);
    strbuf_done(&peer->sending);
    (void)session_unref(peer->session);
    free(peer);
    rpc_peer_gone(rpc);
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
    cancel_requests(peer, request_abandon, RPC_E_CANCELLED, "the connection is gone");
    let_go(peer);
    while (!list_empty(&peer->machines))
        machines_end(container_of(peer->machines.next, struct rpc_machine, in_peer));
    uv_close((uv_handle_t *)&peer->pipe, on_closed);
    (void)uv_timer_stop(&peer->timer);
    peer_request_gone(peer);
    if (peer->hangup_fd >= 0)
        uv_close((uv_handle_t *)&peer->hangup, on_closed);
}

/** Whether there is nothing left to do. */
static bool is_done(const struct peer *peer)
{
    bool deaf = peer->ended || (peer->refused && peer->rpc->stopping);

    if (!deaf || peer_has_more(peer) || (peer->more && peer_is_held(peer)) ||
        !list_empty(&peer->in_line))
        return false;
    return peer->gone || (peer_all_sent(peer) && (peer->in_flight == 0 || peer->refused));
}

void peer_settle(struct peer *peer)
{
    if (is_done(peer))
        peer_close(peer);
}

static void on_close_time(uv_timer_t *timer)
{
    peer_close(timer->data);
}

void peer_close_soon(struct peer *peer)
{
    peer->broken = true;
    turns_join(&peer->rpc->turns, peer);
}

void peer_request_gone(struct peer *peer)
{
    uv_handle_t *last = (uv_handle_t *)&peer->timer;

    if (peer->closing && peer->in_flight == 0 && !uv_is_closing(last))
        uv_close(last, on_closed); /* nothing keeps it any more */
    else if (!peer->closing && ((peer->ended && peer->in_flight == 0) || peer->more))
        turns_join(&peer->rpc->turns, peer); /* it may be done, or have been held */
}

bool peer_is_held(const struct peer *peer)
{
    return peer->on_way > 0 && peer->in_flight >= peer->rpc->limits.in_flight;
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
    struct peer *peer = poll->data;

    (void)status;
    (void)events;
    (void)uv_poll_stop(poll);
    peer->gone = true;
    peer_settle(peer); /* lines that came before are taken all the same */
}

/**
 * Learn when the peer of a half-closed connection is gone altogether. libuv tells of EPOLLHUP only
 * together with readability, and the end of a stream is readable for ever; an epoll of its own,
 * which asks for nothing but EPOLLHUP, becomes readable at the right moment.
 */
static void watch_hangup(struct peer *peer)
{
    struct epoll_event nothing = {.events = 0};
    uv_os_fd_t fd;

    if (peer->hangup_fd >= 0 || uv_fileno((uv_handle_t *)&peer->pipe, &fd) < 0)
        return;
    peer->hangup_fd = epoll_create1(EPOLL_CLOEXEC);
    if (peer->hangup_fd < 0)
        return;
    if (epoll_ctl(peer->hangup_fd, EPOLL_CTL_ADD, fd, &nothing) < 0 ||
        uv_poll_init(peer->rpc->loop, &peer->hangup, peer->hangup_fd) < 0) {
        (void)close(peer->hangup_fd);
        peer->hangup_fd = -1;
        return;
    }
    peer->hangup.data = peer;
    peer->handles++;
    (void)uv_poll_start(&peer->hangup, UV_READABLE, on_hangup);
}

void peer_end(struct peer *peer)
{
    mute(peer);
    peer_settle(peer);
    if (!peer->closing)
        watch_hangup(peer);
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
    peer_update_reading(peer);
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

int peer_accept(struct rpc *rpc, struct peer **out)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    int err;

    if (peer == NULL)
        return -ENOMEM;
    peer->rpc = rpc;
    peer->hangup_fd = -1;
    peer->handles = 2;
    peer->pipe.data = peer;
    peer->timer.data = peer;
    list_init(&peer->link);
    list_init(&peer->requests);
    list_init(&peer->machines);
    list_init(&peer->opened);
    list_init(&peer->marks);
    list_init(&peer->in_line);
    list_init(&peer->unsent);
    frame_init(&peer->in, (size_t)rpc->limits.message_bytes);
    subscription_init(&peer->events, peer);
    (void)uv_timer_init(rpc->loop, &peer->timer);
    (void)uv_pipe_init(rpc->loop, &peer->pipe, 0);
    list_append(&rpc->peers, &peer->link);
    rpc->stats.connections++;
    rpc->stats.connections_total++;
    err = uv_accept((uv_stream_t *)&rpc->listener, (uv_stream_t *)&peer->pipe);
    if (err < 0) {
        peer_close(peer);
        return err;
    }
    *out = peer;
    return 0;
}

void peer_start(struct peer *peer)
{
    peer_update_reading(peer);
}

void peer_finish(struct peer *peer)
{
    peer->refused = true;
    message_abandon(peer);
    cancel_requests(peer, request_cancel, RPC_E_SHUTTING_DOWN, "the daemon stops");
    peer_update_reading(peer);
    turns_join(&peer->rpc->turns, peer);
}
