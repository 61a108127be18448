/* SPDX-License-Identifier: MIT */
/* Text with variables in it: strings, words and regular expressions. */
#include "client/cli/scenario/scn_parse.h"
#include "server/base/strbuf.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

struct scn_value *scn_value_new(struct scn_parser *p, enum scn_kind kind)
{
    struct scn_value *v = scn_alloc(p->arena, sizeof *v);

    v->kind = kind;
    v->column = scn_column(p, p->at);
    return v;
}

static void add_piece(struct scn_parser *p, struct scn_value *v, const char *text, size_t len,
                      bool is_var)
{
    if (len == 0 && v->piece_count > 0)
        return;
    v->pieces = scn_grow(p->arena, v->pieces, v->piece_count, sizeof v->pieces[0]);
    v->pieces[v->piece_count++] = (struct scn_piece){scn_strndup(p->arena, text, len), is_var};
}

/** Take NAME of $NAME or ${NAME}; NULL after a mistake. The cursor is on the $. */
char *scn_take_var(struct scn_parser *p, int *out_column)
{
    bool braces = p->at[1] == '{';
    const char *start = p->at + (braces ? 2 : 1);
    const char *end = start;

    *out_column = scn_column(p, p->at);
    while (isalnum((unsigned char)*end) || *end == '_')
        end++;
    if (end == start || (braces && *end != '}')) {
        scn_fail(p, 0, "a variable is written $NAME or ${NAME}");
        return NULL;
    }
    p->at = end + (braces ? 1 : 0);
    return scn_strndup(p->arena, start, (size_t)(end - start));
}

/** Close the literal text read so far and add the variable under the cursor. */
static bool add_var(struct scn_parser *p, struct scn_value *v, struct strbuf *literal)
{
    int column = 0;
    char *name = scn_take_var(p, &column);

    if (name == NULL)
        return false;
    if (scn_known(p, name) == NULL) {
        scn_fail_unknown(p, column, name);
        return false;
    }
    if (literal->len > 0)
        add_piece(p, v, strbuf_str(literal), literal->len, false);
    strbuf_reset(literal);
    add_piece(p, v, name, strlen(name), true);
    return true;
}

/** Append a code point as UTF-8. */
static void add_utf8(struct strbuf *b, unsigned long c)
{
    if (c < 0x80) {
        (void)strbuf_addc(b, (char)c);
        return;
    }
    if (c < 0x800) {
        (void)strbuf_addc(b, (char)(0xC0 | (c >> 6)));
    } else {
        if (c < 0x10000) {
            (void)strbuf_addc(b, (char)(0xE0 | (c >> 12)));
        } else {
            (void)strbuf_addc(b, (char)(0xF0 | (c >> 18)));
            (void)strbuf_addc(b, (char)(0x80 | ((c >> 12) & 0x3F)));
        }
        (void)strbuf_addc(b, (char)(0x80 | ((c >> 6) & 0x3F)));
    }
    (void)strbuf_addc(b, (char)(0x80 | (c & 0x3F)));
}

/** Read four hexadecimal digits; false when they are not there. */
static bool take_hex4(struct scn_parser *p, unsigned long *out)
{
    char digits[5] = {0};

    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)p->at[i]))
            return false;
        digits[i] = p->at[i];
    }
    p->at += 4;
    *out = strtoul(digits, NULL, 16);
    return true;
}

/** Read what follows \u, a surrogate pair included. */
static bool take_unicode(struct scn_parser *p, struct strbuf *b)
{
    unsigned long c = 0;
    unsigned long low = 0;

    if (!take_hex4(p, &c)) {
        scn_fail(p, 0, "\\u needs four hexadecimal digits");
        return false;
    }
    if (c >= 0xD800 && c < 0xDC00 && p->at[0] == '\\' && p->at[1] == 'u') {
        p->at += 2;
        if (take_hex4(p, &low) && low >= 0xDC00 && low < 0xE000)
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    if (c == 0 || (c >= 0xD800 && c < 0xE000)) {
        scn_fail(p, 0, "text can't have a NUL or half a surrogate pair; write bytes as b64\"…\"");
        return false;
    }
    add_utf8(b, c);
    return true;
}

/** Read an escape; the cursor is behind its backslash. */
static bool take_escape(struct scn_parser *p, struct strbuf *b)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    char c = *p->at;
    const char *found = c != '\0' ? strchr(letters, c) : NULL;

    if (c == 'u') {
        p->at++;
        return take_unicode(p, b);
    }
    if (found == NULL) {
        scn_fail(p, scn_column(p, p->at) - 1,
                 "no such escape; strings are JSON: \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
        return false;
    }
    (void)strbuf_addc(b, meanings[found - letters]);
    p->at++;
    return true;
}

struct scn_value *scn_parse_string(struct scn_parser *p)
{
    struct scn_value *v = scn_value_new(p, SCN_STRING);
    struct strbuf text = STRBUF_INIT;

    p->at++;
    while (*p->at != '"') {
        bool ok = true;

        if (*p->at == '\0' || (unsigned char)*p->at < 0x20) {
            scn_fail(p, v->column,
                     *p->at == '\0'
                         ? "the string has no closing \""
                         : "the string has a control character; write it as \\t or \\uXXXX");
            ok = false;
        } else if (*p->at == '\\') {
            p->at++;
            ok = take_escape(p, &text);
        } else if (p->at[0] == '$' && p->at[1] == '{') {
            ok = add_var(p, v, &text);
        } else {
            (void)strbuf_addc(&text, *p->at++);
        }
        if (!ok) {
            strbuf_done(&text);
            return NULL;
        }
    }
    p->at++;
    add_piece(p, v, strbuf_str(&text), text.len, false);
    strbuf_done(&text);
    return v;
}

/** Read a word with the variables in it. */
bool scn_take_pieces(struct scn_parser *p, struct scn_value *v, int depth)
{
    struct strbuf text = STRBUF_INIT;
    bool ok = true;

    while (ok && !scn_ends_word(*p->at, depth)) {
        if (*p->at == '$')
            ok = add_var(p, v, &text);
        else
            (void)strbuf_addc(&text, *p->at++);
    }
    add_piece(p, v, strbuf_str(&text), text.len, false);
    strbuf_done(&text);
    return ok;
}

/** Where a regular expression has \xff, as reports show a byte; NULL: nowhere. POSIX would take it for "xff". */
static const char *hex_escape(const char *text)
{
    for (; *text != '\0'; text++) {
        if (text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
            isxdigit((unsigned char)text[3]))
            return text;
        text += text[0] == '\\' && text[1] != '\0';
    }
    return NULL;
}

static bool regex_compiles(struct scn_parser *p, const struct scn_value *v)
{
    const char *text = scn_literal(v);
    regex_t compiled;
    char why[128];
    int err;

    if (text != NULL && strlen(text) > SCN_REGEX_MAX) {
        scn_fail(p, v->column, "a regular expression has at most %d bytes", SCN_REGEX_MAX);
        return false;
    }
    if (text != NULL && hex_escape(text) != NULL) {
        scn_fail(p, v->column,
                 "a regular expression has no %.4s: a . stands for any byte, and b64\"…\" states "
                 "all of them",
                 hex_escape(text));
        return false;
    }
    if (text == NULL)
        return true; /* with variables in it: known when it is played */
    err = regcomp(&compiled, text, REG_EXTENDED | REG_NOSUB | REG_NEWLINE);
    if (err == 0) {
        regfree(&compiled);
        return true;
    }
    (void)regerror(err, NULL, why, sizeof why);
    scn_fail(p, v->column, "this is not a regular expression: %s", why);
    return false;
}

struct scn_value *scn_parse_regex(struct scn_parser *p)
{
    struct scn_value *v = scn_value_new(p, SCN_REGEX);
    struct strbuf text = STRBUF_INIT;
    bool ok = true;

    p->at++;
    while (ok && *p->at != '/') {
        if (*p->at == '\0') {
            scn_fail(p, v->column,
                     "the regular expression has no closing /; write a path as a string here");
            ok = false;
        } else if (p->at[0] == '$' && p->at[1] == '{') {
            ok = add_var(p, v, &text);
        } else {
            if (p->at[0] == '\\' && p->at[1] == '/')
                p->at++;
            else if (p->at[0] == '\\' && p->at[1] != '\0')
                (void)strbuf_addc(&text, *p->at++);
            (void)strbuf_addc(&text, *p->at++);
        }
    }
    add_piece(p, v, strbuf_str(&text), text.len, false);
    strbuf_done(&text);
    if (!ok)
        return NULL;
    p->at++;
    return regex_compiles(p, v) ? v : NULL;
}

const char *scn_literal(const struct scn_value *v)
{
    if (v->kind == SCN_NUMBER)
        return v->text;
    if (v->piece_count != 1 || v->pieces[0].is_var)
        return NULL;
    return v->pieces[0].text;
}
