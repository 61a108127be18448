/* SPDX-License-Identifier: MIT */
/*
 * Scenario files as jobs: each is played in a process of its own, in a machine of its own.
 *
 * The result of a file is a report, a JSON object that the job's process sends; all formats are
 * printed from it:
 *
 *     {file, title, cites, set, hint, visibility, show, points, outcome, ms, machine,
 *      problem, line, column,                        if it could not be played: why, and where
 *      steps: [{comment} | {line, source, act, input, given, outcome, told, log, log_cut, reasons}, and of the one that did
              not pass:
 *              {file, sent, expected, came, problem, reasons, advice}],
 *      left: number of steps behind that one}
 */
#ifndef CLIENT_CLI_TEST_SCN_JOB_H
#define CLIENT_CLI_TEST_SCN_JOB_H

#include "client/cli/engine/scn.h"

#include <signal.h>

enum {
    SCN_GRACE_MS = 5000,       /* a file's steps may go on so much longer than its time */
    SCN_HEAD_MAX = 256 * 1024, /* bytes of the members of a report that a file's head gives */
};

/** What all files of a run share; everything borrowed. */
struct scn_jobs {
    const char *socket;
    const char *machine; /* play in this one; NULL: each file in its own */
    const char *tmp;     /* directory that each file's $TMP is made in */
    char *const *sets;   /* NAME=VALUE */
    size_t set_count;
    int timeout_ms;                    /* of a file that states none */
    size_t output_max;                 /* likewise: bytes kept of what a program prints */
    int parallel;                      /* files at once, 1 or more */
    bool keep;                         /* leave machines, and $TMP, for a look */
    const volatile sig_atomic_t *stop; /* not 0: the user wants to end it */
};

/** What the process of a file does, in this order. */
enum scn_phase { SCN_PARSING, SCN_SETTING_UP, SCN_PLAYING, SCN_ENDING };

/** Progress of a job's process, in memory that it shares with the main process; used if it
 * hangs. */
struct scn_progress {
    enum scn_phase phase;
    int64_t deadline_ms;     /* on clock_ms()'s clock: it hangs when it is still in this phase */
    int line;                /* of the step being played */
    char file[1024];         /* that holds this line */
    char source[256];        /* the line, or its start */
    char head[SCN_HEAD_MAX]; /* the report's members that come from the file's head; "" none */
};

/**
 * Play one file here and now, and write its report.
 * Context   a process of its own, which is killed when it does not keep to @progress.
 * @number   tells the machines of this run apart.
 * @fd       gets the report, one JSON object.
 */
void scn_job_play(const struct scn_jobs *jobs, const char *path, int number,
                  struct scn_progress *progress, int fd);

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
