/* SPDX-License-Identifier: MIT */
#include "client/cli/trace.h"

#include "client/cli/json.h"

#include <stdlib.h>
#include <string.h>

static bool is_call(const cJSON *event)
{
    const char *kind = json_text(event, "kind");

    return strcmp(kind, "call") == 0 || strcmp(kind, "return") == 0;
}

void tracer_event(struct tracer *t, const cJSON *event)
{
    if (strcmp(json_text(event, "kind"), "lost") == 0)
        t->lost += (uint64_t)json_number(event, "count");
    if (is_call(event) && !trace_filter_wants(&t->filter, event))
        return;
    if (t->summary != NULL)
        trace_summary_add(t->summary, event);
    else
        trace_lines_event(&t->lines, event);
    trace_chrome_event(&t->chrome, event);
}

void tracer_done(struct tracer *t)
{
    trace_lines_end(&t->lines);
    if (t->summary != NULL)
        trace_summary_print(t->summary, t->lines.to);
    if (t->filter.overfull)
        fprintf(t->lines.to,
                "--- more than %d calls that fit -P went on at once: returns of some are missing\n",
                TRACE_CALLS_MAX);
    trace_chrome_end(&t->chrome);
    trace_filter_done(&t->filter);
    free(t->summary);
    t->summary = NULL;
}
