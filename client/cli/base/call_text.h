/* SPDX-License-Identifier: MIT */
/* Events of calls as people read them: open("root:/etc/passwd", READ|CREATE) = 3. */
#ifndef CLIENT_CLI_BASE_CALL_TEXT_H
#define CLIENT_CLI_BASE_CALL_TEXT_H

#include "schema/calls.h"
#include "server/base/strbuf.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/** The call that an event of kind call, return or pause is about; NULL when the table has no such call. */
const struct sc_call_info *call_of_event(const cJSON *event);

enum { CALL_BYTES_SHOWN = 32, CALL_BYTES_MAX = 4096 };

/** How calls are written. */
struct call_style {
    size_t bytes; /* of data that stand, at most CALL_BYTES_MAX; 0: CALL_BYTES_SHOWN */
    bool files;   /* behind a handle the file that it was opened for: 3<"root:/a"> */
};

/** Append the call's word and its arguments in the table's order, without the closing parenthesis. */
void call_text_begin_as(struct strbuf *out, const cJSON *event, const struct call_style *style);
void call_text_begin(struct strbuf *out, const cJSON *event);

/**
 * Append what a call came to: "= 3", "= 0" for nothing, "= ! ENOENT (no entry …)". Of a guest's call its result
 * register stands first, and then what was stored in its memory: "= 1 {type=DIR, …}", "= -2 ! ENOENT (…)".
 */
void call_text_outcome_as(struct strbuf *out, const cJSON *event, const struct call_style *style);
void call_text_outcome(struct strbuf *out, const cJSON *event);

/** Both, with a closing parenthesis between them. @event of kind return. */
void call_text_whole(struct strbuf *out, const cJSON *event);

/**
 * An argument as a value of its own: bytes become {data, encoding?}, as a READ gives them.
 * Returns   returned; cJSON_Delete(); NULL when the event has no such argument.
 */
cJSON *call_text_argument(const cJSON *event, const struct sc_field_info *info);

/** The text of an event of kind start, end or note, up to its first NUL, if any: paths in it keep their bytes. Returned; free(); NULL without
 * memory. */
char *event_data(const cJSON *event);

#endif
