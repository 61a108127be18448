/* SPDX-License-Identifier: MIT */
#include "client/cli/test/scn_audience.h"

#include "client/cli/base/json.h"
#include "client/cli/test/scn_job.h"

#include <string.h>

static bool is_hidden(const cJSON *report)
{
    const char *visibility = json_text(report, "visibility");

    return *visibility != '\0' && strcmp(visibility, "visible") != 0;
}

static bool is_shown_in_full(const cJSON *report)
{
    const char *show = json_text(report, "show");

    return *show == '\0' || strcmp(show, "full") == 0;
}

bool scn_is_partial(const cJSON *report)
{
    return is_hidden(report) || !is_shown_in_full(report);
}

/** Copy the members that exist. */
static void copy(cJSON *to, const cJSON *from, const char *const *names)
{
    for (; *names != NULL; names++) {
        const cJSON *member = json_member(from, *names);

        if (member != NULL)
            (void)cJSON_AddItemToObject(to, *names, cJSON_Duplicate(member, true));
    }
}

/** How a step ended, in words that reveal nothing of what was stated. */
static const char *plain_problem(enum scn_outcome outcome)
{
    if (outcome == SCN_FAIL)
        return "the result is not the one that was stated";
    if (outcome == SCN_ERROR)
        return "it could not be played to its end; this is not the fault of the tested program";
    return NULL; /* the texts of timeouts and crashes are about the program only */
}

/** Add the inputs of the steps. Comments are left out: they may reveal the expected results. */
static void add_inputs(cJSON *to, const cJSON *report)
{
    static const char *const kept[] = {"line", "outcome", NULL};
    static const char *const of_failed[] = {"file", NULL};
    cJSON *steps = cJSON_AddArrayToObject(to, "steps");
    const cJSON *step;

    cJSON_ArrayForEach(step, json_member(report, "steps")) {
        enum scn_outcome outcome = scn_report_outcome(step);
        const char *problem = plain_problem(outcome);
        cJSON *entry;

        if (cJSON_HasObjectItem(step, "comment"))
            continue;
        entry = cJSON_CreateObject();
        copy(entry, step, kept);
        (void)cJSON_AddStringToObject(entry, "act", json_text(step, "input"));
        (void)cJSON_AddStringToObject(entry, "source", json_text(step, "input"));
        if (outcome != SCN_PASS) {
            copy(entry, step, of_failed);
            (void)cJSON_AddStringToObject(entry, "sent", json_text(step, "given"));
            (void)cJSON_AddStringToObject(entry, "problem",
                                          problem != NULL ? problem : json_text(step, "problem"));
        }
        (void)cJSON_AddItemToArray(steps, entry);
    }
}

cJSON *scn_for_student(const cJSON *report)
{
    static const char *const of_hidden[] = {"points", "outcome", "ms", "machine", NULL};
    static const char *const of_visible[] = {"file",   "title",   "cites", "set",     "hint",
                                             "points", "outcome", "ms",    "machine", NULL};
    static const char *const of_run[] = {"problem", NULL};
    cJSON *left;

    if (!scn_is_partial(report))
        return cJSON_Duplicate(report, true);
    left = cJSON_CreateObject();
    if (is_hidden(report)) {
        (void)cJSON_AddStringToObject(left, "file", "hidden scenario");
        copy(left, report, of_hidden);
        return left;
    }
    copy(left, report, of_visible);
    if (json_member(report, "line") == NULL) /* a mistake in the file quotes it */
        copy(left, report, of_run);
    else
        (void)cJSON_AddStringToObject(left, "problem", plain_problem(SCN_ERROR));
    if (strcmp(json_text(report, "show"), "input") == 0)
        add_inputs(left, report);
    return left;
}
