/* SPDX-License-Identifier: MIT */
/* Events of calls as text: open("root:/etc/passwd", READ|CREATE) = 3. */
#ifndef CLIENT_CLI_BASE_CALL_TEXT_H
#define CLIENT_CLI_BASE_CALL_TEXT_H

#include "schema/calls.h"
#include "server/base/strbuf.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/** The call of an event of kind call, return or pause; NULL if the table does not have it. */
const struct sc_call_info *call_of_event(const cJSON *event);

enum { CALL_BYTES_SHOWN = 32, CALL_BYTES_MAX = 4096 };

/** How calls are written. */
struct call_style {
    size_t bytes; /* of data that are shown, at most CALL_BYTES_MAX; 0: CALL_BYTES_SHOWN */
    bool files;   /* append its file to each handle: 3<"root:/a"> */
};

/** Append the call's word and its arguments in the table's order, without the closing
 * parenthesis. */
void call_text_begin_as(struct strbuf *out, const cJSON *event, const struct call_style *style);
void call_text_begin(struct strbuf *out, const cJSON *event);

/**
 * Append the outcome of a call: "= 3", "= 0" for no result, "= ! ENOENT (no entry …)". A guest's
 * call begins with its result register, followed by what was stored in its memory: "= 1 {type=DIR, …}", "= -2 ! ENOENT (…)".
 */
void call_text_outcome_as(struct strbuf *out, const cJSON *event, const struct call_style *style);
void call_text_outcome(struct strbuf *out, const cJSON *event);

/** Append call and outcome, with the closing parenthesis between them. @event of kind return. */
void call_text_whole(struct strbuf *out, const cJSON *event);

/**
 * An argument as a value of its own: bytes become {data, encoding?}, as READ returns them.
 * Returns   returned; cJSON_Delete(); NULL if the event does not have the argument.
 */
cJSON *call_text_argument(const cJSON *event, const struct sc_field_info *info);

/** The text of an event of kind start, end or note, up to its first NUL; the bytes of paths are kept.
 * Returned; free(); NULL: no memory. */
char *event_data(const cJSON *event);

#endif
