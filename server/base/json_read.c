/* SPDX-License-Identifier: MIT */
/*
 * The pass over a text: recursive descent, one function for each production of RFC 8259, no deeper
 * than the limit. Each takes the start and returns the byte behind, or NULL with r->error set.
 */
#include "server/base/json.h"
#include "server/base/json_chars.h"
#include "server/base/utf8.h"

#include <errno.h>
#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { FIRST_TOKENS = 64 };

struct pass {
    struct json_doc *doc;
    const char *end;
    struct json_limits left;
    const char *bad_utf8; /* the first byte that is not UTF-8; NULL: none so far */
    struct json_error *error;
    int err;
};

static const char *read_value(struct pass *r, const char *p);

/* Rare or large code stays out of the functions that run for every value. */
#define RARE __attribute__((noinline, cold))
#define LARGE __attribute__((noinline))

RARE static const char *refuse(struct pass *r, const char *p, int err, const char *what)
{
    r->error->at = (size_t)(p - r->doc->text);
    r->error->what = p == r->end && err == -EINVAL ? "the text ends too early" : what;
    r->err = err;
    return NULL;
}

static inline const char *skip_space(const struct pass *r, const char *p)
{
    while (p < r->end && (unsigned char)*p <= ' ' && json_is_space(*p))
        p++;
    return p;
}

static bool is_at(const struct pass *r, const char *p, char ch)
{
    return p < r->end && *p == ch;
}

RARE static int grow(struct json_doc *doc)
{
    uint32_t cap = doc->cap > 0 ? doc->cap * 2 : FIRST_TOKENS;
    struct json_token *tokens = NULL;

    if (cap > doc->cap)
        tokens = realloc(doc->tokens, cap * sizeof(*tokens));
    if (tokens == NULL)
        return -ENOMEM;
    doc->tokens = tokens;
    doc->cap = cap;
    return 0;
}

/** Append a token, without members, for the text from @start to @p. Returns @p. */
static inline const char *add(struct pass *r, enum json_kind kind, unsigned flags,
                              const char *start, const char *p)
{
    struct json_doc *doc = r->doc;
    struct json_token *t;

    if (doc->count == doc->cap && grow(doc) < 0)
        return refuse(r, start, -ENOMEM, "out of memory");
    t = &doc->tokens[doc->count++];
    t->at = (uint32_t)(start - doc->text);
    t->len = (uint32_t)(p - start);
    t->next = doc->count;
    t->kind = (uint8_t)kind;
    t->flags = (uint8_t)flags;
    return p;
}

/* Strings. */

/** Whether a byte stands for itself: ASCII except control characters, quotes, backslashes. */
static inline bool is_plain(char c)
{
    return (unsigned char)c >= ' ' && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

#ifdef __SSE2__
enum { BLOCK = 16 };

/** A mask of the BLOCK bytes that are not plain. Signed, a byte above ASCII is below ' '. */
static inline unsigned find_others(const char *p)
{
    const __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i quotes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i slashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i low = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));

    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, slashes), low));
}
#endif

/** Skip the leading plain bytes. */
static inline const char *skip_plain(const struct pass *r, const char *p)
{
#ifdef __SSE2__
    unsigned others = 0;

    while (r->end - p >= BLOCK && (others = find_others(p)) == 0)
        p += BLOCK;
    if (others == 0 && p < r->end && r->end - r->doc->text >= BLOCK) /* the last BLOCK bytes */
        others = find_others(r->end - BLOCK) >> (BLOCK - (r->end - p));
    if (others != 0)
        return p + __builtin_ctz(others);
#endif
    while (p < r->end && is_plain(*p))
        p++;
    return p;
}

/** Read an escape behind "\u": one UTF-16 unit, or a pair of surrogates. */
static const char *read_unicode(struct pass *r, const char *p, unsigned *flags)
{
    int32_t unit = json_hex4(p, r->end);

    if (unit < 0)
        return refuse(r, p, -EINVAL, "\\u needs four hexadecimal digits");
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return refuse(r, p, -EINVAL, "a low surrogate must follow a high one");
    if (unit == 0)
        *flags |= JSON_NUL;
    p += 4;
    if (unit < 0xD800 || unit > 0xDBFF)
        return p;
    unit = r->end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? json_hex4(p + 2, r->end) : -1;
    if (unit < 0xDC00 || unit > 0xDFFF)
        return refuse(r, p, -EINVAL, "a low surrogate must follow the high one");
    return p + 6;
}

/** Read an escape behind its backslash. */
static const char *read_escape(struct pass *r, const char *p, unsigned *flags)
{
    *flags |= JSON_ESCAPED;
    if (p == r->end || *p == '\0' || strchr("\"\\/bfnrtu", *p) == NULL)
        return refuse(r, p, -EINVAL, "an unknown escape in a string");
    return *p == 'u' ? read_unicode(r, p + 1, flags) : p + 1;
}

/** Read bytes that are not ASCII. Invalid UTF-8 is reported only if all else is valid. */
static const char *read_sequence(struct pass *r, const char *p)
{
    size_t len = utf8_sequence(p, (size_t)(r->end - p));

    if (len > 0)
        return p + len;
    if (r->bad_utf8 == NULL)
        r->bad_utf8 = p;
    return p + 1;
}

/** Read a string with escapes or non-ASCII bytes, from the first of them on. */
RARE static const char *read_odd_string(struct pass *r, const char *start, const char *p)
{
    unsigned flags = 0;

    while (p < r->end && *p != '"') {
        if ((unsigned char)*p < ' ')
            return refuse(r, p, -EINVAL, "a control character in a string must be escaped");
        p = *p == '\\' ? read_escape(r, p + 1, &flags) : read_sequence(r, p);
        if (p == NULL)
            return NULL;
        p = skip_plain(r, p);
    }
    if (p == r->end)
        return refuse(r, p, -EINVAL, "the string has no closing quote");
    r->doc->has_nul |= (flags & JSON_NUL) != 0;
    return add(r, JSON_STRING, flags, start, p + 1);
}

static const char *read_string(struct pass *r, const char *start)
{
    const char *p;

    if (!is_at(r, start, '"'))
        return refuse(r, start, -EINVAL, "a string was expected");
    p = skip_plain(r, start + 1);
    return is_at(r, p, '"') ? add(r, JSON_STRING, 0, start, p + 1) : read_odd_string(r, start, p);
}

/* Numbers and words. */

static const char *read_digits(struct pass *r, const char *p)
{
    if (p == r->end || !json_is_digit(*p))
        return refuse(r, p, -EINVAL, "a digit was expected");
    while (p < r->end && json_is_digit(*p))
        p++;
    return p;
}

LARGE static const char *read_number(struct pass *r, const char *start)
{
    const char *p = *start == '-' ? start + 1 : start;
    unsigned flags = 0;

    if (is_at(r, p, '0') && r->end - p > 1 && json_is_digit(p[1]))
        return refuse(r, p + 1, -EINVAL, "a number starts with 0");
    p = read_digits(r, p);
    if (p != NULL && is_at(r, p, '.')) {
        flags = JSON_DECIMAL;
        p = read_digits(r, p + 1);
    }
    if (p != NULL && (is_at(r, p, 'e') || is_at(r, p, 'E'))) {
        flags = JSON_DECIMAL;
        p++;
        p = read_digits(r, is_at(r, p, '+') || is_at(r, p, '-') ? p + 1 : p);
    }
    return p != NULL ? add(r, JSON_NUMBER, flags, start, p) : NULL;
}

LARGE static const char *read_word(struct pass *r, const char *p)
{
    static const struct {
        const char *word;
        enum json_kind kind;
    } words[] = {{"null", JSON_NULL}, {"true", JSON_BOOL}, {"false", JSON_BOOL}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t len = strlen(words[i].word);

        if ((size_t)(r->end - p) >= len && memcmp(p, words[i].word, len) == 0)
            return add(r, words[i].kind, 0, p, p + len);
    }
    return refuse(r, p, -EINVAL, "a value was expected");
}

/* Containers. */

static const char *read_key(struct pass *r, const char *p)
{
    p = read_string(r, p);
    if (p == NULL)
        return NULL;
    p = skip_space(r, p);
    return is_at(r, p, ':') ? p + 1 : refuse(r, p, -EINVAL, "a ':' was expected after a key");
}

/** Read the members of an array or object, from its opening bracket to its closing one. */
static const char *read_members(struct pass *r, const char *p, bool object)
{
    const char close = object ? '}' : ']';

    p = skip_space(r, p);
    if (is_at(r, p, close))
        return p;
    for (;;) {
        if (object)
            p = read_key(r, skip_space(r, p));
        if (p != NULL)
            p = read_value(r, p);
        if (p == NULL)
            return NULL;
        p = skip_space(r, p);
        if (!is_at(r, p, ','))
            break;
        p++;
    }
    if (!is_at(r, p, close))
        return refuse(r, p, -EINVAL, "a ',' or the closing bracket was expected");
    return p;
}

LARGE static const char *read_container(struct pass *r, const char *start)
{
    const bool object = *start == '{';
    const uint32_t i = r->doc->count;
    const char *p;

    if (r->left.nesting == 0)
        return refuse(r, start, -E2BIG, "arrays and objects are nested too deep");
    if (add(r, object ? JSON_OBJECT : JSON_ARRAY, 0, start, start + 1) == NULL)
        return NULL;
    r->left.nesting--;
    p = read_members(r, start + 1, object);
    if (p == NULL)
        return NULL;
    r->left.nesting++;
    r->doc->tokens[i].len = (uint32_t)(p + 1 - start);
    r->doc->tokens[i].next = r->doc->count;
    return p + 1;
}

static const char *read_value(struct pass *r, const char *p)
{
    p = skip_space(r, p);
    if (r->left.values == 0)
        return refuse(r, p, -E2BIG, "the text has too many values");
    r->left.values--;
    if (p < r->end && *p == '"')
        return read_string(r, p);
    if (p < r->end && (*p == '{' || *p == '['))
        return read_container(r, p);
    if (p < r->end && (*p == '-' || json_is_digit(*p)))
        return read_number(r, p);
    return read_word(r, p);
}

int json_read(struct json_doc *doc, const char *text, size_t len, const struct json_limits *limits,
              struct json_error *error)
{
    struct pass r = {.doc = doc, .end = text + len, .left = *limits, .error = error};
    const char *p;

    doc->text = text;
    doc->count = 0;
    doc->has_nul = false;
    if (len > UINT32_MAX)
        p = refuse(&r, text, -E2BIG, "the text is too long");
    else
        p = read_value(&r, text);
    if (p == NULL)
        return r.err;
    p = skip_space(&r, p);
    if (p < r.end)
        (void)refuse(&r, p, -EINVAL, "there is text behind the value");
    else if (r.bad_utf8 != NULL)
        (void)refuse(&r, r.bad_utf8, -EINVAL, "the text is not valid UTF-8");
    return r.err;
}
