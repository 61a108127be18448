/* SPDX-License-Identifier: MIT */
/*
 * Sessions: who drives a process over RPC. A connection is not a process: a session outlives its
 * connections by a grace time, and several connections may share one.
 *
 *     session_open() -> alive --- session.close, EXIT, end of its machine, grace over ---> over
 *                        |  ^
 *        last connection |  | session.attach, or any connection
 *             is gone    v  |
 *                      in grace
 *
 * A session that is over has no process and no place in the table; the struct stays while
 * connections and requests hold it, so that they learn that it is over (-32001).
 *
 * At a limit of sessions a newcomer takes the place of one in grace: at that of its connection
 * (conn_sessions) the one of this connection that has been in grace longest, at that of the daemon
 * the same, or else the one of this user. It is refused when none is: nobody displaces the sessions
 * of others.
 *
 * A request may name a session by its token. A connection without one has that session from then
 * on; else the request visits it: it acts for it, and the session does not end meanwhile.
 *
 * A session that was opened without being asked for (by the first SC_* call of a connection) has a
 * token that nobody knows: it has no grace.
 *
 * On a virtual clock a session that has a connection and waits for no answer is thinking: it
 * holds the clock, so that a person at a prompt does not find that a year has passed. So does one whose
 * connection has sent requests that had no turn yet: what arrived together happens at one time.
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
    uint64_t machine_id; /* of its machine, also once over */
    char machine_name[MACHINE_NAME_MAX + 1];
    uint32_t uid;          /* of who opened it */
    struct peer *opener;   /* NULL once that is gone */
    struct list in_opener; /* in opener->opened while alive */
    struct list marks;     /* struct mark.in_owner */
    unsigned peers;        /* attached */
    unsigned visits;       /* requests that name it, from other connections */
    unsigned talkers;      /* those of them that can still send */
    unsigned waiting;      /* requests in flight that are no background ones */
    unsigned unread;       /* connections that have sent more than was taken yet */
    bool unasked;          /* opened by a first call */
    struct entry hold;     /* waits for its turn to hold or release the clock */
    bool holding;          /* machine_hold() is ours */
    uv_timer_t grace;
    unsigned refs;
};

static inline bool session_is_over(const struct session *s)
{
    return s->proc == NULL;
}

/** What a session's process shall be. */
struct session_wish {
    const char *name;    /* of the program, for people; NULL none */
    struct creds creds;  /* whom it works for */
    struct peer *opener; /* borrowed for the call */
    bool unasked;        /* opened by a first call */
};

/**
 * Open a session: a new process on a machine.
 * @wish     borrowed for the call.
 * @out      returned; session_unref().
 * Returns   0; -1 said in @f: EAGAIN past a limit with none in grace that may go, -32603.
 */
int session_open(struct rpc *rpc, struct rpc_machine *machine, const struct session_wish *wish,
                 struct session **out, struct failure *f);

/** The session of a token, borrowed, on a machine that user @uid sees; NULL said in @f. */
struct session *session_find(struct rpc *rpc, const char *token, uint32_t uid, struct failure *f);

struct session *session_ref(struct session *s);
struct session *session_unref(struct session *s);

/** A connection can now send in the session's name. */
void session_attach(struct session *s);

/** It will send no more, but waits for answers. */
void session_mute(struct session *s);

/** It is gone; session_mute() came before. */
void session_detach(struct session *s);

/** A request of another connection names it; and has been answered. The latter may come from inside of a
 * machine. */
void session_visit(struct session *s);
void session_unvisit(struct session *s);

/** A connection goes: sessions it has opened are on their own. */
void sessions_orphan(struct peer *peer);

/** A request of the session starts or stops to wait. */
void session_waits(struct session *s, bool waits);

/** A connection of the session has sent more than its turn could take, or all of that is taken. */
void session_unread(struct session *s, bool unread);

/** End it: kill its process with everything below. Harmless when over. Never from inside of a
 * machine. */
void session_end(struct session *s);

/** Its process has ended, or is about to end with its machine: it is over. May come from inside of
 * a machine. */
void session_leave(struct session *s);

/**
 * The process a call acts as.
 * @pid      0 or the session's own, or a process below it that it drives.
 * Returns   it, borrowed; NULL with the failure said.
 */
struct proc *session_actor(struct session *s, int32_t pid, struct failure *f);

#endif
