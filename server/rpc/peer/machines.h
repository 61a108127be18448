/* SPDX-License-Identifier: MIT */
/* Machines by name, and what must go with them: sessions and subscriptions. */
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
    struct listener listener; /* learns of ends of processes */
    struct listener recorder; /* of guests' calls, when the daemon records */
    struct listener logger; /* of nothing: while inputs are logged, every event counts as wanted */
    struct list sessions;   /* struct session.in_machine: alive */
    struct list subscriptions; /* struct subscription.in_machine */
    struct strbuf told;        /* the last event as several subscriptions send it */
    uint64_t told_number;      /* which that was: event.number */
    struct list marks;         /* struct mark.in_machine: pauses and rules */
    uint32_t pauses;           /* of them */
    uint64_t id;               /* never used twice */
    uint32_t uid;              /* its owner: other users do not see it */
    struct list in_peer;       /* in the peer->machines that it goes with, when transient */
    struct list in_ending;     /* in rpc->ending while it does */
    struct entry ending;
    bool ended; /* init has, or it is to: nobody finds it */
    bool gone;  /* machine_end() was done: machines_tidy() frees it */
};

/** Whether a user may see and touch a machine: its owner, the daemon's own user and root may. */
bool machine_is_visible(const struct rpc_machine *machine, uint32_t uid);

/** The machine of a name, borrowed, if user @uid sees it. NULL: the default one. Returns it, or NULL
 * said in @f. */
struct rpc_machine *machines_find(struct rpc *rpc, const char *name, uint32_t uid,
                                  struct failure *f);

/** The machine with this struct rpc_machine.id, borrowed; NULL: it is gone. */
struct rpc_machine *machines_by_id(struct rpc *rpc, uint64_t id);

/** End a machine, its sessions and subscriptions: nobody finds it from now on, and its name is free. It is
 * freed at once, or when the filesystems that it stands still for have answered. Until then it counts among
 * the daemon's machines. Never from inside of a machine. */
void machines_end(struct rpc_machine *machine);

/** End the machines whose init has ended, and free those that are gone. */
void machines_tidy(struct rpc *rpc);

#endif
