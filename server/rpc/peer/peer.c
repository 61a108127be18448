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
static void mute(struct conn *c)
{
    if (!c->talks)
        return;
    c->talks = false;
    session_mute(c->session);
}

void conn_note_unread(struct conn *c)
{
    const bool unread = c->attached && conn_has_more(c);

    if (unread == c->unread)
        return;
    c->unread = unread;
    session_unread(c->session, unread);
}

static void leave_session(struct conn *c)
{
    if (c->unread)
        session_unread(c->session, false);
    c->unread = false;
    mute(c);
    if (!c->attached)
        return;
    c->attached = false;
    session_detach(c->session);
}

/** What the connection has in machines goes with it. */
static void let_go(struct conn *c)
{
    subscription_stop(&c->events);
    leave_session(c);
    marks_undo(&c->marks, MARK_PAUSE | MARK_FAULT);
    sessions_orphan(c);
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    struct rpc *rpc = c->rpc;

    if (--c->handles > 0)
        return;
    if (c->hangup_fd >= 0)
        (void)close(c->hangup_fd);
    let_go(c); /* of what requests have done since, that had to wait for their turn in a machine */
    list_del(&c->link);
    rpc->stats.connections--;
    frame_done(&c->in);
    strbuf_done(&c->out);
    strbuf_done(&c->sending);
    (void)session_unref(c->session);
    free(c);
    rpc_conn_gone(rpc);
}

typedef void (*request_end_fn)(struct request *rq, enum rpc_code code, const char *why);

/** End all of its requests. Those in machines that stand still end later. */
static void cancel_requests(struct conn *c, request_end_fn end, enum rpc_code code, const char *why)
{
    struct list now;

    list_init(&now);
    list_splice(&now, &c->requests);
    while (!list_empty(&now)) {
        struct request *rq = container_of(now.next, struct request, link);

        list_del(&rq->link);
        list_append(&c->requests, &rq->link);
        end(rq, code, why);
    }
}

void conn_close(struct conn *c)
{
    if (c->closing)
        return;
    c->closing = true;
    turns_leave(c);
    message_abandon(c);
    if (c->lingers)
        c->rpc->lingering--;
    cancel_requests(c, request_abandon, RPC_E_CANCELLED, "the connection is gone");
    let_go(c);
    while (!list_empty(&c->machines))
        machines_end(container_of(c->machines.next, struct rpc_machine, in_conn));
    uv_close((uv_handle_t *)&c->pipe, on_closed);
    (void)uv_timer_stop(&c->timer);
    conn_request_gone(c);
    if (c->hangup_fd >= 0)
        uv_close((uv_handle_t *)&c->hangup, on_closed);
}

/** Whether there is nothing left to do. */
static bool is_done(const struct conn *c)
{
    bool deaf = c->ended || (c->refused && c->rpc->stopping);

    if (!deaf || conn_has_more(c) || (c->more && conn_is_held(c)) || !list_empty(&c->in_line))
        return false;
    return c->gone || (conn_all_sent(c) && (c->in_flight == 0 || c->refused));
}

void conn_settle(struct conn *c)
{
    if (is_done(c))
        conn_close(c);
}

static void on_close_time(uv_timer_t *timer)
{
    conn_close(timer->data);
}

void conn_close_soon(struct conn *c)
{
    c->broken = true;
    turns_join(&c->rpc->turns, c);
}

void conn_request_gone(struct conn *c)
{
    uv_handle_t *last = (uv_handle_t *)&c->timer;

    if (c->closing && c->in_flight == 0 && !uv_is_closing(last))
        uv_close(last, on_closed); /* nothing keeps it any more */
    else if (!c->closing && ((c->ended && c->in_flight == 0) || c->more))
        turns_join(&c->rpc->turns, c); /* it may be done, or have been held */
}

bool conn_is_held(const struct conn *c)
{
    return c->on_way > 0 && c->in_flight >= c->rpc->limits.in_flight;
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
    struct conn *c = poll->data;

    (void)status;
    (void)events;
    (void)uv_poll_stop(poll);
    c->gone = true;
    conn_settle(c); /* lines that came before are taken all the same */
}

/**
 * Learn when the peer of a half-closed connection is gone altogether. libuv tells of EPOLLHUP only
 * together with readability, and the end of a stream is readable for ever; an epoll of its own,
 * which asks for nothing but EPOLLHUP, becomes readable at the right moment.
 */
static void watch_hangup(struct conn *c)
{
    struct epoll_event nothing = {.events = 0};
    uv_os_fd_t fd;

    if (c->hangup_fd >= 0 || uv_fileno((uv_handle_t *)&c->pipe, &fd) < 0)
        return;
    c->hangup_fd = epoll_create1(EPOLL_CLOEXEC);
    if (c->hangup_fd < 0)
        return;
    if (epoll_ctl(c->hangup_fd, EPOLL_CTL_ADD, fd, &nothing) < 0 ||
        uv_poll_init(c->rpc->loop, &c->hangup, c->hangup_fd) < 0) {
        (void)close(c->hangup_fd);
        c->hangup_fd = -1;
        return;
    }
    c->hangup.data = c;
    c->handles++;
    (void)uv_poll_start(&c->hangup, UV_READABLE, on_hangup);
}

void conn_end(struct conn *c)
{
    mute(c);
    conn_settle(c);
    if (!c->closing)
        watch_hangup(c);
}

void conn_refuse(struct conn *c, struct failure *f)
{
    message_answer_failure(c, f);
    c->refused = true;
    conn_flush(c);
    if (c->rpc->lingering >= CONN_LINGERING_MAX) {
        conn_close(c);
        return;
    }
    c->lingers = true;
    c->rpc->lingering++;
    (void)uv_timer_start(&c->timer, on_close_time, c->rpc->limits.linger_ms, 0);
    conn_update_reading(c);
}

void conn_set_session(struct conn *c, struct session *s)
{
    struct session *old = c->session;

    if (s == old)
        return;
    leave_session(c);
    c->session = session_ref(s);
    (void)session_unref(old);
    c->attached = true;
    c->talks = true;
    session_attach(s);
    if (c->ended)
        mute(c);
}

int conn_accept(struct rpc *rpc, struct conn **out)
{
    struct conn *c = calloc(1, sizeof(*c));
    int err;

    if (c == NULL)
        return -ENOMEM;
    c->rpc = rpc;
    c->hangup_fd = -1;
    c->handles = 2;
    c->pipe.data = c;
    c->timer.data = c;
    list_init(&c->link);
    list_init(&c->requests);
    list_init(&c->machines);
    list_init(&c->opened);
    list_init(&c->marks);
    list_init(&c->in_line);
    list_init(&c->unsent);
    frame_init(&c->in, (size_t)rpc->limits.message_bytes);
    subscription_init(&c->events, c);
    (void)uv_timer_init(rpc->loop, &c->timer);
    (void)uv_pipe_init(rpc->loop, &c->pipe, 0);
    list_append(&rpc->conns, &c->link);
    rpc->stats.connections++;
    rpc->stats.connections_total++;
    err = uv_accept((uv_stream_t *)&rpc->listener, (uv_stream_t *)&c->pipe);
    if (err < 0) {
        conn_close(c);
        return err;
    }
    *out = c;
    return 0;
}

void conn_start(struct conn *c)
{
    conn_update_reading(c);
}

void conn_finish(struct conn *c)
{
    c->refused = true;
    message_abandon(c);
    cancel_requests(c, request_cancel, RPC_E_SHUTTING_DOWN, "the daemon stops");
    conn_update_reading(c);
    turns_join(&c->rpc->turns, c);
}
