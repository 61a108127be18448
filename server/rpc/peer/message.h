/* SPDX-License-Identifier: MIT */
/* From messages to requests: one, or the members of a batch. */
#ifndef SERVER_RPC_PEER_MESSAGE_H
#define SERVER_RPC_PEER_MESSAGE_H

#include "server/rpc/peer/peer.h"

/**
 * Carry out the next request of what has arrived: a message, or a member of a batch.
 * Returns   1 one was begun, or refused; 0 none is there yet; below 0 the peer is refused.
 */
int message_take_next(struct peer *peer);

/** Take no more members of a batch that was begun; those that were are answered. */
void message_abandon(struct peer *peer);

/** Send an error that belongs to no request: its id is null. */
void message_answer_failure(struct peer *peer, const struct failure *f);

#endif
