/* SPDX-License-Identifier: MIT */
/*
 * Between the two halves of a connection: peer.c, its life, and peer_io.c, its bytes. Everybody
 * else includes peer.h.
 */
#ifndef SERVER_RPC_PEER_PEER_IO_H
#define SERVER_RPC_PEER_PEER_IO_H

#include "server/rpc/peer/peer.h"

/* peer_io.c */

/** Have a turn: carry out some of what has arrived, and do what waited for answers to be written.
 * Returns how many requests were begun. */
size_t peer_take_turn(struct peer *peer);

/** Whether another turn has something to do that may be done now. */
bool peer_has_more(const struct peer *peer);

/** Write what is queued, unless more is about to come. */
void peer_flush(struct peer *peer);

/** Whether nothing is queued. */
bool peer_all_sent(const struct peer *peer);

/** Read if there is a use for what comes. */
void peer_update_reading(struct peer *peer);

/* peer.c */

/** The peer sends no more, and all it has sent was taken. */
void peer_end(struct peer *peer);

/** The turn is over: a virtual clock waits for what is left of it. */
void peer_note_unread(struct peer *peer);

/** Close if nothing is left to do. */
void peer_settle(struct peer *peer);

/** It is broken: close in its next turn, because we may be inside of a machine now. */
void peer_close_soon(struct peer *peer);

#endif
