/* SPDX-License-Identifier: MIT */
/*
 * Marks: the pauses and fault rules that clients make in machines, with their owners.
 *
 *     proc.pause, fault.add ---> a mark --- proc.resume, fault.clear, its process or machine ends ---> gone
 *                                     +---- its owner ends, unless it is kept ----> undone, gone
 *
 * The owner is the session that the request acted for, or else the connection. So no calls stay held
 * when a client dies. A session in grace keeps its fault rules, but not its pauses, because no client
 * is left to step or resume the held calls.
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
    int32_t pid;    /* of a pause: the process; 0: the machine */
    uint32_t fault; /* of a rule: its number */
    int32_t by;     /* the process of the session; 0: of a connection without a session */
    uint32_t uid;   /* the user of the client */
    char by_machine[MACHINE_NAME_MAX + 1]; /* the machine of that process; empty: none */
};

/**
 * Add the mark of what a request has just made.
 * @made     borrowed; only kind, and pid or fault, are set.
 * @keep     it does not end with its owner.
 * Returns   0; -1 past PAUSES_MAX or without memory, with rq->failure set.
 */
int marks_add(struct request *rq, struct rpc_machine *machine, const struct mark *made, bool keep);

/** Undo an owner's marks. @kinds  MARK_*. May be called from inside a machine. */
void marks_undo(struct list *of_owner, unsigned kinds);

/** A process was resumed, or with pid 0 the machine: remove the marks of these pauses. */
void marks_resumed(struct rpc_machine *machine, int32_t pid);

/** A fault rule was removed, or with 0 all: remove their marks. */
void marks_cleared(struct rpc_machine *machine, uint32_t fault);

/** The mark of a rule, borrowed; NULL: it has none. */
const struct mark *marks_of_fault(const struct rpc_machine *machine, uint32_t fault);

/** Free all marks of a machine. */
void marks_done(struct rpc_machine *machine);

/** The owner of a mark, as in results of methods. */
struct mark_owner {
    int32_t by;             /* the process of the session; 0: of a connection without a session */
    const char *by_machine; /* the machine of that process; NULL: none. Borrowed from the mark */
    uint32_t by_uid;
    bool keep;
};

/** The owner of @mark; for NULL: no process, and `keep`. */
struct mark_owner mark_owner(const struct mark *mark);

/** Write a machine's marks as an array. @of: a struct rpc_machine. */
void marks_write_pauses(struct json_out *o, const void *of);
void marks_write_faults(struct json_out *o, const void *of);

#endif
