/* SPDX-License-Identifier: MIT */
/* From lines to requests: one, or the members of a batch. */
#ifndef SERVER_RPC_PEER_MESSAGE_H
#define SERVER_RPC_PEER_MESSAGE_H

#include "server/rpc/peer/peer.h"

/**
 * Carry out the next request of what has arrived: a line, or a member of a batch.
 * Returns   1 one was begun, or refused; 0 none is there yet; -EMSGSIZE a line longer than the limit;
 *           -EPROTO the connection began with something else and is served no more.
 */
int message_take_next(struct peer *peer);

/** Take no more members of a batch that was begun; those that were are answered. */
void message_abandon(struct peer *peer);

/** Send an error that belongs to no request: its id is null. */
void message_answer_failure(struct peer *peer, const struct failure *f);

#endif
