/* SPDX-License-Identifier: MIT */
/*
 * How a command comes to a daemon. The first of these that there is:
 *
 *     1. the one it was told: --socket, SCBOX_SOCKET
 *     2. the user's own, at the default socket
 *     3. the private one of a shell that runs (roster.h), for commands that don't want a fresh one
 *     4. a private one of its own, for commands that may start one
 */
#ifndef CLIENT_CLI_REACH_REACH_H
#define CLIENT_CLI_REACH_REACH_H

#include "client/cli/reach/daemon.h"
#include "client/lib/scbox_cjson.h"

struct reach_spec {
    const char *command;         /* for complaints */
    const char *socket;          /* --socket: this daemon and no other; NULL: the default socket */
    bool joins;                  /* the private daemon of another command will do */
    bool may_start;              /* a private daemon when none runs */
    bool must_start;             /* a private daemon although one runs */
    struct daemon_spec private_; /* of a private daemon */
};

struct reach {
    struct scbox_conn *conn;
    struct daemon *daemon; /* NULL: it is not ours */
    char *joined; /* socket of another command's private daemon, which it is; owned; else NULL */
    char *owner;  /* and whose that is; owned; else NULL */
};

/**
 * Connect. What goes wrong is printed.
 * @out      filled on success; reach_done().
 * Returns   0 or -errno.
 */
int reach_open(const struct reach_spec *spec, struct reach *out);

/** Whether a daemon was named, by --socket (@socket) or SCBOX_SOCKET: then there is no other choice. */
bool reach_is_named(const char *socket);

/** After the daemon went away: print why, as far as that is known: whose it was, the last line of its log. */
void reach_last_words(const struct reach *r);

/** Close the connection and stop a private daemon. A zeroed one is accepted. */
void reach_done(struct reach *r);

#endif
