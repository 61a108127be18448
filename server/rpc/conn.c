/* SPDX-License-Identifier: MIT */
#include "server/rpc/conn.h"

#include "server/rpc/message.h"
#include "server/rpc/request.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void conn_flush(struct conn *c);
static void take_lines(struct conn *c);

static bool all_sent(const struct conn *c)
{
    return !c->writing && c->out.len == 0;
}

bool conn_is_full(const struct conn *c)
{
    return c->out.len + c->sending.len > c->rpc->limits.queued_bytes;
}

static void on_closed(uv_handle_t *handle)
{
    struct conn *c = handle->data;
    struct rpc *rpc = c->rpc;

    if (--c->handles > 0)
        return;
    if (c->hangup_fd >= 0)
        (void)close(c->hangup_fd);
    list_del(&c->link);
    rpc->stats.connections--;
    frame_done(&c->in);
    strbuf_done(&c->out);
    strbuf_done(&c->sending);
    (void)session_unref(c->session);
    free(c);
    rpc_conn_gone(rpc);
}

/** The peer sends no more: the session's clock need not wait for it. */
static void mute(struct conn *c)
{
    if (!c->talks)
        return;
    c->talks = false;
    session_mute(c->session);
}

static void leave_session(struct conn *c)
{
    mute(c);
    if (!c->attached)
        return;
    c->attached = false;
    session_detach(c->session);
}

void conn_close(struct conn *c)
{
    if (c->closing)
        return;
    c->closing = true;
    while (!list_empty(&c->requests))
        request_cancel(container_of(c->requests.next, struct request, link), RPC_E_CANCELLED,
                       "the connection is gone");
    subscription_stop(&c->events);
    leave_session(c);
    uv_close((uv_handle_t *)&c->pipe, on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
    if (c->hangup_fd >= 0)
        uv_close((uv_handle_t *)&c->hangup, on_closed);
}

/** Close a connection whose peer sends no more, or is not listened to, when there is nothing left to do. */
static void conn_settle(struct conn *c)
{
    bool deaf = c->ended || (c->refused && c->rpc->stopping);

    if (!c->closing && deaf && all_sent(c) && (c->in_flight == 0 || c->refused))
        conn_close(c);
}

static void on_settle(uv_timer_t *timer)
{
    conn_settle(timer->data);
}

static void settle_soon(struct conn *c)
{
    if (!c->closing)
        (void)uv_timer_start(&c->timer, on_settle, 0, 0);
}

void conn_request_gone(struct conn *c)
{
    if (c->ended && c->in_flight == 0)
        settle_soon(c);
}

static void on_linger_over(uv_timer_t *timer)
{
    conn_close(timer->data);
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
    if (c->refused && all_sent(c))
        shut(c);
    take_lines(c);
    conn_settle(c);
}

static void conn_flush(struct conn *c)
{
    struct strbuf empty = c->sending;
    uv_buf_t buf;

    if (c->closing || c->writing || c->corked || c->out.len == 0)
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
    (void)uv_timer_start(&c->timer, on_linger_over, 0, 0);
}

void conn_send(struct conn *c, struct strbuf *bytes)
{
    if (!c->closing && !c->shut) {
        if (c->out.len == 0 && !strbuf_failed(bytes)) {
            struct strbuf old = c->out;

            c->out = *bytes;
            *bytes = old;
        } else {
            (void)strbuf_add(&c->out, bytes->ptr, bytes->len);
        }
        if (strbuf_failed(&c->out) ||
            strbuf_failed(bytes)) /* an answer is lost: better none at all */
            (void)uv_timer_start(&c->timer, on_linger_over, 0, 0);
        conn_flush(c);
    }
    strbuf_reset(bytes);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct conn *c = handle->data;

    (void)suggested;
    *out = uv_buf_init(c->rpc->chunk, sizeof(c->rpc->chunk));
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    conn_close(poll->data);
}

/**
 * Learn when the peer of a half-closed connection is gone altogether. libuv tells of EPOLLHUP only together
 * with readability, and the end of a stream is readable for ever; an epoll of its own, which asks for nothing
 * but EPOLLHUP, becomes readable at the right moment.
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

/** The peer sends no more: do what it asked, answer, close. */
static void on_end(struct conn *c)
{
    c->ended = true;
    take_lines(c);
    mute(c);
    conn_settle(c);
    if (!c->closing)
        watch_hangup(c);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct conn *c = stream->data;

    if (count == 0)
        return;
    if (count == UV_EOF) {
        on_end(c);
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
        take_lines(c);
}

/** Read if there is a use for what comes. */
static void update_reading(struct conn *c)
{
    bool wanted = !c->closing && !c->ended && !conn_is_full(c) && !c->rpc->stopping;

    if (wanted == c->reading || c->closing)
        return;
    c->reading = wanted;
    if (!wanted)
        (void)uv_read_stop((uv_stream_t *)&c->pipe);
    else if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) < 0)
        (void)uv_timer_start(&c->timer, on_linger_over, 0, 0);
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

/** Do what the lines that have arrived ask for, as long as the answers are read. */
static void take_lines(struct conn *c)
{
    struct json_span line;
    int got = 0;

    if (c->corked)
        return;
    c->corked = true;
    while (!c->closing && !c->refused && !c->rpc->stopping && !conn_is_full(c)) {
        got = frame_next(&c->in, c->ended, &line);
        if (got != 1)
            break;
        message_take(c, line);
    }
    if (got == -EMSGSIZE)
        refuse_large(c);
    c->corked = false;
    conn_flush(c);
    update_reading(c);
}

void conn_refuse(struct conn *c, struct failure *f)
{
    message_answer_failure(c, f);
    c->refused = true;
    (void)uv_timer_start(&c->timer, on_linger_over, c->rpc->limits.linger_ms, 0);
    conn_flush(c);
    update_reading(c);
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
    update_reading(c);
}

void conn_finish(struct conn *c)
{
    c->refused = true;
    while (!list_empty(&c->requests))
        request_cancel(container_of(c->requests.next, struct request, link), RPC_E_SHUTTING_DOWN,
                       "the daemon stops");
    update_reading(c);
    settle_soon(c);
}
