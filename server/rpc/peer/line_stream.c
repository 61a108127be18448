/* SPDX-License-Identifier: MIT */
#include "server/rpc/peer/line_stream.h"

#include "server/rpc/peer/frame.h"
#include "server/rpc/peer/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct line_stream {
    struct stream base;
    struct rpc *rpc;
    uv_pipe_t pipe;
    uv_poll_t hangup; /* of a half-closed one: the other side has closed, too */
    int hangup_fd;    /* what it polls; -1: not open */
    unsigned handles; /* open ones of the two; freed at 0 */
    struct frame in;
    bool ignores; /* what arrives is thrown away */
    bool ended;   /* no more will arrive */
    struct strbuf sending;
    uv_write_t write;
    uv_shutdown_t shutdown;
};

static struct line_stream *line_stream_of(struct stream *s)
{
    return container_of(s, struct line_stream, base);
}

/* ---- In ---- */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct line_stream *l = handle->data;

    (void)suggested;
    *out = uv_buf_init(l->rpc->chunk, sizeof(l->rpc->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct line_stream *l = stream->data;

    if (count == 0)
        return;
    if (count == UV_EOF) {
        l->ended = true;
        peer_ended(l->base.peer);
    } else if (count < 0 || (!l->ignores && frame_push(&l->in, buf->base, (size_t)count) < 0)) {
        peer_lost(l->base.peer);
    } else {
        peer_arrived(l->base.peer, (size_t)count);
    }
}

static void set_reading(struct stream *s, enum stream_reading how)
{
    struct line_stream *l = line_stream_of(s);
    int err = 0;

    l->ignores = how == STREAM_IGNORING;
    if (how == STREAM_STOPPED)
        (void)uv_read_stop((uv_stream_t *)&l->pipe);
    else
        err = uv_read_start((uv_stream_t *)&l->pipe, on_alloc, on_read);
    if (err < 0 && err != UV_EALREADY)
        peer_lost(s->peer);
}

/** What a first line looks like, for the failure. */
static const char *protocol_of(struct json_span line)
{
    static const struct {
        const char *start;
        const char *name;
    } rows[] = {
        {"GET ", "HTTP"},
        {"POST ", "HTTP"},
        {"HEAD ", "HTTP"},
        {"PUT ", "HTTP"},
        {"OPTIONS ", "HTTP"},
        {"DELETE ", "HTTP"},
        {"CONNECT ", "HTTP"},
        {"PRI ", "HTTP"},
        {"Content-", "a header, as of HTTP or LSP"},
        {"content-", "a header, as of HTTP or LSP"},
        {"\x16\x03", "TLS"},
        {"SSH-", "SSH"},
        {"\xEF\xBB\xBF", "a byte order mark"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].start);

        if (line.len >= len && memcmp(line.ptr, rows[i].start, len) == 0)
            return rows[i].name;
    }
    return "something else";
}

/** A stream begins with something else than JSON-RPC. @line: what has arrived of its first line. */
static void say_opening(struct line_stream *l, struct json_span line, struct failure *f)
{
    const struct rpc_limits *most = &l->rpc->limits;
    struct json_limits limits = {(size_t)most->nesting, (size_t)most->values};
    struct json_error error;

    if (json_check(line.ptr, line.len, &limits, &error) == 0)
        (void)fail(f, RPC_E_INVALID, NULL, "a request is an object, a batch an array");
    else
        (void)fail(f, RPC_E_PARSE, NULL,
                   "a connection begins with { or [, one JSON-RPC message a line; this is %s",
                   protocol_of(line));
}

/** The bytes that have arrived are not a message. @line: as of frame_next(). */
static __attribute__((noinline)) void refuse(struct line_stream *l, int err, struct json_span line)
{
    struct failure f = FAILURE_INIT;

    if (err == -EPROTO)
        say_opening(l, line, &f);
    else
        (void)fail(&f, RPC_E_TOO_LARGE, NULL,
                   "a message is one line of at most %zu bytes (limit message_bytes)", l->in.max);
    peer_refuse(l->base.peer, &f);
    failure_done(&f);
}

static int next(struct stream *s, struct json_span *out)
{
    struct line_stream *l = line_stream_of(s);
    const int got = frame_next(&l->in, l->ended, out);

    if (got < 0)
        refuse(l, got, *out);
    return got;
}

static size_t unread(const struct stream *s)
{
    return frame_size(&container_of(s, const struct line_stream, base)->in);
}

/* ---- Out ---- */

/** Empty a buffer; a large one is freed. */
static void forget(struct strbuf *b)
{
    if (b->cap > READ_CHUNK)
        strbuf_done(b);
    else
        strbuf_reset(b);
}

static void on_written(uv_write_t *req, int status)
{
    struct line_stream *l = req->data;
    const size_t sent = status == 0 ? l->base.sending : 0;

    l->base.sending = 0;
    forget(&l->sending);
    if (status < 0)
        peer_lost(l->base.peer);
    peer_sent(l->base.peer, sent);
}

/** Let the loop write the bytes that the socket does not take at once. Returns 0 or -errno. */
static int write_later(struct line_stream *l)
{
    struct strbuf empty = l->sending;
    uv_buf_t buf;
    int err;

    l->sending = l->base.out;
    l->base.out = empty;
    buf = uv_buf_init(l->sending.ptr, (unsigned)l->sending.len);
    l->write.data = l;
    err = uv_write(&l->write, (uv_stream_t *)&l->pipe, &buf, 1, on_written);
    if (err == 0)
        l->base.sending = l->sending.len;
    return err;
}

static ssize_t flush(struct stream *s)
{
    struct line_stream *l = line_stream_of(s);
    uv_buf_t buf = uv_buf_init(s->out.ptr, (unsigned)s->out.len);
    int written = uv_try_write((uv_stream_t *)&l->pipe, &buf, 1);
    int err = 0;

    if (written < 0 && written != UV_EAGAIN)
        return written;
    written = written < 0 ? 0 : written;
    if ((size_t)written == s->out.len) {
        forget(&s->out);
    } else {
        strbuf_drop(&s->out, (size_t)written);
        err = write_later(l);
    }
    return err < 0 ? err : written;
}

/* ---- The end ---- */

static void on_shut(uv_shutdown_t *req, int status)
{
    (void)req;
    (void)status;
}

static void shut(struct stream *s)
{
    struct line_stream *l = line_stream_of(s);

    (void)uv_shutdown(&l->shutdown, (uv_stream_t *)&l->pipe, on_shut);
}

static void on_hangup(uv_poll_t *poll, int status, int events)
{
    struct line_stream *l = poll->data;

    (void)status;
    (void)events;
    (void)uv_poll_stop(poll);
    peer_gone(l->base.peer);
}

/**
 * Learn when the peer of a half-closed connection is gone altogether. libuv tells of EPOLLHUP only
 * together with readability, and the end of a stream is readable for ever; an epoll of its own,
 * which asks for nothing but EPOLLHUP, becomes readable at the right moment.
 */
static void watch(struct stream *s)
{
    struct line_stream *l = line_stream_of(s);
    struct epoll_event nothing = {.events = 0};

    if (l->hangup_fd >= 0)
        return;
    l->hangup_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->hangup_fd < 0)
        return;
    if (epoll_ctl(l->hangup_fd, EPOLL_CTL_ADD, line_stream_fd(s), &nothing) < 0 ||
        uv_poll_init(l->rpc->loop, &l->hangup, l->hangup_fd) < 0) {
        (void)close(l->hangup_fd);
        l->hangup_fd = -1;
        return;
    }
    l->hangup.data = l;
    l->handles++;
    (void)uv_poll_start(&l->hangup, UV_READABLE, on_hangup);
}

static void on_closed(uv_handle_t *handle)
{
    struct line_stream *l = handle->data;
    struct peer *peer = l->base.peer;

    if (--l->handles > 0)
        return;
    if (l->hangup_fd >= 0)
        (void)close(l->hangup_fd);
    frame_done(&l->in);
    strbuf_done(&l->base.out);
    strbuf_done(&l->sending);
    free(l);
    if (peer != NULL)
        peer_stream_closed(peer);
}

static void close_stream(struct stream *s)
{
    struct line_stream *l = line_stream_of(s);

    uv_close((uv_handle_t *)&l->pipe, on_closed);
    if (l->hangup_fd >= 0)
        uv_close((uv_handle_t *)&l->hangup, on_closed);
}

static const struct stream_ops line_stream_ops = {.unit = "line",
                                                  .next = next,
                                                  .unread = unread,
                                                  .read = set_reading,
                                                  .end = '\n',
                                                  .flush = flush,
                                                  .shut = shut,
                                                  .watch = watch,
                                                  .close = close_stream};

int line_stream_fd(const struct stream *s)
{
    const struct line_stream *l = container_of(s, const struct line_stream, base);
    uv_os_fd_t fd = -1;

    (void)uv_fileno((const uv_handle_t *)&l->pipe, &fd);
    return fd;
}

int line_stream_accept(struct rpc *rpc, struct stream **out)
{
    struct line_stream *l = calloc(1, sizeof(*l));
    int err;

    if (l == NULL)
        return -ENOMEM;
    l->base.ops = &line_stream_ops;
    l->rpc = rpc;
    l->hangup_fd = -1;
    l->handles = 1;
    l->pipe.data = l;
    frame_init(&l->in, (size_t)rpc->limits.message_bytes);
    (void)uv_pipe_init(rpc->loop, &l->pipe, 0);
    err = uv_accept((uv_stream_t *)&rpc->listener, (uv_stream_t *)&l->pipe);
    if (err < 0) {
        close_stream(&l->base);
        return err;
    }
    *out = &l->base;
    return 0;
}
