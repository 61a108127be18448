/* SPDX-License-Identifier: MIT */
/*
 * What clients leave in machines: pauses and fault rules, and whose they are.
 *
 *     proc.pause, fault.add ---> a mark --- proc.resume, fault.clear, its process or machine ends ---> gone
 *                                     +---- its owner ends, unless it is kept ----> undone, gone
 *
 * The owner is the session that the request acted for, or the connection when there is none. So a
 * client that dies leaves nobody's calls held. A session that waits for somebody to come back has
 * its fault rules still, but no pauses: nobody is there to look at what is held.
 */
#ifndef SERVER_RPC_PEER_MARKS_H
#define SERVER_RPC_PEER_MARKS_H

#include "server/rpc/peer/machines.h"

struct json_out;
struct request;

/** Pauses of one machine. (Of fault rules there are FAULT_RULES_MAX.) */
enum { PAUSES_MAX = 1024 };

enum mark_kind { MARK_PAUSE = 1, MARK_FAULT = 2 };

struct mark {
    struct list in_machine;   /* in machine->marks */
    struct list in_owner;     /* in session->marks or peer->marks; unlinked when it is kept */
    const struct list *owner; /* that list; NULL when it is kept */
    struct rpc_machine *machine;
    enum mark_kind kind;
    int32_t pid;    /* of a pause: the process, 0 the machine */
    uint32_t fault; /* of a rule: its number */
    int32_t by;     /* the process of the session, 0 of a connection without one */
    uint32_t uid;   /* the user of the client */
    char by_machine[MACHINE_NAME_MAX + 1]; /* where that process is; empty: none */
};

/**
 * Note what a request has just made.
 * @wish     borrowed; its kind, and pid or fault.
 * @keep     it does not end with its owner.
 * Returns   0; -1 past PAUSES_MAX or without memory, said in rq->failure.
 */
int marks_add(struct request *rq, struct rpc_machine *machine, const struct mark *wish, bool keep);

/** Undo what an owner has left. @kinds  MARK_*. May come from inside of a machine. */
void marks_undo(struct list *of_owner, unsigned kinds);

/** Somebody has resumed a process, or with pid 0 the machine. */
void marks_resumed(struct rpc_machine *machine, int32_t pid);

/** Somebody has removed a rule, or with 0 all. */
void marks_cleared(struct rpc_machine *machine, uint32_t fault);

/** The mark of a rule, borrowed; NULL when nobody's. */
const struct mark *marks_of_fault(const struct rpc_machine *machine, uint32_t fault);

/** Forget all of a machine. */
void marks_done(struct rpc_machine *machine);

/** Whose a mark is, as methods tell it. */
struct mark_owner {
    int32_t by;             /* the process of the session, 0 of a connection without one */
    const char *by_machine; /* where that process is; NULL: none. Borrowed from the mark */
    uint32_t by_uid;
    bool keep;
};

/** Of NULL, nobody's mark: one that is kept. */
struct mark_owner mark_owner(const struct mark *mark);

/** Write a machine's marks as an array. @of: a struct rpc_machine. */
void marks_write_pauses(struct json_out *o, const void *of);
void marks_write_faults(struct json_out *o, const void *of);

#endif
