/* SPDX-License-Identifier: MIT */
/* Steps and results in the scenario language. */
#include "tests/model/model.h"
#include "tests/model/step.h"

#include "server/base/base64.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Whether bytes can stand in a string of the language. */
static bool is_plain(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] < ' ' || text[i] > '~')
            return false;
    }
    return true;
}

static void print_bytes(FILE *to, const char *text, size_t len)
{
    char *coded;

    if (is_plain(text, len)) {
        (void)fputc('"', to);
        for (size_t i = 0; i < len; i++) {
            if (strchr("\"\\$", text[i]) != NULL)
                (void)fputc('\\', to);
            (void)fputc(text[i], to);
        }
        (void)fputc('"', to);
        return;
    }
    coded = malloc(base64_encoded_size(len));
    if (coded == NULL)
        abort();
    base64_encode(text, len, coded);
    (void)fprintf(to, "b64\"%.*s\"", (int)base64_encoded_size(len), coded);
    free(coded);
}

/** Print the flags of a group by name; a number when there are none, or one has no name. */
static void print_flags(FILE *to, const char *group, uint64_t value)
{
    const char *comma = "";
    uint64_t named = 0;
    bool mask = sc_group_is_mask(group) != 0;

    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) == 0 && (mask ? (value & f->value) != 0 : value == f->value))
            named |= mask ? f->value : UINT64_MAX;
    }
    if (mask ? named != value || value == 0 : named == 0) {
        (void)fprintf(to, "%" PRIu64, value);
        return;
    }
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) != 0 || (mask ? (value & f->value) == 0 : value != f->value))
            continue;
        (void)fprintf(to, "%s%s", comma, f->name);
        comma = ",";
    }
}

static bool is_group(enum sc_kind kind)
{
    return kind == SC_K_fm || kind == SC_K_mm || kind == SC_K_ft || kind == SC_K_ps ||
           kind == SC_K_rn;
}

static bool is_text(enum sc_kind kind)
{
    return kind == SC_K_path || kind == SC_K_name || kind == SC_K_text || kind == SC_K_bytes ||
           kind == SC_K_sized;
}

/** Print a count, arguments and environment as the object that they are in the language. */
static void print_argv(FILE *to, const char *text, size_t len)
{
    long count = strtol(text, NULL, 10);
    const char *comma = "";

    (void)fputs("{argv: [", to);
    for (size_t at = strlen(text) + 1; at < len; at += strlen(text + at) + 1) {
        if (count-- == 0) {
            (void)fputs("], env: [", to);
            comma = "";
        }
        (void)fputs(comma, to);
        print_bytes(to, text + at, strlen(text + at));
        comma = ", ";
    }
    (void)fputs("]}", to);
}

static void print_arg(FILE *to, enum sc_kind kind, const struct step_arg *arg);

static void print_list(FILE *to, const struct step_arg *arg)
{
    (void)fputc('[', to);
    for (size_t i = 0; i < arg->list_count; i++) {
        (void)fputs(i > 0 ? ", " : "", to);
        print_arg(to, SC_K_fd, &arg->list[i]);
    }
    (void)fputc(']', to);
}

static void print_arg(FILE *to, enum sc_kind kind, const struct step_arg *arg)
{
    if (kind == SC_K_fds)
        print_list(to, arg);
    else if (kind == SC_K_argv)
        print_argv(to, arg->text, arg->len);
    else if (is_text(kind))
        print_bytes(to, arg->text != NULL ? arg->text : "", arg->len);
    else if (arg->ref != 0)
        (void)fprintf(to, "$s%d%s", arg->ref, arg->num == 2 ? "b" : "");
    else if (is_group(kind))
        print_flags(to, sc_kinds[kind].json, (uint64_t)arg->num);
    else if (kind == SC_K_addr || kind == SC_K_size)
        (void)fprintf(to, "%" PRIu64, (uint64_t)arg->num);
    else
        (void)fprintf(to, "%" PRId64, arg->num);
}

void step_print(FILE *to, const struct step *s)
{
    const struct sc_call_info *call = sc_call_by_nr(s->nr);

    if (s->actor != 0)
        (void)fprintf(to, "[$s%d] ", s->actor);
    (void)fputs(call->word, to);
    for (size_t i = 0; call->args[i].name != NULL; i++) {
        (void)fputc(' ', to);
        print_arg(to, call->args[i].kind, &s->args[i]);
    }
}

static bool is_mask(enum sc_kind kind)
{
    return kind == SC_K_fm || kind == SC_K_mm;
}

/** Print a mask as a result has it: [READ, WRITE]. */
static void print_mask(FILE *to, const char *group, uint64_t value)
{
    const char *comma = "";

    (void)fputc('[', to);
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) != 0 || (value & f->value) == 0)
            continue;
        (void)fprintf(to, "%s%s", comma, f->name);
        comma = ", ";
    }
    (void)fputc(']', to);
}

static void print_value(FILE *to, const struct value *v, const struct model *m)
{
    if (v->kind == SC_K_pid && v->num >= 1 && v->num <= m->proc_count)
        (void)fprintf(to, "$s%d", m->procs[v->num - 1]->made_by);
    else if (v->text != NULL || v->kind == SC_K_buf)
        print_bytes(to, v->text != NULL ? v->text : "", v->len);
    else if (is_mask(v->kind))
        print_mask(to, sc_kinds[v->kind].json, v->num);
    else if (is_group(v->kind))
        print_flags(to, sc_kinds[v->kind].json, v->num);
    else if (v->kind == SC_K_time)
        (void)fprintf(to, "\"%" PRId64 "\"", (int64_t)v->num); /* more than a JSON number holds */
    else
        (void)fprintf(to, "%" PRId64, (int64_t)v->num);
}

void values_print(FILE *to, const struct values *v, const struct model *m)
{
    const char *comma = "";

    if (v->count == 1) {
        print_value(to, &v->at[0], m);
        return;
    }
    (void)fputc('{', to);
    for (size_t i = 0; i < v->count; i++) {
        (void)fprintf(to, "%s%s: ", comma, v->at[i].name);
        print_value(to, &v->at[i], m);
        comma = ", ";
    }
    (void)fputc('}', to);
}

void values_drop_open(struct values *of, const struct verdict *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < of->count; i++) {
        const char *name = of->at[i].name;

        if (strcmp(name, "blocks") == 0 || (v->atime_open && strcmp(name, "atime") == 0) ||
            (v->mtime_open && strcmp(name, "mtime") == 0))
            continue;
        of->at[kept++] = of->at[i];
    }
    of->count = kept;
}
