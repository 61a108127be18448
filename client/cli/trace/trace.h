/* SPDX-License-Identifier: MIT */
/*
 * scbox trace: processing of the events of calls.
 *
 *     event --> filter (-e, -P) --> lines, held back while only failures are wanted (-z)
 *                               --> summary (-c), instead of lines
 *                               --> Chrome's trace events (--chrome), besides
 *
 * A tracer receives events in their order, and is always closed at the end, so that its output is
 * complete.
 */
#ifndef CLIENT_CLI_TRACE_TRACE_H
#define CLIENT_CLI_TRACE_TRACE_H

#include "client/cli/base/call_text.h"
#include "client/cli/base/event.h"
#include "schema/calls.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* ---- which calls: trace_filter.c ---- */

enum { TRACE_CALLS_MAX = 4096 }; /* calls in progress that -P selects */

struct trace_filter {
    bool listed[SC_MAX]; /* -e names it */
    bool any_listed;     /* -e was given */
    bool inverted;       /* -e with !: all except these */
    const char *glob;    /* -P, borrowed; NULL: any path */
    uint64_t *going;     /* numbers of calls in progress that use such a path; owned */
    size_t going_count;
    bool overfull; /* there were more than are kept */
};

/**
 * Take the value of -e: NAME,NAME or !NAME,NAME, with or without "trace=" before it.
 * @out_wrong  a name that no call has, returned; free().
 * Returns   whether all names are calls.
 */
bool trace_filter_calls(struct trace_filter *f, const char *list, char **out_wrong);

/** Whether an event of a call is wanted. Both events of a call get the same answer. */
bool trace_filter_wants(struct trace_filter *f, enum event_kind kind, const cJSON *event);

void trace_filter_done(struct trace_filter *f);

/* ---- lines: trace_lines.c ---- */

struct trace_lines {
    FILE *to;      /* borrowed */
    bool flush;    /* unfinished lines are shown, too */
    bool failures; /* only failed calls, printed when they end */
    bool relative; /* each line begins with the time since the one before */
    struct call_style style;
    uint64_t last_ns;  /* when the last line was, by the machine's clock; 0: there was none */
    bool open;         /* the line of a call in progress is not finished */
    uint64_t open_seq; /* that call */
};

/** Write what an event looks like. */
void trace_lines_event(struct trace_lines *t, enum event_kind kind, const cJSON *event);

/** Finish the last line. */
void trace_lines_end(struct trace_lines *t);

/* ---- summary: trace_summary.c ---- */

struct trace_row {
    uint64_t calls;
    uint64_t errors;
    uint64_t total_ns;
    uint64_t longest_ns;
};

struct trace_summary {
    struct trace_row rows[SC_MAX];
};

/** Count an event of kind EVENT_RETURN; others are ignored. */
void trace_summary_add(struct trace_summary *s, enum event_kind kind, const cJSON *event);

/** Print the table, most time first. */
void trace_summary_print(const struct trace_summary *s, FILE *to);

/* ---- Chrome's trace events: trace_chrome.c ---- */

struct trace_flight;

struct trace_chrome {
    FILE *to;                   /* borrowed; NULL: not wanted */
    bool any;                   /* an event was written */
    uint64_t last_ns;           /* the newest time told */
    struct trace_flight *going; /* calls that have begun; owned */
    size_t going_count;
    int32_t *named; /* processes that have a name in the file; owned */
    size_t named_count;
};

/** Write an event: a call when it ends, other things as they come. */
void trace_chrome_event(struct trace_chrome *c, enum event_kind kind, const cJSON *event);

/** Write the calls in progress, and close the array. */
void trace_chrome_end(struct trace_chrome *c);

/* ---- all together: trace.c ---- */

struct tracer {
    struct trace_filter filter;
    struct trace_lines lines;
    struct trace_summary *summary; /* owned; NULL: lines instead */
    struct trace_chrome chrome;
    uint64_t lost;
};

/** Take an event. */
void tracer_event(struct tracer *t, enum event_kind kind, const cJSON *event);

/** Write the rest, and free everything. */
void tracer_done(struct tracer *t);

#endif
