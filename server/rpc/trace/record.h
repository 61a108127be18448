/* SPDX-License-Identifier: MIT */
/*
 * The record: a line of JSON for each request that was answered and each call of a guest, for whoever
 * checks what the daemon says against what its schema promises. Off unless the daemon has somewhere
 * to put it (rpc_daemon.record), and then costs a comparison a request.
 *
 *     {"gate":"rpc","call":"SC_OPEN","params":"[\"root:/a\",1]","result":{"fd":1}}
 *     {"gate":"rpc","call":"SC_OPEN","params":"[\"root:/b\",1]","error":{"code":2, …}}
 *     {"gate":"i386","call":"SC_OPEN","status":-2}
 *
 * Parameters are text as it came, cut when it is long; results of RECORD_RESULT_MAX bytes or more
 * are told by "size" instead. A guest's call that a fault rule changed has the rule as "fault".
 */
#ifndef SERVER_RPC_TRACE_RECORD_H
#define SERVER_RPC_TRACE_RECORD_H

#include "server/rpc/peer/machines.h"
#include "server/rpc/peer/request.h"

enum { RECORD_PARAMS_MAX = 400, RECORD_RESULT_MAX = 16384 };

/** A request is about to be carried out: note what it asks, which a waiting one will forget. */
void record_begin(struct request *rq);

/** It is over; @rq->failure or @rq->result are final. Nothing for one that was never begun. */
void record_end(struct request *rq, enum request_status status);

/** Record the calls of a machine's guests until record_unwatch(), which is harmless without. */
void record_watch(struct rpc_machine *machine);
void record_unwatch(struct rpc_machine *machine);

#endif
