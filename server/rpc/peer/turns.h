/* SPDX-License-Identifier: MIT */
/*
 * Turns: whose requests are carried out next, and when answers are written.
 *
 *     read        bytes arrive: the connection gets into line                       (poll phase)
 *     pass        connections in line have a turn each, round and round: some requests, some
 *                 microseconds; a pass ends after PASS_REQUESTS or PASS_NS           (check phase)
 *     flush       what the pass and everything since has answered is written         (prepare phase)
 *
 * While anybody is in line the loop polls without waiting. A member of a batch is a request like
 * any other: a batch goes on in its connection's next turn. One that comes into line with nothing
 * taken yet is new, and new ones have every other turn: who sends now and then does not wait for
 * those who always have more.
 */
#ifndef SERVER_RPC_PEER_TURNS_H
#define SERVER_RPC_PEER_TURNS_H

#include "server/base/list.h"

#include <stdbool.h>
#include <uv.h>

struct peer;

struct turns {
    struct list fresh;   /* struct peer.in_line: had no turn since they came into line */
    struct list waiting; /* struct peer.in_line: had one, and have more */
    struct list unsent;  /* struct peer.unsent: have answers to be written */
    bool fresh_next;     /* whose turn it is, if there are both */
    uv_check_t pass;
    uv_prepare_t flush;
    uv_idle_t
        idle; /* runs while anybody is in line, and does nothing: the loop does not wait then */
    unsigned handles;
    void (*closed)(void *user);
    void *user;
};

void turns_init(struct turns *t, uv_loop_t *loop);

/** Close the handles. Nobody is in line. @closed  called from the loop. */
void turns_close(struct turns *t, void (*closed)(void *user), void *user);

/** Let a connection have a turn. Harmless when it is in line. */
void turns_join(struct turns *t, struct peer *peer);

/** Write what a connection has to send, before the loop polls. Harmless when that is known. */
void turns_send(struct turns *t, struct peer *peer);

/** It is closing: it has no turn and writes nothing. */
void turns_leave(struct peer *peer);

#endif
