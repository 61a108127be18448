/* SPDX-License-Identifier: MIT */
#include "client/cli/base/call_text.h"

#include "client/cli/base/call_value.h"
#include "client/cli/base/json.h"
#include "client/lib/scbox_cjson.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct call_style usual = {0};

const struct sc_call_info *call_of_event(const cJSON *event)
{
    return sc_call_by_name(json_text(event, "call"));
}

/* ---- arguments ---- */

/* Whether the argument is bytes, or may be. */
static bool carries_bytes(const struct sc_field_info *info)
{
    return strcmp(sc_kinds[info->kind].json, "data") == 0 || info->kind == SC_K_argv;
}

cJSON *call_text_argument(const cJSON *event, const struct sc_field_info *info)
{
    const cJSON *args = json_member(event, "args");
    cJSON *value = cJSON_Duplicate(json_member(args, info->name), true);
    cJSON *object = NULL;
    cJSON *encoding = NULL;

    if (!cJSON_IsString(value) || !carries_bytes(info))
        return value;
    object = cJSON_CreateObject();
    encoding = cJSON_Duplicate(json_member(args, "encoding"), true);
    (void)cJSON_AddItemToObject(object, "data", value);
    if (encoding != NULL)
        (void)cJSON_AddItemToObject(object, "encoding", encoding);
    return object;
}

/* Append the path of a handle, if it is wanted and known. */
static void add_file(struct strbuf *out, const cJSON *event, const struct sc_field_info *info)
{
    const cJSON *file = json_member(json_member(event, "files"), info->name);

    if (file == NULL || cJSON_IsNull(file) || info->kind == SC_K_fds)
        return;
    (void)strbuf_addc(out, '<');
    call_value_add(out, SC_K_path, "file", file);
    (void)strbuf_addc(out, '>');
}

static void add_argument(struct strbuf *out, const cJSON *event, const struct sc_field_info *info,
                         const struct call_style *style)
{
    cJSON *value = call_text_argument(event, info);
    uint64_t whole = json_count(json_member(event, "args"), "size");

    if (!carries_bytes(info) || !call_value_data(out, value, style, whole))
        call_value_add(out, info->kind, info->name, value);
    if (style->files)
        add_file(out, event, info);
    cJSON_Delete(value);
}

void call_text_begin_as(struct strbuf *out, const cJSON *event, const struct call_style *style)
{
    const struct sc_call_info *call = call_of_event(event);
    const char *sep = "";

    (void)strbuf_addf(out, "%s(", call != NULL ? call->word : json_text(event, "call"));
    for (const struct sc_field_info *a = call != NULL ? call->args : NULL;
         a != NULL && a->name != NULL; a++) {
        if (json_member(json_member(event, "args"), a->name) == NULL)
            continue;
        (void)strbuf_adds(out, sep);
        add_argument(out, event, a, style);
        sep = ", ";
    }
}

void call_text_begin(struct strbuf *out, const cJSON *event)
{
    call_text_begin_as(out, event, &usual);
}

/* ---- results ---- */

/* The members of the struct that a call returns; NULL: it returns none. */
static const struct sc_field_info *members_of(const struct sc_call_info *call)
{
    for (const struct sc_struct_info *s = sc_structs;
         call->results->type != NULL && s->name != NULL; s++) {
        if (strcmp(s->name, call->results->type) == 0)
            return s->fields;
    }
    return NULL;
}

/* On i386 a size stored at a guest's pointer has 32 bits. */
static void add_size(struct strbuf *out, uint64_t size, bool i386)
{
    (void)strbuf_addf(out, "%" PRIu64, i386 && size > UINT32_MAX ? UINT32_MAX : size);
}

/* {name=value, …}; for a guest's call, the members of the guest's struct. */
static void add_struct(struct strbuf *out, const struct sc_field_info *fields, const cJSON *event)
{
    const cJSON *result = json_member(event, "result");
    const bool i386 = strcmp(json_text(event, "gate"), "i386") == 0;
    const char *sep = "{";

    for (const struct sc_field_info *f = fields; f->name != NULL; f++) {
        const cJSON *value = json_member(result, f->name);

        if (value == NULL)
            continue;
        (void)strbuf_addf(out, "%s%s=", sep, f->name);
        if (f->kind == SC_K_size)
            add_size(out, json_count(result, f->name), i386);
        else
            call_value_add(out, f->kind, f->name, value);
        sep = ", ";
    }
    (void)strbuf_addc(out, '}');
}

/* Bytes that a call returns: data, or a path. */
static void add_buf(struct strbuf *out, const struct sc_field_info *field, const cJSON *result,
                    const struct call_style *style)
{
    if (field->kind == SC_K_pbuf ||
        !call_value_data(out, result, style, json_count(result, "size")))
        call_value_add(out, SC_K_path, field->name, json_member(result, field->name));
}

/* Append the result of a call. @bare: even a number; for guests it is omitted, since their
 * register has it. */
static void add_given(struct strbuf *out, const struct sc_call_info *call, const cJSON *event,
                      const struct call_style *style, bool bare)
{
    const struct sc_field_info *first = call->results;
    const cJSON *result = json_member(event, "result");
    const struct sc_field_info *fields = members_of(call);
    const char *space = bare ? "" : " ";

    if (result == NULL || cJSON_IsNull(result) || first->name == NULL) {
        (void)strbuf_adds(out, bare ? "0" : "");
    } else if (fields != NULL) {
        (void)strbuf_adds(out, space);
        add_struct(out, fields, event);
    } else if (sc_kind_is_buf(first->kind)) {
        (void)strbuf_adds(out, space);
        add_buf(out, first, result, style);
    } else if (bare || first->kind == SC_K_fm) {
        (void)strbuf_adds(out, bare ? "" : " (");
        call_value_add(out, first->kind, first->name, json_member(result, first->name));
        (void)strbuf_adds(out, bare ? "" : ")");
    }
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

void call_text_outcome_as(struct strbuf *out, const cJSON *event, const struct call_style *style)
{
    const struct sc_call_info *call = call_of_event(event);
    const cJSON *in_register = json_member(event, "register");
    const bool failed = *json_text(event, "error") != '\0';

    (void)strbuf_adds(out, "= ");
    if (in_register != NULL) {
        call_value_add(out, SC_K_big, "register", in_register);
        (void)strbuf_adds(out, failed ? " " : "");
    }
    if (failed)
        add_refusal(out, event);
    else if (call != NULL)
        add_given(out, call, event, style, in_register == NULL);
    else
        (void)strbuf_addc(out, '0');
    if (json_member(event, "fault") != NULL)
        (void)strbuf_addf(out, " (injected by fault %d)", json_int(event, "fault"));
}

void call_text_outcome(struct strbuf *out, const cJSON *event)
{
    call_text_outcome_as(out, event, &usual);
}

void call_text_whole(struct strbuf *out, const cJSON *event)
{
    call_text_begin(out, event);
    (void)strbuf_adds(out, ") ");
    call_text_outcome(out, event);
}

char *event_data(const cJSON *event)
{
    struct strbuf text = STRBUF_INIT;
    char *bytes = NULL;
    size_t len = 0;

    if (scbox_data_tree(event, &bytes, &len) == 0)
        (void)strbuf_add(&text, bytes, strlen(bytes));
    free(bytes);
    return strbuf_take(&text);
}
