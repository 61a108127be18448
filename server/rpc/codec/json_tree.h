/* SPDX-License-Identifier: MIT */
/*
 * Values of a parsed text, as cJSON structs in an arena: never pass one to cJSON_Delete(). They equal
 * the result of cJSON_Parse(), except that a number beyond the exact range of a double (2^53 - 1)
 * has type cJSON_Raw and keeps its text.
 */
#ifndef SERVER_RPC_CODEC_JSON_TREE_H
#define SERVER_RPC_CODEC_JSON_TREE_H

#include "server/base/arena.h"
#include "server/base/json.h"

#include <cjson/cJSON.h>

/** The tree of a value without U+0000. Recurses as deep as the text nests. NULL: no memory. */
cJSON *json_tree(const struct json_doc *doc, uint32_t i, struct arena *arena);

#endif
