/* SPDX-License-Identifier: MIT */
/*
 * scbox run: one guest program in a machine of its own.
 *
 *     options --> daemon --> machine with its names --> copies --> child with the names --> wait --> end
 *
 * A run ends early by a signal, by the time limit, or when nobody reads its output any more. So no step
 * blocks in the library: run_call() waits for the daemon, the signals and the clock at once, and `ending`
 * holds the exit code from then on.
 *
 * Functions that return an exit code return 0 to go on, and have printed why when they don't.
 */
#ifndef CLIENT_CLI_RUN_H
#define CLIENT_CLI_RUN_H

#include "client/cli/reach.h"
#include "server/base/strbuf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    RUN_TIMEOUT = 124,
    RUN_DAEMON = 125, /* no daemon, or it could not set up what was asked */
    RUN_NO_EXEC = 126,
    RUN_NOT_FOUND = 127,
    RUN_SIGNAL = 128, /* plus a signal's number */
};

enum { RUN_LIST_MAX = 32 };

/** --fs NAME=DRIVER[:SOURCE][,OPTS]. All owned. */
struct run_fs {
    char *name;
    char *driver;
    char *opts; /* source=… first, as MAKE_FS takes them; NULL: none */
    char *root; /* the directory of the source on this host; NULL: no source */
};

/** --copy HOSTPATH:NAME:/PATH. All owned. */
struct run_copy {
    char *host;
    char *target; /* NAME:/PATH */
};

struct run_options {
    const char *socket;
    const char *file;
    bool keep_daemon;
    bool bare;
    bool virtual_clock;
    int64_t timeout_ms; /* 0: none */
    struct run_fs fs[RUN_LIST_MAX];
    size_t fs_count;
    struct run_copy copies[RUN_LIST_MAX];
    size_t copy_count;
};

struct run {
    const struct run_options *opts;
    struct reach reach;
    struct scbox_error error; /* of the last call that did not work */
    const char *doing;        /* what the calls are for, to complain with; borrowed */
    int signal_fd;
    int64_t deadline_ms; /* of the monotonic clock; INT64_MAX: none */
    int ending;          /* exit code that ends the run early; 0: go on */
    char *machine;       /* owned */
    int32_t pid;         /* of the guest; 0 before there is one */
    char *last_note;     /* why the guest failed, as the machine told it; owned */
    struct strbuf out;   /* output on its way to stdout */
    size_t out_done;     /* bytes of it that are written */
    int32_t lost;        /* events the daemon could not keep for us */
};

/**
 * Parse the command line.
 * @out      zeroed; run_options_done() whatever happens.
 * Returns   0, OPTION_HELP or OPTION_WRONG (see cmd.h).
 */
int run_options_parse(int argc, char **argv, struct run_options *out);

void run_options_done(struct run_options *opts);

/** The view that holds the program itself; the guest does not get it. */
#define RUN_IMAGE_VIEW "host"

/** Block what ends a run, and have it on a descriptor instead. Returns the descriptor, or -1. */
int run_watch_signals(void);

/** From now on the run may take this long. */
void run_deadline(struct run *r, int64_t timeout_ms);

/** Print what a guest said, byte for byte, as soon as stdout takes it. */
void run_output(struct run *r, const char *bytes, size_t len);

/** Wait until everything is printed; only signals end that. */
void run_drain(struct run *r);

/**
 * Perform a call and wait for its answer, a signal or the deadline.
 * @params   taken.
 * @result   may be NULL; else returned on SCBOX_OK.
 * Returns   SCBOX_OK; SCBOX_REFUSED or -errno with r->error; -EINTR when r->ending was set.
 */
int run_call(struct run *r, const char *method, cJSON *params, cJSON **result);

/** Tell why run_call() did not work, unless the run is ending. Returns the exit code. */
int run_refused(struct run *r, int outcome);

/** run_call(), and run_refused() when it did not work. Returns an exit code. */
int run_must(struct run *r, const char *method, cJSON *params, cJSON **result);

/**
 * Copy a file or a directory with all that is in it into the machine; missing parents are made.
 * @host     path on this host.
 * @target   NAME:/PATH; with a trailing slash a file keeps its name.
 * Returns   an exit code.
 */
int run_copy_in(struct run *r, const char *host, const char *target);

/** Copy an open file of the host to a new file. Returns an exit code. */
int run_copy_fd(struct run *r, int fd, const char *target);

#endif
