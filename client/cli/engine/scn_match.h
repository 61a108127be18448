/* SPDX-License-Identifier: MIT */
/* Comparison of results with patterns. */
#ifndef CLIENT_CLI_ENGINE_SCN_MATCH_H
#define CLIENT_CLI_ENGINE_SCN_MATCH_H

#include "client/cli/scenario/scn_ast.h"
#include "client/cli/scenario/scn_vars.h"
#include "server/base/strbuf.h"

/**
 * Compare a result with a pattern, and capture what the pattern names.
 *
 * A result with one member is compared as that member's value: {"fd": 3} as 3, {"data": "text"} as "text". A
 * lone $name captures, even if it has a value, unless it was set from outside. Inside brackets it
 * captures if it has no value, and is compared otherwise. ${name} is always compared.
 *
 * @result   borrowed.
 * @vars     receives the captures, even if a later part does not match.
 * @why      receives the first difference: "state is FAILURE, not DONE".
 */
bool scn_match(const struct scn_value *pattern, const cJSON *result, struct scn_vars *vars,
               struct strbuf *why);

/** Whether a value's text, or regular expression, is found in a text. */
bool scn_found_in(const struct scn_value *v, const struct scn_vars *vars, const char *text);

#endif
