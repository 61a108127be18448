/* SPDX-License-Identifier: MIT */
/*
 * Writes client/guest/include/sc_syscalls.h, the generated half of the guest SDK, to stdout:
 * numbers, constants, structs and one inline function a call, from the tables of schema/calls.h.
 *
 *     cmake --build build/dev --target sc-export-guest-header
 */
#include "schema/calls.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORDS = 5 }; /* argument registers of a call */

/** The C type of a kind in guest code; is_string() and the like distinguish strings. */
static const char *c_type(enum sc_kind kind)
{
    switch (sc_kinds[kind].repr) {
    case SC_R_string:
        return "const char *";
    case SC_R_data:
    case SC_R_argv:
        return "const void *";
    case SC_R_fds:
        return "const int *";
    case SC_R_i64:
        return "sc_int64 ";
    case SC_R_u64:
        return "sc_uint64 ";
    case SC_R_word:
    case SC_R_offset:
        return kind == SC_K_addr ? "void *" : "size_t ";
    case SC_R_span:
        return "long ";
    case SC_R_i32:
        return "int ";
    default:
        return "unsigned ";
    }
}

static bool is_string(enum sc_kind kind)
{
    return sc_kinds[kind].repr == SC_R_string;
}

/** Whether a kind is a pointer followed by a size. */
static bool is_sized(enum sc_kind kind)
{
    return kind == SC_K_bytes || kind == SC_K_argv || kind == SC_K_fds;
}

/** The name of that size. */
static const char *size_word(enum sc_kind kind)
{
    return kind == SC_K_fds ? "count" : "size";
}

/** Whether 0 can't be the value of a successful call. */
static bool is_never_zero(enum sc_kind kind)
{
    return kind == SC_K_fd || kind == SC_K_pid;
}

static bool is_out_buf(const struct sc_field_info *f)
{
    return f->name != NULL && sc_kind_is_buf(f->kind);
}

static bool is_out_struct(const struct sc_field_info *f)
{
    return f->name != NULL && f->type != NULL;
}

static void print_constants(void)
{
    printf("/* Numbers. */\n");
    for (size_t i = 0; i < sc_calls_count; i++)
        printf("#define %s %d /* %s */\n", sc_calls[i].name, sc_calls[i].nr, sc_calls[i].doc);
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (f == sc_flags || strcmp(f->group, f[-1].group) != 0)
            printf("\n");
        printf("#define %s_%s 0x%x /* %s */\n", f->group, f->name, f->value, f->doc);
    }
    printf("#define FM_ALL_MODES 0x%x\n\n", SC_FM_ALL);
    printf("#define SC_DIR_MAX %d /* bytes of a name in a dirent, its NUL included */\n",
           SC_DIR_MAX);
    printf("#define SC_PATH_SIZE %d /* bytes of a path given back, its NUL included */\n",
           SC_PATH_SIZE);
    printf("#define SC_ARGS_MAX %d /* bytes of arguments and environment */\n", SC_ARGS_MAX);
    printf("#define SC_SELECT_MAX %d /* handles of one SELECT */\n", SC_SELECT_MAX);
    printf("\n/* Commands of IOCTL; \"bytes in\" are taken from the memory at data, \"out\" stored "
           "there. */\n");
    for (const struct sc_command_info *c = sc_commands; c->name != NULL; c++)
        printf("#define IOCTL_%s 0x%x /* %u bytes in, %u out: %s */\n", c->name, c->number,
               c->in_size, c->out_size, c->doc);
    printf("\n/* Errors: calls return their negatives. */\n");
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++)
        printf("#ifndef %s\n#define %s %d /* %s */\n#endif\n", e->name, e->name, e->value, e->text);
}

static void print_struct(const struct sc_struct_info *s)
{
    printf("\n/** %s */\nstruct sc_%s {\n", s->doc, s->name);
    for (const struct sc_field_info *f = s->fields; f->name != NULL; f++) {
        if (f->optional)
            continue;
        if (f->kind == SC_K_dname)
            printf("    char %s[SC_DIR_MAX]; /* %s */\n", f->name, f->doc);
        else if (f->kind == SC_K_rpath)
            printf("    char %s[SC_PATH_SIZE]; /* %s */\n", f->name, f->doc);
        else
            printf("    %s%s; /* %s */\n", c_type(f->kind), f->name, f->doc);
    }
    printf("};\n");
}

/** The struct that a BLOCK call's register points to. */
static void print_block(const struct sc_call_info *c)
{
    printf("\n/** Arguments of %s. */\nstruct sc_%s_args {\n", c->name, c->word);
    for (const struct sc_field_info *f = c->args; f->name != NULL; f++) {
        printf("    %s%s; /* %s */\n", c_type(f->kind), f->name, f->doc);
        if (is_string(f->kind))
            printf("    size_t %s_len;\n", f->name);
    }
    printf("};\n");
}

static const char *separator(int *count)
{
    return (*count)++ == 0 ? "" : ", ";
}

/** The parameters of a call's function, in the order of the binary interface. */
static void print_parameters(const struct sc_call_info *c)
{
    const struct sc_field_info *r = c->results;
    int count = 0;

    for (const struct sc_field_info *f = c->args; f->name != NULL; f++) {
        if (f->kind == SC_K_sized)
            printf("%ssize_t %s_size", separator(&count), f->name);
        printf("%s%s%s", separator(&count), c_type(f->kind), f->name);
        if (is_sized(f->kind))
            printf("%ssize_t %s_%s", separator(&count), f->name, size_word(f->kind));
    }
    if (is_out_struct(r))
        printf("%sstruct sc_%s *%s", separator(&count), r->type, r->name);
    if (is_out_buf(r))
        printf("%svoid *%s", separator(&count), r->name);
    if (count == 0)
        printf("void");
}

/** Write one argument as words. Returns how many it takes. */
static int print_word(const struct sc_field_info *f)
{
    if (is_string(f->kind))
        return printf(", (long)sc_text(%s), (long)sc_strlen(%s)", f->name, f->name) > 0 ? 2 : 0;
    if (is_sized(f->kind))
        return printf(", (long)%s, (long)%s_%s", f->name, f->name, size_word(f->kind)) > 0 ? 2 : 0;
    if (f->kind == SC_K_sized)
        return printf(", (long)%s_size, (long)%s", f->name, f->name) > 0 ? 2 : 0;
    return printf(", (long)%s", f->name) > 0 ? 1 : 0;
}

/** The registers of a call, in order; unused ones are zero. */
static void print_words(const struct sc_call_info *c)
{
    const struct sc_field_info *r = c->results;
    int count = 0;

    if (c->pass == SC_PASS_BLOCK)
        count += printf(", (long)&args") > 0 ? 1 : 0;
    for (const struct sc_field_info *f = c->args; c->pass == SC_PASS_REGS && f->name != NULL; f++)
        count += print_word(f);
    if (is_out_struct(r) || is_out_buf(r))
        count += printf(", (long)%s", r->name) > 0 ? 1 : 0;
    for (; count < WORDS; count++)
        printf(", 0");
}

/** The function that makes the call and turns its result register into 0, a value or -errno. */
static const char *converter(const struct sc_call_info *c)
{
    switch (c->rc) {
    case SC_RC_BOOL:
        return "sc_bool";
    case SC_RC_TRUE:
    case SC_RC_ZERO:
        return "sc_zero";
    case SC_RC_PRINT:
        return "sc_print";
    case SC_RC_VALUE:
        if (c->nr == SC_ERRNO)
            return "sc_call";
        return is_never_zero(c->results->kind) ? "sc_handle" : "sc_count";
    default:
        return "sc_call";
    }
}

static void print_function(const struct sc_call_info *c)
{
    const bool returns_long = c->rc == SC_RC_VALUE && !is_never_zero(c->results->kind);
    const char *type = returns_long ? "long " : "int ";

    printf("\n/** %s */\n", c->doc);
    if (c->rc == SC_RC_NEVER)
        printf("_Noreturn static inline void sc_%s(", c->word);
    else
        printf("static inline %ssc_%s(", type, c->word);
    print_parameters(c);
    printf(")\n{\n");
    if (c->pass == SC_PASS_BLOCK) {
        printf("    struct sc_%s_args args = {", c->word);
        for (const struct sc_field_info *f = c->args; f->name != NULL; f++) {
            printf("%s", f == c->args ? "" : ", ");
            if (is_string(f->kind))
                printf("sc_text(%s), sc_strlen(%s)", f->name, f->name);
            else
                printf("%s", f->name);
        }
        printf("};\n\n");
    }
    if (c->rc == SC_RC_NEVER)
        printf("    for (;;)\n        (void)sc_call(%s", c->name);
    else
        printf("    return %s%s(%s", returns_long ? "" : "(int)", converter(c), c->name);
    print_words(c);
    printf(");\n}\n");
}

int main(void)
{
    printf("/* SPDX-License-Identifier: MIT */\n"
           "/* Generated by schema/tools/export_guest.c from schema/syscalls.def; do not edit. "
           "Include "
           "sc.h. */\n"
           "/* clang-format off */\n#ifndef SC_SYSCALLS_H\n#define SC_SYSCALLS_H\n\n");
    print_constants();
    printf("\n#ifndef __ASSEMBLER__\n#include <stddef.h>\n\n"
           "/* As wide on both gates, and aligned as compilers do. */\n"
           "typedef long long sc_int64;\n"
           "typedef unsigned long long sc_uint64;\n");
    for (const struct sc_struct_info *s = sc_structs; s->name != NULL; s++)
        print_struct(s);
    printf("\n/** the size of a terminal, as Linux has it */\nstruct sc_window {\n"
           "    unsigned short rows, columns; /* in characters */\n"
           "    unsigned short width, height; /* in pixels */\n};\n");
    for (size_t i = 0; i < sc_calls_count; i++) {
        if (sc_calls[i].pass == SC_PASS_BLOCK)
            print_block(&sc_calls[i]);
    }
    printf("\n/* How sc.h makes calls. */\n"
           "long sc_call(long nr, long a, long b, long c, long d, long e);\n"
           "long sc_zero(long nr, long a, long b, long c, long d, long e);\n"
           "long sc_bool(long nr, long a, long b, long c, long d, long e);\n"
           "long sc_print(long nr, long a, long b, long c, long d, long e);\n"
           "long sc_handle(long nr, long a, long b, long c, long d, long e);\n"
           "long sc_count(long nr, long a, long b, long c, long d, long e);\n"
           "const char *sc_text(const char *s); /* \"\" of NULL: calls want mapped addresses */\n"
           "size_t sc_strlen(const char *s);    /* 0 of NULL */\n");
    for (size_t i = 0; i < sc_calls_count; i++)
        print_function(&sc_calls[i]);
    printf("\n#endif\n#endif\n");
    return 0;
}
