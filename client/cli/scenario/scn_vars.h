/* SPDX-License-Identifier: MIT */
/* Variables, and values with their variables filled in. */
#ifndef CLIENT_CLI_SCENARIO_SCN_VARS_H
#define CLIENT_CLI_SCENARIO_SCN_VARS_H

#include "client/cli/scenario/scn_ast.h"

#include "server/base/strbuf.h"

#include <cjson/cJSON.h>

enum {
    SCN_VARS_MAX = 64 * 1024 * 1024, /* bytes of memory of all variables */
    SCN_TEXTS_MAX =
        16 * 1024 * 1024, /* bytes of the texts of a step, with their variables filled in */
};

struct scn_var {
    char *name;
    cJSON *value;
    size_t weight; /* bytes of memory of the value, which its text does not exceed by much */
    bool given;    /* not to be captured into */
};

struct scn_vars {
    struct scn_var *items;
    size_t count;
    size_t weight; /* of all */
};

/**
 * Give a variable a value, instead of the one it had. @value taken; NULL means no memory.
 * Returns   0, -ENOMEM, or -E2BIG beyond SCN_VARS_MAX.
 */
int scn_vars_set(struct scn_vars *vars, const char *name, cJSON *value, bool given);

/** NULL when there is none of this name. Borrowed until the next scn_vars_set(). */
const struct scn_var *scn_vars_get(const struct scn_vars *vars, const char *name);

/** Make @out, which is empty, hold what @vars does. 0, -ENOMEM. */
int scn_vars_copy(const struct scn_vars *vars, struct scn_vars *out);

void scn_vars_done(struct scn_vars *vars);

/** A JSON value as text in a sentence: strings without quotes. Returned; free(). NULL: no memory. */
char *scn_json_text(const cJSON *value);

/** Bytes of the texts in a value when its variables are filled in, or somewhat more. NULL: 0. */
size_t scn_text_size(const struct scn_value *v, const struct scn_vars *vars);

/** Append a variable's value; nothing when it has none. */
typedef void (*scn_add_var_fn)(struct strbuf *b, const char *name, const struct scn_vars *vars);

/** Append a value that is text, with its variables as @add appends them. */
void scn_expand(struct strbuf *b, const struct scn_value *v, const struct scn_vars *vars,
                scn_add_var_fn add);

/** The text of a value with its variables filled in. Returned; free(). NULL: no memory. */
char *scn_text(const struct scn_value *v, const struct scn_vars *vars);

/** A value as JSON, its variables filled in. Returned; cJSON_Delete(). NULL: no memory. */
cJSON *scn_eval(const struct scn_value *v, const struct scn_vars *vars);

/** The text of a value as JSON, also of what looks like a number. Returned. NULL: no memory. */
cJSON *scn_eval_text(const struct scn_value *v, const struct scn_vars *vars);

/** Append the bytes of a word of a program and a NUL. 0 or -ENOMEM. */
int scn_add_word(struct strbuf *blob, const struct scn_value *v, const struct scn_vars *vars);

/** Add bytes as member @name: as text where they are some, else as base64. 0 or -ENOMEM. */
int scn_add_data(cJSON *params, const char *name, const struct scn_value *v,
                 const struct scn_vars *vars);

/** A number as typed, as JSON: a decimal string when a double can't hold it. NULL: no memory. */
cJSON *scn_number(const char *digits);

/** The parameters of a SCN_CALL step. Returned; cJSON_Delete(). NULL: no memory. */
cJSON *scn_eval_call(const struct scn_step *step, const struct scn_vars *vars);

#endif
