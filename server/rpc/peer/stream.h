/* SPDX-License-Identifier: MIT */
/*
 * A stream carries whole messages from and to a peer. Each kind of transport and framing is one file: a
 * struct that begins with struct stream, its stream_ops, and a function that makes one for peer_new().
 * line_stream.c is such a file.
 *
 *     in        bytes arrive -> peer_arrived(); the peer takes messages in its turns: next()
 *     out       begin(), the peer appends a message to @out, seal(); flush() when its turn is over;
 *               bytes that do not leave at once are counted in @sending -> peer_sent()
 *     pressure  the peer stops reading, by read(), while it has enough to do or to send
 *     the end   no more bytes will arrive -> peer_ended(); the other side reads no more -> peer_gone();
 *               shut() ends our side; broken, for whatever reason -> peer_lost()
 *     closing   close() once, by the peer -> peer_stream_closed(), from the loop
 *
 * The operations may be called from inside a machine, except next(), watch() and close().
 * Those of the peer are called from the loop; peer_lost() from anywhere. After close() only
 * peer_sent() and peer_stream_closed() are still called.
 *
 * Input is hostile. Compare an announced length with the limit message_bytes before allocating
 * anything; for bytes that can't be a message call peer_refuse().
 */
#ifndef SERVER_RPC_PEER_STREAM_H
#define SERVER_RPC_PEER_STREAM_H

#include "server/base/json.h"
#include "server/base/strbuf.h"

#include <sys/types.h>

struct peer;
struct stream;

/** Bytes that arrive are left to the host's kernel, kept for next(), or dropped. */
enum stream_reading { STREAM_STOPPED, STREAM_READING, STREAM_IGNORING };

struct stream_ops {
    const char *unit; /* the word for a message in errors that name a place in it: "line" */

    /**
     * Take the next message.
     * @out      set to it; borrowed until the next call, or until bytes arrive: none do while reading
     *           is stopped.
     * Returns   1 a message; 0 none is whole yet; below 0 none ever will be, and the peer is refused.
     */
    int (*next)(struct stream *s, struct json_span *out);

    /** Bytes that have arrived and were not taken. */
    size_t (*unread)(const struct stream *s);

    /** Set what is done with bytes that arrive; STREAM_STOPPED at first. */
    void (*read)(struct stream *s, enum stream_reading how);

    char end; /* the byte behind each message sent; '\0': none */

    /** Append to @out what precedes a message. NULL: nothing does. */
    void (*begin)(struct stream *s);

    /** The message is whole: change what precedes it, append what follows it. NULL: nothing to do. */
    void (*seal)(struct stream *s);

    /**
     * Send what @out has; it has something, and @sending is 0. Move bytes that are not sent at once
     * from @out to a buffer of the stream, and count them in @sending until peer_sent().
     * Returns   bytes sent; -errno the stream is broken.
     */
    ssize_t (*flush)(struct stream *s);

    /** End our side, after everything was sent. Called at most once. */
    void (*shut)(struct stream *s);

    /** After peer_ended(): begin to detect that the other side also reads no more. No effect if called again.
     * NULL: that can't be detected. */
    void (*watch)(struct stream *s);

    /** Close, and free the stream before peer_stream_closed(). */
    void (*close)(struct stream *s);
};

struct stream {
    const struct stream_ops *ops;
    struct peer *peer; /* set by peer_new() */
    struct strbuf out; /* messages with their framing, to be sent after: */
    size_t sending;    /* bytes that are being sent */
};

/** Bytes that are not sent yet. */
static inline size_t stream_unsent(const struct stream *s)
{
    return s->out.len + s->sending;
}

#endif
