/* SPDX-License-Identifier: MIT */
#include "client/cli/call_text.h"

#include "client/cli/json.h"
#include "client/cli/names.h"
#include "client/lib/scbox.h"

#include <stdlib.h>
#include <string.h>

enum { BYTES_SHOWN = 32 }; /* of data; the rest is told as ... */

const struct sc_call_info *call_of_event(const cJSON *event)
{
    return sc_call_by_name(json_text(event, "call"));
}

/* Bytes in quotes, cut to what a line has room for. */
static void add_bytes(struct strbuf *out, const char *bytes, size_t len)
{
    size_t shown = len < BYTES_SHOWN ? len : BYTES_SHOWN;

    while (shown < len && shown > 0 && ((unsigned char)bytes[shown] & 0xC0) == 0x80)
        shown--; /* not inside a character */
    (void)strbuf_addc(out, '"');
    for (size_t i = 0; i < shown; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte == '"' || byte == '\\')
            (void)strbuf_addf(out, "\\%c", byte);
        else if (byte == '\n')
            (void)strbuf_adds(out, "\\n");
        else if (byte == '\t')
            (void)strbuf_adds(out, "\\t");
        else if (byte < ' ' || byte == 0x7f)
            (void)strbuf_addf(out, "\\x%02x", byte);
        else
            (void)strbuf_addc(out, (char)byte);
    }
    (void)strbuf_adds(out, shown < len ? "\"..." : "\"");
}

/* An object {data, encoding?}, or {base64}. Returns whether it is one. */
static bool add_data(struct strbuf *out, const cJSON *value)
{
    char *bytes = NULL;
    size_t len = 0;

    if (!cJSON_IsObject(value) || scbox_data(value, &bytes, &len) != 0)
        return false;
    add_bytes(out, bytes, len);
    free(bytes);
    return true;
}

static bool is_words(const cJSON *value)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, value) {
        if (!cJSON_IsString(item))
            return false;
    }
    return true;
}

static void add_words(struct strbuf *out, const cJSON *words)
{
    const cJSON *item;

    if (words->child == NULL)
        (void)strbuf_addc(out, '0');
    else if (names_every_mode(words))
        (void)strbuf_adds(out, "ALL");
    else {
        cJSON_ArrayForEach(item, words)
            (void)strbuf_addf(out, "%s%s", item == words->child ? "" : "|", item->valuestring);
    }
}

/* A value; @flags: an array of words is a mask, and a lone word is a flag. */
static void add_value(struct strbuf *out, const cJSON *value, bool flags)
{
    char *text = NULL;

    if (flags && cJSON_IsArray(value) && is_words(value)) {
        add_words(out, value);
    } else if (flags && cJSON_IsString(value)) {
        (void)strbuf_adds(out, value->valuestring);
    } else if (cJSON_IsString(value)) {
        add_bytes(out, value->valuestring, strlen(value->valuestring));
    } else {
        text = scbox_json(value);
        (void)strbuf_adds(out, text != NULL ? text : "?");
        free(text);
    }
}

/* A path in full: it is what a person looks for in a trace. */
static void add_text(struct strbuf *out, const cJSON *value)
{
    char *text;

    if (add_data(out, value))
        return;
    text = scbox_json(value);

    (void)strbuf_adds(out, text != NULL ? text : "?");
    free(text);
}

static bool is_flags(const struct sc_field_info *info)
{
    const char *json = info->kind < SC_K_COUNT ? sc_kinds[info->kind].json : "";

    return *json >= 'A' && *json <= 'Z';
}

static bool is_bytes(const struct sc_field_info *info)
{
    return strcmp(sc_kinds[info->kind].json, "data") == 0;
}

cJSON *call_text_argument(const cJSON *event, const struct sc_field_info *info)
{
    const cJSON *args = json_member(event, "args");
    cJSON *value = cJSON_Duplicate(json_member(args, info->name), true);
    cJSON *object = NULL;
    cJSON *encoding = NULL;

    if (value == NULL || !is_bytes(info))
        return value;
    object = cJSON_CreateObject();
    encoding = cJSON_Duplicate(json_member(args, "encoding"), true);
    (void)cJSON_AddItemToObject(object, "data", value);
    if (encoding != NULL)
        (void)cJSON_AddItemToObject(object, "encoding", encoding);
    return object;
}

static void add_argument(struct strbuf *out, const cJSON *event, const struct sc_field_info *info)
{
    cJSON *value = call_text_argument(event, info);

    if (info->kind == SC_K_path || info->kind == SC_K_name || info->kind == SC_K_text)
        add_text(out, value);
    else if (!is_bytes(info) || !add_data(out, value))
        add_value(out, value, is_flags(info));
    cJSON_Delete(value);
}

void call_text_begin(struct strbuf *out, const cJSON *event)
{
    const struct sc_call_info *call = call_of_event(event);
    const char *sep = "";

    (void)strbuf_addf(out, "%s(", call != NULL ? call->word : json_text(event, "call"));
    for (const struct sc_field_info *a = call != NULL ? call->args : NULL;
         a != NULL && a->name != NULL; a++) {
        if (json_member(json_member(event, "args"), a->name) == NULL)
            continue;
        (void)strbuf_adds(out, sep);
        add_argument(out, event, a);
        sep = ", ";
    }
}

/* A result: a lone member's value, or {name=value, …}. */
static void add_result(struct strbuf *out, const cJSON *result)
{
    const cJSON *item;

    if (result == NULL || cJSON_IsNull(result) || result->child == NULL) {
        (void)strbuf_addc(out, '0');
        return;
    }
    if (cJSON_IsObject(result) && add_data(out, result))
        return;
    if (result->child->next == NULL) {
        add_value(out, result->child, cJSON_IsArray(result->child));
        return;
    }
    cJSON_ArrayForEach(item, result) {
        (void)strbuf_addf(out, "%s%s=", item == result->child ? "{" : ", ", item->string);
        add_value(out, item, cJSON_IsArray(item) || strcmp(item->string, "name") != 0);
    }
    (void)strbuf_addc(out, '}');
}

static void add_refusal(struct strbuf *out, const cJSON *event)
{
    const cJSON *why = json_member(event, "why");
    const cJSON *item;

    (void)strbuf_addf(out, "! %s", json_text(event, "error"));
    cJSON_ArrayForEach(item, why) {
        if (cJSON_IsString(item))
            (void)strbuf_addf(out, "%s%s", item == why->child ? " (" : "; ", item->valuestring);
    }
    if (why != NULL && why->child != NULL)
        (void)strbuf_addc(out, ')');
}

void call_text_outcome(struct strbuf *out, const cJSON *event)
{
    (void)strbuf_adds(out, "= ");
    if (*json_text(event, "error") != '\0')
        add_refusal(out, event);
    else
        add_result(out, json_member(event, "result"));
    if (json_member(event, "fault") != NULL)
        (void)strbuf_addf(out, " (injected by fault %d)", json_int(event, "fault"));
}

void call_text_whole(struct strbuf *out, const cJSON *event)
{
    call_text_begin(out, event);
    (void)strbuf_adds(out, ") ");
    call_text_outcome(out, event);
}
