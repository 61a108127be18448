/* SPDX-License-Identifier: MIT */
#include "tests/rpc/prefix_stream.h"

#include "server/rpc/peer/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct prefix_stream {
    struct stream base;
    size_t max; /* bytes of a message */
    uv_poll_t poll;
    int fd;
    enum stream_reading how;
    struct strbuf in;
    size_t taken; /* bytes of it */
    size_t begun; /* where in @out the message begins */
    struct strbuf leaving;
    bool ended;
    bool watches;
};

void prefix_write(char *to, size_t len)
{
    for (size_t i = 0; i < PREFIX_SIZE; i++)
        to[i] = (char)(len >> 8 * (PREFIX_SIZE - 1 - i) & 0xFF);
}

size_t prefix_read(const char *from)
{
    size_t len = 0;

    for (size_t i = 0; i < PREFIX_SIZE; i++)
        len = len << 8 | (unsigned char)from[i];
    return len;
}

static struct prefix_stream *prefix_stream_of(struct stream *s)
{
    return container_of(s, struct prefix_stream, base);
}

static void read_some(struct prefix_stream *p)
{
    char bytes[4096];
    const ssize_t count = recv(p->fd, bytes, sizeof(bytes), 0);

    if (count < 0 && errno == EAGAIN)
        return;
    if (count == 0) {
        p->ended = true;
        peer_ended(p->base.peer);
        return;
    }
    strbuf_drop(&p->in, p->taken);
    p->taken = 0;
    if (count < 0 || (p->how == STREAM_READING && strbuf_add(&p->in, bytes, (size_t)count) < 0))
        peer_lost(p->base.peer);
    else
        peer_arrived(p->base.peer, (size_t)count);
}

static void write_some(struct prefix_stream *p)
{
    const ssize_t count = send(p->fd, p->leaving.ptr, p->leaving.len, MSG_NOSIGNAL);
    size_t all;

    if (count < 0 && errno == EAGAIN)
        return;
    if (count < 0) {
        peer_lost(p->base.peer);
        return;
    }
    strbuf_drop(&p->leaving, (size_t)count);
    if (p->leaving.len > 0)
        return;
    all = p->base.sending;
    p->base.sending = 0;
    peer_sent(p->base.peer, all);
}

static void poll_again(struct prefix_stream *p);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct prefix_stream *p = poll->data;

    if (status < 0)
        peer_lost(p->base.peer);
    if ((events & UV_WRITABLE) != 0 && p->base.sending > 0)
        write_some(p);
    if ((events & UV_READABLE) != 0 && p->how != STREAM_STOPPED && !p->ended)
        read_some(p);
    if ((events & UV_PRIORITIZED) != 0 && p->watches) {
        p->watches = false;
        peer_gone(p->base.peer);
    }
    poll_again(p);
}

static void poll_again(struct prefix_stream *p)
{
    int events = p->how != STREAM_STOPPED && !p->ended ? UV_READABLE : 0;

    if (uv_is_closing((uv_handle_t *)&p->poll))
        return;
    events |= p->base.sending > 0 ? UV_WRITABLE : 0;
    events |= p->watches ? UV_PRIORITIZED : 0; /* and with it, that nobody is there any more */
    if (events == 0)
        (void)uv_poll_stop(&p->poll);
    else
        (void)uv_poll_start(&p->poll, events, on_poll);
}

/** Returns -1. */
static int refuse(struct prefix_stream *p, struct failure *f)
{
    peer_refuse(p->base.peer, f);
    failure_done(f);
    return -1;
}

static int next(struct stream *s, struct json_span *out)
{
    struct prefix_stream *p = prefix_stream_of(s);
    const size_t have = p->in.len - p->taken;
    const size_t len = have >= PREFIX_SIZE ? prefix_read(p->in.ptr + p->taken) : 0;
    struct failure f = FAILURE_INIT;

    if (len > p->max) {
        (void)fail(&f, RPC_E_TOO_LARGE, NULL, "a message has at most %zu bytes", p->max);
        return refuse(p, &f);
    }
    if (have < PREFIX_SIZE + len) {
        if (!p->ended || have == 0)
            return 0;
        (void)fail(&f, RPC_E_PARSE, NULL, "the stream ends inside of a message");
        return refuse(p, &f);
    }
    *out = (struct json_span){p->in.ptr + p->taken + PREFIX_SIZE, len};
    p->taken += PREFIX_SIZE + len;
    return 1;
}

static size_t unread(const struct stream *s)
{
    const struct prefix_stream *p = container_of(s, const struct prefix_stream, base);

    return p->in.len - p->taken;
}

static void set_reading(struct stream *s, enum stream_reading how)
{
    prefix_stream_of(s)->how = how;
    poll_again(prefix_stream_of(s));
}

static void begin(struct stream *s)
{
    prefix_stream_of(s)->begun = s->out.len;
    (void)strbuf_add(&s->out, "\0\0\0\0", PREFIX_SIZE);
}

static void seal(struct stream *s)
{
    const size_t begun = prefix_stream_of(s)->begun;

    if (!strbuf_failed(&s->out))
        prefix_write(s->out.ptr + begun, s->out.len - begun - PREFIX_SIZE);
}

static ssize_t flush(struct stream *s)
{
    struct prefix_stream *p = prefix_stream_of(s);
    ssize_t count = send(p->fd, s->out.ptr, s->out.len, MSG_NOSIGNAL);

    if (count < 0 && errno != EAGAIN)
        return -errno;
    count = count < 0 ? 0 : count;
    strbuf_drop(&s->out, (size_t)count);
    if (s->out.len > 0) {
        struct strbuf empty = p->leaving;

        p->leaving = s->out;
        s->out = empty;
        s->sending = p->leaving.len;
        poll_again(p);
    }
    return count;
}

static void shut(struct stream *s)
{
    (void)shutdown(prefix_stream_of(s)->fd, SHUT_WR);
}

static void watch(struct stream *s)
{
    prefix_stream_of(s)->watches = true;
    poll_again(prefix_stream_of(s));
}

static void on_closed(uv_handle_t *handle)
{
    struct prefix_stream *p = handle->data;
    struct peer *peer = p->base.peer;

    (void)close(p->fd);
    strbuf_done(&p->in);
    strbuf_done(&p->leaving);
    strbuf_done(&p->base.out);
    free(p);
    if (peer != NULL)
        peer_stream_closed(peer);
}

static void close_stream(struct stream *s)
{
    uv_close((uv_handle_t *)&prefix_stream_of(s)->poll, on_closed);
}

static const struct stream_ops prefix_stream_ops = {.unit = "message",
                                                    .next = next,
                                                    .unread = unread,
                                                    .read = set_reading,
                                                    .begin = begin,
                                                    .seal = seal,
                                                    .flush = flush,
                                                    .shut = shut,
                                                    .watch = watch,
                                                    .close = close_stream};

int prefix_stream_new(struct rpc *rpc, int fd, struct stream **out)
{
    struct prefix_stream *p = calloc(1, sizeof(*p));
    int err;

    if (p == NULL)
        return -ENOMEM;
    err = uv_poll_init(rpc->loop, &p->poll, fd);
    if (err < 0) {
        free(p);
        return err;
    }
    p->base.ops = &prefix_stream_ops;
    p->max = (size_t)rpc->limits.message_bytes;
    p->fd = fd;
    p->poll.data = p;
    *out = &p->base;
    return 0;
}
