/* SPDX-License-Identifier: MIT */
/*
 * The record: a line of JSON for each answered request and each call of a guest, from which a test
 * checks the daemon's answers against its schema. Off if rpc_daemon.record is NULL; it then costs one
 * comparison a request.
 *
 *     {"gate":"rpc","call":"SC_OPEN","params":"[\"root:/a\",1]","result":{"fd":1}}
 *     {"gate":"rpc","call":"SC_OPEN","params":"[\"root:/b\",1]","error":{"code":2, …}}
 *     {"gate":"i386","call":"SC_OPEN","status":-2}
 *
 * Parameters are the text of the request, cut when it is long; results of RECORD_RESULT_MAX bytes or
 * more are replaced by their "size". A guest's call that a fault rule changed has the rule as "fault".
 */
#ifndef SERVER_RPC_TRACE_RECORD_H
#define SERVER_RPC_TRACE_RECORD_H

#include "server/rpc/peer/machines.h"
#include "server/rpc/peer/request.h"

enum { RECORD_PARAMS_MAX = 400, RECORD_RESULT_MAX = 16384 };

/** A request is about to be carried out: copy its parameters, which a parked one does not keep. */
void record_begin(struct request *rq);

/** A request has ended; @rq->failure or @rq->result are final. Does nothing for one that was never begun. */
void record_end(struct request *rq, enum request_status status);

/** Record the calls of a machine's guests until record_unwatch(), which may be called without. */
void record_watch(struct rpc_machine *machine);
void record_unwatch(struct rpc_machine *machine);

#endif
