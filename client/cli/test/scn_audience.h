/* SPDX-License-Identifier: MIT */
/*
 * The readers of a report: a teacher sees all of it, a student what @visibility and @show allow.
 *
 *     @visibility visible           what @show says
 *     @visibility hidden, after_…   the outcome and the points, and nothing that names the scenario
 *     @show full                    everything
 *     @show input                   what was put in, and how it ended; nothing that was stated or came
 *     @show none                    the outcome, the points and the hint
 *
 * All formats print the result of this filter, so none can show more.
 */
#ifndef CLIENT_CLI_TEST_SCN_AUDIENCE_H
#define CLIENT_CLI_TEST_SCN_AUDIENCE_H

#include <cjson/cJSON.h>
#include <stdbool.h>

enum scn_audience { SCN_STUDENT, SCN_TEACHER };

/** Whether a student sees only a part of a report. */
bool scn_is_partial(const cJSON *report);

/** What a student may read of a report. Returned; cJSON_Delete(). */
cJSON *scn_for_student(const cJSON *report);

#endif
