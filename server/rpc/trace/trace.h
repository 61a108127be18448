/* SPDX-License-Identifier: MIT */
/*
 * Events of a machine, sent to a connection as notifications of method "event". A connection has at
 * most one subscription. Events that a connection does not read are counted and dropped, not kept;
 * when there is room again, an event of kind "lost" has their number.
 *
 * A lossless subscription loses none: while its connection has too much to read, calls that emit events
 * wait (machine_stall()). A connection may listen to the calls of its own session, too: their answers
 * wait until it has read. A connection that does not read for the limit stall_ms loses its subscription,
 * so that no call waits for ever.
 *
 * A subscription that the daemon ends (for that reason, or with its machine) sends a last event of kind
 * "ended".
 */
#ifndef SERVER_RPC_TRACE_TRACE_H
#define SERVER_RPC_TRACE_TRACE_H

#include "server/rpc/peer/machines.h"

struct peer;
struct json_out;

struct subscription {
    struct peer *peer;
    struct rpc_machine *machine; /* NULL: none */
    struct list in_machine;      /* in machine->subscriptions */
    struct listener listener;
    uint64_t lost; /* events dropped since the last one sent */
    bool lossless;
    size_t shown;  /* bytes of data that its events show; 0: the default. Set after the start */
    bool stalling; /* it has called machine_stall(), at: */
    uint64_t stalled_ms; /* by the loop's clock */
};

void subscription_init(struct subscription *s, struct peer *peer);

/** Start to send events of some kinds (EVENT_*); this replaces an earlier start. @pid: only of this
 * process and those below it; 0: all. */
void subscription_start(struct subscription *s, struct rpc_machine *machine, unsigned kinds,
                        int32_t pid, bool lossless);

/** The connection has read: continue if that makes room. */
void subscription_drained(struct subscription *s);

/** Send no more events, after one of kind "ended". */
void subscription_end(struct subscription *s, const char *why);

/** Write the subscriptions that stall a machine, as an array. @of: a struct rpc_machine. */
void trace_write_stalls(struct json_out *o, const void *of);

/** Send no more events. No effect if there is no subscription. */
void subscription_stop(struct subscription *s);

#endif
