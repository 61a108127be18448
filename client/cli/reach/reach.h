/* SPDX-License-Identifier: MIT */
/*
 * How a command finds a daemon. It uses the first of these that exists:
 *
 *     1. the one named by --socket or SCBOX_SOCKET
 *     2. the user's own, at the default socket
 *     3. the private one of a running shell (roster.h), unless the command needs a fresh one
 *     4. a new private one, if the command may start one
 */
#ifndef CLIENT_CLI_REACH_REACH_H
#define CLIENT_CLI_REACH_REACH_H

#include "client/cli/reach/daemon.h"
#include "client/lib/scbox_cjson.h"

struct reach_spec {
    const char *command;         /* for error messages */
    const char *socket;          /* --socket: this daemon and no other; NULL: the default socket */
    bool joins;                  /* may use the private daemon of another command */
    bool may_start;              /* may start a private daemon if none runs */
    bool must_start;             /* starts a private daemon even if one runs */
    struct daemon_spec private_; /* of a private daemon */
};

struct reach {
    struct scbox_conn *conn;
    struct daemon *daemon; /* the private daemon of this command; NULL: another's */
    char *joined; /* socket of another command's private daemon, if it is that; owned; or NULL */
    char *owner;  /* the owner of that daemon, in words; owned; or NULL */
};

/**
 * Connect. Errors are printed.
 * @out      filled on success; reach_done().
 * Returns   0 or -errno.
 */
int reach_open(const struct reach_spec *spec, struct reach *out);

/** Whether a daemon was named, by --socket (@socket) or SCBOX_SOCKET: then no other is used. */
bool reach_is_named(const char *socket);

/** After the daemon has ended: print what is known of the reason: its owner, the last line of its
 * log. */
void reach_last_words(const struct reach *r);

/** Close the connection and stop a private daemon. Accepts a zeroed one. */
void reach_done(struct reach *r);

#endif
