/* SPDX-License-Identifier: MIT */
/*
 * A peer: who is at the other end of a stream. Messages in, requests, answers out.
 *
 *     open ---- the peer sends no more ---> half-closed ---- all answered and sent -----+
 *       |                                        |                                      |
 *       |                                        +---- the peer is gone ----------------+
 *       +---- the stream is broken -----------------------------------------------------+
 *       +---- refused: message too large ---> lingering: read and ignored, a moment ----+
 *                                                                                       v
 *                                                                       closing, then freed
 *
 * Whoever closes a peer must not be inside of a machine, because what it parked is cancelled
 * then and its session may end. So everything that machines cause (answers, events) only queues
 * messages, and closing is done from libuv's callbacks.
 *
 * What has arrived is carried out in turns, and what is to be sent is flushed when all have had
 * theirs: turns.h. A peer that does not read makes its queue grow up to a limit; past it no more of
 * its messages are taken or read, until the queue is below it again.
 */
#ifndef SERVER_RPC_PEER_PEER_H
#define SERVER_RPC_PEER_PEER_H

#include "server/rpc/peer/server.h"
#include "server/rpc/peer/session.h"
#include "server/rpc/peer/stream.h"
#include "server/rpc/trace/trace.h"

/** Refused peers that are still read: each has a descriptor of the daemon's own. */
enum { PEERS_LINGERING_MAX = 8 };

struct peer {
    struct rpc *rpc;
    struct list link;        /* in rpc->peers */
    struct stream *stream;   /* owned; NULL once it is closed */
    uv_timer_t timer;        /* when to close */
    unsigned open;           /* of these two; freed at 0 */
    struct list in_line;     /* in rpc->turns while it waits for a turn */
    struct list unsent;      /* in rpc->turns.unsent */
    struct batch *batch;     /* whose members are being taken; or NULL */
    struct json_doc message; /* the batch, as it was read; its text is the stream's */
    uint32_t member;         /* the token of the next member */
    enum stream_reading reading;
    bool more;    /* its turn was over before what has arrived was taken */
    bool full;    /* it waits for its queue to be below the limit */
    bool ended;   /* the peer sends no more */
    bool gone;    /* and reads no more */
    bool refused; /* what it sends is ignored */
    bool lingers; /* counted in rpc->lingering */
    bool shut;    /* we send no more */
    bool broken;  /* the stream is, or an answer was lost: to be closed */
    bool closing;
    struct list requests;    /* struct request.link: they wait */
    size_t in_flight;        /* how many */
    size_t on_way;           /* of them: struct request.on_way */
    size_t waiting_bytes;    /* what they hold: request.held */
    uint32_t uid;            /* of the peer */
    struct session *session; /* referenced, maybe over; NULL before the first */
    bool attached;           /* counted in session->peers */
    bool talks;              /* and in session->talkers */
    bool unread;             /* and in session->unread */
    struct list opened;      /* struct session.in_opener: sessions it has opened, alive */
    unsigned opened_count;
    struct list marks;    /* struct mark.in_owner: made without a session */
    struct list machines; /* struct rpc_machine.in_peer: transient, they go with it */
    struct subscription events;
};

/** The peer of a stream. @stream taken, also on failure; @out borrowed, it frees itself. Returns 0, -ENOMEM. */
int peer_new(struct rpc *rpc, struct stream *stream, struct peer **out);

/** Its stream is broken. It is closed in its next turn, because we may be inside of a machine now. */
void peer_lost(struct peer *peer);

/** Start to serve it. */
void peer_start(struct peer *peer);

/** Answer with an error that belongs to no request, and serve it no more. It is read a moment longer,
 * unless PEERS_LINGERING_MAX are: then it is closed at once. */
void peer_refuse(struct peer *peer, struct failure *f);

/**
 * Begin a message to the peer. Whoever does appends all of it, and calls peer_seal().
 * Returns   where to, borrowed; NULL when nothing more is sent.
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

/** Whether more bytes are queued than a peer that reads would leave. */
bool peer_is_full(const struct peer *peer);

/** Make @s the session of the peer, instead of the one it has. Referenced. */
void peer_set_session(struct peer *peer, struct session *s);

/** A request of the peer was answered: a half-closed one may be done. */
void peer_request_gone(struct peer *peer);

/** Whether it takes no more requests for now: it has the most in flight, and some of them because a machine
 * stands still, so they are not refused for that. */
bool peer_is_held(const struct peer *peer);

/** Cancel what waits, leave the session, end the transient machines, close. Harmless when it is closing. */
void peer_close(struct peer *peer);

/** Of a daemon that stops: read no more, close when everything is sent. */
void peer_finish(struct peer *peer);

/* For its stream: stream.h. */

/** Bytes have arrived; next() may have a message. */
void peer_arrived(struct peer *peer, size_t bytes);

/** No more will arrive. */
void peer_ended(struct peer *peer);

/** The other side reads no more either. */
void peer_gone(struct peer *peer);

/** All that flush() has left have been sent, or given up: so many bytes were sent. */
void peer_sent(struct peer *peer, size_t bytes);

/** The stream is closed and freed. */
void peer_stream_closed(struct peer *peer);

/* For turns.c. */

/** Have a turn: carry out some of what has arrived, and do what waited for answers to be written.
 * Returns how many requests were begun. */
size_t peer_take_turn(struct peer *peer);

/** Whether another turn has something to do that may be done now. */
bool peer_has_more(const struct peer *peer);

/** Send what is queued, unless more is about to come. */
void peer_flush(struct peer *peer);

#endif
