/* SPDX-License-Identifier: MIT */
/*
 * A scenario as data: what the parser makes and the engine plays.
 *
 * All objects of a scenario are in its arena, and are freed with it, not one by one. Arena
 * functions do not fail: without memory the program ends with a message.
 */
#ifndef CLIENT_CLI_SCENARIO_SCN_AST_H
#define CLIENT_CLI_SCENARIO_SCN_AST_H

#include "schema/calls.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- memory ---- */

struct scn_arena {
    struct scn_block *blocks;
};

/** Zeroed memory that lives as long as the arena; never NULL. */
void *scn_alloc(struct scn_arena *arena, size_t size);

/** A NUL-terminated copy of @len bytes. */
char *scn_strndup(struct scn_arena *arena, const char *text, size_t len);

/** Printf into the arena. */
char *scn_strf(struct scn_arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Make room for one more element of @size bytes behind @count; returns the array, maybe moved. */
void *scn_grow(struct scn_arena *arena, void *array, size_t count, size_t size);

/** Move the blocks of @from to @to; @from is empty afterwards. */
void scn_arena_move(struct scn_arena *to, struct scn_arena *from);

/** End the program with a message about missing memory. */
_Noreturn void scn_no_memory(void);

void scn_arena_done(struct scn_arena *arena);

/* ---- values ---- */

enum scn_kind {
    SCN_NULL,
    SCN_TRUE,
    SCN_FALSE,
    SCN_NUMBER, /* text: digits as typed, decimal, 0x or 0o */
    SCN_STRING, /* pieces */
    SCN_WORD,   /* pieces; typed without quotes */
    SCN_BYTES,  /* text: base64 */
    SCN_VAR,    /* text: the variable's name */
    SCN_REGEX,  /* pieces; only in patterns, as the following */
    SCN_ANY,
    SCN_ARRAY,  /* members without keys; also in arguments, as the following */
    SCN_OBJECT, /* members */
};

/** Literal text, or a variable that is replaced by its text. */
struct scn_piece {
    char *text;
    bool is_var;
};

struct scn_member {
    char *key;
    int column; /* of the key */
    struct scn_value *value;
};

struct scn_value {
    enum scn_kind kind;
    bool negated; /* of a log: it must not match */
    int column;   /* where it begins, from 1 */
    char *text;
    struct scn_piece *pieces;
    size_t piece_count;
    struct scn_member *members;
    size_t member_count;
};

/* ---- steps ---- */

enum scn_step_kind {
    SCN_COMMENT,
    SCN_CALL,   /* a row of the call table */
    SCN_METHOD, /* a method of the daemon, its parameters as they stand */
    SCN_WAIT,   /* take the result of a background step */
    SCN_FS,
    SCN_COPY,
    SCN_RUN,
    SCN_EXPECT_FILE,
    SCN_EXPECT_CENSUS,
    SCN_EXPECT_TRACE, /* some recorded call matches */
    SCN_EXPECT_NEVER, /* none matches */
    SCN_FAULT,        /* method: fault.add or fault.clear */
};

enum scn_expect_kind {
    SCN_SUCCEEDS,   /* nothing is stated */
    SCN_YIELDS,     /* = pattern */
    SCN_REFUSES,    /* ! ERRNO */
    SCN_MAY_REFUSE, /* !? ERRNO */
};

enum { SCN_ANY_ERROR = 0 }; /* the code of ! * */

struct scn_expect {
    enum scn_expect_kind kind;
    struct scn_value *pattern;
    int code;               /* positive errno, a code of JSON-RPC, or SCN_ANY_ERROR */
    struct scn_value **why; /* each must be in the reasons */
    size_t why_count;
    char *source; /* as it was typed, for messages; NULL: nothing is stated */
};

struct scn_arg {
    const char *name; /* of the call's argument, or the key of fs; NULL: positional */
    const struct sc_field_info *info; /* the call's argument; NULL elsewhere */
    struct scn_value *value;
};

/** The indented lines below `run`. */
struct scn_run {
    struct scn_value **stdin_text; /* one after the other, then the end of input */
    size_t stdin_count;
    struct scn_arg *env; /* NAME=VALUE */
    size_t env_count;
    struct scn_value **log;
    size_t log_count;
    struct scn_value *exit_code;
    struct scn_value *state;
    struct scn_value *code; /* what follows the state, ZEROPTR; NULL: any */
    char *source;           /* the lines, for messages; NULL: there are none */
    size_t source_len;
    size_t source_room;
};

struct scn_step {
    enum scn_step_kind kind;
    const char *file;
    int line;
    int column;              /* of its first word, from 1 */
    char *source;            /* the line without blanks and comment around it */
    char *act;               /* source without the stated outcome */
    struct scn_value *actor; /* NULL: the session's own process */
    const struct sc_call_info
        *call;    /* NULL in SCN_EXPECT_TRACE, SCN_EXPECT_NEVER, SCN_FAULT: any */
    char *method; /* SCN_METHOD, SCN_FAULT: its name; SCN_COMMENT: its text */
    struct scn_arg *args;
    size_t arg_count;
    struct scn_expect expect;
    int background; /* SCN_WAIT: which step; others: their number, 0 not in background */
    struct scn_run run;
};

/* ---- files ---- */

/** The @keys at the head of a file. */
struct scn_header {
    char *title;
    char **cites; /* in the order of the file */
    size_t cite_count;
    size_t cites_len; /* bytes of all of them */
    char *set;
    char *hint;
    char *visibility; /* visible, hidden, after_due_date, after_published */
    char *show;       /* full, input, none */
    char *needs;      /* i386 or x86_64: guests that the host must support */
    unsigned given;   /* keys in the file, a bit each */
    double points;
    bool virtual_clock;
    bool lockstep;     /* machine.create lockstep */
    int timeout_ms;    /* 0: not stated */
    size_t output_max; /* bytes kept of what a program prints; 0: not stated */
};

struct scn_scenario {
    struct scn_arena arena;
    struct scn_header header;
    struct scn_step *steps;
    size_t step_count;
};

#endif
