/* SPDX-License-Identifier: MIT */
/*
 * A peer: the program at the other end of a stream. Messages in, requests, answers out.
 *
 *     open ---- the peer sends no more ---> half-closed ---- all answered and sent -----+
 *       |                                        |                                      |
 *       |                                        +---- the peer is gone ----------------+
 *       +---- the stream is broken -----------------------------------------------------+
 *       +---- refused: message too large ---> lingering: read and ignored, a moment ----+
 *                                                                                       v
 *                                                                       closing, then freed
 *
 * Never close a peer from inside a machine: closing cancels its parked requests and may end its
 * session. So everything that machines cause (answers, events) only queues messages, and peers are
 * closed from libuv's callbacks.
 *
 * Peers carry out their messages in turns, and flush their queues when all had theirs: turns.h. The
 * queue of a peer that does not read grows up to a limit; past it none of its messages are taken or
 * read until the queue is below it again.
 */
#ifndef SERVER_RPC_PEER_PEER_H
#define SERVER_RPC_PEER_PEER_H

#include "server/rpc/peer/server.h"
#include "server/rpc/peer/session.h"
#include "server/rpc/peer/stream.h"
#include "server/rpc/trace/trace.h"

/** Refused peers that are still read: each uses a descriptor of the daemon. */
enum { PEERS_LINGERING_MAX = 8 };

struct peer {
    struct rpc *rpc;
    struct list link;        /* in rpc->peers */
    struct stream *stream;   /* owned; NULL once it is closed */
    uv_timer_t timer;        /* when to close */
    unsigned open;           /* of these two, how many are not closed; freed at 0 */
    struct list in_line;     /* in a list of rpc->turns while it waits for a turn */
    struct list unsent;      /* in rpc->turns.unsent */
    struct batch *batch;     /* whose members are being taken; or NULL */
    struct json_doc message; /* the tokens of the batch; the text is the stream's */
    uint32_t member;         /* the token of the next member */
    enum stream_reading reading;
    bool more;    /* messages have arrived that its last turn did not take */
    bool full;    /* it waits for its queue to be below the limit */
    bool ended;   /* it sends no more */
    bool gone;    /* it also reads no more */
    bool refused; /* its messages are ignored */
    bool lingers; /* counted in rpc->lingering */
    bool shut;    /* we send no more */
    bool broken;  /* the stream is broken, or an answer was lost: close it */
    bool closing;
    struct list requests;    /* struct request.link: the parked ones */
    size_t in_flight;        /* their number */
    size_t on_way;           /* of them: struct request.on_way */
    size_t waiting_bytes;    /* the sum of their request.held */
    uint32_t uid;            /* of the peer */
    struct session *session; /* referenced, maybe over; NULL before the first */
    bool attached;           /* counted in session->peers */
    bool talks;              /* counted in session->talkers */
    bool unread;             /* counted in session->unread */
    struct list opened;      /* struct session.in_opener: sessions it has opened, alive */
    unsigned opened_count;
    struct list marks;    /* struct mark.in_owner: made without a session */
    struct list machines; /* struct rpc_machine.in_peer: transient ones, which end with it */
    struct subscription events;
};

/** Make the peer of a stream. @stream taken, also on failure; @out borrowed: it frees itself.
 * Returns 0, -ENOMEM. */
int peer_new(struct rpc *rpc, struct stream *stream, struct peer **out);

/** Its stream is broken: close it in its next turn, because the caller may be inside a machine. */
void peer_lost(struct peer *peer);

/** Start to serve it. */
void peer_start(struct peer *peer);

/** Send an error without a request, and carry out no more of its requests. It is read a moment longer,
 * unless PEERS_LINGERING_MAX peers are: then it is closed at once. */
void peer_refuse(struct peer *peer, struct failure *f);

/**
 * Begin a message to the peer. The caller appends all of it, then calls peer_seal().
 * Returns   the buffer, borrowed; NULL: nothing more is sent.
 */
static inline struct strbuf *peer_begin(struct peer *peer)
{
    struct stream *s = peer->stream;

    if (peer->closing || peer->shut || peer->broken)
        return NULL;
    if (s->ops->begin != NULL)
        s->ops->begin(s);
    return &s->out;
}

static inline void peer_seal(struct peer *peer)
{
    struct stream *s = peer->stream;

    if (s->ops->end != '\0')
        (void)strbuf_addc(&s->out, s->ops->end);
    if (s->ops->seal != NULL)
        s->ops->seal(s);
    if (strbuf_failed(&s->out))
        peer_lost(peer); /* an answer is lost: better no more at all */
    else if (list_empty(&peer->unsent))
        turns_send(&peer->rpc->turns, peer);
}

/** Send a message; @message is empty afterwards. */
void peer_send(struct peer *peer, struct strbuf *message);

/** Whether the limit of queued bytes is reached: the peer does not read. */
bool peer_is_full(const struct peer *peer);

/** Replace the peer's session by @s, which is referenced. */
void peer_set_session(struct peer *peer, struct session *s);

/** A request of the peer was answered: a half-closed peer may be ready to close. */
void peer_request_gone(struct peer *peer);

/** Whether no more of its requests are taken for now: the limit in_flight is reached, but some of these
 * requests wait only because a machine stands still, so further ones are not refused. */
bool peer_is_throttled(const struct peer *peer);

/** Cancel its parked requests, leave the session, end the transient machines, close. No effect if it
 * is closing. */
void peer_close(struct peer *peer);

/** For a daemon that stops: stop reading, and close when everything is sent. */
void peer_finish(struct peer *peer);

/* For its stream: stream.h. */

/** Bytes have arrived; next() may have a message. */
void peer_arrived(struct peer *peer, size_t bytes);

/** No more bytes will arrive. */
void peer_ended(struct peer *peer);

/** The other side reads no more either. */
void peer_gone(struct peer *peer);

/** The bytes that flush() had left are sent, or were given up. @bytes  were sent. */
void peer_sent(struct peer *peer, size_t bytes);

/** The stream is closed and freed. */
void peer_stream_closed(struct peer *peer);

/* For turns.c. */

/** Have a turn: carry out some of the requests that have arrived, and what waited for answers to be
 * written. Returns how many requests were begun. */
size_t peer_take_turn(struct peer *peer);

/** Whether it needs another turn now. */
bool peer_has_more(const struct peer *peer);

/** Send the queue, unless more is about to be queued. */
void peer_flush(struct peer *peer);

#endif
