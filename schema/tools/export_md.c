/* SPDX-License-Identifier: MIT */
/* syscalls.md: the call table as a page to read. */
#include "schema/calls.h"
#include "schema/tools/export.h"

#include <stdbool.h>
#include <string.h>

/** The value of the result register, by enum sc_rc. */
static const char *const rc_text[] = {
    [SC_RC_ZERO] = "0 on success; 0 on failure (i386), `-errno` (x86_64)",
    [SC_RC_BOOL] = "1 (i386) or 0 (x86_64) on success; 0 (i386) or `-errno` (x86_64) on failure",
    [SC_RC_TRUE] = "1 always (i386); 0 or `-errno` (x86_64)",
    [SC_RC_VALUE] = "the value on success; 0 (i386) or `-errno` (x86_64) on failure",
    [SC_RC_SIGNED] = "the value on success; `-errno` on failure",
    [SC_RC_PRINT] = "0 on success; -1 (i386) or `-errno` (x86_64) on failure",
    [SC_RC_NEVER] = "does not return",
};

/** The argument registers, first to last. */
static const char *const i386_regs[] = {"ebx", "ecx", "edx", "esi", "edi"};
static const char *const x86_64_regs[] = {"rdi", "rsi", "rdx", "r10", "r8"};
enum { REGS_MAX = sizeof i386_regs / sizeof i386_regs[0] };

/** Whether a value takes two registers: a pointer and a length. */
static bool is_string(enum sc_repr repr)
{
    return repr == SC_R_string || repr == SC_R_data || repr == SC_R_fds || repr == SC_R_argv;
}

/** Write one register, with the part of an argument that it holds, and step to the next. */
static void write_reg(FILE *out, size_t *next, const char *part)
{
    if (*next < REGS_MAX)
        (void)fprintf(out, "%s / %s%s", i386_regs[*next], x86_64_regs[*next], part);
    (*next)++;
}

/** Write the register cell of an argument. */
static void write_arg_regs(FILE *out, size_t *next, enum sc_kind kind)
{
    bool sized = kind == SC_K_sized;

    if (!is_string(sc_kinds[kind].repr)) {
        write_reg(out, next, "");
        return;
    }
    write_reg(out, next, sized ? " length" : " pointer");
    (void)fputs(", ", out);
    write_reg(out, next, sized ? " pointer" : " length");
}

/** Write the arguments of a call, and the place of its result pointer. */
static void write_args(FILE *out, const struct sc_call_info *call)
{
    bool regs = call->pass == SC_PASS_REGS;
    size_t next = 0;

    if (call->args->name != NULL) {
        (void)fprintf(out, "\n| argument | kind | %s| |\n|---|---|%s---|\n",
                      regs ? "registers i386 / x86_64 " : "", regs ? "---|" : "");
    }
    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        (void)fprintf(out, "| `%s` | %s | ", a->name, sc_kinds[a->kind].name);
        if (regs) {
            write_arg_regs(out, &next, a->kind);
            (void)fputs(" | ", out);
        }
        (void)fprintf(out, "%s%s |\n", a->doc, a->optional ? " (may be left out in JSON)" : "");
    }
    if (!regs)
        (void)fputs("\nGuests: the first register points to a struct of these members, strings as\n"
                    "pointer and length.\n",
                    out);
    for (const struct sc_field_info *r = call->results; r->name != NULL; r++) {
        if (r->type == NULL && !sc_kind_is_buf(r->kind))
            continue;
        (void)fputs("\nGuests: ", out);
        write_reg(out, &next, "");
        (void)fputs(" points to where the result goes.\n", out);
    }
}

static void write_results(FILE *out, const struct sc_call_info *call)
{
    for (const struct sc_field_info *r = call->results; r->name != NULL; r++)
        (void)fprintf(out, "\nResult: `%s` (%s), %s.\n", r->name,
                      r->type != NULL ? r->type : sc_kinds[r->kind].name, r->doc);
    (void)fprintf(out, "\nResult register: %s.\n", rc_text[call->rc]);
}

static void write_errors(FILE *out, const struct sc_call_info *call)
{
    if (call->errors->name != NULL)
        (void)fputs("\n| errno | when |\n|---|---|\n", out);
    for (const struct sc_error_info *e = call->errors; e->name != NULL; e++)
        (void)fprintf(out, "| %s | %s |\n", e->name, e->doc);
}

static void write_calls(FILE *out)
{
    (void)fputs("\n| nr | call | |\n|---|---|---|\n", out);
    for (size_t i = 0; i < sc_calls_count; i++)
        (void)fprintf(out, "| %d | [%s](#%s) | %s |\n", sc_calls[i].nr, sc_calls[i].name,
                      sc_calls[i].word, sc_calls[i].doc);
    for (size_t i = 0; i < sc_calls_count; i++) {
        const struct sc_call_info *call = &sc_calls[i];

        (void)fprintf(out, "\n## %s\n\n**%s**, number %d. %s\n", call->word, call->name, call->nr,
                      call->doc);
        write_args(out, call);
        write_results(out, call);
        write_errors(out, call);
    }
}

static void write_constants(FILE *out)
{
    const char *group = "";

    (void)fputs("\n# Constants\n", out);
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) != 0)
            (void)fprintf(out, "\n| %s | value | |\n|---|---|---|\n", f->group);
        (void)fprintf(out, "| %s | 0x%x | %s |\n", f->name, (unsigned)f->value, f->doc);
        group = f->group;
    }
}

static void write_commands(FILE *out)
{
    (void)fputs("\n# Commands of IOCTL\n\n| command | value | bytes in | bytes out | "
                "|\n|---|---|---|---|---|\n",
                out);
    for (const struct sc_command_info *c = sc_commands; c->name != NULL; c++)
        (void)fprintf(out, "| %s | 0x%x | %u | %u | %s |\n", c->name, (unsigned)c->number,
                      (unsigned)c->in_size, (unsigned)c->out_size, c->doc);
}

static void write_types(FILE *out)
{
    (void)fputs("\n# Kinds\n\n| kind | in JSON | |\n|---|---|---|\n", out);
    for (size_t k = 0; k < SC_K_COUNT; k++)
        (void)fprintf(out, "| %s | %s | %s |\n", sc_kinds[k].name, sc_kinds[k].json,
                      sc_kinds[k].doc);
    (void)fputs("\n# Structs\n", out);
    for (const struct sc_struct_info *s = sc_structs; s->name != NULL; s++) {
        (void)fprintf(out, "\n`%s`: %s.\n\n| member | kind | |\n|---|---|---|\n", s->name, s->doc);
        for (const struct sc_field_info *f = s->fields; f->name != NULL; f++)
            (void)fprintf(out, "| `%s` | %s | %s%s |\n", f->name, sc_kinds[f->kind].name, f->doc,
                          f->optional ? " (in JSON only)" : "");
    }
}

static void write_errnos(FILE *out)
{
    (void)fputs("\n# Errors\n\n| errno | value | | what to try |\n|---|---|---|---|\n", out);
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++)
        (void)fprintf(out, "| %s | %d | %s | %s |\n", e->name, e->value, e->text, e->hint);
}

void export_syscalls_md(FILE *out)
{
    (void)fputs(
        "<!-- Made by `sc-export syscalls.md` from the tables of schema/; do not edit. -->\n"
        "# The calls of scbox\n\n"
        "One call, one handler, three gates: JSON-RPC (the method is the call's name), i386\n"
        "guests (`int $0x40`, number in eax) and x86_64 guests (`syscall`, number in rax).\n"
        "The rules behind them are in [abi.md](abi.md).\n",
        out);
    write_calls(out);
    write_constants(out);
    write_commands(out);
    write_types(out);
    write_errnos(out);
}
