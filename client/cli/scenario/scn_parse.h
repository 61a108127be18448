/* SPDX-License-Identifier: MIT */
/*
 * The parser of the scenario language.
 *
 *     scn_cursor.c  the place of the parse, known variables, the first mistake
 *     scn_text.c    strings, words, regular expressions, and the $variables in them
 *     scn_value.c   values: numbers, brackets, patterns
 *     scn_line.c    a step: [actor] word arguments expectation &
 *     scn_forms.c   forms that are not calls: fs, copy, run, wait, expect
 *     scn_watch.c   fault, expect trace, expect never
 *     scn_file.c    files: @keys, comments, lines below `run`, include
 *     scn_known.c   results of calls and methods, and parameters of methods
 *     scn_stated.c  whether a file states anything
 *     scn_words.c   the word nearest to an unknown one
 *
 * One parse is one `struct scn_parser`. The first mistake is kept with its place and ends the
 * parse; from then on every function returns NULL or false. Values of variables are checked when a
 * step is played; everything else is checked here: words, names and counts of arguments, flags,
 * errnos, and that a variable was set or captured before it is used.
 */
#ifndef CLIENT_CLI_SCENARIO_SCN_PARSE_H
#define CLIENT_CLI_SCENARIO_SCN_PARSE_H

#include "client/cli/scenario/scn_ast.h"

/** Limits of a scenario. Beyond one the parse ends with a mistake that names the limit. */
enum {
    SCN_SOURCE_MAX = 4 * 1024 * 1024, /* bytes of a file and all that it includes */
    SCN_STEPS_MAX = 100000,           /* lines with steps or comments, those of includes too */
    SCN_NAMES_MAX = 4096,             /* variables */
    SCN_BACKGROUND_MAX = 10000,       /* steps that end with & */
    SCN_REGEX_MAX = 4096,             /* bytes of a regular expression */
    SCN_FLAGS_MAX = 64,               /* flags of a member, as in {access: READ,WRITE} */
    SCN_KEY_MAX = 4096,               /* bytes of the text behind an @key */
    SCN_CITES_MAX = 16 * 1024,        /* bytes of the texts behind all @cite of a file */
};

/** A variable that a step may use: set from outside, or captured by an earlier step. */
struct scn_name {
    const char *name;
    bool given; /* can't be captured into; in a pattern it is compared */
};

struct scn_parser {
    struct scn_arena *arena;
    const char *file; /* NULL: a line typed by a person */
    int line;
    const char *text;   /* the line, NUL-terminated */
    const char *at;     /* the cursor in it */
    const char *stated; /* begin of the stated outcome; NULL: not reached yet */
    struct scn_name *names;
    size_t name_count;
    size_t source_size;   /* bytes of the files read so far */
    int background_count; /* background steps so far */
    bool *waited;         /* for each: a step waits for it; NULL: not checked */
    int error_line;       /* where the mistake is; 0: in a line typed by a person */
    int error_column;
    const char *error_file;
    char *error; /* a sentence; NULL: no mistake so far */
};

/** Keep a mistake at a column (0: the cursor), unless there is one already. */
void scn_fail(struct scn_parser *p, int column, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** scn_fail() with "; did you mean X?" behind it when @nearest is not NULL. */
void scn_fail_near(struct scn_parser *p, int column, const char *nearest, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/** Column of a place in the line, from 1. */
int scn_column(const struct scn_parser *p, const char *at);

/** Begin a line; @text borrowed for the parse. */
void scn_begin_line(struct scn_parser *p, const char *text, int line);

/** Add a known variable. The name is copied. */
void scn_know(struct scn_parser *p, const char *name, bool given);

/** The known variable of this name, or NULL. */
const struct scn_name *scn_known(const struct scn_parser *p, const char *name);

/** Report a variable that was neither set nor captured. */
void scn_fail_unknown(struct scn_parser *p, int column, const char *name);

/** Whether a word typed without quotes ends at @c: a blank, and inside brackets , ] } too. */
bool scn_ends_word(char c, int depth);

/** Take a * that stands alone. Returns whether there was one. */
bool scn_take_star(struct scn_parser *p, int depth);

/* ---- text: scn_text.c; each stands on the first character and leaves behind the last ---- */

/** A value that begins at the cursor. */
struct scn_value *scn_value_new(struct scn_parser *p, enum scn_kind kind);

/** Take NAME of $NAME or ${NAME}; NULL after a mistake. */
char *scn_take_var(struct scn_parser *p, int *out_column);

struct scn_value *scn_parse_string(struct scn_parser *p);
struct scn_value *scn_parse_regex(struct scn_parser *p);

/** Read a word without quotes, with the variables in it, into @v. */
bool scn_take_pieces(struct scn_parser *p, struct scn_value *v, int depth);

/* ---- values: scn_value.c ---- */

enum scn_mode {
    SCN_ARGUMENT,  /* what is sent: no regex, no *; a word may be true, null or begin with / */
    SCN_PARAMETER, /* a parameter of a method: as an argument, but true, false and null as in JSON */
    SCN_PATTERN,   /* what is compared */
};

/** Skip blanks. */
void scn_skip(struct scn_parser *p);

/** Whether nothing but a comment is left. */
bool scn_at_end(struct scn_parser *p);

/** Take letters, digits and _ . at the cursor; "" when there are none. In the arena. */
char *scn_take_word(struct scn_parser *p);

/** Parse one value at the cursor; NULL after a mistake. */
struct scn_value *scn_parse_value(struct scn_parser *p, enum scn_mode mode);

/** The text of a value without variables; NULL: it has some, or is not text. */
const char *scn_literal(const struct scn_value *v);

/* ---- lines ---- */

/**
 * Parse a step at the start of the line.
 * @out      filled except file and line; a comment or blank line is SCN_COMMENT.
 * Returns   whether there was no mistake.
 */
bool scn_parse_step(struct scn_parser *p, struct scn_step *out);

/** Parse `= pattern`, `! ERRNO why …`, `!? ERRNO`, `&` and the end of the line. */
bool scn_parse_expect(struct scn_parser *p, struct scn_step *step);

/** Whether the cursor is at the end of the arguments: at = ! & or the end of the line. */
bool scn_at_expect(struct scn_parser *p);

/** Take NAME= where a named argument begins, else NULL. */
char *scn_take_arg_name(struct scn_parser *p);

/** Report a word that is not an errno. */
void scn_fail_errno(struct scn_parser *p, int column, const char *word);

/** The call's argument of this name; NULL after a mistake. */
const struct sc_field_info *scn_arg_by_name(struct scn_parser *p, int column,
                                            const struct sc_call_info *call, const char *name);

/** Whether a step has the call's argument already. */
bool scn_is_given(const struct scn_step *step, const struct sc_field_info *info);

/** Check that a value can be what an argument takes. */
bool scn_check_arg(struct scn_parser *p, const struct sc_field_info *info,
                   const struct scn_value *v);

/** Check that each of READ,WRITE is a flag of a group. @v has a literal. */
bool scn_check_flags(struct scn_parser *p, const struct scn_value *v, const char *group);

/** Nothing may follow. */
bool scn_parse_end(struct scn_parser *p);

/** Parse a line that begins with one of scn_words; @word was read. scn_forms.c. */
bool scn_parse_sugar(struct scn_parser *p, const char *word, int column, struct scn_step *step);

/** Parse `fault …`; the word was read. scn_watch.c. */
bool scn_parse_fault(struct scn_parser *p, struct scn_step *step);

/** Parse `expect trace …` or `expect never …`; both words were read, @kind tells which.
 * scn_watch.c. */
bool scn_parse_watch(struct scn_parser *p, struct scn_step *step, enum scn_step_kind kind);

/** Parse an indented line below `run`. scn_forms.c. */
bool scn_parse_run_line(struct scn_parser *p, struct scn_step *run);

/** Whether a line below `run` begins with this word. */
bool scn_is_below_run(const char *word);

/* ---- files: scn_file.c ---- */

/**
 * Parse a file and what it includes.
 * @p        arena, names set; on a mistake error, error_file, error_line and error_column are set.
 * @out      its arena is @p's arena.
 * Returns   whether there was no mistake.
 */
bool scn_parse_file(struct scn_parser *p, const char *path, struct scn_scenario *out);

/**
 * Parse lines as a file holds them: a `run` with what is indented below it, an include, @keys …
 * @text     cut into its lines.
 * @out      as scn_parse_file(); it may be empty.
 */
bool scn_parse_text(struct scn_parser *p, char *text, struct scn_scenario *out);

/* ---- what the tables know: scn_known.c ---- */

/** Check that a step's result can match what is stated. */
bool scn_check_answer(struct scn_parser *p, const struct scn_step *step);

/** Check the name and the parameters of a SCN_METHOD step, unless it states a refusal. */
bool scn_check_method(struct scn_parser *p, const struct scn_step *step);

/* ---- what a file states: scn_stated.c ---- */

/** Check that some step of a file that parsed, @path as it was given, states something. */
bool scn_check_stated(struct scn_parser *p, const struct scn_scenario *s, const char *path);

/* ---- words: scn_words.c ---- */

/** A search for the word nearest to a mistyped one. */
struct scn_near {
    const char *word;  /* the mistyped word */
    const char *found; /* the best so far, NULL: none is near */
    size_t distance;
};

/** Consider a valid word. */
void scn_nearer(struct scn_near *best, const char *candidate);

#endif
