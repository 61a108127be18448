/* SPDX-License-Identifier: MIT */
/* Whether what came is what a pattern states. */
#ifndef CLIENT_CLI_ENGINE_SCN_MATCH_H
#define CLIENT_CLI_ENGINE_SCN_MATCH_H

#include "client/cli/scenario/scn_ast.h"
#include "client/cli/scenario/scn_vars.h"
#include "server/base/strbuf.h"

/**
 * Compare a result with a pattern, and capture what the pattern names.
 *
 * A result with one member stands for its member's value: {"fd": 3} is 3, {"data": "text"} is "text". A
 * $name alone captures, whatever it held, unless it was given from outside. Inside brackets it
 * captures only when it holds nothing; else it is compared. ${name} is always compared.
 *
 * @result   borrowed.
 * @vars     gets the captures, also when a later part does not match.
 * @why      gets the first difference: "state is FAILURE, not DONE".
 */
bool scn_match(const struct scn_value *pattern, const cJSON *result, struct scn_vars *vars,
               struct strbuf *why);

/** Whether a value's text, or regular expression, is found in a text. */
bool scn_found_in(const struct scn_value *v, const struct scn_vars *vars, const char *text);

#endif
