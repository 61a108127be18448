/* SPDX-License-Identifier: MIT */
/*
 * A private scboxd for one test: its own directory, its own socket, a default machine with io:
 * (devfs) and root: (ramfs). At the end it must hold what it held at the start, stop on SIGTERM,
 * and exit with 0.
 */
#ifndef TESTS_RPC_DAEMON_H
#define TESTS_RPC_DAEMON_H

#include "tests/rpc/client.h"

#include <stdbool.h>
#include <sys/types.h>

enum { ARGS_MAX = 16 };

struct daemon {
    char dir[64];
    char socket[128];
    char log[128]; /* file of what it wrote to stderr */
    pid_t pid;
    struct client control; /* without a session */
    char *census;          /* as it was at the start; NULL without a default machine */
};

/** How many files daemons may have open that are started from now on; 0 as many as the test. */
extern unsigned daemon_open_files;

/** The program that is started from now on. */
extern const char *daemon_program;

/** Start with a configuration (JSON text; NULL none), and make the default machine. */
void daemon_start(struct daemon *d, const char *config);

/** The same with a virtual clock. */
void daemon_start_virtual(struct daemon *d, const char *config);

/** Wait until the default machine holds what it held at the start, stop, remove the directory. */
void daemon_stop(struct daemon *d);

/** daemon_start(), and connect a client. */
void daemon_begin(struct daemon *d, struct client *c, const char *config);

/** Close the client, and daemon_stop(). */
void daemon_end(struct daemon *d, struct client *c);

/** The census of the default machine as text, returned; cJSON_free(). */
char *daemon_census(struct daemon *d);

/** A counter of server.stats. */
int64_t daemon_stat(struct daemon *d, const char *name);

/** Wait until a counter of server.stats has a value. */
void daemon_await_stat(struct daemon *d, const char *name, int64_t value);

/* For tests of start and stop. */

/** Make the directory and the names in it; no daemon. */
void daemon_prepare(struct daemon *d);

/** Run scboxd with arguments ("{dir}" in them is the directory), stderr to the log. */
void daemon_spawn(struct daemon *d, const char *const *args);

/** Wait until it can be connected to, and connect. */
void daemon_await_ready(struct daemon *d);

/** Wait for the end of the process. Returns its exit status, or 128 + signal. */
int daemon_wait(struct daemon *d);

/** What it wrote to stderr, returned; free(). */
char *daemon_log_text(const struct daemon *d);

/** Remove the directory with everything in it. */
void daemon_clean(struct daemon *d);

#endif
