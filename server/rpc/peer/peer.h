/* SPDX-License-Identifier: MIT */
/*
 * One connection: bytes in, lines to requests, answers out.
 *
 *     open ---- the peer sends no more ---> half-closed ---- all answered and sent -----+
 *       |                                        |                                      |
 *       |                                        +---- the peer is gone ----------------+
 *       +---- write error --------------------------------------------------------------+
 *       +---- refused: message too large ---> lingering: read and ignored, a moment ----+
 *                                                                                       v
 *                                                                       closing, then freed
 *
 * Whoever closes a connection must not be inside of a machine, because what it parked is cancelled
 * then and its session may end. So everything that machines cause (answers, events) only queues
 * bytes, and closing is done from libuv's callbacks.
 *
 * What has arrived is carried out in turns, and what is to be sent is written when all have had
 * theirs: turns.h. A peer that does not read makes its queue grow up to a limit; past it the
 * connection takes no more lines and reads no more, until the queue is below it again.
 */
#ifndef SERVER_RPC_PEER_PEER_H
#define SERVER_RPC_PEER_PEER_H

#include "server/rpc/peer/frame.h"
#include "server/rpc/peer/server.h"
#include "server/rpc/peer/session.h"
#include "server/rpc/trace/trace.h"

/** Refused connections that are still read: each has a descriptor of the daemon's own. */
enum { PEERS_LINGERING_MAX = 8 };

struct peer {
    struct rpc *rpc;
    struct list link; /* in rpc->peers */
    uv_pipe_t pipe;
    uv_timer_t timer; /* when to close */
    uv_poll_t hangup; /* of a half-closed one: the peer is gone altogether */
    int hangup_fd;    /* what it polls; -1: not open */
    unsigned handles; /* open ones of the three; freed at 0 */
    struct frame in;
    struct list in_line;  /* in rpc->turns while it waits for a turn */
    struct list unsent;   /* in rpc->turns.unsent */
    struct batch *batch;  /* whose members are being taken; or NULL */
    struct json_doc line; /* the batch, as it was read; its text is the frame's */
    uint32_t member;      /* the token of the next member */
    struct strbuf out;    /* to be sent after: */
    struct strbuf sending;
    uv_write_t write;
    uv_shutdown_t shutdown;
    bool writing;
    bool more; /* its turn was over before what has arrived was taken */
    bool full; /* it waits for its queue to be below the limit */
    bool reading;
    bool ended;   /* the peer sends no more */
    bool gone;    /* and reads no more */
    bool refused; /* what it sends is ignored */
    bool lingers; /* counted in rpc->lingering */
    bool shut;    /* we send no more */
    bool broken;  /* an answer was lost: to be closed */
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

/** Accept a connection from the listener. Returns 0 or -errno; @out borrowed, it frees itself. */
int peer_accept(struct rpc *rpc, struct peer **out);

/** Start to serve it. */
void peer_start(struct peer *peer);

/** Answer with an error that belongs to no request, and serve it no more. It is read a moment longer,
 * unless PEERS_LINGERING_MAX are: then it is closed at once. */
void peer_refuse(struct peer *peer, struct failure *f);

/** Queue bytes and send them; @bytes is empty afterwards. Dropped when it is closing. */
void peer_send(struct peer *peer, struct strbuf *bytes);

/**
 * The output, for whoever appends a whole line without a copy and calls peer_written() then.
 * Returns   it, borrowed; NULL when nothing more is sent.
 */
struct strbuf *peer_out(struct peer *peer);
void peer_written(struct peer *peer);

/** Whether more bytes are queued than a peer that reads would leave. */
bool peer_is_full(const struct peer *peer);

/** Make @s the session of the connection, instead of the one it has. Referenced. */
void peer_set_session(struct peer *peer, struct session *s);

/** A request of the connection was answered: a half-closed one may be done. */
void peer_request_gone(struct peer *peer);

/** Whether it takes no more requests for now: it has the most in flight, and some of them because a machine
 * stands still, so they are not refused for that. */
bool peer_is_held(const struct peer *peer);

/** Cancel what waits, leave the session, end the transient machines, close. Harmless when it is closing. */
void peer_close(struct peer *peer);

/** Of a daemon that stops: read no more, close when everything is sent. */
void peer_finish(struct peer *peer);

#endif
