/* SPDX-License-Identifier: MIT */
/*
 * Scenario files as jobs: each is played in a process of its own, in a machine of its own.
 *
 * What a file did is a report, a JSON object that travels from the job's process to ours and that every
 * format is printed from:
 *
 *     {file, title, cite, set, hint, points, outcome, ms, machine,
 *      problem, line, column,                        when it could not be played: why, and where
 *      steps: [{comment} | {line, source, act, outcome, told, log, reasons}, and of the one that did not
              pass:
 *              {file, sent, expected, came, problem, reasons, advice}],
 *      left: number of steps behind that one}
 */
#ifndef CLIENT_CLI_SCN_JOB_H
#define CLIENT_CLI_SCN_JOB_H

#include "client/cli/scn.h"

#include <signal.h>

/** What all files of a run share; everything borrowed. */
struct scn_jobs {
    const char *socket;
    const char *machine; /* play in this one; NULL: each file in its own */
    const char *tmp;     /* directory that each file's $TMP is made in */
    char *const *sets;   /* NAME=VALUE */
    size_t set_count;
    int timeout_ms;                    /* of a file that states none */
    int parallel;                      /* files at once, 1 or more */
    bool keep;                         /* leave machines, and $TMP, for a look */
    const volatile sig_atomic_t *stop; /* not 0: the user wants to end it */
};

/**
 * Play one file here and now.
 * Context   a process of its own: one that hangs is ended by SIGALRM.
 * @number   tells the machines of this run apart.
 * Returns   its report; returned, cJSON_Delete().
 */
cJSON *scn_job_play(const struct scn_jobs *jobs, const char *path, int number);

/** A report is there. @report borrowed. */
typedef void (*scn_report_fn)(void *user, size_t index, const cJSON *report);

/**
 * Play files, several at once, each in a process of its own; a process that dies makes an error.
 * After jobs->stop no further file is started, and those under way end as interrupted.
 * @fn       called for each file that was started, in their order.
 * Returns   the worst outcome.
 */
enum scn_outcome scn_jobs_play(const struct scn_jobs *jobs, char *const *paths, size_t count,
                               scn_report_fn fn, void *user);

/** The outcome a report tells; SCN_ERROR when it tells none. */
enum scn_outcome scn_report_outcome(const cJSON *report);

#endif
