/* SPDX-License-Identifier: MIT */
/*
 * Limits of the client that are too large to be reached in a test: run_copy.c and scn_jobs.c are built into
 * this one with small ones, and what they are made of is played here.
 */
#include "client/cli/base/cmd.h"
#include "client/cli/run/run.h"
#include "client/cli/test/scn_job.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a daemon that takes everything, and what scbox said ---- */

static char said[1024];

int complain(int code, const char *command, const char *fmt, ...)
{
    va_list ap;

    (void)command;
    va_start(ap, fmt);
    (void)vsnprintf(said, sizeof said, fmt, ap);
    va_end(ap);
    return code;
}

int run_call(struct run *r, const char *method, cJSON *params, cJSON **result)
{
    (void)r;
    (void)method;
    cJSON_Delete(params);
    if (result != NULL)
        *result = cJSON_CreateObject();
    return SCBOX_OK;
}

int run_must(struct run *r, const char *method, cJSON *params, cJSON **result)
{
    return run_call(r, method, params, result);
}

int run_copy_fd(struct run *r, int fd, const char *target)
{
    (void)r;
    (void)fd;
    (void)target;
    return 0;
}

int run_refused(struct run *r, int outcome)
{
    (void)r;
    (void)outcome;
    return RUN_DAEMON;
}

static char dir[] = "/tmp/scbox-limits-XXXXXX";

static void enter(void)
{
    said[0] = '\0';
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static void leave(void)
{
    char command[64];

    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    cr_expect_eq(chdir("/"), 0);
    cr_expect_eq(system(command), 0);
}

TestSuite(limits, .init = enter, .fini = leave, .timeout = 30);

/* A directory of @count files. */
static void make_files(const char *name, int count)
{
    char path[64];

    cr_assert_eq(mkdir(name, 0700), 0);
    for (int i = 0; i < count; i++) {
        FILE *file = NULL;

        (void)snprintf(path, sizeof path, "%s/%d", name, i);
        file = fopen(path, "w");
        cr_assert_not_null(file);
        cr_assert_eq(fclose(file), 0);
    }
}

Test(limits, a_copied_tree_has_so_many_entries)
{
    struct run r = {.doing = ""};

    make_files("most", COPY_ENTRIES_MAX - 1); /* and the directory itself */
    cr_expect_eq(run_copy_in(&r, "most", "root:/t"), 0);
    cr_expect_str_eq(said, "");
    make_files("more", COPY_ENTRIES_MAX);
    cr_expect_eq(run_copy_in(&r, "more", "root:/t"), RUN_DAEMON);
    cr_expect_not_null(strstr(said, "more than 20 files and directories"), "%s", said);
}

/* @count directories inside each other, the last of which is reached by links from the first. */
static void make_levels(const char *name, int count)
{
    cr_assert_eq(mkdir(name, 0700), 0);
    cr_assert_eq(chdir(name), 0);
    for (int i = 1; i < count; i++) {
        cr_assert_eq(mkdir("d", 0700), 0);
        cr_assert_eq(chdir("d"), 0);
    }
    cr_assert_eq(chdir(dir), 0);
}

Test(limits, a_copied_tree_is_so_deep)
{
    struct run r = {.doing = ""};

    make_levels("most", COPY_DEPTH_MAX);
    cr_expect_eq(run_copy_in(&r, "most", "root:/t"), 0);
    cr_expect_str_eq(said, "");
    make_levels("more", COPY_DEPTH_MAX + 1);
    cr_expect_eq(run_copy_in(&r, "more", "root:/t"), RUN_DAEMON);
    cr_expect_not_null(strstr(said, "more than 5 directories deep"), "%s", said);
}

/* Links are followed; they count as what they lead to, and one that leads back is a loop. */
Test(limits, links_lead_no_deeper)
{
    struct run r = {.doing = ""};

    make_levels("far", COPY_DEPTH_MAX - 1);
    cr_assert_eq(mkdir("most", 0700), 0);
    cr_assert_eq(symlink("../far", "most/link"), 0);
    cr_expect_eq(run_copy_in(&r, "most", "root:/t"), 0);
    cr_assert_eq(mkdir("more", 0700), 0);
    cr_assert_eq(symlink("../most", "more/link"), 0);
    cr_expect_eq(run_copy_in(&r, "more", "root:/t"), RUN_DAEMON);
    cr_expect_not_null(strstr(said, "more than 5 directories deep"), "%s", said);
    cr_assert_eq(symlink("..", "far/back"), 0);
    cr_assert_eq(mkdir("loop", 0700), 0);
    cr_assert_eq(symlink("../loop", "loop/again"), 0);
    cr_expect_eq(run_copy_in(&r, "loop", "root:/t"), RUN_DAEMON);
    cr_expect_not_null(strstr(said, "links to a directory above it"), "%s", said);
}

/* ---- a process that writes a report ---- */

static size_t report_size; /* bytes that it shall have */

void scn_job_play(const struct scn_jobs *jobs, const char *path, int number,
                  struct scn_progress *progress, int fd)
{
    static const char head[] = "{\"outcome\":\"pass\",\"text\":\"";
    size_t len = sizeof head - 1;

    (void)jobs;
    (void)path;
    (void)number;
    (void)progress;
    (void)!write(fd, head, len);
    for (; len < report_size - 2; len++)
        (void)!write(fd, "x", 1);
    (void)!write(fd, "\"}", 2);
}

const char *scn_outcome_name(enum scn_outcome outcome)
{
    return outcome == SCN_ERROR ? "error" : "pass";
}

enum scn_outcome scn_report_outcome(const cJSON *report)
{
    (void)report;
    return SCN_PASS;
}

static cJSON *last;

static void on_report(void *user, size_t index, const cJSON *report)
{
    (void)user;
    (void)index;
    last = cJSON_Duplicate(report, true);
}

/* Whether a report of so many bytes was taken. */
static bool is_taken(size_t size, const char *problem)
{
    char path[] = "file.scn";
    char *paths[] = {path};
    volatile sig_atomic_t stop = 0;
    struct scn_jobs jobs = {.stop = &stop, .parallel = 1, .timeout_ms = 10000};
    const cJSON *text;
    bool taken;

    report_size = size;
    cr_assert_eq(scn_jobs_play(&jobs, paths, 1, on_report, NULL), 0);
    cr_assert_not_null(last);
    text = cJSON_GetObjectItemCaseSensitive(last, "problem");
    taken = text == NULL;
    if (problem != NULL)
        cr_expect_not_null(strstr(cJSON_GetStringValue(text), problem));
    cJSON_Delete(last);
    last = NULL;
    return taken;
}

Test(limits, a_report_has_so_many_bytes)
{
    cr_expect(is_taken(SCN_REPORT_BYTES_MAX, NULL));
    cr_expect_not(is_taken(SCN_REPORT_BYTES_MAX + 1, "its report is longer than 65536 bytes"));
}
