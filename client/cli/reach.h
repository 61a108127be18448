/* SPDX-License-Identifier: MIT */
/* How a command comes to a daemon: the one it was told, one that runs, or a private one. */
#ifndef CLIENT_CLI_REACH_H
#define CLIENT_CLI_REACH_H

#include "client/cli/daemon.h"
#include "client/lib/scbox.h"

struct reach_spec {
    const char *command;         /* for complaints */
    const char *socket;          /* --socket: this daemon and no other; NULL: the default socket */
    bool may_start;              /* a private daemon when none runs */
    bool must_start;             /* a private daemon although one runs */
    struct daemon_spec private_; /* of a private daemon */
};

struct reach {
    struct scbox_conn *conn;
    struct daemon *daemon; /* NULL: it is not ours */
};

/**
 * Connect. What goes wrong is printed.
 * @out      filled on success; reach_done().
 * Returns   0 or -errno.
 */
int reach_open(const struct reach_spec *spec, struct reach *out);

/** After a private daemon went away: print the last line of its log, if that tells anything. */
void reach_last_words(const struct reach *r);

/** Close the connection and stop a private daemon. A zeroed one is accepted. */
void reach_done(struct reach *r);

#endif
