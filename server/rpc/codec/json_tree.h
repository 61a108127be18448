/* SPDX-License-Identifier: MIT */
/*
 * Values of a text that was read, as cJSON structs that lie in an arena: nothing of them is ever
 * given to cJSON_Delete(). They are what cJSON would have parsed, but for numbers beyond what a double
 * holds for sure (2^53 - 1): these are of type cJSON_Raw, so that they stay as they were written.
 */
#ifndef SERVER_RPC_CODEC_JSON_TREE_H
#define SERVER_RPC_CODEC_JSON_TREE_H

#include "server/base/arena.h"
#include "server/base/json.h"

#include <cjson/cJSON.h>

/** The tree of a value, which must not hold U+0000. Goes as deep as the text nests. NULL: no memory. */
cJSON *json_tree(const struct json_doc *doc, uint32_t i, struct arena *arena);

#endif
