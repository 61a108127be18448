/* SPDX-License-Identifier: MIT */
/* The RPC layer's own state, shared by its files. */
#ifndef SERVER_RPC_PEER_SERVER_H
#define SERVER_RPC_PEER_SERVER_H

#include "server/rpc/codec/params.h"
#include "server/rpc/codec/results.h"
#include "server/rpc/peer/names.h"
#include "server/rpc/peer/turns.h"
#include "server/rpc/rpc.h"

enum { READ_CHUNK = 65536, REQUESTS_SPARE = 64 };

struct request;
struct rpc_machine;
struct session;

struct rpc {
    uv_loop_t *loop;
    struct rpc_options opt;
    struct rpc_limits limits; /* a copy of opt.limits */
    struct rpc_server_stats_result stats;
    struct list peers;            /* struct peer.link */
    struct session *sessions;     /* uthash by token */
    struct list in_grace;         /* struct session.in_grace: longest without connection first */
    struct rpc_machine *machines; /* uthash by name */
    struct list ending;           /* struct rpc_machine.in_ending: not in `machines` any more */
    uint64_t names_made;          /* the last number in a generated machine name */
    uint64_t machines_made;       /* the last struct rpc_machine.id */
    struct names names;
    struct turns turns;
    struct json_doc message;               /* the one being read; a batch's moves to its peer */
    struct request *spare[REQUESTS_SPARE]; /* owned; answered, kept for the next ones */
    unsigned spare_count;
    struct strbuf document; /* the result of rpc.discover, made at its first call */
    uv_pipe_t listener;
    uv_timer_t later;    /* calls machines_tidy() at the loop's next iteration */
    uv_timer_t patience; /* the time limit of a stop: for connections, then for machines */
    uv_timer_t stalls;   /* trace.h: when the next subscription has stalled its machine too long */
    unsigned handles;    /* open handles: the listener, the timers and those of turns */
    unsigned lingering;  /* refused connections that are still read */
    bool refusal_logged; /* a refused connection was logged, at refusal_ms of the loop's time */
    uint64_t refusal_ms;
    unsigned refusals_unsaid; /* not logged since then */
    bool stopping;
    void (*on_stopped)(void *user);
    void *stopped_user;
    char chunk[READ_CHUNK]; /* libuv's read buffer; emptied before the next read */
};

/** Log a line. @level "debug" or "warn". */
void rpc_log(struct rpc *rpc, const char *level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Free the machines whose init has ended, at the loop's next iteration. */
void rpc_tidy_later(struct rpc *rpc);

/** A connection was freed: a stop may be complete. */
void rpc_peer_gone(struct rpc *rpc);

#endif
