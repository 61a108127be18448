/* SPDX-License-Identifier: MIT */
#include "client/cli/scn_match.h"

#include "client/cli/json.h"
#include "client/cli/scn_parse.h"
#include "client/lib/scbox.h"
#include "server/base/base64.h"

#include <errno.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** One comparison: where in the result it is, and where a difference is told. */
struct match {
    struct scn_vars *vars;
    struct strbuf *why;
    bool cut;       /* what is compared is the start of a longer text */
    char path[128]; /* "status.state", "" at the top */
};

static bool match_value(struct match *m, const struct scn_value *v, const cJSON *got);

/* ---- telling the difference ---- */

/** Tell that @got stands where @stated was stated. Returns false. @stated taken. */
static bool differs(struct match *m, const cJSON *got, char *stated)
{
    char *came = got != NULL ? scbox_json(got) : NULL;

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

/** A pattern as it would be typed; returned, free(). */
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

/** A number as decimal digits: JSON numbers, and the strings that 64-bit ones travel as. */
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

/** The bytes that a string, or an object that carries data, holds. Returned; free(). NULL: none. */
static char *bytes_of(const cJSON *got, size_t *out_len)
{
    char *bytes = NULL;

    if (cJSON_IsString(got)) {
        *out_len = strlen(got->valuestring);
        return strdup(got->valuestring);
    }
    return cJSON_IsObject(got) && scbox_data(got, &bytes, out_len) == 0 ? bytes : NULL;
}

static bool regex_finds(const char *regex, const char *text, size_t len)
{
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)len}; /* text may hold a NUL */
    regex_t compiled;
    int found = strlen(regex) > SCN_REGEX_MAX
                    ? REG_BADPAT
                    : regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);

    if (found == 0) {
        found = regexec(&compiled, text, 1, &range, REG_STARTEND);
        regfree(&compiled);
    } else if (found != REG_ESPACE) {
        return false; /* a variable made it wrong, or too long */
    }
    if (found != 0 && found != REG_NOMATCH)
        scn_no_memory(); /* nobody knows the answer, and "no" could be what was stated */
    return found == 0;
}

/** Whether a text is exactly what a string, word or b64 states. */
static bool text_is(const struct scn_value *v, const char *stated, const char *bytes, size_t len)
{
    size_t want = strlen(stated);
    char *room;
    bool is;

    if (v->kind != SCN_BYTES)
        return want == len && memcmp(stated, bytes, len) == 0;
    room = malloc(want / 4 * 3 + 1);
    is = room != NULL && base64_decode(stated, want, room, &want) == 0 && want == len &&
         memcmp(room, bytes, len) == 0;
    free(room);
    return is;
}

/** Tell that a pattern can't be judged because the text was cut. Returns false. */
static bool differs_cut(struct match *m, size_t len)
{
    (void)strbuf_addf(m->why,
                      "%s%sonly its first %zu bytes were kept, and in their whole lines nothing "
                      "settles it",
                      m->path, m->path[0] != '\0' ? ": " : "", len);
    return false;
}

/** Match a regex with the lines that are whole in a text that was cut; nothing else can hold of it. */
static bool match_cut(struct match *m, const struct scn_value *v, const cJSON *got)
{
    size_t len = 0;
    char *bytes = bytes_of(got, &len);
    char *last = bytes != NULL ? memrchr(bytes, '\n', len) : NULL;
    char *stated = v->kind == SCN_REGEX && last != NULL ? scn_text(v, m->vars) : NULL;
    bool is;

    is = stated != NULL && regex_finds(stated, bytes, (size_t)(last - bytes));
    free(stated);
    free(bytes);
    return is || differs_cut(m, len);
}

/** Match a string, regex or b64 with text. */
static bool match_text(struct match *m, const struct scn_value *v, const cJSON *got)
{
    char *stated = scn_text(v, m->vars);
    size_t len = 0;
    char *bytes = bytes_of(got, &len);
    char decimal[32];
    bool is = false;

    if (bytes == NULL && decimal_of(got, decimal, sizeof decimal)) {
        bytes = strdup(decimal);
        len = strlen(decimal);
    }
    if (bytes != NULL && stated != NULL)
        is =
            v->kind == SCN_REGEX ? regex_finds(stated, bytes, len) : text_is(v, stated, bytes, len);
    free(stated);
    free(bytes);
    return is || differs(m, got, as_typed(v, m->vars));
}

/** Match a word: text, a flag's name, a set of them, or a number that was captured. */
static bool match_word(struct match *m, const struct scn_value *v, const cJSON *got)
{
    cJSON *want = scn_eval(v, m->vars);
    bool is = same(want, got);

    cJSON_Delete(want);
    if (!is && cJSON_IsObject(got))
        return match_text(m, v, got);
    return is || differs(m, got, as_typed(v, m->vars));
}

/** Keep what came under a name. */
static bool capture(struct match *m, const char *name, const cJSON *got)
{
    int err = scn_vars_set(m->vars, name, cJSON_Duplicate(got, true), false);

    if (err == -E2BIG)
        (void)strbuf_addf(m->why, "$%s is too large: variables hold at most %d bytes", name,
                          SCN_VARS_MAX);
    else if (err < 0)
        (void)strbuf_adds(m->why, "out of memory");
    return err == 0;
}

/* ---- brackets ---- */

/** Match b64"…" with a member whose object says that it is base64. */
static bool match_encoded(struct match *m, const struct scn_value *v, const cJSON *encoding,
                          const cJSON *member)
{
    cJSON *carrier = cJSON_CreateObject();
    bool is;

    (void)cJSON_AddItemReferenceToObject(carrier, "data", (cJSON *)member);
    (void)cJSON_AddItemReferenceToObject(carrier, "encoding", (cJSON *)encoding);
    is = match_text(m, v, carrier);
    cJSON_Delete(carrier);
    return is;
}

/** Whether a member is the start of a longer text: log, when there is log_cut. */
static bool is_cut(const cJSON *object, const char *key)
{
    char name[32];

    return snprintf(name, sizeof name, "%s_cut", key) < (int)sizeof name &&
           cJSON_HasObjectItem(object, name);
}

static bool match_member(struct match *m, const struct scn_value *v, const cJSON *object,
                         const cJSON *member)
{
    const cJSON *encoding = cJSON_GetObjectItemCaseSensitive(object, "encoding");

    if (v->kind == SCN_BYTES && cJSON_IsString(encoding) && cJSON_IsString(member))
        return match_encoded(m, v, encoding, member);
    return match_value(m, v, member);
}

static bool match_object(struct match *m, const struct scn_value *v, const cJSON *got)
{
    size_t end = strlen(m->path);

    if (!cJSON_IsObject(got))
        return differs(m, got, strdup("an object"));
    for (size_t i = 0; i < v->member_count; i++) {
        const char *key = v->members[i].key;
        const cJSON *member = cJSON_GetObjectItemCaseSensitive(got, key);

        (void)snprintf(m->path + end, sizeof m->path - end, "%s%s", end > 0 ? "." : "", key);
        m->cut = is_cut(got, key);
        if (!match_member(m, v->members[i].value, got, member))
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

/** What a result stands for: its only member's value, or itself. */
static const cJSON *unwrapped(const cJSON *result)
{
    if (cJSON_IsObject(result) && result->child != NULL && result->child->next == NULL)
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
