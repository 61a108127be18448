/* SPDX-License-Identifier: MIT */
/*
 * Objects for requests, and members of the daemon's answers. A member that is missing or has
 * another type reads as a default.
 */
#ifndef CLIENT_CLI_BASE_JSON_H
#define CLIENT_CLI_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Make an object: "pid:i file:s" and the values. s text, i int, b bool, v a cJSON value, which is
 * taken; a NULL text or value adds no member.
 * Returns   returned; cJSON_Delete().
 */
cJSON *json_object(const char *members, ...);

/** A member of any type, borrowed; NULL: it is missing, or @object is not an object. */
const cJSON *json_member(const cJSON *object, const char *name);

/** A string member, borrowed; default: "". */
const char *json_text(const cJSON *object, const char *name);

/** A number member as the nearest 32-bit integer; default: 0. */
int32_t json_int(const cJSON *object, const char *name);

/** A member of 64 bits: a number or, if large, a decimal string; default: 0. */
uint64_t json_count(const cJSON *object, const char *name);

/** A number member; default: 0. */
double json_number(const cJSON *object, const char *name);

/** The approximate bytes of memory of a value. */
size_t json_weight(const cJSON *value);

#endif
