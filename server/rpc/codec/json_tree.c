/* SPDX-License-Identifier: MIT */
#include "server/rpc/codec/json_tree.h"

#include "server/rpc/codec/json_out.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN_DIGITS = 15 }; /* as many are always exact */

/** A struct of a type, with room for @extra bytes behind it. */
static cJSON *make(struct arena *arena, int type, size_t extra)
{
    cJSON *item = arena_take(arena, sizeof(*item) + extra);

    if (item == NULL)
        return NULL;
    memset(item, 0, sizeof(*item));
    item->type = type;
    return item;
}

/** The bytes behind a struct. */
static char *behind(cJSON *item)
{
    return (char *)(item + 1);
}

/** A whole number of few digits; -0 is not 0. */
static double plain_value(struct json_span text)
{
    const bool minus = *text.ptr == '-';
    int64_t value = 0;

    for (size_t i = minus; i < text.len; i++)
        value = value * 10 + (text.ptr[i] - '0');
    return minus ? -(double)value : (double)value;
}

static void set_number(cJSON *item, double value)
{
    item->valuedouble = value;
    if (value >= INT_MAX)
        item->valueint = INT_MAX;
    else if (value <= (double)INT_MIN)
        item->valueint = INT_MIN;
    else
        item->valueint = (int)value;
}

static cJSON *make_number(const struct json_doc *doc, uint32_t i, struct arena *arena)
{
    const struct json_span text = json_span(doc, i);
    const bool plain = text.len <= PLAIN_DIGITS && (doc->tokens[i].flags & JSON_DECIMAL) == 0;
    cJSON *item = make(arena, cJSON_Number, plain ? 0 : text.len + 1);

    if (item == NULL)
        return NULL;
    if (plain) {
        set_number(item, plain_value(text));
        return item;
    }
    memcpy(behind(item), text.ptr, text.len);
    behind(item)[text.len] = '\0';
    set_number(item, strtod(behind(item), NULL));
    if (fabs(item->valuedouble) > (double)JSON_EXACT_MAX) {
        item->type = cJSON_Raw;
        item->valuestring = behind(item);
    }
    return item;
}

static cJSON *make_string(const struct json_doc *doc, uint32_t i, struct arena *arena)
{
    cJSON *item = make(arena, cJSON_String, doc->tokens[i].len);

    if (item == NULL)
        return NULL;
    item->valuestring = behind(item);
    (void)json_string(doc, i, item->valuestring);
    return item;
}

static cJSON *make_bool(const struct json_doc *doc, uint32_t i, struct arena *arena)
{
    const bool value = *json_span(doc, i).ptr == 't';
    cJSON *item = make(arena, value ? cJSON_True : cJSON_False, 0);

    if (item != NULL)
        item->valueint = value;
    return item;
}

/** The member of a container that begins at @i: a key with its value, or a value. */
static cJSON *make_member(const struct json_doc *doc, uint32_t i, bool keyed, struct arena *arena)
{
    char *key = NULL;
    cJSON *item;

    if (keyed) {
        key = arena_take(arena, doc->tokens[i].len);
        if (key == NULL)
            return NULL;
        (void)json_string(doc, i, key);
    }
    item = json_tree(doc, i + keyed, arena);
    if (item != NULL)
        item->string = key;
    return item;
}

static cJSON *make_container(const struct json_doc *doc, uint32_t i, struct arena *arena)
{
    const bool keyed = json_kind(doc, i) == JSON_OBJECT;
    const uint32_t end = doc->tokens[i].next;
    cJSON *tree = make(arena, keyed ? cJSON_Object : cJSON_Array, 0);
    cJSON *last = NULL;

    if (tree == NULL)
        return NULL;
    for (i++; i < end; i = json_next(doc, i + keyed)) {
        cJSON *item = make_member(doc, i, keyed, arena);

        if (item == NULL)
            return NULL;
        if (last == NULL)
            tree->child = item;
        else
            last->next = item;
        item->prev = last;
        last = item;
    }
    if (last != NULL)
        tree->child->prev = last; /* where cJSON looks for the end */
    return tree;
}

cJSON *json_tree(const struct json_doc *doc, uint32_t i, struct arena *arena)
{
    switch (json_kind(doc, i)) {
    case JSON_NULL:
        return make(arena, cJSON_NULL, 0);
    case JSON_BOOL:
        return make_bool(doc, i, arena);
    case JSON_NUMBER:
        return make_number(doc, i, arena);
    case JSON_STRING:
        return make_string(doc, i, arena);
    case JSON_ARRAY:
    case JSON_OBJECT:
        break;
    }
    return make_container(doc, i, arena);
}
