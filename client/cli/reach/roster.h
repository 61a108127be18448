/* SPDX-License-Identifier: MIT */
/*
 * The roster: where the private daemons of shells are listed, so that other commands of the user find them.
 *
 * It is a directory beside the user's own socket, private/. A daemon in it is a symbolic link to its socket,
 * named by the command that started it and that command's process id: shell-1234. The command enters its
 * daemon when that is ready; the keeper takes it out when that has ended. An entry where nobody listens is
 * stale (its keeper was killed), and is removed by the command that finds it.
 *
 * Nothing of another user is used: both directories must belong to this user and be closed to all others, and
 * the process that listens must be this user's.
 */
#ifndef CLIENT_CLI_REACH_ROSTER_H
#define CLIENT_CLI_REACH_ROSTER_H

#include "client/lib/scbox_cjson.h"
#include "server/base/strbuf.h"
#include "server/base/why.h"

/** The private daemons that can be connected to. */
struct roster {
    size_t count;
    struct scbox_conn *conn; /* owned: to the first one found; NULL when there is none */
    char *socket;            /* owned: the path of that one's socket */
    char *owner;             /* owned: who started it, "scbox shell (process 1234)" */
    struct strbuf list;      /* all of them, a line each: "  PATH  scbox shell (process 1234)" */
};

/**
 * The path of this process's entry. Its directory is made where it is missing.
 * @command  who enters a daemon: a word without '-'.
 * @out      returned; free().
 * @why      may be NULL; gets a sentence.
 * Returns   0; -EPERM a directory that is not the user's alone; or -errno.
 */
int roster_entry(const char *command, char **out, struct why *why);

/** Enter a daemon that is ready. Returns 0 or -errno. */
int roster_add(const char *entry, const char *socket);

/** Look for daemons; what is stale is removed. @out filled; roster_done(). */
void roster_find(struct roster *out);

void roster_done(struct roster *r);

#endif
