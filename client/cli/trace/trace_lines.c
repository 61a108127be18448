/* SPDX-License-Identifier: MIT */
/*
 * One line a call, as strace writes them:
 *
 *     3  open("root:/a", READ|CREATE) = 1 <0.000012>
 *     3  usleep(1000 <unfinished ...>
 *     4  exit(0) = ?
 *     4  +++ exited with 0 +++
 *     3  <... usleep(1000) resumed> = 0 <0.001000>
 */
#include "client/cli/base/call_text.h"
#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/base/show.h"
#include "client/cli/trace/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NS_PER_US = 1000, US_PER_S = 1000000, TIME_WIDTH = 13 };

/* Interrupt the line of a call in progress, so that another line can be printed. */
static void leave_line(struct trace_lines *t)
{
    if (t->open)
        fputs(" <unfinished ...>\n", t->to);
    t->open = false;
}

/* Write what there is of a line. Processes choose paths, and these are in reasons, too: nothing of them may
 * begin another line or steer a terminal. */
static void put(struct trace_lines *t, struct strbuf *line)
{
    show_word(t->to, strbuf_str(line));
    strbuf_done(line);
}

/* A time in seconds. */
static void add_seconds(struct strbuf *out, int width, uint64_t ns)
{
    uint64_t us = ns / NS_PER_US;
    char text[40];

    (void)snprintf(text, sizeof text, "%" PRIu64 ".%06" PRIu64, us / US_PER_S, us % US_PER_S);
    (void)strbuf_addf(out, "%*s", width, text);
}

/* What a line begins with: the process, and when. Only events of calls have a time. */
static void begin_line(struct trace_lines *t, struct strbuf *line, const cJSON *event)
{
    const bool timed = json_member(event, "now_ns") != NULL;
    uint64_t now = json_count(event, "now_ns");

    (void)strbuf_addf(line, "%d  ", json_int(event, "pid"));
    if (!t->relative)
        return;
    if (timed)
        add_seconds(line, TIME_WIDTH, t->last_ns != 0 && now > t->last_ns ? now - t->last_ns : 0);
    else
        (void)strbuf_addf(line, "%*s", TIME_WIDTH, "");
    (void)strbuf_adds(line, "  ");
    t->last_ns = timed ? now : t->last_ns;
}

static void write_begin(struct trace_lines *t, const cJSON *event)
{
    const struct sc_call_info *call = call_of_event(event);
    struct strbuf line = STRBUF_INIT;

    if (t->failures)
        return;
    leave_line(t);
    begin_line(t, &line, event);
    call_text_begin_as(&line, event, &t->style);
    t->open = call == NULL || call->rc != SC_RC_NEVER;
    t->open_seq = json_count(event, "seq");
    if (!t->open)
        (void)strbuf_adds(&line, ") = ?");
    put(t, &line);
    if (!t->open)
        fputc('\n', t->to);
}

static void write_end(struct trace_lines *t, const cJSON *event)
{
    struct strbuf line = STRBUF_INIT;
    bool goes_on = t->open && t->open_seq == json_count(event, "seq");

    if (t->failures && *json_text(event, "error") == '\0')
        return;
    if (!goes_on) {
        leave_line(t);
        begin_line(t, &line, event);
        (void)strbuf_adds(&line, t->failures ? "" : "<... ");
        call_text_begin_as(&line, event, &t->style);
        (void)strbuf_adds(&line, t->failures ? "" : ") resumed>");
    }
    (void)strbuf_adds(&line, goes_on || t->failures ? ") " : " ");
    t->open = false;
    call_text_outcome_as(&line, event, &t->style);
    (void)strbuf_adds(&line, " <");
    add_seconds(&line, 0, json_count(event, "duration_ns"));
    (void)strbuf_addc(&line, '>');
    put(t, &line);
    fputc('\n', t->to);
}

/* The end of a process, and why when it failed. */
static void add_process_end(struct strbuf *line, const cJSON *event, const char *why)
{
    const char *state = json_text(event, "state");
    int32_t code = json_int(event, "return_code");

    if (strcmp(state, "DONE") == 0)
        (void)strbuf_addf(line, "+++ exited with %d +++", code);
    else if (strcmp(state, "FAILURE") == 0)
        (void)strbuf_addf(line, "+++ failed by %s%s%s +++", name_of_failure(code),
                          *why != '\0' ? ": " : "", why);
    else
        (void)strbuf_adds(line, "+++ killed +++");
}

static void write_other(struct trace_lines *t, enum event_kind kind, const cJSON *event)
{
    struct strbuf line = STRBUF_INIT;
    char *text = NULL;
    const char *data = "";

    if ((kind & (EVENT_START | EVENT_END | EVENT_NOTE | EVENT_LOST)) == 0)
        return;
    leave_line(t);
    text = event_data(event);
    data = text != NULL ? text : "";
    if (kind != EVENT_LOST)
        begin_line(t, &line, event);
    if (kind == EVENT_START)
        (void)strbuf_addf(&line, "+++ runs %s +++", *data != '\0' ? data : "as a session says");
    else if (kind == EVENT_END)
        add_process_end(&line, event, data);
    else if (kind == EVENT_NOTE)
        (void)strbuf_addf(&line, "--- %s ---", data);
    else
        (void)strbuf_addf(&line,
                          "--- %d events were lost: they came faster than they were read ---",
                          json_int(event, "count"));
    free(text);
    put(t, &line);
    fputc('\n', t->to);
}

void trace_lines_event(struct trace_lines *t, enum event_kind kind, const cJSON *event)
{
    if (kind == EVENT_CALL)
        write_begin(t, event);
    else if (kind == EVENT_RETURN)
        write_end(t, event);
    else
        write_other(t, kind, event);
    if (t->flush)
        fflush(t->to);
}

void trace_lines_end(struct trace_lines *t)
{
    leave_line(t);
    fflush(t->to);
}
