/* SPDX-License-Identifier: MIT */
/*
 * A private daemon: a scboxd that belongs to this command and ends with it.
 *
 *     scbox (this process) --life pipe--> supervisor --fork, exec--> scboxd
 *           <------ status: 0 or -errno -----------+
 *
 * The supervisor is a child that only watches. It has the reading end of a pipe whose writing end
 * only the command has, so it notices the command's end in every case: return, exit, SIGKILL. Then
 * it stops scboxd (SIGTERM, and SIGKILL if that has no effect), removes the private directory and
 * exits. So no command needs a signal handler to clean up. Supervisor and daemon are in a session
 * of their own: Ctrl-C on the terminal reaches only the command. If the supervisor is killed,
 * scboxd gets SIGTERM by PR_SET_PDEATHSIG.
 *
 * The directory is made 0700 under $TMPDIR (or /tmp). It has the socket, the daemon's log, its
 * state unless a state directory is given, and files of the caller. Sample:
 *
 *     struct daemon_spec spec = {.default_machine = false};
 *     if (daemon_start(&spec, &daemon, &why) == 0) {
 *         … scbox_connect(daemon_socket(daemon)) …
 *         daemon_stop(daemon);
 *     }
 */
#ifndef CLIENT_CLI_REACH_DAEMON_H
#define CLIENT_CLI_REACH_DAEMON_H

#include "server/base/why.h"

#include <stdbool.h>
#include <stddef.h>

struct daemon;

struct daemon_spec {
    bool default_machine; /* false: --no-default-machine */
    bool no_patch;        /* --no-patch */
    bool user_state;      /* the user's state directory instead of a private one */
    const char *command;  /* add it to the roster (roster.h) for this command; NULL: don't */
    const char *const *source_roots; /* further directories for sources of MAKE_FS */
    size_t source_root_count;
};

/**
 * Start a daemon and wait until it is ready.
 * @spec     borrowed.
 * @out      returned; daemon_stop().
 * @why      receives sentences for the user; may be NULL.
 * Returns   0; -ENOENT scboxd is neither beside this program nor in PATH, -ETIMEDOUT it did not become
 *           ready in time, -ECHILD it ended before it was ready (the reason is its last log line),
 *           or the -errno of the directory, a pipe or a fork.
 */
int daemon_start(const struct daemon_spec *spec, struct daemon **out, struct why *why);

/** Path of its socket; borrowed. */
const char *daemon_socket(const struct daemon *d);

/** Its private directory, which is a source root; removed with the daemon; borrowed. */
const char *daemon_dir(const struct daemon *d);

/** Why it could not be added to the roster; NULL: it was added, or should not be. Borrowed. */
const char *daemon_unlisted(const struct daemon *d);

/** The last line of its log; "": none. Returned; free(). NULL: no memory. */
char *daemon_last_words(const struct daemon *d);

/** Stop the daemon, remove its directory, wait until both are done, and free @d. Accepts NULL. */
void daemon_stop(struct daemon *d);

/** Let the daemon outlive this process, and free @d; its directory is removed when it ends.
 * Accepts NULL. */
void daemon_release(struct daemon *d);

#endif
