/* SPDX-License-Identifier: MIT */
#include "client/cli/engine/scn_match.h"

#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/scenario/scn_bytes.h"
#include "client/cli/scenario/scn_parse.h"
#include "client/lib/scbox_cjson.h"
#include "server/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** A comparison: its place in the result, and the buffer for a difference. */
struct match {
    struct scn_vars *vars;
    struct strbuf *why;
    bool cut;       /* the compared text is the start of a longer one */
    char path[128]; /* "status.state", "" at the top */
};

static bool match_value(struct match *m, const struct scn_value *v, const cJSON *got);

/* ---- telling the difference ---- */

/** Report that @got was found instead of @stated. Returns false. @stated taken. */
static bool differs(struct match *m, const cJSON *got, char *stated)
{
    char *came = got != NULL ? scn_readable(got) : NULL;

    if (m->path[0] != '\0')
        (void)strbuf_addf(m->why, "%s is ", m->path);
    if (came == NULL)
        (void)strbuf_addf(m->why, "%s, not %s", m->path[0] != '\0' ? "missing" : "nothing came",
                          stated);
    else
        (void)strbuf_addf(m->why, "%s%s, not %s", m->path[0] != '\0' ? "" : "it is ", came, stated);
    free(came);
    free(stated);
    return false;
}

/** A pattern in the syntax of the language; returned, free(). */
static char *as_typed(const struct scn_value *v, const struct scn_vars *vars)
{
    struct strbuf b = STRBUF_INIT;
    cJSON *json = scn_eval(v, vars);
    char *text = json != NULL ? scbox_json(json) : NULL;

    if (v->kind == SCN_REGEX && json != NULL)
        (void)strbuf_addf(&b, "/%s/", json->valuestring);
    else if (v->kind == SCN_BYTES)
        (void)strbuf_addf(&b, "b64\"%s\"", v->text);
    else
        (void)strbuf_adds(&b, text != NULL ? text : "?");
    free(text);
    cJSON_Delete(json);
    return strbuf_take(&b);
}

/* ---- leaves ---- */

/** A number as decimal digits, from a JSON number or the string of a 64-bit one. */
static bool decimal_of(const cJSON *json, char *out, size_t size)
{
    double n;

    if (cJSON_IsString(json)) {
        const char *text = json->valuestring;
        const char *start = text + (text[0] == '-' ? 1 : 0);

        if (start[0] == '\0' || start[strspn(start, "0123456789")] != '\0')
            return false;
        return snprintf(out, size, "%s", text) < (int)size;
    }
    if (!cJSON_IsNumber(json))
        return false;
    n = json->valuedouble;
    if (n >= -9007199254740991.0 && n <= 9007199254740991.0 && n == (double)(int64_t)n)
        (void)snprintf(out, size, "%" PRId64, (int64_t)n);
    else
        (void)snprintf(out, size, "%.17g", n);
    return true;
}

/** Whether @name is one of the strings of an array. */
static bool array_has(const cJSON *array, const char *name, size_t len)
{
    const cJSON *item;

    cJSON_ArrayForEach(item, array) {
        if (cJSON_IsString(item) && strlen(item->valuestring) == len &&
            memcmp(item->valuestring, name, len) == 0)
            return true;
    }
    return false;
}

/** Whether READ,WRITE names exactly the strings of an array, in any order. */
static bool same_set(const char *words, const cJSON *array)
{
    int count = 0;

    if (strcmp(words, "ALL") == 0 && names_every_mode(array))
        return true;
    for (;;) {
        size_t len = strcspn(words, ",");

        if (!array_has(array, words, len))
            return false;
        count++;
        if (words[len] == '\0')
            return count == cJSON_GetArraySize(array);
        words += len + 1;
    }
}

/** Whether two values are the same: numbers by value, flags in any order, the rest as JSON. */
static bool same(const cJSON *want, const cJSON *got)
{
    char a[32];
    char b[32];

    if (cJSON_IsNumber(want) || cJSON_IsNumber(got))
        return decimal_of(want, a, sizeof a) && decimal_of(got, b, sizeof b) && strcmp(a, b) == 0;
    if (cJSON_IsString(want) && cJSON_IsArray(got))
        return same_set(want->valuestring, got);
    return cJSON_Compare(want, got, true);
}

/** A copy of bytes with \1 for each NUL, which a . would not match. free(). */
static char *without_nuls(const char *text, size_t len)
{
    char *copy = malloc(len + 1);

    if (copy == NULL)
        scn_no_memory();
    copy[len] = '\0';
    for (size_t i = 0; i < len; i++)
        copy[i] = text[i] != '\0' ? text[i] : '\1';
    return copy;
}

/** Compile and execute. Returns as regexec(), or regcomp() when that fails. */
static int regex_look(const char *regex, const char *text, size_t len)
{
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)len};
    regex_t compiled;
    int found = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
    char *copy = NULL;

    if (found != 0)
        return found;
    if (len > 0 && memchr(text, '\0', len) != NULL)
        copy = without_nuls(text, len);
    found = regexec(&compiled, copy != NULL ? copy : text, 1, &range, REG_STARTEND);
    free(copy);
    regfree(&compiled);
    return found;
}

/**
 * Whether a regular expression is found in bytes. In every locale a . is a character of
 * UTF-8 text, or a byte of other data.
 */
static bool regex_finds(const char *regex, const char *text, size_t len)
{
    locale_t chars = newlocale(LC_ALL_MASK, utf8_valid(text, len) ? "C.UTF-8" : "C", (locale_t)0);
    locale_t before = chars != (locale_t)0 ? uselocale(chars) : (locale_t)0;
    int found = strlen(regex) > SCN_REGEX_MAX ? REG_BADPAT : regex_look(regex, text, len);

    if (chars != (locale_t)0) {
        (void)uselocale(before);
        freelocale(chars);
    }
    if (found != 0 && found != REG_NOMATCH && found != REG_ESPACE) {
        return false; /* a variable made it wrong, or too long */
    }
    if (found != 0 && found != REG_NOMATCH)
        scn_no_memory(); /* not "no match", which could be what was stated */
    return found == 0;
}

/** Whether a text equals a string, word or b64. */
static bool text_is(const struct match *m, const struct scn_value *v, const char *bytes, size_t len)
{
    size_t want = 0;
    char *stated = scn_bytes(v, m->vars, &want);
    bool is = stated != NULL && want == len && memcmp(stated, bytes, len) == 0;

    free(stated);
    return is;
}

/** Whether a regular expression is found, with the variables in it filled in. */
static bool regex_is(const struct match *m, const struct scn_value *v, const char *bytes,
                     size_t len)
{
    char *regex = scn_text(v, m->vars);
    bool is = regex != NULL && regex_finds(regex, bytes, len);

    free(regex);
    return is;
}

/** Report that a pattern can't be judged because the text was cut. Returns false. */
static bool differs_cut(struct match *m, size_t len)
{
    (void)strbuf_addf(m->why,
                      "%s%sonly its first %zu bytes were kept, and in their whole lines nothing "
                      "settles it",
                      m->path, m->path[0] != '\0' ? ": " : "", len);
    return false;
}

/** Match a regex with the complete lines of a text that was cut; other patterns can't be judged. */
static bool match_cut(struct match *m, const struct scn_value *v, const cJSON *got)
{
    size_t len = 0;
    char *bytes = scn_json_bytes(got, &len);
    char *last = bytes != NULL ? memrchr(bytes, '\n', len) : NULL;
    bool is = v->kind == SCN_REGEX && last != NULL && regex_is(m, v, bytes, (size_t)(last - bytes));

    free(bytes);
    return is || differs_cut(m, len);
}

/** Match a string, regex or b64 with text. */
static bool match_text(struct match *m, const struct scn_value *v, const cJSON *got)
{
    size_t len = 0;
    char *bytes = scn_json_bytes(got, &len);
    char decimal[32];
    bool is = false;

    if (bytes == NULL && decimal_of(got, decimal, sizeof decimal)) {
        bytes = strdup(decimal);
        len = strlen(decimal);
    }
    if (bytes != NULL)
        is = v->kind == SCN_REGEX ? regex_is(m, v, bytes, len) : text_is(m, v, bytes, len);
    free(bytes);
    return is || differs(m, got, as_typed(v, m->vars));
}

/** Match a word: text, a flag's name, a set of them, or a number that was captured. */
static bool match_word(struct match *m, const struct scn_value *v, const cJSON *got)
{
    cJSON *want = scn_eval(v, m->vars);
    bool is = same(want, got);

    cJSON_Delete(want);
    if (!is && cJSON_IsObject(got) && v->kind != SCN_NULL && v->kind != SCN_TRUE &&
        v->kind != SCN_FALSE)
        return match_text(m, v, got);
    return is || differs(m, got, as_typed(v, m->vars));
}

/** Capture a result in a variable. */
static bool capture(struct match *m, const char *name, const cJSON *got)
{
    int err = scn_vars_set(m->vars, name, cJSON_Duplicate(got, true), false);

    if (err == -E2BIG)
        (void)strbuf_addf(m->why, "$%s is too large: all variables may have %d bytes", name,
                          SCN_VARS_MAX);
    else if (err < 0)
        (void)strbuf_adds(m->why, "out of memory");
    return err == 0;
}

/* ---- brackets ---- */

/** Whether a pattern states the encoding: its data is then base64. */
static bool states_encoding(const struct scn_value *object)
{
    for (size_t i = 0; i < object->member_count; i++) {
        if (strcmp(object->members[i].key, "encoding") == 0)
            return true;
    }
    return false;
}

/** Whether a member is the start of a longer text: log, if log_cut exists. */
static bool is_cut(const cJSON *object, const char *key)
{
    char name[32];

    return snprintf(name, sizeof name, "%s_cut", key) < (int)sizeof name &&
           cJSON_HasObjectItem(object, name);
}

/** Match a member; if it is base64, its bytes are compared. */
static bool match_member(struct match *m, const struct scn_value *v, bool coded,
                         const cJSON *object, const cJSON *member)
{
    cJSON *carrier = coded || v->kind == SCN_BYTES ? scn_encoded_member(object, member) : NULL;
    bool is = match_value(m, v, carrier != NULL ? carrier : member);

    cJSON_Delete(carrier);
    return is;
}

static bool match_object(struct match *m, const struct scn_value *v, const cJSON *got)
{
    bool coded = !states_encoding(v);
    size_t end = strlen(m->path);

    if (!cJSON_IsObject(got))
        return differs(m, got, strdup("an object"));
    for (size_t i = 0; i < v->member_count; i++) {
        const char *key = v->members[i].key;
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(got, key);

        (void)snprintf(m->path + end, sizeof m->path - end, "%s%s", end > 0 ? "." : "", key);
        m->cut = is_cut(got, key);
        if (!match_member(m, v->members[i].value, coded, got, member))
            return false;
        m->cut = false;
    }
    m->path[end] = '\0';
    return true;
}

static bool match_array(struct match *m, const struct scn_value *v, const cJSON *got)
{
    size_t end = strlen(m->path);
    int index = 0;

    if (!cJSON_IsArray(got) || cJSON_GetArraySize(got) != (int)v->member_count)
        return differs(m, got, as_typed(v, m->vars));
    for (size_t i = 0; i < v->member_count; i++, index++) {
        (void)snprintf(m->path + end, sizeof m->path - end, "[%d]", index);
        if (!match_value(m, v->members[i].value, cJSON_GetArrayItem(got, index)))
            return false;
    }
    m->path[end] = '\0';
    return true;
}

static bool match_value(struct match *m, const struct scn_value *v, const cJSON *got)
{
    if (got == NULL)
        return differs(m, got, as_typed(v, m->vars));
    if (m->cut && v->kind != SCN_ANY)
        return match_cut(m, v, got);
    switch (v->kind) {
    case SCN_ANY:
        return true;
    case SCN_OBJECT:
        return match_object(m, v, got);
    case SCN_ARRAY:
        return match_array(m, v, got);
    case SCN_STRING:
    case SCN_REGEX:
    case SCN_BYTES:
        return match_text(m, v, got);
    case SCN_VAR:
        if (scn_vars_get(m->vars, v->text) == NULL)
            return capture(m, v->text, got);
        return match_word(m, v, got);
    default:
        return match_word(m, v, got);
    }
}

/* ---- the top ---- */

/** The value of a result: that of its only member, or itself. */
static const cJSON *unwrapped(const cJSON *result)
{
    if (cJSON_IsObject(result) && !scn_carries_bytes(result) && result->child != NULL &&
        result->child->next == NULL)
        return result->child;
    return result;
}

bool scn_match(const struct scn_value *pattern, const cJSON *result, struct scn_vars *vars,
               struct strbuf *why)
{
    struct match m = {.vars = vars, .why = why};
    const cJSON *got = pattern->kind == SCN_OBJECT ? result : unwrapped(result);

    m.cut = got == result && pattern->kind != SCN_OBJECT && is_cut(got, "data");
    if (pattern->kind == SCN_VAR && !m.cut) {
        const struct scn_var *var = scn_vars_get(vars, pattern->text);

        if (var == NULL || !var->given)
            return capture(&m, pattern->text, got);
    }
    return match_value(&m, pattern, got);
}

bool scn_found_in(const struct scn_value *v, const struct scn_vars *vars, const char *text)
{
    char *what = scn_text(v, vars);
    bool found = what != NULL && (v->kind == SCN_REGEX ? regex_finds(what, text, strlen(text))
                                                       : strstr(text, what) != NULL);

    free(what);
    return found;
}
