/* SPDX-License-Identifier: MIT */
/*
 * scbox shell: lines of the scenario language, one at a time, as a process of a machine.
 *
 * A line is a step (scn.h plays it), a comment, or a command of the shell that begins with ':'.
 * Events of the machine (debug log, console, ends of processes) are printed by feed_event() when
 * they arrive.
 */
#ifndef CLIENT_CLI_SHELL_SHELL_H
#define CLIENT_CLI_SHELL_SHELL_H

#include "client/cli/engine/scn.h"
#include "client/cli/reach/reach.h"
#include "client/cli/shell/complete.h"
#include "client/cli/shell/edit.h"
#include "client/cli/trace/trace.h"
#include "server/base/strbuf.h"

enum {
    SHELL_CALL_MS = 10000,         /* how long a command of the shell waits for the daemon */
    SHELL_TYPED_MAX = 1024 * 1024, /* bytes of steps kept for :save; no scenario is larger */
    SHELL_STATED_MAX = 1024,       /* bytes of a result that are stated in a saved scenario */
    SHELL_NO_ERRNO = -4096,        /* codes below it are of JSON-RPC */
};

/** The state of printing events. */
struct feed {
    int32_t own_pid;           /* the session's process */
    bool own_end;              /* it has ended */
    enum event_kind open_kind; /* whose line is not finished; EVENT_UNKNOWN: none is open */
    int32_t open_pid;
    bool raw; /* not a terminal: bytes as they are */
};

/** Calls that are held until the user decides their outcome. */
struct stepping {
    bool on;
    bool asking;      /* a person is being asked */
    int32_t pid;      /* the process whose calls stop; 0: all */
    uint64_t let_go;  /* the call that continued last; its outcome is printed */
    int32_t scaffold; /* the process whose call that sets up a guest is held; 0: none */
    cJSON *held;      /* events of kind pause, longest first; owned; NULL: none */
};

/** A number that stands for something, and the variable of the saved scenario that has it. */
struct shell_handle {
    int32_t owner; /* whose descriptor; 0: the number is a process */
    int32_t number;
    char *name; /* owned */
};

/** A step that was played, as it will be saved. */
struct shell_step_saved {
    char *text;     /* owned; several lines of a `run` */
    int background; /* the number of a step that goes on in the background; 0: it does not */
    int waits;      /* the background step whose result it takes; 0: none */
    char *host; /* the host path in the text, which begins in the current directory; NULL none */
};

struct shell_saved {
    struct shell_step_saved *steps;
    size_t count;
    size_t room;
    size_t bytes;
    size_t left_out; /* steps that came when SHELL_TYPED_MAX bytes were there */
    struct shell_handle *handles;
    size_t handle_count;
    int fd_count; /* names given so far */
    int pid_count;
    struct strbuf head; /* @keys that were typed */
};

struct shell {
    struct reach reach;
    struct scn_session *session;
    struct edit *edit;
    struct complete_source source;
    struct feed feed;
    struct trace_lines trace; /* :trace on */
    bool tracing;
    struct stepping step;
    volatile sig_atomic_t *interrupted; /* set by Ctrl-C; borrowed */
    char *tmp;                          /* the directory of $TMP; owned; NULL: none was needed */
    cJSON *names; /* what ns.list told at the start, for :save; owned; NULL: not known */
    struct shell_saved saved; /* the steps so far, for :save */
    struct strbuf block;      /* a `run` and the lines below it so far; "": none */
    unsigned line_number;     /* of the line that is being played */
    bool told_below;          /* what may follow `run` */
    bool quit;
    bool daemon_gone;
    int unwritten; /* why stdout takes nothing more; 0: it does */
    int failed;    /* lines that did not work */
};

/** Print an event. */
void feed_event(struct feed *feed, enum event_kind kind, const cJSON *params);

/** Finish a line that an event began, so that something else can be printed. */
void feed_end_line(struct feed *feed);

/** An event_fn: output, calls that are traced, calls that are held. @user is the shell. */
void shell_event(void *user, enum event_kind kind, const cJSON *params);

/** Finish whatever line an event began. */
void shell_end_line(struct shell *sh);

/** Subscribe to the events that tracing and stepping need. Returns whether it worked. */
bool shell_listen(struct shell *sh);

/**
 * Perform a ':' command.
 * @line     the whole line, with its ':'.
 * Returns   whether it worked; errors are printed.
 */
bool shell_command(struct shell *sh, const char *line);

/* ---- shell_play.c ---- */

/** Play a text as a file may hold it: a line, or a `run` with its lines below. */
void shell_play(struct shell *sh, const char *text);

/** Whether an indented line begins as those below `run` do. */
bool shell_is_below_run(const char *line);

/** Take a line that begins a `run`, whose lines below it may follow. Returns whether it does. */
bool shell_block_begins(struct shell *sh, const char *line);

/** Take a line for the `run` that has begun. Returns false when none has, or the line ends it. */
bool shell_block_takes(struct shell *sh, const char *line);

void shell_play_block(struct shell *sh);
void shell_drop_block(struct shell *sh);

/** scn_config.allow: asks before the end of the shell's own process. @user is the shell. */
bool shell_allows(void *user, const struct scn_step *step);

/* ---- shell_given.c ---- */

/** Give the session $TOKEN and what --set says, NAME=VALUE each. False after a complaint. */
bool shell_give(struct shell *sh, char *const *sets, size_t count);

/** Make the directory $TMP unless it is there, when a text may need it. */
void shell_need_tmp(struct shell *sh, const char *text);

/** Remove $TMP. */
void shell_take_back(struct shell *sh);

/* ---- shell_keep.c, shell_save.c ---- */

/** Keep a step with its result. */
void shell_keep(struct shell *sh, const struct scn_step *step, const struct scn_result *r);

/** Append a string as the language writes it. */
void shell_add_string(struct strbuf *out, const cJSON *text);

/** Append the lines below a `run` that was played. */
void shell_add_run(struct strbuf *out, const struct scn_step *step, const struct scn_result *r);

/** Keep an @key of a scenario's head. */
void shell_keep_key(struct shell *sh, const char *line);

/** The driver that replaces a filesystem in a saved scenario: a disk becomes memory. */
const char *shell_driver_in_test(const char *driver);

/** `:save FILE`. Returns whether it worked. */
bool shell_save(struct shell *sh, const char *path);

void shell_saved_done(struct shell_saved *v);

/** {pid} from a number or a $variable; "" is the session's own. Returned; NULL after a
 * complaint. */
cJSON *shell_pid_params(struct shell *sh, const char *arg);

/* ---- commands that stepping has, too; each returns whether it worked ---- */

bool shell_names(struct shell *sh, const char *pid);
bool shell_fds(struct shell *sh, const char *pid);
bool shell_tree(struct shell *sh, const char *none);

/** Print memory in hexadecimal, or list it. @arg ADDR [SIZE], or ""; @pid "" is the session's own
 * process. */
bool shell_memory(struct shell *sh, const char *arg, const char *pid);

/* ---- shell_step.c ---- */

/** `:step` with its argument: "", on, on PID, off. Returns whether it worked. */
bool shell_step(struct shell *sh, const char *arg);

/** Handle an event that may be about a held call. */
void shell_step_event(struct shell *sh, enum event_kind kind, const cJSON *event);

/** Whether a call is held, and the user is not being asked about it. @user is the shell. */
bool shell_holds_call(void *user);

/** Ask the user for the outcome of the call that is held longest. @user is the shell. */
void shell_ask_person(void *user);

/** Take a line as an answer for the held call. Returns whether it is one. */
bool shell_step_line(struct shell *sh, const char *line);

/** Ctrl-C: stop stepping. */
void shell_step_interrupted(struct shell *sh);

/** At the shell's end: continue all held calls. */
void shell_leave_steps(struct shell *sh);

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

/**
 * Make a request of the shell's own; while it waits, held calls are asked about.
 * Returns   as scbox_call_tree().
 */
int shell_request(struct shell *sh, const char *method, cJSON *params, cJSON **out,
                  struct scbox_error *error);

/** Make a request of the shell's own. Prints a refusal. @params taken. Returns the result or
 * NULL. */
cJSON *shell_ask(struct shell *sh, const char *method, cJSON *params);

#endif
