/* SPDX-License-Identifier: MIT */
/* Machines by name. When one ends, its sessions and subscriptions end first. */
#ifndef SERVER_RPC_PEER_MACHINES_H
#define SERVER_RPC_PEER_MACHINES_H

#include "server/kernel/hash.h"
#include "server/kernel/input.h"
#include "server/rpc/peer/server.h"

enum { MACHINE_NAME_MAX = 64 };

struct rpc_machine {
    struct rpc *rpc;
    UT_hash_handle hh; /* in rpc->machines */
    char name[MACHINE_NAME_MAX + 1];
    struct machine *m;
    struct listener listener;   /* of ends of processes */
    struct listener recorder;   /* of guests' calls, when the daemon records */
    struct listener logger;     /* of all kinds, while inputs are logged; does nothing */
    struct list sessions;       /* struct session.in_machine: alive */
    struct list subscriptions;  /* struct subscription.in_machine */
    struct strbuf last_event;   /* as JSON, which several subscriptions send */
    uint64_t last_event_number; /* its event.number */
    struct list marks;          /* struct mark.in_machine: pauses and rules */
    uint32_t pauses;            /* of them */
    uint64_t id;                /* never used twice */
    uint32_t uid;               /* its owner: other users do not see it */
    struct list in_peer;        /* in peer->machines, if transient: it ends with that peer */
    struct list in_ending;      /* in rpc->ending while it ends */
    struct entry ending;
    bool ended; /* init has ended, or machines_end() was called: it can't be found */
    bool gone;  /* machine_end() has returned: machines_tidy() frees it */
};

/** Whether a user may see and use a machine: only its owner, the daemon's own user and root. */
bool machine_is_visible(const struct rpc_machine *machine, uint32_t uid);

/** Find a machine by name, if user @uid sees it. @name NULL: the default one. Returns it, borrowed;
 * NULL with @f set. */
struct rpc_machine *machines_find(struct rpc *rpc, const char *name, uint32_t uid,
                                  struct failure *f);

/** The machine with this rpc_machine.id, borrowed; NULL: it was freed. */
struct rpc_machine *machines_by_id(struct rpc *rpc, uint64_t id);

/** End a machine, its sessions and subscriptions: it can't be found any more, and its name is free. It
 * is freed at once, or when the filesystem that it stands still for has answered. Until then it counts
 * for the limit of machines. Never call it from inside a machine. */
void machines_end(struct rpc_machine *machine);

/** End the machines whose init has ended, and free the ended ones. */
void machines_tidy(struct rpc *rpc);

#endif
