/* SPDX-License-Identifier: MIT */
/*
 * scbox run: one guest program in a machine of its own.
 *
 *     options --> daemon --> machine with its names --> copies --> child with the names --> wait --> end
 *                                                                        stdin --> terminal <-'
 *
 * A run ends early by a signal, by the time limit, or when stdout is closed: `ending` has
 * the exit code from then on. Its requests are those of a session of the engine, which waits for
 * the daemon and the clock, and by run_also for signals, stdin and room for output.
 *
 * Functions that return an exit code return 0 on success, and print the error otherwise.
 */
#ifndef CLIENT_CLI_RUN_RUN_H
#define CLIENT_CLI_RUN_RUN_H

#include "client/cli/base/event.h"
#include "client/cli/engine/guest.h"
#include "client/cli/reach/reach.h"
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

enum { RUN_LIST_MAX = 32, RUN_INPUT_MAX = 16384 };

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
    char **args;                   /* what stands behind it, ended by NULL; borrowed */
    const char *env[RUN_LIST_MAX]; /* NAME=VALUE; borrowed */
    size_t env_count;
    bool keep_daemon;
    bool no_patch;
    bool bare;
    bool virtual_clock;
    int64_t timeout_ms; /* 0: none */
    struct run_fs fs[RUN_LIST_MAX];
    size_t fs_count;
    struct run_copy copies[RUN_LIST_MAX];
    size_t copy_count;
};

/** A listener for events besides the run itself. */
struct run_watch {
    event_fn on_event; /* receives every event */
    void *user;
    int shown; /* bytes of data that events show; 0: as many as usual */
};

/** The host's stdin on its way to the guest. */
struct run_input {
    bool on;         /* it is passed on */
    bool ended;      /* buf has the last bytes */
    int64_t request; /* the console.input in flight; 0 none */
    int64_t next_ms; /* when to offer buf again, if pause_ms is set */
    int64_t pause_ms;
    size_t len;
    char buf[RUN_INPUT_MAX];
};

struct run {
    const struct run_options *opts;
    const struct run_watch *watch; /* NULL: nobody */
    struct reach reach;
    struct scn_session *session;
    struct scn_result came; /* of the last call; its error tells why it did not work */
    struct scn_caller caller;
    struct guest guest;
    const char *doing; /* purpose of the current calls, for errors; borrowed */
    int signal_fd;
    volatile sig_atomic_t ending; /* exit code that ends the run early; 0: none */
    char *machine;                /* owned */
    struct strbuf out;            /* output on its way to stdout */
    size_t out_done;              /* bytes of it that are written */
    int out_errno;                /* error of writing it; 0: none */
    int32_t lost;                 /* events that the daemon dropped */
    struct run_input input;
};

/** The options of a run, for getopt_long(); other commands that run programs have them too. */
enum {
    RUN_OPT_FS = 256,
    RUN_OPT_COPY,
    RUN_OPT_ENV,
    RUN_OPT_BARE,
    RUN_OPT_CLOCK,
    RUN_OPT_KEEP,
    RUN_OPT_NO_PATCH,
    RUN_OPT_END, /* the first number that is free */
};

#define RUN_OPTION_ROWS                                                                            \
    {"fs", required_argument, NULL, RUN_OPT_FS}, {"copy", required_argument, NULL, RUN_OPT_COPY},  \
        {"env", required_argument, NULL, RUN_OPT_ENV}, {"bare", no_argument, NULL, RUN_OPT_BARE},  \
        {"timeout", required_argument, NULL, 't'},                                                 \
        {"clock", required_argument, NULL, RUN_OPT_CLOCK},                                         \
        {"socket", required_argument, NULL, 's'},                                                  \
        {"keep-daemon", no_argument, NULL, RUN_OPT_KEEP},                                          \
    {                                                                                              \
        "no-patch", no_argument, NULL, RUN_OPT_NO_PATCH                                            \
    }

/** Take one option of RUN_OPTION_ROWS, its value in optarg. Returns 0 or OPTION_WRONG. */
int run_option_take(struct run_options *opts, int found);

/** Take the words behind the options, the program first, and check the whole. 0 or OPTION_WRONG. */
int run_options_finish(struct run_options *opts, int argc, char **argv);

/**
 * Parse the command line of scbox run.
 * @out      zeroed; run_options_done() whatever happens.
 * Returns   0, OPTION_HELP or OPTION_WRONG (see cmd.h).
 */
int run_options_parse(int argc, char **argv, struct run_options *out);

/**
 * Run the program that the options name.
 * @watch    borrowed; NULL: nobody watches.
 * Returns   the exit code of the command.
 */
int run_program(const struct run_options *opts, const struct run_watch *watch);

void run_options_done(struct run_options *opts);

/** The view that holds the program itself; the guest does not get it. */
#define RUN_IMAGE_VIEW "host"

/** Block the signals that end a run, and receive them on a descriptor. Returns the descriptor, or
 * -1. */
int run_watch_signals(void);

/** What a run waits for besides the daemon; its user is the run. */
extern const struct scn_also run_also;

/** Print a guest's output, byte for byte, when stdout accepts it. */
void run_output(struct run *r, const char *bytes, size_t len);

/** Wait until everything is printed; only signals end that. */
void run_drain(struct run *r);

/**
 * Perform a call and wait for its answer, a signal or the deadline.
 * @params   taken.
 * @result   may be NULL; else returned on SCBOX_OK.
 * Returns   SCBOX_OK; SCBOX_REFUSED or -errno with r->came; -EINTR when r->ending was set.
 */
int run_call(struct run *r, const char *method, cJSON *params, cJSON **result);

/** Convert an outcome of the engine: a timeout ends the run. As run_call(). */
int run_outcome(struct run *r, int outcome);

/** Report why run_call() failed, unless the run is ending. Returns the exit code. */
int run_refused(struct run *r, int outcome);

/** run_call(), and run_refused() if it failed. Returns an exit code. */
int run_must(struct run *r, const char *method, cJSON *params, cJSON **result);

/** Begin to pass stdin to the guest. The first part of a file is sent before the guest starts. Returns an exit
 * code. */
int run_input_begin(struct run *r);

/** Whether stdin should be read as soon as it can be; and read it. */
bool run_input_wants(const struct run *r);
void run_input_read(struct run *r);

/** Send what was read and take answers, without waiting. */
void run_input_step(struct run *r);

/** Milliseconds until the next run_input_step() has something to do; -1: nothing by itself. */
int run_input_pause(const struct run *r);

/**
 * Copy a file, or a directory with its content, into the machine; missing parents are made.
 * @host     path on this host.
 * @target   NAME:/PATH; with a trailing slash a file keeps its name.
 * Returns   an exit code.
 */
int run_copy_in(struct run *r, const char *host, const char *target);

/** Copy an open file of the host to a new file. Returns an exit code. */
int run_copy_fd(struct run *r, int fd, const char *target);

#endif
