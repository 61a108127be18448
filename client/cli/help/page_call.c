/* SPDX-License-Identifier: MIT */
/*
 * The page of a call, made from its row of schema/syscalls.def alone: a new row has a page without
 * a change here.
 */
#include "client/cli/help/page.h"
#include "schema/calls.h"
#include "server/base/strbuf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN = 16, TYPE_COLUMN = 18 };

/* The value of a kind in examples. */
static const char *example(const struct sc_field_info *arg)
{
    static const char *const by_kind[SC_K_COUNT] = {
        [SC_K_path] = "root:/a",    [SC_K_name] = "root",   [SC_K_text] = "ramfs",
        [SC_K_bytes] = "hello",     [SC_K_sized] = "hello", [SC_K_fd] = "1",
        [SC_K_ofd] = "0",           [SC_K_pid] = "2",       [SC_K_int] = "0",
        [SC_K_num] = "0",           [SC_K_off] = "0",       [SC_K_size] = "4096",
        [SC_K_addr] = "0x10000000", [SC_K_usecs] = "1000",  [SC_K_fm] = "READ",
        [SC_K_mm] = "READ,WRITE",   [SC_K_ft] = "DIR",      [SC_K_ps] = "RUNNING",
        [SC_K_rn] = "NOREPLACE",    [SC_K_perm] = "420",    [SC_K_uid] = "1000",
        [SC_K_time] = "0",          [SC_K_fds] = "[1, 2]",  [SC_K_argv] = "[\"prog\", \"-v\"]",
    };

    if (arg->kind == SC_K_path && strncmp(arg->name, "new", 3) == 0)
        return "root:/b";
    if (arg->kind == SC_K_name && strstr(arg->doc, "new name") != NULL)
        return "home";
    return by_kind[arg->kind == SC_K_newfd ? SC_K_fd : arg->kind];
}

static bool is_string(const struct sc_field_info *arg)
{
    const char *json = sc_kinds[arg->kind].json;

    return strcmp(json, "name") == 0 || strcmp(json, "data") == 0;
}

/* "open root:/a READ = $fd": as it is typed into the shell. */
static void add_typed(struct strbuf *out, const struct sc_call_info *call)
{
    (void)strbuf_adds(out, call->word);
    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        bool quoted = sc_kinds[a->kind].json[0] == 'd';

        if (!a->optional)
            (void)strbuf_addf(out, quoted ? " \"%s\"" : " %s", example(a));
    }
    for (const struct sc_field_info *r = call->results; r->name != NULL; r++) {
        if (r->type == NULL && !sc_kind_is_buf(r->kind))
            (void)strbuf_addf(out, " = $%s", r->name);
    }
}

static void add_json_names(struct strbuf *out, const char *names)
{
    const char *sep = "[";

    while (*names != '\0') {
        size_t len = strcspn(names, ",");

        (void)strbuf_addf(out, "%s\"%.*s\"", sep, (int)len, names);
        names += len + (names[len] == ',');
        sep = ", ";
    }
    (void)strbuf_addc(out, ']');
}

static void add_json_example(struct strbuf *out, const struct sc_field_info *arg)
{
    const char *text = example(arg);

    if (sc_group_is_mask(sc_kinds[arg->kind].json))
        add_json_names(out, text);
    else if (is_string(arg) || arg->kind == SC_K_ft || arg->kind == SC_K_ps)
        (void)strbuf_addf(out, "\"%s\"", text);
    else if (text[0] == '[')
        (void)strbuf_adds(out, text);
    else
        (void)strbuf_addf(out, "%lld", strtoll(text, NULL, 0));
}

static void add_json_request(struct strbuf *out, const struct sc_call_info *call)
{
    const char *sep = "{";

    (void)strbuf_addf(out, "scbox call %s", call->name);
    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        if (a->optional)
            continue;
        (void)strbuf_addf(out, "%s\"%s\": ", *sep == '{' ? " '{" : sep, a->name);
        add_json_example(out, a);
        sep = ", ";
    }
    if (*sep != '{')
        (void)strbuf_adds(out, "}'");
}

/* One argument, or one member of a result. */
static void print_field(FILE *to, const struct sc_field_info *field)
{
    const struct sc_kind_info *kind = &sc_kinds[field->kind];
    struct strbuf meaning = STRBUF_INIT;

    (void)strbuf_addf(&meaning, "%s%s", field->optional ? "(optional) " : "", field->doc);
    page_entry(to, 2, COLUMN, field->name, strbuf_str(&meaning));
    strbuf_reset(&meaning);
    (void)strbuf_addf(&meaning, "%s: %s", kind->name, kind->doc);
    page_entry(to, 0, TYPE_COLUMN, "", strbuf_str(&meaning));
    strbuf_reset(&meaning);
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, kind->json) == 0)
            (void)strbuf_addf(&meaning, "%s%s", meaning.len > 0 ? " " : "", f->name);
    }
    if (meaning.len > 0)
        page_entry(to, 0, TYPE_COLUMN, "", strbuf_str(&meaning));
    strbuf_done(&meaning);
}

static const struct sc_struct_info *struct_find(const char *name)
{
    for (const struct sc_struct_info *s = sc_structs; s->name != NULL; s++) {
        if (strcmp(s->name, name) == 0)
            return s;
    }
    return NULL;
}

static void print_results(FILE *to, const struct sc_call_info *call)
{
    page_heading(to, "Result");
    if (call->results->name == NULL)
        fputs("  None.\n", to);
    for (const struct sc_field_info *r = call->results; r->name != NULL; r++) {
        const struct sc_struct_info *s = r->type != NULL ? struct_find(r->type) : NULL;

        if (s == NULL) {
            print_field(to, r);
            continue;
        }
        for (const struct sc_field_info *f = s->fields; f->name != NULL; f++)
            print_field(to, f);
    }
}

/* The number of registers of an argument: 2 for pointer and length, or 1. */
static bool takes_two(enum sc_kind kind)
{
    return kind == SC_K_path || kind == SC_K_name || kind == SC_K_text || kind == SC_K_bytes ||
           kind == SC_K_sized;
}

/* Print the registers of a gate, in the order of the call's arguments. */
static void add_registers(struct strbuf *out, const struct sc_call_info *call,
                          const char *const *reg)
{
    bool stores = call->results->name != NULL &&
                  (call->results->type != NULL || sc_kind_is_buf(call->results->kind));

    if (call->pass == SC_PASS_BLOCK) {
        (void)strbuf_addf(out, ", %s pointer to a struct of the arguments", *reg);
        return;
    }
    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        if (!takes_two(a->kind))
            (void)strbuf_addf(out, ", %s %s", *reg++, a->name);
        else if (a->kind == SC_K_sized)
            (void)strbuf_addf(out, ", %s length, %s %s", reg[0], reg[1], a->name);
        else
            (void)strbuf_addf(out, ", %s %s, %s its length", reg[0], a->name, reg[1]);
        reg += takes_two(a->kind) ? 2 : 0;
    }
    if (stores)
        (void)strbuf_addf(out, ", %s where the result goes", *reg);
}

static void print_gates(FILE *to, const struct sc_call_info *call)
{
    static const char *const i386[] = {"ebx", "ecx", "edx", "esi", "edi", "ebp", "-", NULL};
    static const char *const x86_64[] = {"rdi", "rsi", "rdx", "r10", "r8", "r9", "-", NULL};
    static const char *const i386_result[] = {
        [SC_RC_ZERO] = "0",
        [SC_RC_BOOL] = "1, or 0 on failure",
        [SC_RC_TRUE] = "always 1",
        [SC_RC_VALUE] = "the result, or 0 on failure",
        [SC_RC_SIGNED] = "the result, or -errno",
        [SC_RC_PRINT] = "0, or -1 on failure",
        [SC_RC_NEVER] = "nothing: it does not return",
    };
    bool valued = call->rc == SC_RC_VALUE || call->rc == SC_RC_SIGNED;
    struct strbuf text = STRBUF_INIT;

    page_heading(to, "Guest programs");
    (void)strbuf_addf(&text, "int $0x40 with eax %d", call->nr);
    add_registers(&text, call, i386);
    (void)strbuf_addf(&text, "; eax holds %s", i386_result[call->rc]);
    page_entry(to, 2, COLUMN, "i386", strbuf_str(&text));
    strbuf_reset(&text);
    (void)strbuf_addf(&text, "syscall with rax %d", call->nr);
    add_registers(&text, call, x86_64);
    (void)strbuf_addf(&text, "; rax holds %s",
                      call->rc == SC_RC_NEVER ? i386_result[SC_RC_NEVER]
                      : valued                ? "the result, or -errno"
                                              : "0, or -errno");
    page_entry(to, 2, COLUMN, "x86_64", strbuf_str(&text));
    strbuf_done(&text);
}

void page_call(FILE *to, const struct sc_call_info *call)
{
    struct strbuf text = STRBUF_INIT;

    fprintf(to, "%s - call %d of the simulated system\n\n", call->name, call->nr);
    page_entry(to, 0, 2, "", call->doc);
    if (call->args->name != NULL)
        page_heading(to, "Arguments");
    for (const struct sc_field_info *a = call->args; a->name != NULL; a++)
        print_field(to, a);
    print_results(to, call);
    if (call->errors->name != NULL)
        page_heading(to, "Errors");
    for (const struct sc_error_info *e = call->errors; e->name != NULL; e++)
        page_entry(to, 2, COLUMN, e->name, e->doc);
    page_heading(to, "Examples");
    add_typed(&text, call);
    page_entry(to, 2, COLUMN, "in the shell", strbuf_str(&text));
    strbuf_reset(&text);
    add_json_request(&text, call);
    fprintf(to, "  %-*s%s\n", COLUMN - 2, "as JSON", strbuf_str(&text));
    print_gates(to, call);
    strbuf_done(&text);
}
