/* SPDX-License-Identifier: MIT */
/* Reports of scenario runs: for people, and TAP 13 for machines. */
#ifndef CLIENT_CLI_TEST_SCN_REPORT_H
#define CLIENT_CLI_TEST_SCN_REPORT_H

#include "client/cli/engine/scn.h"
#include "client/cli/test/scn_audience.h"

struct scn_reporter {
    FILE *to;
    enum scn_audience audience;
    bool verbose;   /* people: every step, as a story */
    unsigned flags; /* SCN_PRINT_* */
    size_t count;   /* files of the run */
    const char
        *socket; /* of the daemon, for commands that find it; NULL: they do without. Borrowed */
    size_t counts[SCN_ERROR + 1];
    size_t unplayed;   /* files that were not started, because the run was ended */
    size_t partial;    /* files of which a student is told less than a teacher */
    double points;     /* earned */
    double points_max; /* that could be earned; 0: nobody counts */
};

/** A format: what is printed before, for each file, and behind the run. */
struct scn_format {
    const char *name;
    void (*begin)(struct scn_reporter *r);
    void (*file)(struct scn_reporter *r, size_t index, const cJSON *report);
    void (*end)(struct scn_reporter *r, int64_t ms);
};

/** Ended by a NULL name. */
extern const struct scn_format scn_formats[];

/** Count a report, then print what its audience may read of it. */
void scn_report(struct scn_reporter *r, const struct scn_format *format, size_t index,
                const cJSON *report);

#endif
