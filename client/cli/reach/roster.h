/* SPDX-License-Identifier: MIT */
/*
 * The roster: the list of the private daemons of shells, by which other commands of the user find
 * them.
 *
 * It is a directory beside the user's own socket, private/. An entry is a symbolic link to a
 * daemon's socket, named by the command that started it and that command's process id: shell-1234.
 * The command adds the entry when the daemon is ready; the supervisor removes it when the daemon
 * has ended. An entry without a listener is stale (its supervisor was killed), and is removed by
 * the command that finds it.
 *
 * Both directories must be private to this user, and the process that listens must be this user's.
 */
#ifndef CLIENT_CLI_REACH_ROSTER_H
#define CLIENT_CLI_REACH_ROSTER_H

#include "client/lib/scbox_cjson.h"
#include "server/base/strbuf.h"
#include "server/base/why.h"

/** The private daemons that can be connected to. */
struct roster {
    size_t count;
    struct scbox_conn *conn; /* owned: to the first one found; NULL: none */
    char *socket;            /* owned: the path of that one's socket */
    char *owner;             /* owned: its owner, "scbox shell (process 1234)" */
    struct strbuf list; /* all of them, one on each line: "  PATH  scbox shell (process 1234)" */
};

/**
 * The path of this process's entry. Its directory is made if it does not exist.
 * @command  the owner of the daemon: a word without '-'.
 * @out      returned; free().
 * @why      may be NULL; receives a sentence.
 * Returns   0; -EPERM: a directory is not private to the user; or -errno.
 */
int roster_entry(const char *command, char **out, struct why *why);

/** Add a daemon that is ready. Returns 0 or -errno. */
int roster_add(const char *entry, const char *socket);

/** Search daemons; stale entries are removed. @out filled; roster_done(). */
void roster_find(struct roster *out);

void roster_done(struct roster *r);

#endif
