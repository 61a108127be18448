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
size_t conn_take_turn(struct conn *c);

/** Whether another turn has something to do that may be done now. */
bool conn_has_more(const struct conn *c);

/** Write what is queued, unless more is about to come. */
void conn_flush(struct conn *c);

/** Whether nothing is queued. */
bool conn_all_sent(const struct conn *c);

/** Read if there is a use for what comes. */
void conn_update_reading(struct conn *c);

/* peer.c */

/** The peer sends no more, and all it has sent was taken. */
void conn_end(struct conn *c);

/** The turn is over: a virtual clock waits for what is left of it. */
void conn_note_unread(struct conn *c);

/** Close if nothing is left to do. */
void conn_settle(struct conn *c);

/** It is broken: close in its next turn, because we may be inside of a machine now. */
void conn_close_soon(struct conn *c);

#endif
