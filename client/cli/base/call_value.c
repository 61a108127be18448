/* SPDX-License-Identifier: MIT */
#include "client/cli/base/call_value.h"

#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/base/show.h"
#include "client/lib/scbox_cjson.h"
#include "server/base/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WHOLE = 0 }; /* a limit: none */

/* Append one character, or bytes that are not a character. Returns the number of bytes taken. */
static size_t add_char(struct strbuf *out, const char *bytes, size_t len)
{
    size_t hex = utf8_hex_at(bytes, len);
    size_t size = 1;

    if (*bytes == '"' || *bytes == '\\')
        (void)strbuf_addf(out, "\\%c", *bytes);
    else if (*bytes == '\n')
        (void)strbuf_adds(out, "\\n");
    else if (*bytes == '\t')
        (void)strbuf_adds(out, "\\t");
    else if (hex == 0)
        (void)strbuf_add(out, bytes, size = utf8_char_size(*bytes));
    for (size_t i = 0; i < hex && *bytes != '\n' && *bytes != '\t'; i++)
        (void)strbuf_addf(out, "\\x%02x", (unsigned char)bytes[i]);
    return hex > size ? hex : size;
}

/* Append bytes in quotes, at most @max; @more: others follow. */
static void add_bytes(struct strbuf *out, const char *bytes, size_t len, size_t max, bool more)
{
    size_t shown = max != WHOLE && len > max ? max : len;

    more = more || shown < len;
    while (shown < len && shown > 0 && ((unsigned char)bytes[shown] & 0xC0) == 0x80)
        shown--; /* not inside a character */
    (void)strbuf_addc(out, '"');
    for (size_t i = 0; i < shown;)
        i += add_char(out, bytes + i, shown - i);
    (void)strbuf_adds(out, more ? "\"..." : "\"");
}

/* An object {data, encoding?} of @whole bytes, or {base64}. Returns whether @value is one. */
static bool add_data(struct strbuf *out, const cJSON *value, size_t max, uint64_t whole)
{
    char *bytes = NULL;
    size_t len = 0;

    if (!cJSON_IsObject(value) || scbox_data_tree(value, &bytes, &len) != 0)
        return false;
    add_bytes(out, bytes, len, max, whole > len);
    free(bytes);
    return true;
}

static void add_json(struct strbuf *out, const cJSON *value)
{
    char *text = scbox_json(value);

    (void)strbuf_adds(out, text != NULL ? text : "?");
    free(text);
}

/* Append a path or name; it is never cut. */
static void add_name(struct strbuf *out, const cJSON *value)
{
    if (cJSON_IsString(value))
        add_bytes(out, value->valuestring, strlen(value->valuestring), WHOLE, false);
    else if (!add_data(out, value, WHOLE, 0))
        add_json(out, value);
}

/* Append a mask: the names of its bits, and a number for those without a name. */
static void add_mask(struct strbuf *out, const cJSON *words)
{
    const bool all = names_every_mode(words);
    const char *sep = "";
    const cJSON *item;

    if (words->child == NULL || all)
        (void)strbuf_adds(out, all ? "ALL" : "0");
    if (all)
        sep = "|";
    cJSON_ArrayForEach(item, words) {
        uint32_t bits = cJSON_IsNumber(item) ? (uint32_t)item->valuedouble : 0;

        if (all)
            bits &= ~(uint32_t)SC_FM_ALL;
        if (cJSON_IsString(item) && !all)
            (void)strbuf_addf(out, "%s%s", sep, item->valuestring);
        else if (bits != 0)
            (void)strbuf_addf(out, "%s0x%" PRIx32, sep, bits);
        else
            continue;
        sep = "|";
    }
}

/* A list of names: arguments, environment. */
static void add_names(struct strbuf *out, const cJSON *names)
{
    const cJSON *item;

    (void)strbuf_addc(out, '[');
    cJSON_ArrayForEach(item, names) {
        (void)strbuf_adds(out, item == names->child ? "" : ", ");
        add_name(out, item);
    }
    (void)strbuf_addc(out, ']');
}

static void add_argv(struct strbuf *out, const cJSON *value)
{
    if (cJSON_IsArray(json_member(value, "argv"))) {
        (void)strbuf_adds(out, "{argv=");
        add_names(out, json_member(value, "argv"));
        (void)strbuf_adds(out, ", env=");
        add_names(out, json_member(value, "env"));
        (void)strbuf_addc(out, '}');
    } else {
        add_json(out, value);
    }
}

/* Append an integer, which may be a string, in octal or in hex. */
static void add_number(struct strbuf *out, const cJSON *value, const char *format)
{
    const char *text = cJSON_GetStringValue(value);
    uint64_t number = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)value->valuedouble;

    if (strcmp(format, "octal") == 0)
        (void)strbuf_addf(out, number != 0 ? "0%" PRIo64 : "0", number);
    else
        (void)strbuf_addf(out, "0x%" PRIx64, number);
}

/* Append a number unchanged, without quotes if it is a string. */
static void add_plain(struct strbuf *out, const cJSON *value)
{
    if (cJSON_IsString(value))
        (void)strbuf_adds(out, value->valuestring);
    else
        add_json(out, value);
}

/* Append a user or group; the number that means "unchanged" is -1. */
static void add_user(struct strbuf *out, const cJSON *value)
{
    if (cJSON_IsNumber(value) && value->valuedouble == UINT32_MAX)
        (void)strbuf_adds(out, "-1");
    else
        add_json(out, value);
}

/* Whether a value is permission bits. FSTAT_EX returns them with the type, so its member is a
 * plain number. */
static bool is_permissions(enum sc_kind kind, const char *name)
{
    return kind == SC_K_perm || (kind == SC_K_num && strcmp(name, "mode") == 0);
}

void call_value_add(struct strbuf *out, enum sc_kind kind, const char *name, const cJSON *value)
{
    const char *json = sc_kinds[kind].json;
    const bool whole = cJSON_IsNumber(value) || cJSON_IsString(value);

    if (strcmp(json, "name") == 0)
        add_name(out, value);
    else if (kind == SC_K_argv)
        add_argv(out, value);
    else if (sc_group_is_mask(json) && cJSON_IsArray(value))
        add_mask(out, value);
    else if (kind == SC_K_uid)
        add_user(out, value);
    else if (kind == SC_K_addr && whole)
        add_number(out, value, "hex");
    else if (is_permissions(kind, name) && whole)
        add_number(out, value, "octal");
    else
        add_plain(out, value);
}

bool call_value_data(struct strbuf *out, const cJSON *data, const struct call_style *style,
                     uint64_t whole)
{
    const size_t max = style->bytes != 0 ? style->bytes : CALL_BYTES_SHOWN;

    return add_data(out, data, max, whole);
}
