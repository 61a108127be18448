/* SPDX-License-Identifier: MIT */
/* One value of a call as people read it in a trace: by its kind, as strace writes such values. */
#ifndef CLIENT_CLI_BASE_CALL_VALUE_H
#define CLIENT_CLI_BASE_CALL_VALUE_H

#include "client/cli/base/call_text.h"

/**
 * Append a value: paths and names in quotes and whole, masks as READ|WRITE, addresses in hex, permissions in
 * octal, all other things as JSON has them.
 * @name     of the argument or result.
 */
void call_value_add(struct strbuf *out, enum sc_kind kind, const char *name, const cJSON *value);

/**
 * Append bytes in quotes, cut as the style says.
 * @data     {data, encoding?}.
 * @whole    how many bytes there are of which @data has the first.
 * Returns   whether it is such an object.
 */
bool call_value_data(struct strbuf *out, const cJSON *data, const struct call_style *style,
                     uint64_t whole);

#endif
