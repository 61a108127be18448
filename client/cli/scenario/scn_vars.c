/* SPDX-License-Identifier: MIT */
#include "client/cli/scenario/scn_vars.h"

#include "client/cli/base/json.h"
#include "client/cli/scenario/scn_bytes.h"
#include "client/lib/scbox_cjson.h"
#include "server/base/base64.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest integer that a double holds exactly, as it does all smaller ones. */
static const uint64_t JSON_INT_MAX = (UINT64_C(1) << 53) - 1;

/* ---- the set of variables ---- */

static struct scn_var *find(const struct scn_vars *vars, const char *name)
{
    for (size_t i = 0; i < vars->count; i++) {
        if (strcmp(vars->items[i].name, name) == 0)
            return &vars->items[i];
    }
    return NULL;
}

const struct scn_var *scn_vars_get(const struct scn_vars *vars, const char *name)
{
    return find(vars, name);
}

int scn_vars_set(struct scn_vars *vars, const char *name, cJSON *value, bool given)
{
    struct scn_var *v = find(vars, name);
    size_t weight = json_weight(value);
    struct scn_var *larger;
    char *copy;

    if (value == NULL)
        return -ENOMEM;
    if (vars->weight - (v != NULL ? v->weight : 0) + weight > SCN_VARS_MAX) {
        cJSON_Delete(value);
        return -E2BIG;
    }
    if (v != NULL) {
        vars->weight += weight - v->weight;
        cJSON_Delete(v->value);
        *v = (struct scn_var){v->name, value, weight, given};
        return 0;
    }
    copy = strdup(name);
    larger = realloc(vars->items, (vars->count + 1) * sizeof *larger);
    if (larger != NULL)
        vars->items = larger;
    if (copy == NULL || larger == NULL) {
        free(copy);
        cJSON_Delete(value);
        return -ENOMEM;
    }
    vars->items[vars->count++] = (struct scn_var){copy, value, weight, given};
    vars->weight += weight;
    return 0;
}

int scn_vars_copy(const struct scn_vars *vars, struct scn_vars *out)
{
    for (size_t i = 0; i < vars->count; i++) {
        const struct scn_var *v = &vars->items[i];

        if (scn_vars_set(out, v->name, cJSON_Duplicate(v->value, true), v->given) < 0) {
            scn_vars_done(out);
            return -ENOMEM;
        }
    }
    return 0;
}

void scn_vars_done(struct scn_vars *vars)
{
    for (size_t i = 0; i < vars->count; i++) {
        free(vars->items[i].name);
        cJSON_Delete(vars->items[i].value);
    }
    free(vars->items);
    *vars = (struct scn_vars){0};
}

/* ---- text ---- */

char *scn_json_text(const cJSON *value)
{
    if (cJSON_IsString(value))
        return strdup(value->valuestring);
    return scbox_json(value);
}

/** Append the text of a variable. */
static void add_var(struct strbuf *b, const char *name, const struct scn_vars *vars)
{
    const struct scn_var *var = find(vars, name);
    char *text = var != NULL ? scn_json_text(var->value) : NULL;

    (void)strbuf_adds(b, text != NULL ? text : "");
    free(text);
}

size_t scn_text_size(const struct scn_value *v, const struct scn_vars *vars)
{
    const struct scn_var *var;
    size_t size = 0;

    if (v == NULL)
        return 0;
    size = v->text != NULL ? strlen(v->text) : 0;
    if (v->kind == SCN_VAR && (var = find(vars, v->text)) != NULL)
        size = var->weight;
    for (size_t i = 0; i < v->piece_count; i++) {
        var = v->pieces[i].is_var ? find(vars, v->pieces[i].text) : NULL;
        size += var != NULL ? var->weight : strlen(v->pieces[i].text);
    }
    for (size_t i = 0; i < v->member_count; i++)
        size += scn_text_size(v->members[i].value, vars);
    return size;
}

void scn_expand(struct strbuf *b, const struct scn_value *v, const struct scn_vars *vars,
                scn_add_var_fn add)
{
    if (v->kind == SCN_VAR)
        add(b, v->text, vars);
    else if (v->text != NULL)
        (void)strbuf_adds(b, v->text);
    for (size_t i = 0; i < v->piece_count; i++) {
        if (v->pieces[i].is_var)
            add(b, v->pieces[i].text, vars);
        else
            (void)strbuf_adds(b, v->pieces[i].text);
    }
}

char *scn_text(const struct scn_value *v, const struct scn_vars *vars)
{
    struct strbuf b = STRBUF_INIT;

    scn_expand(&b, v, vars, add_var);
    return strbuf_take(&b);
}

static cJSON *string_taken(char *text)
{
    cJSON *json = text != NULL ? cJSON_CreateString(text) : NULL;

    free(text);
    return json;
}

/* ---- JSON ---- */

cJSON *scn_eval_text(const struct scn_value *v, const struct scn_vars *vars)
{
    return string_taken(scn_text(v, vars));
}

cJSON *scn_number(const char *digits)
{
    bool negative = digits[0] == '-';
    const char *start = digits + (negative ? 1 : 0);
    int base = strncmp(start, "0x", 2) == 0 ? 16 : strncmp(start, "0o", 2) == 0 ? 8 : 10;
    char decimal[32];
    uint64_t n;

    errno = 0;
    n = strtoull(start + (base == 8 ? 2 : 0), NULL, base);
    if (errno != 0)
        return cJSON_CreateString(digits);
    if (n <= JSON_INT_MAX)
        return cJSON_CreateNumber(negative ? -(double)n : (double)n);
    (void)snprintf(decimal, sizeof decimal, "%s%" PRIu64, negative ? "-" : "", n);
    return cJSON_CreateString(decimal);
}

/** Whether a parameter's bytes stand beside their encoding; all others are {base64}. */
static bool is_data(const char *name)
{
    return strcmp(name, "data") == 0 || strcmp(name, "msg") == 0;
}

static cJSON *eval_members(const struct scn_value *v, const struct scn_vars *vars)
{
    cJSON *json = v->kind == SCN_OBJECT ? cJSON_CreateObject() : cJSON_CreateArray();

    for (size_t i = 0; i < v->member_count; i++) {
        const struct scn_value *member = v->members[i].value;
        cJSON *item;

        if (member->kind == SCN_BYTES && v->kind == SCN_OBJECT && is_data(v->members[i].key)) {
            (void)scn_add_data(json, v->members[i].key, member, vars);
            continue;
        }
        item = member->kind == SCN_BYTES ? scn_name_json(member, vars) : scn_eval(member, vars);
        if (v->kind == SCN_OBJECT)
            (void)cJSON_AddItemToObject(json, v->members[i].key, item);
        else
            (void)cJSON_AddItemToArray(json, item);
    }
    return json;
}

/** The variable that a value is nothing but, or NULL. */
static const struct scn_var *lone_var(const struct scn_value *v, const struct scn_vars *vars)
{
    if (v->kind == SCN_VAR)
        return find(vars, v->text);
    if (v->kind == SCN_WORD && v->piece_count == 1 && v->pieces[0].is_var)
        return find(vars, v->pieces[0].text);
    return NULL;
}

cJSON *scn_eval(const struct scn_value *v, const struct scn_vars *vars)
{
    const struct scn_var *var = lone_var(v, vars);

    if (var != NULL)
        return cJSON_Duplicate(var->value, true);
    switch (v->kind) {
    case SCN_NULL:
        return cJSON_CreateNull();
    case SCN_TRUE:
    case SCN_FALSE:
        return cJSON_CreateBool(v->kind == SCN_TRUE);
    case SCN_NUMBER:
        return scn_number(v->text);
    case SCN_ARRAY:
    case SCN_OBJECT:
        return eval_members(v, vars);
    default:
        return scn_eval_text(v, vars);
    }
}

/* ---- arguments of calls ---- */

/** READ,WRITE as an array of names. */
static cJSON *eval_flags(const char *text)
{
    cJSON *array = cJSON_CreateArray();

    for (;;) {
        size_t len = strcspn(text, ",");
        char *name = strndup(text, len);

        (void)cJSON_AddItemToArray(array, string_taken(name));
        if (text[len] == '\0')
            return array;
        text += len + 1;
    }
}

static bool is_digits(const char *text)
{
    const char *start = text + (text[0] == '-' ? 1 : 0);

    return start[0] != '\0' && start[strspn(start, "0123456789")] == '\0';
}

int scn_add_data(cJSON *params, const char *name, const struct scn_value *v,
                 const struct scn_vars *vars)
{
    size_t len = 0;
    char *bytes = scn_bytes(v, vars, &len);
    int err = -ENOMEM;

    if (v->kind == SCN_BYTES) {
        if (cJSON_AddStringToObject(params, name, v->text) != NULL &&
            cJSON_AddStringToObject(params, "encoding", "base64") != NULL)
            err = 0;
    } else if (bytes != NULL) {
        err = scbox_add_data(params, name, bytes, len);
    }
    free(bytes);
    return err;
}

/** Words of a program, which are text although some look like numbers. */
static cJSON *eval_words(const struct scn_value *v, const struct scn_vars *vars)
{
    cJSON *words = cJSON_CreateArray();

    for (size_t i = 0; i < v->member_count; i++)
        (void)cJSON_AddItemToArray(words, scn_eval_text(v->members[i].value, vars));
    return words;
}

int scn_add_word(struct strbuf *blob, const struct scn_value *v, const struct scn_vars *vars)
{
    size_t len = 0;
    char *bytes = scn_bytes(v, vars, &len);
    int err = bytes != NULL ? strbuf_add(blob, bytes, strlen(bytes) + 1) : -ENOMEM;

    free(bytes);
    return err;
}

/** Whether some word of a list is bytes. */
static bool has_bytes(const struct scn_value *list, const struct scn_vars *vars)
{
    for (size_t i = 0; i < list->member_count; i++) {
        const struct scn_value *v = list->members[i].value;
        const struct scn_var *var = lone_var(v, vars);

        if (v->kind == SCN_BYTES || (var != NULL && scn_carries_bytes(var->value)))
            return true;
    }
    return false;
}

/** Add words some of which are bytes, as guests pass them: their number, then each with its NUL. */
static int add_words(cJSON *params, const char *name, const struct scn_value *list,
                     const struct scn_vars *vars)
{
    struct strbuf blob = STRBUF_INIT;
    int err = strbuf_addf(&blob, "%zu", list->member_count);

    (void)strbuf_addc(&blob, '\0');
    for (size_t i = 0; err == 0 && i < list->member_count; i++)
        err = scn_add_word(&blob, list->members[i].value, vars);
    if (err == 0)
        err = scbox_add_data(params, name, strbuf_str(&blob), blob.len);
    strbuf_done(&blob);
    return err;
}

/** The JSON of a string, an integer or flags, as the argument's kind wants it. */
static cJSON *eval_as(const char *json, const struct scn_value *v, const struct scn_vars *vars)
{
    cJSON *value;
    cJSON *better = NULL;

    if (strcmp(json, "name") == 0)
        return scn_name_json(v, vars);
    if (strcmp(json, "argv") == 0 && v->kind == SCN_ARRAY)
        return eval_words(v, vars);
    value = scn_eval(v, vars);
    if (!cJSON_IsString(value) || v->kind == SCN_NUMBER)
        return value;
    if (is_digits(value->valuestring))
        better = scn_number(value->valuestring);
    else if (sc_group_is_mask(json))
        better = eval_flags(value->valuestring);
    if (better == NULL)
        return value;
    cJSON_Delete(value);
    return better;
}

cJSON *scn_eval_call(const struct scn_step *step, const struct scn_vars *vars)
{
    cJSON *params = cJSON_CreateObject();

    for (size_t i = 0; params != NULL && i < step->arg_count; i++) {
        const struct scn_arg *arg = &step->args[i];
        const char *json = sc_kinds[arg->info->kind].json;
        bool ok;

        if (strcmp(json, "data") == 0)
            ok = scn_add_data(params, arg->info->name, arg->value, vars) == 0;
        else if (strcmp(json, "argv") == 0 && has_bytes(arg->value, vars))
            ok = add_words(params, arg->info->name, arg->value, vars) == 0;
        else
            ok = cJSON_AddItemToObject(params, arg->info->name, eval_as(json, arg->value, vars));
        if (!ok) {
            cJSON_Delete(params);
            return NULL;
        }
    }
    return params;
}
