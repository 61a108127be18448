/* SPDX-License-Identifier: MIT */
/* A value of a call as text, by its kind, as strace writes such values. */
#ifndef CLIENT_CLI_BASE_CALL_VALUE_H
#define CLIENT_CLI_BASE_CALL_VALUE_H

#include "client/cli/base/call_text.h"

/**
 * Append a value: paths and names in quotes and never cut, masks as READ|WRITE, addresses in hex,
 * permissions in octal, others as JSON.
 * @name     of the argument or result.
 */
void call_value_add(struct strbuf *out, enum sc_kind kind, const char *name, const cJSON *value);

/**
 * Append bytes in quotes, cut as the style says.
 * @data     {data, encoding?}.
 * @whole    the number of bytes of which @data has the first.
 * Returns   whether @data is such an object.
 */
bool call_value_data(struct strbuf *out, const cJSON *data, const struct call_style *style,
                     uint64_t whole);

#endif
