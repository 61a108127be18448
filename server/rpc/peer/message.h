/* SPDX-License-Identifier: MIT */
/* From messages to requests: one, or the members of a batch. */
#ifndef SERVER_RPC_PEER_MESSAGE_H
#define SERVER_RPC_PEER_MESSAGE_H

#include "server/rpc/peer/peer.h"

/**
 * Carry out the next request that has arrived: a message, or a member of a batch.
 * Returns   1 one was begun, or refused; 0 none has arrived; below 0 the peer is refused.
 */
int message_take_next(struct peer *peer);

/** Drop the members of a batch that were not begun; those begun are answered. */
void message_abandon(struct peer *peer);

/** Send an error without a request: its id is null. */
void message_answer_failure(struct peer *peer, const struct failure *f);

#endif
