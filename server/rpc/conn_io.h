/* SPDX-License-Identifier: MIT */
/*
 * Between the two halves of a connection: conn.c, its life, and conn_io.c, its bytes. Everybody
 * else includes conn.h.
 */
#ifndef SERVER_RPC_CONN_IO_H
#define SERVER_RPC_CONN_IO_H

#include "server/rpc/conn.h"

/* conn_io.c */

/** Do what the lines that have arrived ask for, as long as the answers are read. */
void conn_take_lines(struct conn *c);

/** Send what is queued. */
void conn_flush(struct conn *c);

/** Whether nothing is queued. */
bool conn_all_sent(const struct conn *c);

/** Read if there is a use for what comes. */
void conn_update_reading(struct conn *c);

/* conn.c */

/** The peer sends no more: do what it asked, answer, close. */
void conn_end(struct conn *c);

/** Close if nothing is left to do. */
void conn_settle(struct conn *c);

/** Go on at the next turn of the loop: with lines that are left, or to settle. */
void conn_turn_soon(struct conn *c);

/** It is broken: close at the next turn of the loop, because we may be inside of a machine now. */
void conn_close_soon(struct conn *c);

#endif
