/* SPDX-License-Identifier: MIT */
#include "client/cli/trace/trace.h"

#include "client/cli/base/json.h"

#include <stdlib.h>

void tracer_event(struct tracer *t, enum event_kind kind, const cJSON *event)
{
    if (kind == EVENT_LOST)
        t->lost += (uint64_t)json_number(event, "count");
    if (event_is_call(kind) && !trace_filter_wants(&t->filter, kind, event))
        return;
    if (t->summary != NULL)
        trace_summary_add(t->summary, kind, event);
    else
        trace_lines_event(&t->lines, kind, event);
    trace_chrome_event(&t->chrome, kind, event);
}

void tracer_done(struct tracer *t)
{
    trace_lines_end(&t->lines);
    if (t->summary != NULL)
        trace_summary_print(t->summary, t->lines.to);
    if (t->filter.overfull)
        fprintf(t->lines.to,
                "--- more than %d calls that match -P were in progress at once: returns of some "
                "are missing\n",
                TRACE_CALLS_MAX);
    trace_chrome_end(&t->chrome);
    trace_filter_done(&t->filter);
    free(t->summary);
    t->summary = NULL;
}
