/* SPDX-License-Identifier: MIT */
/*
 * Framing: bytes of a stream in, lines out. A line ends with LF or CRLF; blank lines are skipped.
 *
 * A client of another protocol (HTTP, TLS, Content-Length headers) is detected by the first byte of
 * the stream, which does not begin a request or batch. Its later lines may look like requests, and
 * must not be carried out.
 */
#ifndef SERVER_RPC_PEER_FRAME_H
#define SERVER_RPC_PEER_FRAME_H

#include "server/base/json.h"
#include "server/base/strbuf.h"

struct frame {
    struct strbuf buf;
    size_t start;   /* where the next line begins */
    size_t scanned; /* no line end between start and here */
    size_t max;     /* the most bytes of a line */
    bool opened;    /* the first byte was valid */
};

void frame_init(struct frame *f, size_t max);
void frame_done(struct frame *f);

/** Add bytes that arrived; lines of frame_next() become invalid. Returns 0, -ENOMEM. */
int frame_push(struct frame *f, const char *bytes, size_t len);

/** Bytes that have arrived and were not returned. */
size_t frame_size(const struct frame *f);

/**
 * Get the next line.
 * @ended    no more bytes will come: the rest is a line too.
 * @out      set to the line without its end and white space around it; borrowed until the next
 *           push.
 * Returns   1 a line; 0 none yet; -EMSGSIZE a line longer than the limit, complete or not;
 *           -EPROTO another protocol: @out is what has arrived of its first line.
 */
int frame_next(struct frame *f, bool ended, struct json_span *out);

#endif
