/* SPDX-License-Identifier: MIT */
/* Events on the screen: each line of a guest's output is marked with who printed it. */
#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/base/show.h"
#include "client/cli/shell/shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void feed_end_line(struct feed *feed)
{
    if (feed->open_kind != EVENT_UNKNOWN)
        fputc('\n', stdout);
    feed->open_kind = EVENT_UNKNOWN;
}

/* Output of a process, with its mark at each beginning of a line. */
static void put_output(struct feed *feed, enum event_kind kind, int32_t pid, const char *bytes,
                       size_t len)
{
    bool goes_on = feed->open_kind == kind && feed->open_pid == pid;

    if (!goes_on)
        feed_end_line(feed);
    for (size_t i = 0; i < len; i++) {
        if (feed->open_kind == EVENT_UNKNOWN) {
            printf("[%d %s] ", pid, event_kind_name(kind));
            feed->open_kind = kind;
            feed->open_pid = pid;
        }
        if (bytes[i] == '\n') {
            feed_end_line(feed);
        } else {
            const char *end = memchr(bytes + i, '\n', len - i);
            size_t count = end != NULL ? (size_t)(end - bytes) - i : len - i;

            show_bytes(stdout, bytes + i, count, feed->raw);
            i += count - 1;
        }
    }
}

static void put_end(struct feed *feed, int32_t pid, const cJSON *params)
{
    const char *state = json_text(params, "state");
    const char *why = json_text(params, "data");
    int32_t code = json_int(params, "return_code");

    feed->own_end = feed->own_end || pid == feed->own_pid;
    if (strcmp(state, "FAILURE") == 0) {
        printf("[%d ended] FAILURE %s%s", pid, name_of_failure(code), *why != '\0' ? ": " : "");
        show_name(stdout, params); /* data, encoding */
        putchar('\n');
    } else if (strcmp(state, "DONE") == 0)
        printf("[%d ended] DONE, exit code %d\n", pid, code);
    else
        printf("[%d ended] %s\n", pid, state);
}

static void put_told(int32_t pid, const char *what, const cJSON *params)
{
    printf("[%d %s] ", pid, what);
    show_name(stdout, params); /* data, encoding */
    putchar('\n');
}

void feed_event(struct feed *feed, enum event_kind kind, const cJSON *params)
{
    int32_t pid = json_int(params, "pid");
    char *bytes = NULL;
    size_t len = 0;

    if (kind == EVENT_LOG || kind == EVENT_CONSOLE) {
        if (scbox_data_tree(params, &bytes, &len) == 0)
            put_output(feed, kind, pid, bytes, len);
        free(bytes);
        fflush(stdout);
        return;
    }
    feed_end_line(feed);
    if (kind == EVENT_NOTE)
        put_told(pid, "note", params);
    else if (kind == EVENT_LOST)
        printf("[lost] %d events: they came faster than they were read\n",
               json_int(params, "count"));
    else if (kind == EVENT_ENDED)
        printf("[ended] no more events: %s\n", json_text(params, "why"));
    else if (kind == EVENT_START && *json_text(params, "data") != '\0')
        put_told(pid, "runs", params);
    else if (kind == EVENT_END)
        put_end(feed, pid, params);
    fflush(stdout);
}

void shell_end_line(struct shell *sh)
{
    feed_end_line(&sh->feed);
    trace_lines_end(&sh->trace);
}

void shell_event(void *user, enum event_kind kind, const cJSON *params)
{
    struct shell *sh = user;
    const bool call = event_is_call(kind);

    if (!call || sh->tracing)
        edit_clear(sh->edit);
    if (call && sh->tracing) {
        feed_end_line(&sh->feed);
        trace_lines_event(&sh->trace, kind, params);
    } else if (!call && kind != EVENT_PAUSE) {
        trace_lines_end(&sh->trace);
        feed_event(&sh->feed, kind, params);
    }
    shell_step_event(sh, kind, params);
}

bool shell_listen(struct shell *sh)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    const char *step = sh->tracing ? "pause" : "pause,calls";
    int status = scn_session_record(sh->session, sh->tracing, sh->step.on ? step : "", &error);

    if (status != SCBOX_OK)
        show_error(stderr, "shell", &error);
    scbox_error_done(&error);
    return status == SCBOX_OK;
}
