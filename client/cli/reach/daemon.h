/* SPDX-License-Identifier: MIT */
/*
 * A private daemon: one scboxd that belongs to this command and goes when it goes.
 *
 *     scbox (this process) --life pipe--> keeper --fork, exec--> scboxd
 *           <------ status: ready or why not ----+
 *
 * The keeper is a child that does nothing but watch. It holds the reading end of a pipe whose writing end
 * only we hold, so it learns of our end however we end: return, exit, SIGKILL. Then it stops scboxd
 * (SIGTERM, and SIGKILL when that does not help), removes the private directory and exits. So no command
 * needs a signal handler to clean up after itself. Keeper and daemon live in a session of their own: a
 * Ctrl-C on the terminal reaches the command alone. Should the keeper be killed, scboxd gets SIGTERM by
 * PR_SET_PDEATHSIG.
 *
 * The directory is made 0700 under $TMPDIR (or /tmp). It holds the socket, the daemon's log, its state
 * unless a state directory is given, and whatever the caller puts there. Sample:
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
    const char *command;  /* enter it into the roster (roster.h) as this command's; NULL: don't */
    const char *const
        *source_roots; /* directories that MAKE_FS may take sources from, beside its own */
    size_t source_root_count;
};

/**
 * Start a daemon and wait until it is ready.
 * @spec     borrowed.
 * @out      returned; daemon_stop().
 * @why      gets sentences a person can act on; may be NULL.
 * Returns   0; -ENOENT scboxd is neither beside this program nor in PATH, -ETIMEDOUT it did not become
 *           ready in time, -ECHILD it ended before it was ready (the reason is its last log line),
 *           or the -errno of the directory, a pipe or a fork.
 */
int daemon_start(const struct daemon_spec *spec, struct daemon **out, struct why *why);

/** Path of its socket; borrowed. */
const char *daemon_socket(const struct daemon *d);

/** Its private directory, also a source root; removed with the daemon; borrowed. */
const char *daemon_dir(const struct daemon *d);

/** Why other commands will not find it although it was to be in the roster; NULL: they will, or it was
 * not. Borrowed. */
const char *daemon_unlisted(const struct daemon *d);

/** The last line of its log, "" when there is none (returned; free()); NULL without memory. */
char *daemon_last_words(const struct daemon *d);

/** Stop the daemon, remove its directory, wait until both is done, and free @d. NULL is accepted. */
void daemon_stop(struct daemon *d);

/** Let the daemon run on after us and free @d; its directory goes when it ends. NULL is accepted. */
void daemon_release(struct daemon *d);

#endif
