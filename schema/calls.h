/* SPDX-License-Identifier: MIT */
/*
 * The call table as C: numbers, constants, argument and result structs, handler prototypes.
 *
 * The macros below expand the .def files beside it. A new call is a row of syscalls.def and a
 * handler; this file does not change.
 */
#ifndef SCHEMA_CALLS_H
#define SCHEMA_CALLS_H

#include <stddef.h>
#include <stdint.h>

enum {
    SC_MAX = 128,           /* numbers are below this */
    SC_DIR_MAX = 128,       /* bytes of a name in a guest's dirent, with its NUL */
    SC_NAME_MAX = 126,      /* bytes of a view's name */
    SC_COMPONENT_MAX = 255, /* bytes of one component of a path */
    SC_PAGE_SIZE = 4096,
    SC_FM_ALL = 0xFFFF,   /* FM_ALL_MODES: every bit a view can carry */
    SC_PENDING = 1,       /* a handler's answer: the call is parked and finishes later */
    SC_PATH_SIZE = 4096,  /* bytes of a path that a call returns, with its NUL */
    SC_ARGS_MAX = 65536,  /* bytes of arguments and environment */
    SC_SELECT_MAX = 1024, /* handles of one SELECT */
};

/** Commands of IOCTL: SC_COMMAND_TTY_GET_WINDOW … */
enum sc_command {
#define SC_COMMAND(NAME, number, in_size, out_size, doc) SC_COMMAND_##NAME = number,
#include "schema/commands.def"
};

/** The named constants: FM_READ, MM_WRITE, FT_DIR, PS_DONE, FAIL_ZEROPTR … */
enum sc_flag {
#define SC_FLAG(group, name, value, doc) group##_##name = value,
#include "schema/flags.def"
};

/** All file modes that have a name: the rights of a new filesystem's view. */
enum {
    SC_FM_NAMED = 0
#define SC_FLAG(group, name, value, doc) SC_IF_##group(value)
#define SC_IF_FM(value) | (value)
#define SC_IF_MM(value)
#define SC_IF_FT(value)
#define SC_IF_PS(value)
#define SC_IF_RN(value)
#define SC_IF_FAIL(value)
#include "schema/flags.def"
#undef SC_IF_FM
#undef SC_IF_MM
#undef SC_IF_FT
#undef SC_IF_PS
#undef SC_IF_RN
#undef SC_IF_FAIL
};

/** Call numbers: SC_OPEN … */
enum sc_nr {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS) SC_##UP = nr,
#include "schema/syscalls.def"
};

/** The values of a guest's result register: column rc of syscalls.def. */
enum sc_rc {
    SC_RC_ZERO,
    SC_RC_BOOL,
    SC_RC_TRUE,
    SC_RC_VALUE,
    SC_RC_SIGNED,
    SC_RC_PRINT,
    SC_RC_NEVER
};

/** How guests pass arguments: column pass of syscalls.def. */
enum sc_pass { SC_PASS_REGS, SC_PASS_BLOCK };

/** Borrowed bytes; not NUL-terminated. ptr is not NULL, even if len is 0. */
struct sc_str {
    const char *ptr;
    size_t len;
};

/** The gate's buffer for result bytes: the handler sets len, at most cap. */
struct sc_buf {
    char *ptr;
    size_t cap;
    size_t len;
};

/** A name that a call returns. Guests get SC_DIR_MAX bytes of it. */
struct sc_dname {
    char bytes[SC_COMPONENT_MAX + 1];
};

/** One enumerator a representation: SC_R_i32 … */
enum sc_repr {
#define SC_REPR(repr, ctype, doc) SC_R_##repr,
#include "schema/types.def"
    SC_R_struct /* the members of an SC_STRUCT */
};

/** One enumerator for each kind: SC_K_path … */
enum sc_kind {
#define SC_KIND(kind, repr, json, doc) SC_K_##kind,
#include "schema/types.def"
    SC_K_COUNT
};

/* Typedef names so that rows can paste them: sc_repr_string …, sc_path, sc_fd … */
#define SC_REPR(repr, ctype, doc) typedef ctype sc_repr_##repr;
#define SC_KIND(kind, repr, json, doc) typedef sc_repr_##repr sc_##kind;
#include "schema/types.def"

/** What a kind is in JSON: the column json of types.def. Groups of flags are the first. */
enum sc_json {
    SC_JSON_FM,
    SC_JSON_MM,
    SC_JSON_FT,
    SC_JSON_PS,
    SC_JSON_RN,
    SC_JSON_name,
    SC_JSON_data,
    SC_JSON_integer,
    SC_JSON_fds,
    SC_JSON_argv
};

/* Structs stored at out pointers: struct sc_stat … */
#define SC_STRUCT(name, fields, doc)                                                               \
    struct sc_##name {                                                                             \
        fields                                                                                     \
    };
#define SC_FIELD(kind, name, doc) sc_##kind name;
#include "schema/types.def"

/* struct sc_open_args … ; a call without arguments has one unused byte. */
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    struct sc_##low##_args {                                                                       \
        ARGS                                                                                       \
    };
#define SC_ARG(kind, name, doc) sc_##kind name;
#define SC_OPT(kind, name, doc) sc_##kind name;
#define SC_NO_ARGS char none;
#include "schema/syscalls.def"

/* struct sc_open_out … */
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    struct sc_##low##_out {                                                                        \
        RESULTS                                                                                    \
    };
#define SC_RET(kind, name, doc) sc_##kind name;
#define SC_OUT(type, name, doc) struct sc_##type name;
#define SC_OUT_BUF(name, doc) struct sc_buf name;
#define SC_NO_RESULT char none;
#include "schema/syscalls.def"

/** The arguments of any call. */
union sc_args {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS) struct sc_##low##_args low;
#include "schema/syscalls.def"
};

/** The results of any call. */
union sc_out {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS) struct sc_##low##_out low;
#include "schema/syscalls.def"
};

struct call;

/*
 * Handlers. Each returns 0 with *out filled, a negative errno with *out untouched, or SC_PENDING.
 * @call   borrowed; has the caller, and takes reasons (call_why()).
 * @args   borrowed until the call finishes; only the lengths of strings were checked.
 * @out    borrowed until the call finishes.
 */
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    int sc_##low(struct call *call, const struct sc_##low##_args *args, struct sc_##low##_out *out);
#include "schema/syscalls.def"

/** One argument, result or error as data, for help, documents and completion. */
struct sc_field_info {
    const char *name; /* C and JSON name; NULL ends a list */
    const char *doc;
    enum sc_kind kind; /* of arguments, SC_RET, SC_OUT_BUF (SC_K_buf) and SC_OUT_PATH (SC_K_pbuf) */
    const char *type;  /* the struct's name (stat …) of an SC_OUT, else NULL */
    int optional;      /* may be left out in JSON; of a struct's member: guests' structs lack it */
    enum sc_repr repr; /* of the kind; SC_R_struct of an SC_OUT */
    uint32_t offset;   /* in the call's struct of arguments or results, or in the SC_STRUCT */
    const struct sc_field_info *members; /* of an SC_OUT, else NULL */
};

struct sc_error_info {
    const char *name; /* ENOENT …; NULL ends a list */
    const char *doc;  /* the condition */
    int value;        /* positive errno number */
};

/** A row of syscalls.def as data. */
struct sc_call_info {
    int nr;
    const char *name; /* SC_OPEN */
    const char *word; /* open: what a person types */
    enum sc_pass pass;
    enum sc_rc rc;
    const char *doc;
    const struct sc_field_info *args;
    const struct sc_field_info *results;
    const struct sc_error_info *errors;
    uint32_t right; /* FM_*: what the handle that the call is given must allow, else EBADF */
};

/** A row of flags.def as data. */
struct sc_flag_info {
    const char *group; /* FM; NULL ends the list */
    const char *name;  /* READ */
    uint32_t value;
    const char *doc;
};

/** A row of types.def's kinds as data. */
struct sc_kind_info {
    const char *name; /* path */
    const char *json; /* string, integer, data, fds, argv, or a group of flags: FM MM FT PS RN */
    const char *doc;
    enum sc_repr repr;
    enum sc_json form;
};

/** A row of commands.def as data. */
struct sc_command_info {
    const char *name; /* TTY_GET_WINDOW; NULL ends the list */
    uint32_t number;
    uint32_t in_size, out_size; /* bytes */
    const char *doc;
};

/** A row of types.def's structs as data. */
struct sc_struct_info {
    const char *name; /* stat; NULL ends the list */
    const char *doc;
    const struct sc_field_info *fields;
};

/** A row of errno.def as data. */
struct sc_errno_info {
    const char *name; /* ENOENT; NULL ends the list */
    int value;        /* positive */
    const char *text;
    const char *hint;
};

extern const struct sc_call_info sc_calls[]; /* in the table's order */
extern const size_t sc_calls_count;
extern const struct sc_flag_info sc_flags[];       /* ended by a NULL group */
extern const struct sc_command_info sc_commands[]; /* ended by a NULL name */
extern const struct sc_errno_info sc_errnos[];     /* ended by a NULL name */
extern const struct sc_struct_info sc_structs[];   /* ended by a NULL name */
extern const struct sc_kind_info sc_kinds[SC_K_COUNT];

/** Whether a result is bytes in a buffer that the caller lends. */
static inline int sc_kind_is_buf(enum sc_kind kind)
{
    return kind == SC_K_buf || kind == SC_K_pbuf;
}

/** How many bytes a call may give back: its argument of kind size. 0 when it has none. */
uint64_t sc_size_asked(const struct sc_call_info *call, const union sc_args *args);

/** The buffer of a call for bytes that it gives back; NULL when it has none. */
struct sc_buf *sc_out_buf(const struct sc_call_info *call, union sc_out *out);

/** The row of a call number, or NULL. */
const struct sc_call_info *sc_call_by_nr(int nr);

/**
 * The row with a name: the method (SC_ERRNO), the same in lower case (errno) or the word
 * (last_errno); or NULL.
 */
const struct sc_call_info *sc_call_by_name(const char *name);

/** The flag of a group (FM) with a name (READ); NULL: none. */
const struct sc_flag_info *sc_flag_by_name(const char *group, const char *name, size_t len);

/** The name of a flag of a group by its value: "DONE" in PS; NULL: none. */
const char *sc_flag_name(const char *group, uint32_t value);

/** Whether the flags of a group are bits of a mask (FM), not single values (FT). */
int sc_group_is_mask(const char *group);

/** The row of an errno, positive or negative; NULL if errno.def has none. */
const struct sc_errno_info *sc_errno_by_value(int err);

/** The name of an errno, positive or negative: "ENOENT"; "E?" if errno.def has none. */
const char *sc_errno_name(int err);

/** The row of an errno name, or NULL. */
const struct sc_errno_info *sc_errno_by_name(const char *name, size_t len);

#endif
