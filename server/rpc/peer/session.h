/* SPDX-License-Identifier: MIT */
/*
 * A session is the right to drive a process over RPC. A connection is not a process: a session outlives
 * its connections by a grace time, and several connections may share one.
 *
 *     session_open() -> alive --- session.close, EXIT, end of its machine, grace over ---> over
 *                        |  ^
 *        last connection |  | session.attach, or any connection
 *             is gone    v  |
 *                      in grace
 *
 * A session that is over has no process and no place in the table; the struct stays while
 * connections and requests hold it, so that their requests fail with -32001.
 *
 * At a limit of sessions a new one ends one in grace. At the limit of its connection (conn_sessions)
 * this is the one of the connection that has been in grace longest; at the limit of the daemon the
 * same, or else that of the user. Without such a session the new one is refused: a user can't end the
 * sessions of others.
 *
 * A request may name a session by its token. A connection without a session takes that one; otherwise
 * the request visits the session: it acts for it, and the session's grace can't pass meanwhile.
 *
 * A session that was opened by the first SC_* call of a connection has no grace, because no client
 * knows its token.
 *
 * On a virtual clock a session thinks while it has a connection and no request in flight: it holds the
 * clock, so that no time passes for a person at a prompt. It also holds the clock while requests of a
 * connection wait for a turn, so that requests which arrived together happen at one time.
 */
#ifndef SERVER_RPC_PEER_SESSION_H
#define SERVER_RPC_PEER_SESSION_H

#include "server/kernel/hash.h"
#include "server/rpc/peer/machines.h"
#include "server/rpc/peer/server.h"

enum { SESSION_TOKEN_LEN = 32, SESSION_NAME_MAX = 255 };

struct session {
    struct rpc *rpc;
    char token[SESSION_TOKEN_LEN + 1];
    UT_hash_handle hh;           /* in rpc->sessions while alive */
    struct list in_machine;      /* in machine->sessions while alive */
    struct list in_grace;        /* in rpc->in_grace while in grace */
    struct rpc_machine *machine; /* NULL once over */
    struct proc *proc;           /* NULL once over */
    int32_t pid;
    uint64_t machine_id; /* of its machine; kept once over */
    char machine_name[MACHINE_NAME_MAX + 1];
    uint32_t uid;          /* of who opened it */
    struct peer *opener;   /* NULL once that is gone */
    struct list in_opener; /* in opener->opened while alive */
    struct list marks;     /* struct mark.in_owner */
    unsigned peers;        /* attached */
    unsigned visits;       /* requests of other connections that name it */
    unsigned talkers;      /* attached connections that can still send */
    unsigned waiting;      /* requests in flight, without background ones */
    unsigned unread;       /* attached connections with requests that wait for a turn */
    bool unasked;          /* opened by a first call */
    struct entry hold;     /* queued to hold or release the clock */
    bool holding;          /* it has called machine_hold() */
    uv_timer_t grace;
    unsigned refs;
};

static inline bool session_is_over(const struct session *s)
{
    return s->proc == NULL;
}

/** What a session's process shall be. */
struct session_spec {
    const char *name;    /* of the program, for people; or NULL */
    struct creds creds;  /* its user and group */
    struct peer *opener; /* borrowed for the call */
    bool unasked;        /* opened by a first call */
};

/**
 * Open a session: a new process on a machine.
 * @spec     borrowed for the call.
 * @out      returned; session_unref().
 * Returns   0; -1 with @f set: EAGAIN past a limit and no session in grace may be ended, -32603.
 */
int session_open(struct rpc *rpc, struct rpc_machine *machine, const struct session_spec *spec,
                 struct session **out, struct failure *f);

/** The session of a token, borrowed, on a machine that user @uid sees; NULL with @f set. */
struct session *session_find(struct rpc *rpc, const char *token, uint32_t uid, struct failure *f);

struct session *session_ref(struct session *s);
struct session *session_unref(struct session *s);

/** A connection can now send in the session's name. */
void session_attach(struct session *s);

/** An attached connection sends no more, but may wait for answers. */
void session_mute(struct session *s);

/** A connection is detached, after session_mute(). */
void session_detach(struct session *s);

/** A request of another connection names it; and was answered. The latter may be called from inside a
 * machine. */
void session_visit(struct session *s);
void session_unvisit(struct session *s);

/** A connection closes: clear `opener` of the sessions that it has opened. */
void sessions_orphan(struct peer *peer);

/** A request of the session is parked, or ends. */
void session_waits(struct session *s, bool waits);

/** A connection of the session has requests that wait for a turn, or none any more. */
void session_unread(struct session *s, bool unread);

/** End it: kill its process and those below it. No effect when over. Never call it from inside a
 * machine. */
void session_end(struct session *s);

/** Its process has ended, or is about to end with its machine: it is over. May be called from
 * inside a machine. */
void session_leave(struct session *s);

/**
 * The process that a call acts as.
 * @pid      0 or the session's own, or a process below it that it drives.
 * Returns   it, borrowed; NULL with the failure set.
 */
struct proc *session_actor(struct session *s, int32_t pid, struct failure *f);

#endif
