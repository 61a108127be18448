/* SPDX-License-Identifier: MIT */
/* From a line to requests: one, or the members of a batch. */
#ifndef SERVER_RPC_MESSAGE_H
#define SERVER_RPC_MESSAGE_H

#include "server/rpc/conn.h"

/** Do what a line asks for. */
void message_take(struct conn *c, struct json_span line);

/** Send an error that belongs to no request: its id is null. */
void message_answer_failure(struct conn *c, const struct failure *f);

/**
 * A connection begins with something else than JSON-RPC: say so, and serve it no more.
 * @line     what has arrived of its first line.
 */
void message_refuse_opening(struct conn *c, struct json_span line);

#endif
