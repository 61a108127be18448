/* SPDX-License-Identifier: MIT */
/* The call table as data: lists of calls, flags, kinds, structs and errors, and their look-ups. */
#include "schema/calls.h"

#include <string.h>

/* The binary layouts that i386 guests were compiled with (abi.md, Arguments and structs). */
_Static_assert(SC_DIR_MAX == 128, "dirent name");
_Static_assert((int)FM_DDELETE < (int)SC_FM_ALL, "file modes fit 16 bits");

/*
 * Tables of fields. offsetof() needs the struct's name, which SC_ARG() and its like do not have: they
 * expand to tuples, (FIELD, …), to each of which FIELDS() adds the struct. Up to 12 of them.
 */
#define FIELDS(...)                                                                                \
    FIELDS_OF(__VA_ARGS__ NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,  \
              NONE, NONE)
/* clang-format off */
#define FIELDS_OF(type, a, b, c, d, e, f, g, h, i, j, k, l, too_many, ...)                         \
    {ADD(type, a) ADD(type, b) ADD(type, c) ADD(type, d) ADD(type, e) ADD(type, f)                 \
     ADD(type, g) ADD(type, h) ADD(type, i) ADD(type, j) ADD(type, k) ADD(type, l)                 \
     END(PARTS too_many)}
/* clang-format on */
#define NONE (NO_FIELD, )
#define PARTS(...) __VA_ARGS__
#define ADD(type, tuple) ADD_PARTS(type, PARTS tuple)
#define ADD_PARTS(type, ...) ADD_ONE(type, __VA_ARGS__)
#define ADD_ONE(type, add, ...) add(type, __VA_ARGS__)
#define NO_FIELD(...)
#define FIELD(type, member, ...) {.name = #member, .offset = offsetof(type, member), __VA_ARGS__},
#define END(...) END_IS(__VA_ARGS__)
#define END_IS(is, ...) is##_AT_END
#define NO_FIELD_AT_END                                                                            \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* What a kind's row says, to be added to FIELD(). */
#define OF_KIND(kind_, ...) .kind = SC_K_##kind_, .repr = (enum sc_repr)REPR_OF_##kind_, __VA_ARGS__

enum {
#define SC_KIND(kind, repr, json, doc) REPR_OF_##kind = SC_R_##repr,
#include "schema/types.def"
};

const struct sc_kind_info sc_kinds[SC_K_COUNT] = {
#define SC_KIND(kind, repr, json, doc)                                                             \
    [SC_K_##kind] = {#kind, #json, doc, SC_R_##repr, SC_JSON_##json},
#include "schema/types.def"
};

#define SC_STRUCT(name, fields, doc)                                                               \
    static const struct sc_field_info name##_fields[] = FIELDS(struct sc_##name, fields);
#define SC_FIELD(kind, name, text) (FIELD, name, OF_KIND(kind, .doc = text)),
#define SC_MORE(kind, name, text) (FIELD, name, OF_KIND(kind, .doc = text, .optional = 1)),
#include "schema/types.def"

const struct sc_struct_info sc_structs[] = {
#define SC_STRUCT(name, fields, doc) {#name, doc, name##_fields},
#include "schema/types.def"
    {NULL, NULL, NULL},
};

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static const struct sc_field_info low##_args[] = FIELDS(struct sc_##low##_args, ARGS);
#define SC_ARG(kind, name, text) (FIELD, name, OF_KIND(kind, .doc = text)),
#define SC_OPT(kind, name, text) (FIELD, name, OF_KIND(kind, .doc = text, .optional = 1)),
#define SC_NO_ARGS
#include "schema/syscalls.def"

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static const struct sc_field_info low##_results[] = FIELDS(struct sc_##low##_out, RESULTS);
#define SC_RET(kind, name, text) (FIELD, name, OF_KIND(kind, .doc = text)),
#define SC_OUT(type_, name, text)                                                                  \
    (FIELD, name, .doc = text, .kind = SC_K_COUNT, .type = #type_, .repr = SC_R_struct,            \
     .members = type_##_fields),
#define SC_OUT_BUF(name, text) SC_RET(buf, name, text)
#define SC_OUT_PATH(name, text) SC_RET(pbuf, name, text)
#define SC_NO_RESULT
#include "schema/syscalls.def"

/* errno numbers by name, so that rows of syscalls.def can name them without <errno.h>. */
enum {
#define SC_ERRNO_ROW(name, value, text, hint) ERR_##name = value,
#include "schema/errno.def"
};

#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    static const struct sc_error_info low##_errors[] = {ERRORS{0}};
#define SC_ERR(name, doc) {#name, doc, ERR_##name},
#define SC_NO_ERRORS
#include "schema/syscalls.def"

const struct sc_call_info sc_calls[] = {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    {nr,  "SC_" #UP,  #low,          SC_PASS_##pass, SC_RC_##rc,                                   \
     doc, low##_args, low##_results, low##_errors,   0 ARGS},
#define SC_ARG(kind, name, doc)
#define SC_OPT(kind, name, doc)
#define SC_NEEDS(right) | FM_##right
#define SC_NO_ARGS
#include "schema/syscalls.def"
};
const size_t sc_calls_count = sizeof sc_calls / sizeof sc_calls[0];

const struct sc_flag_info sc_flags[] = {
#define SC_FLAG(group, name, value, doc) {#group, #name, value, doc},
#include "schema/flags.def"
    {0},
};

const struct sc_command_info sc_commands[] = {
#define SC_COMMAND(NAME, number, in_size, out_size, doc) {#NAME, number, in_size, out_size, doc},
#include "schema/commands.def"
    {0},
};

const struct sc_errno_info sc_errnos[] = {
#define SC_ERRNO_ROW(name, value, text, hint) {#name, value, text, hint},
#include "schema/errno.def"
    {0},
};

/* Places in sc_calls by name: the table's order. */
enum {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS) AT_##UP,
#include "schema/syscalls.def"
};

/** Rows by number; NULL: no such call. */
static const struct sc_call_info *const by_nr[SC_MAX] = {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS) [nr] = &sc_calls[AT_##UP],
#include "schema/syscalls.def"
};

const struct sc_call_info *sc_call_by_nr(int nr)
{
    return nr >= 0 && nr < SC_MAX ? by_nr[nr] : NULL;
}

uint64_t sc_size_asked(const struct sc_call_info *call, const union sc_args *args)
{
    for (const struct sc_field_info *a = call->args; a->name != NULL; a++) {
        if (a->kind == SC_K_size)
            return *(const uint64_t *)((const char *)args + a->offset);
    }
    return 0;
}

struct sc_buf *sc_out_buf(const struct sc_call_info *call, union sc_out *out)
{
    for (const struct sc_field_info *r = call->results; r->name != NULL; r++) {
        if (r->repr == SC_R_buf)
            return (struct sc_buf *)((char *)out + r->offset);
    }
    return NULL;
}

/** Whether @word is @name (SC_ERRNO) in lower case without the prefix: errno. */
static int is_small_name(const char *name, const char *word)
{
    const char *large = name + sizeof "SC_" - 1;

    while (*large != '\0' && *word == (*large == '_' ? '_' : *large - 'A' + 'a'))
        large++, word++;
    return *large == '\0' && *word == '\0';
}

const struct sc_call_info *sc_call_by_name(const char *name)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        const struct sc_call_info *call = &sc_calls[i];

        if (strcmp(call->name, name) == 0 || strcmp(call->word, name) == 0 ||
            is_small_name(call->name, name))
            return call;
    }
    return NULL;
}

const struct sc_flag_info *sc_flag_by_name(const char *group, const char *name, size_t len)
{
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) == 0 && strlen(f->name) == len &&
            memcmp(f->name, name, len) == 0)
            return f;
    }
    return NULL;
}

const char *sc_flag_name(const char *group, uint32_t value)
{
    for (const struct sc_flag_info *f = sc_flags; f->group != NULL; f++) {
        if (strcmp(f->group, group) == 0 && f->value == value)
            return f->name;
    }
    return NULL;
}

int sc_group_is_mask(const char *group)
{
    return strcmp(group, "FM") == 0 || strcmp(group, "MM") == 0 || strcmp(group, "RN") == 0;
}

const struct sc_errno_info *sc_errno_by_value(int err)
{
    int value = err < 0 ? -err : err;

    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++) {
        if (e->value == value)
            return e;
    }
    return NULL;
}

const char *sc_errno_name(int err)
{
    const struct sc_errno_info *e = sc_errno_by_value(err);

    return e != NULL ? e->name : "E?";
}

const struct sc_errno_info *sc_errno_by_name(const char *name, size_t len)
{
    for (const struct sc_errno_info *e = sc_errnos; e->name != NULL; e++) {
        if (strlen(e->name) == len && memcmp(e->name, name, len) == 0)
            return e;
    }
    return NULL;
}
