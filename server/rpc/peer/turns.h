/* SPDX-License-Identifier: MIT */
/*
 * Turns: the order in which peers' requests are carried out, and when answers are written.
 *
 *     read        bytes arrive: the connection joins the line                       (poll phase)
 *     pass        connections in line have a turn each, round and round: some requests, some
 *                 microseconds; a pass ends after PASS_REQUESTS or PASS_NS           (check phase)
 *     flush       what the pass and everything since has answered is written         (prepare phase)
 *
 * While a connection is in line the loop polls without waiting. A member of a batch is a request like
 * any other: a batch continues in its connection's next turn. A connection that joins the line is new
 * until its first turn, and new ones have every other turn: those that send now and then do not wait
 * for those that always have more.
 */
#ifndef SERVER_RPC_PEER_TURNS_H
#define SERVER_RPC_PEER_TURNS_H

#include "server/base/list.h"

#include <stdbool.h>
#include <uv.h>

struct peer;

struct turns {
    struct list fresh;   /* struct peer.in_line: had no turn since they joined the line */
    struct list waiting; /* struct peer.in_line: had one, and have more */
    struct list unsent;  /* struct peer.unsent: have answers to be written */
    bool fresh_next;     /* which list has the next turn, if both have members */
    uv_check_t pass;
    uv_prepare_t flush;
    uv_idle_t
        idle; /* runs while a connection is in line, so that the loop does not wait; does nothing */
    unsigned handles;
    void (*closed)(void *user);
    void *user;
};

void turns_init(struct turns *t, uv_loop_t *loop);

/** Close the handles. No connection is in line. @closed  called from the loop. */
void turns_close(struct turns *t, void (*closed)(void *user), void *user);

/** Put a connection in line. No effect if it is there. */
void turns_join(struct turns *t, struct peer *peer);

/** Flush a connection's queue before the loop polls. No effect if that is noted. */
void turns_send(struct turns *t, struct peer *peer);

/** It is closing: no more turns, no more flushing. */
void turns_leave(struct peer *peer);

#endif
