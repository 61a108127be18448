/* SPDX-License-Identifier: MIT */
/*
 * scbox shell: lines of the scenario language, one at a time, as a process of a machine.
 *
 * A line is a step (scn.h plays it), a comment, or a command of the shell that begins with ':'. What the
 * machine tells by itself (debug log, console, lives of processes) is printed as it comes, by feed_event().
 */
#ifndef CLIENT_CLI_SHELL_H
#define CLIENT_CLI_SHELL_H

#include "client/cli/complete.h"
#include "client/cli/edit.h"
#include "client/cli/reach.h"
#include "client/cli/scn.h"
#include "server/base/strbuf.h"

enum { SHELL_CALL_MS = 10000 }; /* how long a command of the shell waits for the daemon */

/** What the machine tells, on its way to the screen. */
struct feed {
    int32_t own_pid;    /* the session's process */
    bool own_end;       /* it has ended */
    char open_kind[16]; /* whose line is not finished, "" when none */
    int32_t open_pid;
    bool raw; /* not a terminal: bytes as they are */
};

struct shell {
    struct reach reach;
    struct scn_session *session;
    struct edit *edit;
    struct complete_source source;
    struct feed feed;
    cJSON *names;        /* what ns.list told at the start, for :save; owned; NULL: not known */
    struct strbuf typed; /* the steps so far, for :save */
    size_t typed_count;
    bool quit;
    bool daemon_gone;
    int failed; /* lines that did not work */
};

/** scbox_event_fn: print an event. @user is the struct feed. */
void feed_event(void *user, const char *method, const cJSON *params);

/** Finish a line that an event began, so that something else can be printed. */
void feed_end_line(struct feed *feed);

/**
 * Perform a ':' command.
 * @line     the whole line, with its ':'.
 * Returns   whether it worked; what did not was printed.
 */
bool shell_command(struct shell *sh, const char *line);

/** Names of the ':' commands, ended by NULL; static. */
const char *const *shell_command_names(void);

/**
 * List a directory, one READDIR after the other, through a handle of its own.
 * @path     NAME:/PATH.
 * @fn       gets {name, type, access, size} of each entry, borrowed.
 * @error    may be NULL.
 * Returns   SCBOX_OK; what opening it came to.
 */
int shell_each_entry(struct shell *sh, const char *path, void (*fn)(void *, const cJSON *),
                     void *user, struct scbox_error *error);

/** Fill sh->source with what completion asks the daemon. */
void shell_completion(struct shell *sh);

/** Make a request of the shell's own. Prints a refusal. @params taken. Returns the result or NULL. */
cJSON *shell_ask(struct shell *sh, const char *method, cJSON *params);

#endif
