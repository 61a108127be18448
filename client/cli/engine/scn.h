/* SPDX-License-Identifier: MIT */
/*
 * The scenario language: one line, one step. `scbox test` runs files of it, `scbox shell` lines.
 *
 * A session plays lines against a daemon as one process of one machine. It has the state that
 * lines share: variables, background steps, the children that it drives. Sample, as the shell does
 * it:
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
 *     expect file name:/path "text"               the content of a file
 *     expect census                               as many objects of each kind as at the start
 *     fault write nth=3 ENOSPC                    make calls fail, wait or transfer less
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

/** The outcome of a step or a file, from best to worst: a file has that of its worst step. */
enum scn_outcome {
    SCN_PASS,
    SCN_SKIP,    /* not played: the host lacks something it needs */
    SCN_FAIL,    /* the result is not the one that was stated */
    SCN_TIMEOUT, /* no answer in time, or the user interrupted it */
    SCN_CRASH,   /* a guest program ended by a fault where that was not stated */
    SCN_ERROR,   /* a mistake in the file, or trouble of scbox or the daemon */
};

/** "pass", "fail" … */
const char *scn_outcome_name(enum scn_outcome outcome);

/** The result of a line. It owns its members; scn_result_done(). */
struct scn_result {
    enum scn_outcome outcome;
    int column;                      /* of a mistake in the line, from 1; 0: none */
    char *sent;                      /* method and parameters; NULL: nothing was sent */
    char *expected;                  /* the stated outcome; NULL: only success */
    char *came;                      /* "= …" or "! EACCES permission denied"; NULL: none */
    char *problem;                   /* a sentence, unless the outcome is SCN_PASS; or NULL */
    cJSON *value;                    /* the result, even if not as stated; NULL: refused */
    struct scbox_error error;        /* the refusal, expected or not; code 0: there was none */
    const struct sc_call_info *call; /* the call of the line, or NULL; static */
    bool ended;                      /* a program was run, and the value has its end */
    char *place;                     /* source line of its fault; NULL: not known */
    char *fault; /* why and where the process failed whose end a call returned; or NULL */
};

struct scn_session;
struct scn_step;

enum { SCN_ALSO_FDS = 3 };

/** Other descriptors on which a session's owner waits. */
struct scn_also {
    /**
     * Called before a wait, to set some of SCN_ALSO_FDS descriptors, which are -1. @listening:
     * messages of the daemon end the wait, and requests may be made.
     * Returns   the longest wait in milliseconds; -1: no limit.
     */
    int (*before)(void *user, bool listening, struct pollfd *fds);
    void (*after)(void *user, bool listening, const struct pollfd *fds);
};

struct scn_config {
    const char *machine; /* borrowed until scn_session_new() returns; NULL: the default one */
    const char *dir;     /* copied; base of relative host paths; NULL: the current one */
    size_t output_max;   /* bytes kept of a program's output under `run`; 0: SCN_OUTPUT_BYTES */
    int timeout_ms;      /* of all lines together, from now on; SCBOX_FOREVER */
    bool unopened;       /* its owner opens the session; requests are not kept for a report */
    event_fn on_event;   /* receives log, console, note and proc events; NULL: dropped */
    void *user;
    bool lossless; /* no event may be lost: the machine is ours, and waits for this connection */
    bool record;   /* record calls for `expect trace` from the start */
    /**
     * Called while a step waits: must_ask() returns whether something needs a person's answer,
     * ask() asks for it. Both get @user and may be NULL; ask() may use the connection.
     */
    bool (*must_ask)(void *user);
    void (*ask)(void *user);
    /** Returns whether a step may be played; NULL: all may. Gets @user. */
    bool (*allow)(void *user, const struct scn_step *step);
    const volatile sig_atomic_t *stop; /* borrowed; not 0: stop waiting; or NULL */
    const struct scn_also *also;       /* borrowed; gets @user; or NULL */
};

/**
 * Open a session of the daemon on a connection, for playing lines.
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
 * Make a request that is not a step; while it waits, scn_config.ask() is called as in a step.
 * @params   taken; NULL: none.
 * @out      may be NULL; else returned on SCBOX_OK.
 * Returns   as scbox_call_tree().
 */
int scn_session_call(struct scn_session *s, const char *method, cJSON *params, cJSON **out,
                     struct scbox_error *error);

/** Name of the session's machine. Borrowed. */
const char *scn_session_machine(const struct scn_session *s);

/**
 * Begin to record the calls of the machine for `expect trace`, or stop and drop the recorded ones.
 * @only     further events for the session's owner, as scbox_subscribe() takes them; "": none.
 * Returns   as scbox_subscribe().
 */
int scn_session_record(struct scn_session *s, bool on, const char *only, struct scbox_error *error);

/** While on, calls of the session's own process are neither recorded nor reported: they were not
 * typed. */
void scn_session_aside(struct scn_session *s, bool on);

/** Restart the session's deadline with a new timeout. */
void scn_session_timeout(struct scn_session *s, int timeout_ms);

/** Set a variable that steps can read as $NAME, but can't capture into. 0, -EINVAL, -ENOMEM. */
int scn_set(struct scn_session *s, const char *name, const char *text);

/**
 * Set $TOKEN to a new random text, and the variables of --set, NAME=VALUE each.
 * Returns   the first of @sets that has another form, borrowed; NULL: none.
 */
const char *scn_give(struct scn_session *s, char *const *sets, size_t count);

/** Call @fn for all variables, with their values in the syntax of the language. */
void scn_each_var(const struct scn_session *s,
                  void (*fn)(void *user, const char *name, const char *value), void *user);

/** A step was played, or (@step NULL) the text does not parse. Both are borrowed. */
typedef void (*scn_played_fn)(void *user, const struct scn_step *step, const struct scn_result *r);

/**
 * Parse a text as a file, and play its steps until one does not pass: a typed line, a `run` with
 * its indented lines, an include. Blank lines and comments pass; @keys are checked, @output
 * applies.
 * Returns   the worst outcome.
 */
enum scn_outcome scn_exec_text(struct scn_session *s, const char *text, scn_played_fn fn,
                               void *user);

/** Whether a text parses. If not, @fn is called as by scn_exec_text(). */
bool scn_check_text(struct scn_session *s, const char *text, scn_played_fn fn, void *user);

/** The process that a step acts as; 0: its [actor] is not a process. */
int32_t scn_step_pid(const struct scn_session *s, const struct scn_step *step);

/** While `run` is played, the process whose calls set up the guest; otherwise 0. */
int32_t scn_session_scaffold(const struct scn_session *s);

/**
 * Parse a value of the language, with the session's variables.
 * @problem  the mistake as a sentence, returned; free().
 * Returns   returned; cJSON_Delete(); NULL after a mistake.
 */
cJSON *scn_read_value(struct scn_session *s, const char *text, char **problem);

void scn_result_done(struct scn_result *r);

enum scn_print { SCN_PRINT_COLOR = 1 };

/** Print the result of a line: in words, or the refusal with reasons and hint. */
void scn_print_result(FILE *to, const struct scn_result *r, unsigned flags);

#endif
