/* SPDX-License-Identifier: MIT */
/*
 * A stream carries whole messages: those of a peer in, those for it out. What carries them, and how a
 * message is told from the next, is one file a kind: a struct that begins with struct stream, its
 * stream_ops, and a function that makes one for peer_new(). line_stream.c is such a file.
 *
 *     in        bytes arrive -> peer_arrived(); the peer takes messages in its turns: next()
 *     out       begin(), the peer appends a message to @out, seal(); flush() when its turn is over;
 *               bytes that do not leave at once are counted in @sending -> peer_sent()
 *     pressure  the peer has reading stopped, by read(), while it has enough to do or to send
 *     the end   no more will arrive -> peer_ended(); the other side reads no more -> peer_gone();
 *               shut() ends our side; broken, for whatever reason -> peer_lost()
 *     closing   close() once, by the peer -> peer_stream_closed(), from the loop
 *
 * Functions of the stream may be called from inside of a machine, but for next(), watch() and close().
 * Those of the peer are called from the loop; peer_lost() from anywhere. After close() only
 * peer_sent() and peer_stream_closed() are still called.
 *
 * What arrives is hostile. A length that is announced is compared with the limit message_bytes before
 * anything is made of it; what can't be a message has the peer refused: peer_refuse().
 */
#ifndef SERVER_RPC_PEER_STREAM_H
#define SERVER_RPC_PEER_STREAM_H

#include "server/base/json.h"
#include "server/base/strbuf.h"

#include <sys/types.h>

struct peer;
struct stream;

/** What is done with bytes that arrive: they wait outside, are kept for next(), or are thrown away. */
enum stream_reading { STREAM_STOPPED, STREAM_READING, STREAM_IGNORING };

struct stream_ops {
    const char *unit; /* what a message is called where an error tells a place in it: "line" */

    /**
     * Take the next message.
     * @out      set to it; borrowed until the next call, or until bytes arrive: none do while reading
     *           is stopped.
     * Returns   1 a message; 0 none is whole yet; below 0 none will ever be, and the peer is refused.
     */
    int (*next)(struct stream *s, struct json_span *out);

    /** Bytes that have arrived and were not taken. */
    size_t (*unread)(const struct stream *s);

    /** Say what is done with bytes that arrive; STREAM_STOPPED at first. */
    void (*read)(struct stream *s, enum stream_reading how);

    char end; /* the byte that stands behind each message sent; '\0': none does */

    /** Append to @out what stands before a message. NULL: nothing does. */
    void (*begin)(struct stream *s);

    /** The message is whole: change what stands before it, append what stands behind it. NULL: nothing is to
     * be done. */
    void (*seal)(struct stream *s);

    /**
     * Send what @out has; it has something, and @sending is 0. Bytes that do not leave at once are moved from
     * @out to a place of the stream's own, and counted in @sending until peer_sent().
     * Returns   bytes that have left; -errno the stream is broken.
     */
    ssize_t (*flush)(struct stream *s);

    /** Tell the other side that no more will come; everything was sent. At most once. */
    void (*shut)(struct stream *s);

    /** After peer_ended(): find out when the other side is gone altogether. Harmless again. NULL: it can't be
     * found out. */
    void (*watch)(struct stream *s);

    /** Close, and free the stream before peer_stream_closed(). */
    void (*close)(struct stream *s);
};

struct stream {
    const struct stream_ops *ops;
    struct peer *peer; /* set by peer_new() */
    struct strbuf out; /* messages, and what stands between them, to be sent after: */
    size_t sending;    /* bytes that are being sent */
};

/** Bytes that have not left yet. */
static inline size_t stream_unsent(const struct stream *s)
{
    return s->out.len + s->sending;
}

#endif
