/* SPDX-License-Identifier: MIT */
/* The number of each call, of its failures, and its time by the machine's clock. */
#include "client/cli/base/call_text.h"
#include "client/cli/base/json.h"
#include "client/cli/trace/trace.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NS_PER_US = 1000, US_PER_S = 1000000 };

void trace_summary_add(struct trace_summary *s, enum event_kind kind, const cJSON *event)
{
    const struct sc_call_info *call = call_of_event(event);
    uint64_t ns = json_count(event, "duration_ns");
    struct trace_row *row;

    /* A call that never returns is counted when it begins. */
    if (call == NULL || (kind != EVENT_RETURN && call->rc != SC_RC_NEVER))
        return;
    row = &s->rows[call->nr];
    row->calls++;
    row->errors += *json_text(event, "error") != '\0';
    row->total_ns += ns;
    row->longest_ns = ns > row->longest_ns ? ns : row->longest_ns;
}

/* A row with its number, for sorting. */
struct ranked {
    const struct trace_row *row;
    int nr;
};

/* Most time first, then most calls, then in the table's order. */
static int compare(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;

    if (x->row->total_ns != y->row->total_ns)
        return x->row->total_ns < y->row->total_ns ? 1 : -1;
    if (x->row->calls != y->row->calls)
        return x->row->calls < y->row->calls ? 1 : -1;
    return x->nr - y->nr;
}

static void print_row(FILE *to, const struct trace_row *row, double share, const char *name)
{
    uint64_t total = row->total_ns / NS_PER_US;
    uint64_t mean = row->calls > 0 ? row->total_ns / row->calls / NS_PER_US : 0;

    fprintf(to, "%6.2f %5" PRIu64 ".%06" PRIu64 " %11" PRIu64 " %11" PRIu64 " %9" PRIu64, share,
            total / US_PER_S, total % US_PER_S, mean, row->longest_ns / NS_PER_US, row->calls);
    if (row->errors > 0)
        fprintf(to, " %9" PRIu64, row->errors);
    else
        fprintf(to, " %9s", "");
    fprintf(to, " %s\n", name);
}

static double share_of(uint64_t part, uint64_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

void trace_summary_print(const struct trace_summary *s, FILE *to)
{
    static const char line[] = "------ ------------ ----------- ----------- --------- --------- "
                               "----------------\n";
    struct ranked ranked[SC_MAX];
    struct trace_row all = {0};
    size_t count = 0;

    for (int nr = 0; nr < SC_MAX; nr++) {
        const struct trace_row *row = &s->rows[nr];

        if (row->calls == 0)
            continue;
        ranked[count++] = (struct ranked){row, nr};
        all.calls += row->calls;
        all.errors += row->errors;
        all.total_ns += row->total_ns;
        all.longest_ns = row->longest_ns > all.longest_ns ? row->longest_ns : all.longest_ns;
    }
    qsort(ranked, count, sizeof ranked[0], compare);
    fprintf(to, "%6s %12s %11s %11s %9s %9s %s\n%s", "% time", "seconds", "usecs/call",
            "longest us", "calls", "errors", "call", line);
    for (size_t i = 0; i < count; i++)
        print_row(to, ranked[i].row, share_of(ranked[i].row->total_ns, all.total_ns),
                  sc_call_by_nr(ranked[i].nr)->word);
    fputs(line, to);
    print_row(to, &all, share_of(all.total_ns, all.total_ns), "total");
}
