/* SPDX-License-Identifier: MIT */
/*
 * Bytes in results and values. If they are not UTF-8, JSON has them as {data, encoding: base64}, in which
 * data may have another name, or as {base64}. They are compared and sent as bytes.
 */
#ifndef CLIENT_CLI_SCENARIO_SCN_BYTES_H
#define CLIENT_CLI_SCENARIO_SCN_BYTES_H

#include "client/cli/scenario/scn_vars.h"

/** Whether a JSON object is nothing but bytes: {data, encoding: base64} or {base64}. */
bool scn_carries_bytes(const cJSON *json);

/**
 * The bytes of a string, or of an object that carries some.
 * Returns   returned, NUL-terminated, free(); NULL when it has none, or no memory.
 */
char *scn_json_bytes(const cJSON *json, size_t *out_len);

/**
 * A member in base64, as {data, encoding}.
 * Returns   returned, cJSON_Delete(); NULL: the member is not in base64.
 */
cJSON *scn_encoded_member(const cJSON *object, const cJSON *member);

/**
 * The bytes of a value with its variables; b64"…" is decoded.
 * Returns   returned, NUL-terminated, free(); NULL: no memory.
 */
char *scn_bytes(const struct scn_value *v, const struct scn_vars *vars, size_t *out_len);

/** As scn_bytes() for the path of a file on the host; NULL with errno EINVAL when it holds a
 * NUL. */
char *scn_bytes_path(const struct scn_value *v, const struct scn_vars *vars);

/** A path or name as JSON: a string, or {base64}. @bytes NUL-terminated. Returned. NULL: no
 * memory. */
cJSON *scn_bytes_json(const char *bytes, size_t len);

/** As scn_bytes_json(), of a value; b64"…" stays base64. */
cJSON *scn_name_json(const struct scn_value *v, const struct scn_vars *vars);

/** JSON for people: in strings, bytes that are not text are \xff. Returned; free(). */
char *scn_readable(const cJSON *json);

#endif
