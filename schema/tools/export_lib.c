/* SPDX-License-Identifier: MIT */
/*
 * Writes the generated half of libscbox, one function a call, from the tables of schema/calls.h:
 *
 *     sc-export-lib header    client/lib/scbox_calls.h
 *     sc-export-lib source    client/lib/scbox_calls.c
 *
 * The outputs are committed; tests/layering fails when they no longer fit the tables.
 */
#include "schema/calls.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS = 100, LABEL = 16 };

/** The C type of a kind, as handlers see it. */
static const char *ctype_of(enum sc_kind kind)
{
    static const char *const ctypes[] = {
#define SC_REPR(repr, ctype, doc) [SC_R_##repr] = #ctype,
#include "schema/types.def"
    };

    return kind < SC_K_COUNT ? ctypes[sc_kinds[kind].repr] : "";
}

static const char *const any_call_errors[] = {
#define RPC_FAILURE(method, NAME, condition) method, #NAME, condition,
#include "schema/rpcerrors.def"
    NULL,
};

/* ---- kinds ---- */

static bool is_string(enum sc_kind kind)
{
    return kind == SC_K_path || kind == SC_K_name || kind == SC_K_text;
}

static bool is_bytes(enum sc_kind kind)
{
    return kind == SC_K_bytes || kind == SC_K_sized;
}

/** The group of flags that a kind's values are from, or NULL. */
static const char *flags_of(enum sc_kind kind)
{
    const char *json = kind < SC_K_COUNT ? sc_kinds[kind].json : ""; /* a struct is of no kind */

    return isupper((unsigned char)json[0]) ? json : NULL;
}

/** The ending of the typed_…() function that takes a number: i32 of int32_t. */
static const char *number_word(enum sc_kind kind)
{
    const char *type = ctype_of(kind);

    if (strcmp(type, "int32_t") == 0)
        return "i32";
    if (strcmp(type, "uint32_t") == 0)
        return "u32";
    return strcmp(type, "int64_t") == 0 ? "i64" : "u64";
}

static bool is_struct(const struct sc_field_info *f)
{
    return f->type != NULL;
}

static const struct sc_struct_info *find_struct(const char *name)
{
    const struct sc_struct_info *s = sc_structs;

    while (strcmp(s->name, name) != 0)
        s++;
    return s;
}

/* ---- prose ---- */

/**
 * Print a text on lines that are not too long.
 * @separator  ends with a blank; lines may end where it stands.
 * @column     where the first line begins; before all others stands @indent.
 */
static void print_wrapped(const char *text, const char *separator, int column, const char *indent)
{
    const size_t more = strlen(separator) - 1; /* what stays on the line */
    bool first = true;

    while (*text != '\0') {
        const char *end = strstr(text, separator);
        int len = (int)(end != NULL ? (size_t)(end - text) + more : strlen(text));

        if (!first && column + 1 + len > COLUMNS)
            column = printf("\n%s", indent) - 1;
        else if (!first)
            column += printf(" ");
        column += printf("%.*s", len, text);
        first = false;
        text += len;
        text += strspn(text, " ");
    }
}

/** Print one entry of a docstring: a label, then words that stay in a column of their own. */
static void print_entry(const char *label, const char *text)
{
    char indent[64];

    (void)snprintf(indent, sizeof indent, " * %*s", LABEL, "");
    print_wrapped(text, " ", printf(" * %-*s", LABEL, label), indent);
    printf("\n");
}

/** What a value is: the row's words, then those of its kind. */
static void print_value(const char *label, const struct sc_field_info *f)
{
    const char *group = flags_of(f->kind);
    char text[1024];
    int len = snprintf(text, sizeof text, "%s", f->doc);

    if (!is_struct(f))
        len += snprintf(text + len, sizeof text - (size_t)len, "; %s", sc_kinds[f->kind].doc);
    if (group != NULL)
        len += snprintf(text + len, sizeof text - (size_t)len, ", SCBOX_%s_…", group);
    if (f->optional)
        (void)snprintf(text + len, sizeof text - (size_t)len, "; may be %s",
                       is_string(f->kind) ? "NULL" : "0");
    print_entry(label, text);
}

static void print_argument_doc(const struct sc_field_info *f)
{
    char label[64];

    if (f->kind == SC_K_argv) {
        print_entry("@argv", "its arguments, ended by NULL");
        print_entry("@env", "its environment, \"NAME=value\", ended by NULL; may be NULL");
        return;
    }
    (void)snprintf(label, sizeof label, "@%s", f->name);
    if (is_bytes(f->kind)) {
        print_entry(label, f->doc);
        (void)snprintf(label, sizeof label, "@%s_size", f->name);
        print_entry(label, "how many");
    } else if (f->kind == SC_K_fds) {
        print_entry(label, f->doc);
        (void)snprintf(label, sizeof label, "@%s_count", f->name);
        print_entry(label, "how many");
    } else {
        print_value(label, f);
    }
}

static void print_result_doc(const struct sc_field_info *f)
{
    char label[64];

    (void)snprintf(label, sizeof label, "@out_%s", f->name);
    if (sc_kind_is_buf(f->kind)) {
        print_entry(label, "room for @size bytes, which get:");
        print_entry("", f->doc);
        (void)snprintf(label, sizeof label, "@out_%s_len", f->name);
        print_entry(label, "how many were stored; no NUL is added");
    } else {
        print_value(label, f);
    }
}

static void print_errors_doc(const struct sc_error_info *errors)
{
    for (const struct sc_error_info *e = errors; e->name != NULL; e++) {
        char text[1024];

        (void)snprintf(text, sizeof text, "%s: %s", e->name, e->doc);
        print_entry(e == errors ? "Refused" : "", text);
    }
}

/* ---- prototypes ---- */

/** A text in the making; it is larger than any prototype. */
struct line {
    char text[1024];
    size_t len;
};

static void add(struct line *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *to, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    to->len += (size_t)vsnprintf(to->text + to->len, sizeof to->text - to->len, fmt, ap);
    va_end(ap);
}

static void add_argument(struct line *to, const struct sc_field_info *f)
{
    if (is_string(f->kind))
        add(to, " const char *%s,", f->name);
    else if (is_bytes(f->kind))
        add(to, " const void *%s, size_t %s_size,", f->name, f->name);
    else if (f->kind == SC_K_fds)
        add(to, " const int32_t *%s, size_t %s_count,", f->name, f->name);
    else if (f->kind == SC_K_argv)
        add(to, " const char *const *argv, const char *const *env,");
    else
        add(to, " %s %s,", ctype_of(f->kind), f->name);
}

static void add_result(struct line *to, const struct sc_field_info *f)
{
    if (is_struct(f))
        add(to, " struct scbox_%s *out_%s,", f->type, f->name);
    else if (sc_kind_is_buf(f->kind))
        add(to, " %s *out_%s, size_t *out_%s_len,", f->kind == SC_K_pbuf ? "char" : "void", f->name,
            f->name);
    else
        add(to, " %s *out_%s,", ctype_of(f->kind), f->name);
}

static void print_prototype(const struct sc_call_info *c, const char *before, const char *behind)
{
    struct line line = {.len = 0};

    add(&line, "%sint scbox_%s(struct scbox_conn *conn,", before, c->word);
    for (const struct sc_field_info *f = c->args; f->name != NULL; f++)
        add_argument(&line, f);
    for (const struct sc_field_info *f = c->results; f->name != NULL; f++)
        add_result(&line, f);
    add(&line, " struct scbox_error *error)%s", behind);
    print_wrapped(line.text, ", ", 0, "    ");
    printf("\n");
}

/* ---- the header ---- */

static const char essay[] =
    "/*\n"
    " * The calls of the simulated system as functions, for use with scbox.h: one a row of\n"
    " * scbox's table of calls. All are made alike:\n"
    " *\n"
    " *     int scbox_<call>(conn, arguments in the row's order..., results..., error)\n"
    " *\n"
    " *     conn     borrowed. The call is made in the name of its session's process, or of\n"
    " *              the one that scbox_act_as() chose, and waits as scbox_set_timeout() says.\n"
    " *     strings  end with a NUL and may hold any other bytes. NULL is -EINVAL unless\n"
    " *              the function says that it may be.\n"
    " *     bytes    a pointer and a size; what a call gives back goes into a buffer of the\n"
    " *              caller's with room for @size bytes. More than SCBOX_TRANSFER_MAX in one\n"
    " *              call are refused with SCBOX_E_PARAMS.\n"
    " *     out_...  results, stored when the function returns SCBOX_OK and else left alone.\n"
    " *              Each may be NULL: it is not wanted.\n"
    " *     error    may be NULL; else why it failed: code, name, reason, hint.\n"
    " *\n"
    " * Returns SCBOX_OK (0); SCBOX_REFUSED (1), with error->code one of the errnos that stand\n"
    " * behind \"Refused\" (Linux numbers, as <errno.h> has them) or a negative code of enum\n"
    " * scbox_code; or a -errno, as scbox.h tells them: -EINVAL, -ETIMEDOUT and -EINTR (the\n"
    " * call was cancelled), -EBADMSG (a result is missing or improper), or one that ended the\n"
    " * connection.\n"
    " *\n"
    " * Every call may also be refused with\n"
    " *\n";

static void print_essay(void)
{
    printf("%s", essay);
    for (const char *const *e = any_call_errors; *e != NULL; e += 3) {
        if (strcmp(e[0], "SC_*") == 0)
            printf(" *     %-8s %s\n", e[1], e[2]);
    }
    printf(" */\n");
}

static void print_constants(void)
{
    printf("enum {\n"
           "    SCBOX_NAME_SIZE = %d,  /* bytes of a name that comes back, its NUL included */\n"
           "    SCBOX_PATH_SIZE = %d, /* the same of a path */\n"
           "};\n\nenum scbox_flag {\n",
           SC_COMPONENT_MAX + 1, SC_PATH_SIZE);
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (f != sc_flags && strcmp(f->group, f[-1].group) != 0)
            printf("\n");
        printf("    SCBOX_%s_%s = 0x%x, /* %s */\n", f->group, f->name, f->value, f->doc);
    }
    printf("};\n");
}

static void print_struct(const struct sc_struct_info *s)
{
    printf("\n/** %c%s */\nstruct scbox_%s {\n", toupper((unsigned char)s->doc[0]), s->doc + 1,
           s->name);
    for (const struct sc_field_info *f = s->fields; f->name != NULL; f++) {
        const char *group = flags_of(f->kind);

        if (f->kind == SC_K_dname || f->kind == SC_K_rpath)
            printf("    char %s[SCBOX_%s_SIZE]; /* %s */\n", f->name,
                   f->kind == SC_K_dname ? "NAME" : "PATH", f->doc);
        else if (group != NULL)
            printf("    %s %s; /* %s: SCBOX_%s_… */\n", ctype_of(f->kind), f->name, f->doc, group);
        else
            printf("    %s %s; /* %s%s */\n", ctype_of(f->kind), f->name, f->doc,
                   f->kind == SC_K_time ? "; nanoseconds since 1970-01-01T00:00:00Z" : "");
    }
    printf("};\n");
}

static void print_header(void)
{
    print_essay();
    printf("#ifndef SCBOX_CALLS_H\n#define SCBOX_CALLS_H\n\n#include <stddef.h>\n#include "
           "<stdint.h>\n\n"
           "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n#ifndef SCBOX_API\n"
           "#define SCBOX_API __attribute__((visibility(\"default\")))\n#endif\n\n"
           "struct scbox_conn;\nstruct scbox_error;\n\n");
    print_constants();
    for (const struct sc_struct_info *s = sc_structs; s->name != NULL; s++)
        print_struct(s);
    for (size_t i = 0; i < sc_calls_count; i++) {
        const struct sc_call_info *c = &sc_calls[i];

        printf("\n/**\n * %s: ", c->name);
        print_wrapped(c->doc, " ", (int)strlen(c->name) + 5, " * ");
        printf("\n");
        for (const struct sc_field_info *f = c->args; f->name != NULL; f++)
            print_argument_doc(f);
        for (const struct sc_field_info *f = c->results; f->name != NULL; f++)
            print_result_doc(f);
        print_errors_doc(c->errors);
        printf(" */\n");
        print_prototype(c, "SCBOX_API ", ";");
    }
    printf("\n#ifdef __cplusplus\n}\n#endif\n#endif\n");
}

/* ---- the source ---- */

/** Take one number, flag or name into @to. */
static void print_take(const struct sc_field_info *f, const char *to, const char *pointer)
{
    const char *group = flags_of(f->kind);

    if (f->kind == SC_K_dname || f->kind == SC_K_rpath)
        printf("    typed_name(t, \"%s\", %s%s, sizeof %s%s);\n", f->name, to, f->name, to,
               f->name);
    else if (group != NULL)
        printf("    typed_flags(%s, \"%s\", \"%s\", &%s%s);\n", pointer, f->name, group, to,
               f->name);
    else
        printf("    typed_%s(%s, \"%s\", &%s%s);\n", number_word(f->kind), pointer, f->name, to,
               f->name);
}

static void print_take_struct(const struct sc_struct_info *s)
{
    printf("\nstatic void take_%s(struct typed *t, struct scbox_%s *out)\n{\n", s->name, s->name);
    for (const struct sc_field_info *f = s->fields; f->name != NULL; f++)
        print_take(f, "out->", "t");
    printf("}\n");
}

static void print_give(const struct sc_field_info *f)
{
    if (is_string(f->kind))
        printf("    typed_text%s(&t, \"%s\", %s);\n", f->optional ? "_opt" : "", f->name, f->name);
    else if (is_bytes(f->kind))
        printf("    typed_data(&t, \"%s\", %s, %s_size);\n", f->name, f->name, f->name);
    else if (f->kind == SC_K_fds)
        printf("    typed_fds(&t, \"%s\", %s, %s_count);\n", f->name, f->name, f->name);
    else if (f->kind == SC_K_argv)
        printf("    typed_args(&t, \"%s\", argv, env);\n", f->name);
    else
        printf("    typed_%s(&t, \"%s\", %s);\n", ctype_of(f->kind)[0] == 'u' ? "uint" : "int",
               f->name, f->name);
}

static void print_local(const struct sc_field_info *f)
{
    if (is_struct(f))
        printf("    struct scbox_%s got_%s = {0};\n", f->type, f->name);
    else if (!sc_kind_is_buf(f->kind))
        printf("    %s got_%s = 0;\n", ctype_of(f->kind), f->name);
}

static void print_collect(const struct sc_field_info *f)
{
    const char *group = flags_of(f->kind);

    if (is_struct(f))
        printf("    take_%s(&t, &got_%s);\n", f->type, f->name);
    else if (sc_kind_is_buf(f->kind))
        printf("    typed_%s(&t, \"%s\", size);\n", f->kind == SC_K_pbuf ? "path" : "bytes",
               f->name);
    else if (group != NULL)
        printf("    typed_flags(&t, \"%s\", \"%s\", &got_%s);\n", f->name, group, f->name);
    else
        printf("    typed_%s(&t, \"%s\", &got_%s);\n", number_word(f->kind), f->name, f->name);
}

static void print_commit(const struct sc_field_info *f)
{
    if (sc_kind_is_buf(f->kind))
        printf("    if (ok)\n        typed_store(&t, out_%s, out_%s_len);\n", f->name, f->name);
    else
        printf("    if (ok && out_%s != NULL)\n        *out_%s = got_%s;\n", f->name, f->name,
               f->name);
}

static void print_function(const struct sc_call_info *c)
{
    const struct sc_field_info *f;

    printf("\n");
    print_prototype(c, "", "");
    printf("{\n    struct typed t;\n");
    for (f = c->results; f->name != NULL; f++)
        print_local(f);
    if (c->results->name != NULL)
        printf("    bool ok;\n");
    printf("\n    typed_begin(&t, conn, \"%s\");\n", c->name);
    for (f = c->args; f->name != NULL; f++)
        print_give(f);
    printf("    typed_call(&t, error);\n");
    for (f = c->results; f->name != NULL; f++)
        print_collect(f);
    if (c->results->name != NULL)
        printf("    ok = typed_is_ok(&t, error);\n");
    for (f = c->results; f->name != NULL; f++)
        print_commit(f);
    printf("    return typed_end(&t);\n}\n");
}

/** Whether a call gives a struct back. */
static bool is_used(const struct sc_struct_info *s)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        const char *type = sc_calls[i].results->name != NULL ? sc_calls[i].results->type : NULL;

        if (type != NULL && find_struct(type) == s)
            return true;
    }
    return false;
}

static void print_source(void)
{
    printf("#include \"client/lib/scbox_calls.h\"\n#include \"client/lib/typed.h\"\n");
    for (const struct sc_struct_info *s = sc_structs; s->name != NULL; s++) {
        if (is_used(s))
            print_take_struct(s);
    }
    for (size_t i = 0; i < sc_calls_count; i++)
        print_function(&sc_calls[i]);
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    bool header = strcmp(what, "header") == 0;

    if (!header && strcmp(what, "source") != 0) {
        (void)fputs("usage: sc-export-lib header|source\n", stderr);
        return 2;
    }
    printf("/* SPDX-License-Identifier: MIT */\n"
           "/* Generated by schema/tools/export_lib.c from schema/syscalls.def; do not edit. */\n"
           "/* clang-format off */\n");
    if (header)
        print_header();
    else
        print_source();
    return fflush(stdout) == 0 ? 0 : 1;
}
