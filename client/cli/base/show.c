/* SPDX-License-Identifier: MIT */
#include "client/cli/base/show.h"

#include "client/cli/base/json.h"
#include "server/base/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { INDENT = 2 };

static void add_scalar(struct strbuf *out, const cJSON *value)
{
    char *text = scbox_json(value);

    (void)strbuf_adds(out, text != NULL ? text : "null");
    free(text);
}

static void add_key(struct strbuf *out, const char *key)
{
    cJSON text = {.type = cJSON_String, .valuestring = (char *)key};

    add_scalar(out, &text);
    (void)strbuf_adds(out, ": ");
}

static void add_value(struct strbuf *out, const cJSON *value, size_t width, size_t depth);

static void new_line(struct strbuf *out, size_t depth)
{
    (void)strbuf_addf(out, "\n%*s", (int)(depth * INDENT), "");
}

/* Members of an array or object, on one line when @width is 0. */
static void add_members(struct strbuf *out, const cJSON *value, size_t width, size_t depth)
{
    const cJSON *member = NULL;

    cJSON_ArrayForEach(member, value) {
        if (member != value->child)
            (void)strbuf_adds(out, width == 0 ? ", " : ",");
        if (width > 0)
            new_line(out, depth + 1);
        if (cJSON_IsObject(value))
            add_key(out, member->string);
        add_value(out, member, width, depth + 1);
    }
    if (width > 0)
        new_line(out, depth);
}

static void add_value(struct strbuf *out, const cJSON *value, size_t width, size_t depth)
{
    size_t start = out->len;
    const char *ends = cJSON_IsArray(value) ? "[]" : "{}";

    if (value->child == NULL) {
        add_scalar(out, value);
        return;
    }
    (void)strbuf_addc(out, ends[0]);
    add_members(out, value, 0, depth);
    if (width > 0 && out->len - start + depth * INDENT + 1 > width && !strbuf_failed(out)) {
        out->len = start + 1;
        add_members(out, value, width, depth);
    }
    (void)strbuf_addc(out, ends[1]);
}

void show_bytes(FILE *to, const char *bytes, size_t len, bool raw)
{
    size_t i = 0;

    if (raw)
        i = fwrite(bytes, 1, len, to);
    while (!raw && i < len) {
        size_t hex = utf8_hex_at(bytes + i, len - i);
        size_t size = utf8_char_size(bytes[i]);

        for (size_t end = i + hex; i < end; i++)
            fprintf(to, "\\x%02x", (unsigned char)bytes[i]);
        if (hex == 0)
            i += fwrite(bytes + i, 1, size, to);
    }
}

void show_word(FILE *to, const char *text)
{
    show_bytes(to, text, strlen(text), false);
}

void show_name(FILE *to, const cJSON *name)
{
    char *bytes = NULL;
    size_t len = 0;

    if (cJSON_IsString(name))
        show_word(to, name->valuestring);
    else if (scbox_data_tree(name, &bytes, &len) == 0)
        show_bytes(to, bytes, len, false);
    free(bytes);
}

void show_lines(FILE *to, const char *text, size_t len, bool raw)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t line = end != NULL ? (size_t)(end - text) : len;

        show_bytes(to, text, line, raw);
        if (end != NULL)
            fputc('\n', to);
        line += end != NULL;
        text += line;
        len -= line;
    }
}

void show_text(FILE *to, const char *text, size_t len)
{
    show_lines(to, text, len, isatty(fileno(to)) == 0);
}

void show_json(struct strbuf *out, const cJSON *value, size_t width)
{
    add_value(out, value, width, 0);
}

/* " (SC_OPEN, mode: 3)": the refused call and argument, if known. */
static void add_place(struct strbuf *out, const cJSON *data)
{
    const char *call = json_text(data, "syscall");
    const char *arg = json_text(data, "arg");
    const cJSON *value = json_member(data, "value");

    if (*call == '\0' && *arg == '\0')
        return;
    (void)strbuf_addf(out, " (%s%s%s", call, *call != '\0' && *arg != '\0' ? ", " : "", arg);
    if (*arg != '\0' && value != NULL) {
        (void)strbuf_addc(out, ' ');
        show_json(out, value, 0);
    }
    (void)strbuf_addc(out, ')');
}

void show_error(FILE *to, const char *command, const struct scbox_error *error)
{
    struct strbuf text = STRBUF_INIT;
    cJSON *data = scbox_error_tree(error);
    const cJSON *why = json_member(data, "why");
    const cJSON *reason = NULL;
    char *line = scbox_error_line(error);

    (void)strbuf_addf(&text, "scbox %s: %s", command, line != NULL ? line : "out of memory");
    add_place(&text, data);
    (void)strbuf_addc(&text, '\n');
    cJSON_ArrayForEach(reason, why) {
        if (cJSON_IsString(reason))
            (void)strbuf_addf(&text, "  why: %s\n", reason->valuestring);
    }
    if (error->hint != NULL)
        (void)strbuf_addf(&text, "  hint: %s\n", error->hint);
    fflush(stdout);
    show_text(to, strbuf_str(&text), text.len);
    strbuf_done(&text);
    cJSON_Delete(data);
    free(line);
}

void show_why(FILE *to, const char *command, const struct why *why)
{
    fflush(stdout);
    if (why->count == 0)
        fprintf(to, "scbox %s: out of memory\n", command);
    for (size_t i = 0; i < why->count; i++) {
        if (i == 0)
            fprintf(to, "scbox %s: %s\n", command, why->text[i]);
        else
            fprintf(to, "  why: %s\n", why->text[i]);
    }
}
