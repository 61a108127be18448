/* SPDX-License-Identifier: MIT */
/*
 * Objects for requests, and members of the daemon's answers: with a harmless value where one is missing or
 * of another type.
 */
#ifndef CLIENT_CLI_BASE_JSON_H
#define CLIENT_CLI_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Make an object: "pid:i file:s" and the values. s text, i int, b bool, v a cJSON value, which is taken; a
 * text or a value that is NULL makes no member.
 * Returns   returned; cJSON_Delete().
 */
cJSON *json_object(const char *members, ...);

/** A member of any type, borrowed; NULL when it is missing or @object is no object. */
const cJSON *json_member(const cJSON *object, const char *name);

/** A string member, borrowed; "" when there is none. */
const char *json_text(const cJSON *object, const char *name);

/** A number member as the nearest 32-bit integer; 0 when there is none. */
int32_t json_int(const cJSON *object, const char *name);

/** A member of 64 bits, which comes as a number or, when large, as a decimal string; else 0. */
uint64_t json_count(const cJSON *object, const char *name);

/** A number member; 0 when there is none. */
double json_number(const cJSON *object, const char *name);

/** About how many bytes of memory a value takes. */
size_t json_weight(const cJSON *value);

#endif
