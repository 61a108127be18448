/* SPDX-License-Identifier: MIT */
/*
 * A stream that is no Unix socket with lines: prefix_stream.c, over a socketpair. The daemon's layers and its
 * client are one thread here: the loop turns while the client waits.
 */
#include "fsdrivers/registry.h"
#include "server/host/capacity.h"
#include "server/host/config.h"
#include "server/host/host.h"
#include "server/rpc/peer/peer.h"
#include "tests/rpc/prefix_stream.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_TURNS = 200000, MESSAGE_MAX = 2000, QUEUE_MAX = 8192, TEXT_MAX = 4096 };

#define SLEEP "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"SC_USLEEP\",\"params\":[3600000000]}"
#define CALL "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_ERRNO\"}"
#define ANSWER "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"error\":0}}"

static uv_loop_t loop;
static struct host *host;
static struct config config;
static struct rpc *rpc;

/** The client's end. */
struct far {
    int fd;
    struct strbuf in;
    struct peer *peer; /* the daemon's */
};

static struct far a;

static void ignore_stop(void *user)
{
    (void)user;
}

static void ignore_log(void *user, const char *level, const char *line)
{
    (void)user;
    (void)level;
    (void)line;
}

static const char *no_guests(void *user, const struct abi *abi)
{
    (void)user;
    (void)abi;
    return "none here";
}

static void turn(void)
{
    (void)uv_run(&loop, UV_RUN_NOWAIT);
}

static void far_open(struct far *f)
{
    struct stream *stream;
    int fds[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    *f = (struct far){.fd = fds[0], .in = STRBUF_INIT};
    cr_assert_eq(prefix_stream_new(rpc, fds[1], &stream), 0);
    cr_assert_eq(peer_new(rpc, stream, &f->peer), 0);
    f->peer->uid = geteuid();
    peer_start(f->peer);
}

static void far_close(struct far *f)
{
    (void)close(f->fd);
    strbuf_done(&f->in);
}

static void put_bytes(struct far *f, const char *bytes, size_t len)
{
    for (int turns = 0; len > 0; turns++) {
        const ssize_t count = send(f->fd, bytes, len, MSG_NOSIGNAL);

        cr_assert(count > 0 || errno == EAGAIN, "%s", strerror(errno));
        cr_assert_lt(turns, PATIENCE_TURNS);
        bytes += count > 0 ? count : 0;
        len -= count > 0 ? (size_t)count : 0;
        turn();
    }
}

/** Append a message as it travels. */
static void add_message(struct strbuf *to, const char *text)
{
    char prefix[PREFIX_SIZE];

    prefix_write(prefix, strlen(text));
    (void)strbuf_add(to, prefix, sizeof(prefix));
    (void)strbuf_adds(to, text);
}

static void put(struct far *f, const char *text)
{
    struct strbuf bytes = STRBUF_INIT;

    add_message(&bytes, text);
    put_bytes(f, bytes.ptr, bytes.len);
    strbuf_done(&bytes);
}

/** Read what has come. Returns false at the end of the stream. */
static bool read_far(struct far *f)
{
    char bytes[TEXT_MAX];
    const ssize_t count = recv(f->fd, bytes, sizeof(bytes), 0);

    if (count > 0)
        (void)strbuf_add(&f->in, bytes, (size_t)count);
    return count != 0;
}

static bool has_message(const struct far *f)
{
    return f->in.len >= PREFIX_SIZE && f->in.len - PREFIX_SIZE >= prefix_read(f->in.ptr);
}

/** The next message, borrowed until the next; NULL at the end of the stream. */
static const char *take(struct far *f)
{
    static char text[65536];
    bool more = true;
    size_t len;

    for (int turns = 0; more && !has_message(f); turns++) {
        cr_assert_lt(turns, PATIENCE_TURNS, "no message came");
        turn();
        more = read_far(f);
    }
    if (!has_message(f)) {
        cr_assert_eq(f->in.len, 0, "a message was cut");
        return NULL;
    }
    len = prefix_read(f->in.ptr);
    cr_assert_lt(len, sizeof(text));
    memcpy(text, f->in.ptr + PREFIX_SIZE, len);
    text[len] = '\0';
    strbuf_drop(&f->in, PREFIX_SIZE + len);
    return text;
}

static void expect(struct far *f, const char *text)
{
    const char *got = take(f);

    cr_assert(got != NULL && strcmp(got, text) == 0, "got %s", got != NULL ? got : "the end");
}

static void expect_code(struct far *f, const char *id, int code)
{
    char start[128];
    const char *got = take(f);

    (void)snprintf(start, sizeof(start), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,",
                   id, code);
    cr_assert(got != NULL && strncmp(got, start, strlen(start)) == 0, "got %s",
              got != NULL ? got : "the end");
}

static void expect_end(struct far *f)
{
    cr_assert_null(take(f));
}

/** Turn until so many peers are there. */
static void await_peers(int64_t count)
{
    for (int turns = 0; rpc->stats.connections != count; turns++) {
        cr_assert_lt(turns, PATIENCE_TURNS);
        turn();
    }
}

static void setup(void)
{
    struct rpc_options options = {.daemon = {.ops = &host_ops,
                                             .fs_open = registry_open,
                                             .stop = ignore_stop,
                                             .guest_refusal = no_guests,
                                             .log = ignore_log}};
    struct descriptor_budget budget;
    struct capacity have;

    config_init(&config);
    config.limits.message_bytes = MESSAGE_MAX;
    config.limits.queued_bytes = QUEUE_MAX;
    capacity_look(&have);
    capacity_share(&have, config.limits.connections, &budget);
    capacity_ceilings(&have, &budget, &options.ceilings);
    options.limits = config.limits;
    cr_assert_eq(uv_loop_init(&loop), 0);
    cr_assert_eq(host_new(&loop, &config.source_roots, NULL, &host), 0);
    options.daemon.host = host;
    cr_assert_eq(rpc_new(&loop, &options, &rpc), 0);
    far_open(&a);
    put(&a, "{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"machine.create\",\"params\":{\"name\":"
            "\"default\",\"seed\":7,\"names\":[{\"name\":\"root\",\"driver\":\"ramfs\"}]}}");
    expect(&a, "{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"machine\":\"default\"}}");
}

static void on_stopped(void *user)
{
    (void)user;
    rpc = NULL;
    host_close(host);
}

/** The end of a test: everything is given back. */
static void stop(void)
{
    rpc_stop(rpc, on_stopped, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_null(rpc);
    cr_assert_eq(uv_loop_close(&loop), 0);
    host_free(host);
    config_done(&config);
    far_close(&a);
}

TestSuite(stream, .init = setup, .timeout = 60);

Test(stream, calls_and_batches_however_they_arrive)
{
    struct strbuf bytes = STRBUF_INIT;

    add_message(&bytes, CALL);
    add_message(&bytes, "[" CALL "," CALL "]");
    add_message(&bytes, "");
    add_message(&bytes, " " CALL "\n");
    for (size_t step = 1; step <= bytes.len; step += step < 8 ? 1 : bytes.len / 3) {
        for (size_t at = 0; at < bytes.len; at += step)
            put_bytes(&a, bytes.ptr + at, bytes.len - at < step ? bytes.len - at : step);
        expect(&a, ANSWER);
        expect(&a, "[" ANSWER "," ANSWER "]");
        expect_code(&a, "null", RPC_E_PARSE);
        expect(&a, ANSWER);
    }
    strbuf_done(&bytes);
    stop();
}

Test(stream, many_messages_in_one_read)
{
    struct strbuf bytes = STRBUF_INIT;

    for (int i = 0; i < 60; i++)
        add_message(&bytes, CALL);
    put_bytes(&a, bytes.ptr, bytes.len);
    for (int i = 0; i < 60; i++)
        expect(&a, ANSWER);
    strbuf_done(&bytes);
    stop();
}

Test(stream, events_are_messages_of_their_own)
{
    struct far listener;

    far_open(&listener);
    put(&listener, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"trace.subscribe\",\"params\":"
                   "{\"machine\":\"default\",\"events\":[\"calls\"]}}");
    expect(&listener, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    put(&a, CALL);
    expect(&a, ANSWER);
    for (int i = 0; i < 2; i++) {
        const char *got = take(&listener);

        cr_assert(got != NULL && strstr(got, i == 0 ? "\"call\",\"seq\"" : "\"return\",\"seq\""));
        cr_assert(got[0] == '{' && got[strlen(got) - 1] == '}', "%s", got);
    }
    far_close(&listener);
    stop();
}

Test(stream, size_of_a_message_at_and_past_the_limit)
{
    char text[MESSAGE_MAX + 2];

    memset(text, ' ', sizeof(text));
    memcpy(text, CALL, strlen(CALL));
    text[MESSAGE_MAX] = '\0';
    put(&a, text);
    expect(&a, ANSWER);
    text[MESSAGE_MAX] = ' ';
    text[MESSAGE_MAX + 1] = '\0';
    put(&a, text);
    expect_code(&a, "null", RPC_E_TOO_LARGE);
    expect_end(&a);
    stop();
}

Test(stream, announced_lengths_are_not_believed)
{
    put_bytes(&a, "\xFF\xFF\xFF\xFF{}", PREFIX_SIZE + 2);
    expect_code(&a, "null", RPC_E_TOO_LARGE);
    put_bytes(&a, "\0\0\0\2{}", PREFIX_SIZE + 2); /* read, and ignored */
    expect_end(&a);
    stop();
}

Test(stream, a_message_that_is_cut_is_refused)
{
    put_bytes(&a, "\0\0\0\2{", PREFIX_SIZE + 1);
    (void)shutdown(a.fd, SHUT_WR);
    expect_code(&a, "null", RPC_E_PARSE);
    expect_end(&a);
    stop();
}

Test(stream, a_half_closed_one_has_its_answers)
{
    put(&a, CALL);
    put(&a, SLEEP);
    (void)shutdown(a.fd, SHUT_WR);
    expect(&a, ANSWER);
    for (int i = 0; i < 100; i++)
        turn();
    cr_assert_eq(rpc->stats.connections, 1, "a call of it still waits");
    rpc_stop(rpc, on_stopped, NULL);
    expect_code(&a, "7", RPC_E_SHUTTING_DOWN);
    expect_end(&a);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    cr_assert_eq(uv_loop_close(&loop), 0);
    host_free(host);
    config_done(&config);
    far_close(&a);
}

Test(stream, one_that_ends_takes_its_waiting_calls_with_it)
{
    struct far other;

    for (int i = 0; i < 2; i++) { /* at once, and half-closed before */
        far_open(&other);
        put(&other, SLEEP);
        put(&other, CALL);
        expect(&other, ANSWER);
        await_peers(2);
        if (i == 1)
            (void)shutdown(other.fd, SHUT_WR);
        for (int turns = 0; turns < 100; turns++)
            turn();
        cr_assert_eq(rpc->stats.connections, 2);
        far_close(&other);
        await_peers(1);
    }
    cr_assert_eq(rpc->stats.sessions, 0);
    stop();
}

/** A peer that does not read is not read, once its queue is full; then it gets all its answers. */
Test(stream, one_that_does_not_read_is_not_read)
{
    struct strbuf bytes = STRBUF_INIT;
    size_t sent = 0;
    size_t total;
    size_t most = 0;
    int answers = 0;

    for (int i = 0; i < 20000; i++)
        add_message(&bytes, CALL);
    total = bytes.len;
    for (int idle = 0; idle < 100; idle++) {
        const ssize_t count = send(a.fd, bytes.ptr + sent, total - sent, MSG_NOSIGNAL);

        turn();
        if (count > 0) {
            sent += (size_t)count;
            idle = 0;
        }
        most = stream_unsent(a.peer->stream) > most ? stream_unsent(a.peer->stream) : most;
    }
    cr_assert_lt(sent, total, "all was taken");
    cr_assert(most > QUEUE_MAX && most < 2 * QUEUE_MAX, "%zu bytes were queued", most);
    cr_assert_eq(a.peer->reading, STREAM_STOPPED);
    while (sent < total || answers < 20000) {
        const ssize_t count = send(a.fd, bytes.ptr + sent, total - sent, MSG_NOSIGNAL);

        sent += count > 0 ? (size_t)count : 0;
        expect(&a, ANSWER);
        answers++;
    }
    strbuf_done(&bytes);
    stop();
}
