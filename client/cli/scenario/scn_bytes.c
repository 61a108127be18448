/* SPDX-License-Identifier: MIT */
#include "client/cli/scenario/scn_bytes.h"

#include "client/cli/base/json.h"
#include "client/cli/base/show.h"
#include "client/lib/scbox_cjson.h"
#include "schema/calls.h"
#include "server/base/base64.h"
#include "server/base/strbuf.h"
#include "server/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- JSON that carries bytes ---- */

/** Whether an object says that a member of it is base64. */
static bool is_encoded(const cJSON *object)
{
    return cJSON_IsObject(object) && strcmp(json_text(object, "encoding"), "base64") == 0;
}

bool scn_carries_bytes(const cJSON *json)
{
    const int members = cJSON_IsObject(json) ? cJSON_GetArraySize(json) : 0;

    return (members == 1 && cJSON_IsString(json_member(json, "base64"))) ||
           (members == 2 && is_encoded(json) && cJSON_IsString(json_member(json, "data")));
}

char *scn_json_bytes(const cJSON *json, size_t *out_len)
{
    char *bytes = NULL;

    if (cJSON_IsString(json)) {
        *out_len = strlen(json->valuestring);
        return strdup(json->valuestring);
    }
    return cJSON_IsObject(json) && scbox_data_tree(json, &bytes, out_len) == 0 ? bytes : NULL;
}

/** Whether a member of this name is bytes: what calls store in buffers, and the log of `run`. */
static bool is_data_member(const char *name)
{
    if (strcmp(name, "data") == 0 || strcmp(name, "log") == 0)
        return true;
    for (size_t i = 0; i < sc_calls_count; i++) {
        for (const struct sc_field_info *r = sc_calls[i].results; r->name != NULL; r++) {
            if (r->type == NULL && r->kind == SC_K_buf && strcmp(r->name, name) == 0)
                return true;
        }
    }
    return false;
}

cJSON *scn_encoded_member(const cJSON *object, const cJSON *member)
{
    if (!cJSON_IsString(member) || !is_encoded(object) || !is_data_member(member->string))
        return NULL;
    return json_object("data:s encoding:s", member->valuestring, "base64");
}

/* ---- values ---- */

/** Append the bytes of a variable. */
static void add_var(struct strbuf *b, const char *name, const struct scn_vars *vars)
{
    const struct scn_var *var = scn_vars_get(vars, name);
    size_t len = 0;
    char *bytes = NULL;

    if (var == NULL)
        return;
    if (scn_carries_bytes(var->value)) {
        bytes = scn_json_bytes(var->value, &len);
    } else {
        bytes = scn_json_text(var->value);
        len = bytes != NULL ? strlen(bytes) : 0;
    }
    (void)strbuf_add(b, bytes != NULL ? bytes : "", len);
    free(bytes);
}

/** Append decoded base64, which the parser has checked. */
static void add_base64(struct strbuf *b, const char *text)
{
    size_t len = strlen(text);
    char *room = malloc(len + 1);

    if (room == NULL)
        b->failed = true;
    else if (base64_decode(text, len, room, &len) == 0)
        (void)strbuf_add(b, room, len);
    free(room);
}

char *scn_bytes(const struct scn_value *v, const struct scn_vars *vars, size_t *out_len)
{
    struct strbuf b = STRBUF_INIT;

    if (v->kind == SCN_BYTES)
        add_base64(&b, v->text);
    else
        scn_expand(&b, v, vars, add_var);
    *out_len = b.len;
    return strbuf_take(&b);
}

char *scn_bytes_path(const struct scn_value *v, const struct scn_vars *vars)
{
    size_t len = 0;
    char *path = scn_bytes(v, vars, &len);

    if (path == NULL || memchr(path, '\0', len) == NULL)
        return path;
    free(path);
    return NULL;
}

cJSON *scn_bytes_json(const char *bytes, size_t len)
{
    cJSON *name;
    char *text;

    if (utf8_valid(bytes, len) && (len == 0 || memchr(bytes, '\0', len) == NULL))
        return cJSON_CreateString(bytes);
    text = calloc(1, base64_encoded_size(len) + 1);
    if (text != NULL)
        base64_encode(bytes, len, text);
    name = json_object("base64:s", text != NULL ? text : "");
    free(text);
    return name;
}

cJSON *scn_name_json(const struct scn_value *v, const struct scn_vars *vars)
{
    size_t len = 0;
    char *bytes;
    cJSON *name;

    if (v->kind == SCN_BYTES) /* unchanged: the daemon receives it as base64 */
        return json_object("base64:s", v->text);
    bytes = scn_bytes(v, vars, &len);
    name = bytes != NULL ? scn_bytes_json(bytes, len) : NULL;
    free(bytes);
    return name;
}

/* ---- for people ---- */

/** Bytes in quotes: text as it is, the rest as \n or \xff. Returned; free(). */
static char *quoted(const char *bytes, size_t len)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        return NULL;
    fputc('"', to);
    while (len > 0) {
        size_t plain = 0;

        while (plain < len && memchr("\"\\\n", bytes[plain], 3) == NULL)
            plain++;
        show_bytes(to, bytes, plain, false);
        if (plain < len && bytes[plain] == '\n')
            fputs("\\n", to);
        else if (plain < len)
            fprintf(to, "\\%c", bytes[plain]);
        plain += plain < len;
        bytes += plain;
        len -= plain;
    }
    fputc('"', to);
    return fclose(to) == 0 ? text : NULL;
}

/** Bytes as JSON that prints in quotes; NULL when @json carries none. Returned. */
static cJSON *raw_of(const cJSON *json)
{
    size_t len = 0;
    char *bytes = scn_json_bytes(json, &len);
    char *text = bytes != NULL ? quoted(bytes, len) : NULL;
    cJSON *raw = text != NULL ? cJSON_CreateRaw(text) : NULL;

    free(bytes);
    free(text);
    return raw;
}

/** Replace the bytes in an object's members by readable text. */
static void make_readable(cJSON *object)
{
    for (cJSON *item = object->child; item != NULL; item = item->next) {
        cJSON *carrier = scn_encoded_member(object, item);
        cJSON *raw = carrier != NULL           ? raw_of(carrier)
                     : scn_carries_bytes(item) ? raw_of(item)
                                               : NULL;

        cJSON_Delete(carrier);
        if (raw == NULL) {
            make_readable(item);
            continue;
        }
        if (carrier != NULL)
            cJSON_DeleteItemFromObjectCaseSensitive(object, "encoding");
        if (cJSON_IsArray(object))
            raw->string = NULL;
        else
            raw->string = strdup(item->string);
        (void)cJSON_ReplaceItemViaPointer(object, item, raw);
        item = raw;
    }
}

char *scn_readable(const cJSON *json)
{
    cJSON *copy = scn_carries_bytes(json) ? raw_of(json) : cJSON_Duplicate(json, true);
    char *text;

    if (copy != NULL)
        make_readable(copy);
    text = copy != NULL ? scbox_json(copy) : NULL;
    cJSON_Delete(copy);
    return text;
}
