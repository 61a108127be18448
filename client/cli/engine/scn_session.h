/* SPDX-License-Identifier: MIT */
/*
 * The inside of the engine: the state of a session, and the parts of the engine.
 *
 *     scn_exec.c     lines: parsed, and played one after the other
 *     scn_step.c     a step: calls and methods
 *     scn_host.c     fs, copy, expect: steps made of several calls
 *     scn_guest.c    run: the end of a guest, as stated; guest.c starts it
 *     scn_trace.c    fault; the recorded calls, and what is expected of them
 *     scn_actor.c    children that a session drives, steps in the background
 *     scn_session.c  a session's life, requests with its deadline, events
 *     scn_judge.c    outcomes: results compared with what is stated
 *     scn_print.c    results in words
 *
 * A step fills one struct scn_result. Functions that send requests for it store request and answer
 * there; scn_judge() compares the answer with what the step states, and sets the outcome.
 */
#ifndef CLIENT_CLI_ENGINE_SCN_SESSION_H
#define CLIENT_CLI_ENGINE_SCN_SESSION_H

#include "client/cli/engine/scn.h"
#include "client/cli/scenario/scn_ast.h"
#include "client/cli/scenario/scn_output.h"
#include "client/cli/scenario/scn_vars.h"
#include "server/base/strbuf.h"

/* Error codes below are JSON-RPC's own; from here to 0 they are -errno of this host. */
enum { SCN_NO_ERRNO = -4096 };

/** A process made in this session. */
struct scn_actor {
    int32_t pid;
    bool driven; /* the session drives it */
    char *host;  /* host file of its program; owned; NULL: not known */
    char *fault; /* why it failed, by its end's event; owned; NULL: it has not */
};

/** A step in the background whose answer was not taken yet. */
struct scn_background {
    int64_t id; /* of the request; 0: its answer was taken */
    struct scn_expect expect;
    const struct sc_call_info *call;
    char *sent; /* owned */
};

/** A call, by its last event. */
struct scn_recorded {
    uint64_t seq; /* the call's number in its events */
    cJSON *event; /* owned; NULL: there was no memory */
    bool ended;   /* it is an EVENT_RETURN, else an EVENT_CALL */
};

/** The calls of the machine since recording began. */
struct scn_record {
    bool on;
    bool incomplete;            /* some were lost, or there were too many: no calls are kept */
    struct scn_recorded *calls; /* owned */
    size_t count;
    size_t room;
    size_t weight; /* bytes of memory of all */
};

/** A file that came from the host by `copy`. Both owned. */
struct scn_copied {
    char *file;
    char *host;
};

struct scn_session {
    struct scbox_conn *conn; /* borrowed */
    char *machine;
    bool open; /* it was opened in the daemon, and must be closed */
    bool unopened;
    int32_t pid;
    char *dir;
    int64_t deadline_ms; /* on clock_ms()'s clock; negative: none */
    int timeout_ms;      /* the value it was set to */
    event_fn on_event;
    void *user;
    bool (*must_ask)(void *user);
    void (*ask)(void *user);
    bool (*allow)(void *user, const struct scn_step *step);
    const volatile sig_atomic_t *stop;
    const struct scn_also *also;
    bool lossless;
    struct scn_vars vars;
    struct scn_arena kept; /* lines whose steps continue in the background */
    struct scn_actor *actors;
    size_t actor_count;
    struct scn_background *background;
    size_t background_count;
    cJSON *census;         /* census of the machine at the start */
    struct scn_output log; /* output of the guest under `run` */
    size_t output_max;     /* bytes of it that are kept */
    int32_t log_pid;       /* that guest; 0: no log is kept */
    char *fault;           /* why it failed, by its end's event; owned; NULL: it has not */
    struct scn_copied *copied;
    size_t copied_count;
    int run_count;
    struct scn_record record;
    bool aside;           /* calls of the session's process are not shown */
    uint64_t aside_call;  /* the last one of these */
    int32_t scaffold_pid; /* the process that sets up a guest, while `run` is played; 0: none */
};

/* ---- scn_session.c ---- */

/**
 * Send a request and wait for its answer until the session's deadline.
 * @params   taken.
 * @r        sent, value, error are replaced.
 * Returns   SCBOX_OK, SCBOX_REFUSED, or -errno; -ETIMEDOUT and -EINTR have cancelled the request.
 */
int scn_request(struct scn_session *s, const char *method, cJSON *params, struct scn_result *r);

/** Whether the stop flag is set. */
bool scn_stopped(const struct scn_session *s);

/** Whether the session's time is over. */
bool scn_time_over(const struct scn_session *s);

/** Wait for the answer of a request that was sent. As scn_request(). */
int scn_receive(struct scn_session *s, int64_t id, struct scn_result *r);

/**
 * Wait for an event, and serve the session's owner; messages are not read.
 * @listening  messages of the daemon end the wait, too.
 * @most_ms    -1: no limit.
 */
void scn_sleep(struct scn_session *s, bool listening, int most_ms);

/**
 * Parameters of trace.subscribe.
 * @kinds    separated by commas.
 * @pid      only of this process and its descendants; 0: of all.
 * @shown    bytes of data that events show; 0: the default.
 */
cJSON *scn_listen_params(const char *kinds, bool lossless, int32_t pid, int shown);

/** The machine's census as {"procs": 2, …}; returned; NULL, with the error in @r. */
cJSON *scn_census(struct scn_session *s, struct scn_result *r);

/* ---- scn_actor.c ---- */

/** Remember a process that a step made. 0 or -ENOMEM. */
int scn_made(struct scn_session *s, int32_t pid);

/**
 * Find the process that a step acts as, and drive it if the session does not do so yet.
 * @out_pid  0: the session's own process.
 * Returns   SCBOX_OK, or as scn_request(), with @r.
 */
int scn_act_as(struct scn_session *s, const struct scn_step *step, int32_t *out_pid,
               struct scn_result *r);

/** Remember the program of a process: its path in the simulated system. */
void scn_started(struct scn_session *s, int32_t pid, const char *file);

/** Remember the end of a process that a step made. */
void scn_ended(struct scn_session *s, int32_t pid, const char *text);

/** Why a process failed, with its source line if known. Returned; free(). NULL: it has not. */
char *scn_fault_of(const struct scn_session *s, int32_t pid);

/** Remember that a process is driven, by a step of its own. */
void scn_driven(struct scn_session *s, int32_t pid);

/** Send a step without waiting for its answer. @params taken. Returns 0 or -errno with @r. */
int scn_begin_background(struct scn_session *s, const struct scn_step *step, const char *method,
                         cJSON *params, struct scn_result *r);

/** The background step of a number. NULL: none, or its result was taken. */
struct scn_background *scn_background_at(struct scn_session *s, int number);

/** Forget all background steps, and cancel those without an answer. */
void scn_drop_background(struct scn_session *s);

/* ---- scn_step.c ---- */

/** Play a step. @r was zeroed; its outcome is filled in. */
void scn_play(struct scn_session *s, const struct scn_step *step, struct scn_result *r);

/* ---- scn_judge.c ---- */

/** Judge a request without an answer. */
void scn_judge_silence(struct scn_session *s, int status, struct scn_result *r);

/** Compare a result with what was stated. @status as scn_request() returned it. */
void scn_judge(struct scn_session *s, const struct scn_expect *expect, int status,
               struct scn_result *r);

/** scn_judge() for a step that sets something up: its failure is not the tested program's. */
void scn_judge_setup(struct scn_session *s, const struct scn_expect *expect, int status,
                     struct scn_result *r);

/** Set the sentence of a timeout: @what was late or missing. */
void scn_too_late(struct scn_session *s, struct scn_result *r, const char *what);

/** Set a result's outcome and sentence, unless it has one. */
void scn_verdict(struct scn_result *r, enum scn_outcome outcome, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** The reasons in an error's data, one on each line; "": none. Returned; free(). */
char *scn_reasons(const struct scbox_error *error);

/** The same for error data alone. @code  of the error; 0: not known. */
char *scn_reasons_of(int code, const cJSON *data);

/* ---- scn_host.c, scn_guest.c ---- */

/** The host file that was copied to @file in this session, borrowed; NULL: none. */
const char *scn_copied_from(const struct scn_session *s, const char *file);
void scn_forget_copied(struct scn_session *s);

/** The caller of the calls of one step. */
struct scn_caller {
    struct scn_session *s;
    int32_t as; /* 0: the session's own process */
    struct scn_result *r;
};

/**
 * Make a call by name, its arguments by name too.
 * @args     taken; NULL: none.
 * @out      may be NULL; else returned, cJSON_Delete().
 * Returns   as scn_request().
 */
int scn_call(struct scn_caller *c, const char *name, cJSON *args, cJSON **out);

/** As scn_call(), for calls that return one number. */
int scn_call_int(struct scn_caller *c, const char *name, cJSON *args, int32_t *out);

/**
 * Copy an open file of the host into a file of the simulated system, which is created or replaced.
 * @file        the path as JSON; taken.
 * @out_unread  0; -errno: not all of @from could be read; -EFBIG: it grew beyond HOST_COPY_MAX.
 * Returns      as scn_request().
 */
int scn_upload(struct scn_caller *c, int from, cJSON *file, int *out_unread);

/** Open a file of the host. Returns a descriptor; or -errno, and @r says that @typed can't be
 * read. */
int scn_host_open(struct scn_result *r, const char *host_path, const char *typed);

/** Report the error of reading from scn_upload(), unless it is 0. */
void scn_report_unread(struct scn_result *r, const char *host_path, int unread);

int scn_play_fs(struct scn_caller *c, const struct scn_step *step);
int scn_play_copy(struct scn_caller *c, const struct scn_step *step);
int scn_play_expect_file(struct scn_caller *c, const struct scn_step *step);
void scn_play_expect_census(struct scn_caller *c);
void scn_play_run(struct scn_caller *c, const struct scn_step *step);

/* ---- scn_trace.c ---- */

/** Play `fault` or `fault clear`. */
void scn_play_fault(struct scn_session *s, const struct scn_step *step, struct scn_result *r);

/** Record an event of a call. @params borrowed. */
void scn_record_event(struct scn_record *record, enum event_kind kind, const cJSON *params);

/** Forget what was recorded. */
void scn_record_done(struct scn_record *record);

/** Play `expect trace` or `expect never`. */
void scn_play_watch(struct scn_session *s, const struct scn_step *step, struct scn_result *r);

/**
 * A host path of a step. Relative ones begin at the session's directory; those of --set, at the
 * directory in which scbox was started. Returned; free(). NULL: no memory, or the path has a NUL.
 */
char *scn_host_path(const struct scn_session *s, const struct scn_value *v);

#endif
