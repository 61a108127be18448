/* SPDX-License-Identifier: MIT */
/*
 * The scenario language: one line, one step. `scbox test` runs files of it, `scbox shell` lines.
 *
 * A session plays lines against a daemon as one process of one machine. It keeps what lines share:
 * variables, background steps, which children it drives. Sample, as the shell does it:
 *
 *     struct scn_config config = {.timeout_ms = SCBOX_FOREVER};
 *     scn_session_new(conn, &config, &session, &error);
 *     while (edit_read(edit, &line) == EDIT_LINE)
 *         scn_exec_text(session, line, print, NULL);     print() calls scn_print_result()
 *     scn_session_free(session);
 *
 * The language, by example (every call of schema/syscalls.def is a word; nothing here spells one):
 *
 *     open root:/a READ,WRITE,CREATE = $fd        positional arguments, capture of the result
 *     read fd=$fd offset=0 size=9 = "text"        named arguments, result compared
 *     open root:/no READ ! ENOENT why no          expected refusal, a word of its reason
 *     create root:/d DIR !? EEXIST                success or this errno
 *     [$kid] exit 3                               as a child this session drives
 *     proc_wait $kid = {state: DONE} &            in the background; `wait &1` takes its result
 *     machine.info = {clock: virtual}             a word with a dot, or SC_…, is a method of the
 *                                                 daemon; its one argument is sent as it stands
 *     fs NAME DRIVER key=value …                  MAKE_FS
 *     copy HOSTFILE name:/path                    a host file into the simulated system
 *     run FILE ARGUMENT …                         a guest program, in a new child with all names
 *     expect file name:/path "text"               what a file holds
 *     expect census                               the machine holds what it held at the start
 *     fault write nth=3 ENOSPC                    calls that fail, wait or fall short on purpose
 *     expect trace open file=etc:* ! EACCES       some recorded call was like this; expect never
 *     include FILE                                the steps of another file
 */
#ifndef CLIENT_CLI_ENGINE_SCN_H
#define CLIENT_CLI_ENGINE_SCN_H

#include "client/cli/base/event.h"
#include "client/lib/scbox_cjson.h"
#include "schema/calls.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>

/** How a step or a file ended. The order is that of badness: a file ends as its worst step. */
enum scn_outcome {
    SCN_PASS,
    SCN_SKIP,    /* not run: what it needs is not there */
    SCN_FAIL,    /* something else came than what was stated */
    SCN_TIMEOUT, /* nothing came in time, or the user interrupted it */
    SCN_CRASH,   /* a guest program ended by a fault where that was not stated */
    SCN_ERROR,   /* our own fault, or the file's: it does not parse, the daemon is gone … */
};

/** "pass", "fail" … */
const char *scn_outcome_name(enum scn_outcome outcome);

/** What a line did. All members are owned by it; scn_result_done(). */
struct scn_result {
    enum scn_outcome outcome;
    int column;               /* where the line does not parse, from 1; else 0 */
    char *sent;               /* method and parameters; NULL when nothing was sent */
    char *expected;           /* what the line states; NULL when nothing but success */
    char *came;               /* "= …" or "! EACCES permission denied"; NULL when nothing */
    char *problem;            /* a sentence when the outcome is not SCN_PASS, else NULL */
    cJSON *value;             /* the result, also one that was not expected; NULL: refused */
    struct scbox_error error; /* the refusal, expected or not; code 0: there was none */
    const struct sc_call_info *call; /* the call the line was, or NULL; static */
    bool ended;                      /* a program was run, and the value tells how it ended */
    char *place;                     /* where in its source it failed; NULL it is not known */
    char *fault; /* why and where a process failed whose end a call told; NULL: it has not */
};

struct scn_session;
struct scn_step;

enum { SCN_ALSO_FDS = 3 };

/** What a session's owner waits for besides the daemon. */
struct scn_also {
    /**
     * Before a wait: fill in descriptors, of SCN_ALSO_FDS that are -1. @listening: the daemon's messages
     * count, and requests may be made.
     * Returns   milliseconds after which to look again; -1: it need not.
     */
    int (*before)(void *user, bool listening, struct pollfd *fds);
    void (*after)(void *user, bool listening, const struct pollfd *fds);
};

struct scn_config {
    const char *machine; /* borrowed until scn_session_new() returns; NULL: the default one */
    const char *dir;     /* copied; where relative host paths begin; NULL: the current one */
    size_t output_max;   /* bytes kept of what a program under `run` prints; 0: SCN_OUTPUT_BYTES */
    int timeout_ms;      /* of all lines together, from now on; SCBOX_FOREVER */
    bool unopened;       /* its owner opens the session; what is sent is not kept for a report */
    event_fn on_event;   /* gets log, console, note and proc events; NULL: dropped */
    void *user;
    bool lossless; /* no event may be lost: the machine is ours and waits for us */
    bool record;   /* from the start, calls are recorded for `expect trace` */
    /**
     * While a step waits: does something wait for a person, and ask that person. Both get @user and may be
     * NULL; ask() may use the connection.
     */
    bool (*must_ask)(void *user);
    void (*ask)(void *user);
    /** Before a step is played: whether it may be; NULL: all may. Gets @user. */
    bool (*allow)(void *user, const struct scn_step *step);
    const volatile sig_atomic_t *stop; /* borrowed; not 0: give up waiting; NULL: nobody asks */
    const struct scn_also *also;       /* borrowed; gets @user; NULL: nothing else */
};

/**
 * Open a session of the daemon on a connection and get ready for lines.
 * @conn     borrowed until scn_session_free(); its event callback is the session's from now on.
 * @out      returned; scn_session_free().
 * Returns   SCBOX_OK, SCBOX_REFUSED or -errno, with @error.
 */
int scn_session_new(struct scbox_conn *conn, const struct scn_config *config,
                    struct scn_session **out, struct scbox_error *error);

/** Close the session: its process and all descendants end. Accepts NULL. */
void scn_session_free(struct scn_session *s);

/** The process that lines without [actor] are. */
int32_t scn_session_pid(const struct scn_session *s);

/**
 * Make a request beside the steps; while it waits, scn_config.ask() is called as in a step.
 * @params   taken; NULL: none.
 * @out      may be NULL; else returned on SCBOX_OK.
 * Returns   as scbox_call_tree().
 */
int scn_session_call(struct scn_session *s, const char *method, cJSON *params, cJSON **out,
                     struct scbox_error *error);

/** Name of the session's machine. Borrowed. */
const char *scn_session_machine(const struct scn_session *s);

/**
 * Record the calls of the machine for `expect trace`, from now on, or forget those recorded and stop.
 * @only     the events that the session's owner wants besides, as scbox_subscribe() takes them; "" none.
 * Returns   as scbox_subscribe().
 */
int scn_session_record(struct scn_session *s, bool on, const char *only, struct scbox_error *error);

/** While on, calls of the session's own process are neither recorded nor told: nobody typed them. */
void scn_session_aside(struct scn_session *s, bool on);

/** Start the time that scn_config.timeout_ms allows anew. */
void scn_session_timeout(struct scn_session *s, int timeout_ms);

/** Give a variable a text that steps read as $NAME but can't capture into. 0, -EINVAL, -ENOMEM. */
int scn_set(struct scn_session *s, const char *name, const char *text);

/**
 * Give $TOKEN, which is another one each time, and what --set says, NAME=VALUE each.
 * Returns   the first of @sets that is not that, borrowed; NULL: all are.
 */
const char *scn_give(struct scn_session *s, char *const *sets, size_t count);

/** Tell all variables with their values as the language writes them. */
void scn_each_var(const struct scn_session *s,
                  void (*fn)(void *user, const char *name, const char *value), void *user);

/** A step was played, or (@step NULL) the text does not parse. Both are borrowed. */
typedef void (*scn_played_fn)(void *user, const struct scn_step *step, const struct scn_result *r);

/**
 * Parse a text as a file is, and play its steps until one is not as stated: a line that was typed, a `run`
 * with its indented lines, an include. Blank lines and comments pass; @keys are checked, @output holds.
 * Returns   the worst outcome.
 */
enum scn_outcome scn_exec_text(struct scn_session *s, const char *text, scn_played_fn fn,
                               void *user);

/** Whether a text parses; else @fn is called as scn_exec_text() does. */
bool scn_check_text(struct scn_session *s, const char *text, scn_played_fn fn, void *user);

/** The process that a step acts as; 0: its [actor] is none. */
int32_t scn_step_pid(const struct scn_session *s, const struct scn_step *step);

/** While `run` is played, the process whose calls set the guest up; else 0. */
int32_t scn_session_scaffold(const struct scn_session *s);

/**
 * Read a value as the language writes it, with the session's variables.
 * @problem  what is wrong with it, returned; free().
 * Returns   returned; cJSON_Delete(); NULL after a mistake.
 */
cJSON *scn_read_value(struct scn_session *s, const char *text, char **problem);

void scn_result_done(struct scn_result *r);

enum scn_print { SCN_PRINT_COLOR = 1 };

/** Tell a person what a line did: the result in words, or the refusal with reasons and hint. */
void scn_print_result(FILE *to, const struct scn_result *r, unsigned flags);

#endif
