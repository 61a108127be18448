/* SPDX-License-Identifier: MIT */
/*
 * JSON text, read in one strict pass that produces tokens.
 *
 * Tree parsers are lenient: they accept invalid UTF-8, numbers like 01 and anything behind the
 * value, and they convert numbers to doubles. json_read() accepts none of that. It keeps the
 * position of each value in the text, so a number stays as it was written.
 *
 *     {"id":7,"params":["a",[]]}
 *
 *     token   0          1      2    3          4          5     6
 *             object     "id"   7    "params"   array      "a"   array
 *     next    7          2      3    4          7          6     7
 *
 * A token is a value or a key. A key precedes its value, and a container precedes its members.
 * `next` is the index of the token behind a value and everything in it.
 *
 *     struct json_doc doc = JSON_DOC_INIT;
 *
 *     if (json_read(&doc, line, len, &limits, &error) < 0)
 *         complain(error.at, error.what);
 *     for (i = 1; i < doc.tokens[0].next; i = json_next(&doc, i))      of an array
 *         take(json_span(&doc, i));
 *     json_doc_done(&doc);
 *
 * The text belongs to the caller and must not move while the tokens are used. The tokens belong to
 * the document, which can be reused for another text and then keeps its memory.
 *
 * Source: RFC 8259.
 */
#ifndef SERVER_BASE_JSON_H
#define SERVER_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** A piece of a text. */
struct json_span {
    const char *ptr; /* borrowed */
    size_t len;
};

/** Limits of a text. */
struct json_limits {
    size_t nesting; /* depth of arrays and objects */
    size_t values;  /* strings, numbers, literals, arrays and objects, keys not counted */
};

/** Where and why a text was refused. */
struct json_error {
    size_t at;        /* bytes from the start of the text */
    const char *what; /* static; a sentence without a full stop */
};

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

enum json_flag {
    JSON_ESCAPED = 1, /* the string has escapes */
    JSON_NUL = 2,     /* one of them is U+0000 */
    JSON_DECIMAL = 4, /* the number has a fraction or an exponent */
};

struct json_token {
    uint32_t at;  /* start of its text, in bytes; a string's includes the quote */
    uint32_t len; /* bytes of its text */
    uint32_t next;
    uint8_t kind;  /* enum json_kind */
    uint8_t flags; /* enum json_flag */
};

/** The tokens of a text. */
struct json_doc {
    const char *text;
    struct json_token *tokens; /* owned; the first is the root value */
    uint32_t count;
    uint32_t cap;
    bool has_nul; /* some string or key has JSON_NUL */
};

#define JSON_DOC_INIT                                                                              \
    {                                                                                              \
        NULL, NULL, 0, 0, false                                                                    \
    }

/**
 * Read a text: one JSON value in UTF-8 and white space around it.
 * @doc      overwritten.
 * @text     borrowed while the tokens are used; @len bytes.
 * @error    set on failure.
 * Returns   0; -EINVAL not JSON, -E2BIG past a limit, -ENOMEM.
 */
int json_read(struct json_doc *doc, const char *text, size_t len, const struct json_limits *limits,
              struct json_error *error);

/** Free the tokens. The document can be used again. */
void json_doc_done(struct json_doc *doc);

/** Validate a text as json_read() does, and keep no tokens. Returns as json_read(). */
int json_check(const char *text, size_t len, const struct json_limits *limits,
               struct json_error *error);

/** The line and column, both from 1, of the byte @at of a text. */
void json_position(const char *text, size_t at, size_t *out_line, size_t *out_column);

/** The text without leading and trailing white space. */
struct json_span json_trim(struct json_span text);

/* The functions below read tokens. @i is the index of one. */

static inline enum json_kind json_kind(const struct json_doc *doc, uint32_t i)
{
    return (enum json_kind)doc->tokens[i].kind;
}

/** The text of a value or key, as it was written. */
static inline struct json_span json_span(const struct json_doc *doc, uint32_t i)
{
    return (struct json_span){doc->text + doc->tokens[i].at, doc->tokens[i].len};
}

/** The index of the array element behind the element @i. */
static inline uint32_t json_next(const struct json_doc *doc, uint32_t i)
{
    return doc->tokens[i].next;
}

/** The index of the key behind the member whose key is @i; the member's value is at @i + 1. */
static inline uint32_t json_next_key(const struct json_doc *doc, uint32_t i)
{
    return doc->tokens[i + 1].next;
}

/** Whether a string or key in the value holds the character U+0000. */
bool json_has_nul(const struct json_doc *doc, uint32_t i);

/** The slow path of json_is(): the string has escapes. */
bool json_escaped_is(const struct json_doc *doc, uint32_t i, const char *text);

/** Whether a string or key, unescaped, equals the ASCII text @text. */
static inline bool json_is(const struct json_doc *doc, uint32_t i, const char *text)
{
    const struct json_token *t = &doc->tokens[i];
    const size_t len = strlen(text);

    if ((t->flags & JSON_ESCAPED) != 0)
        return json_escaped_is(doc, i, text);
    return t->len == len + 2 && memcmp(doc->text + t->at + 1, text, len) == 0;
}

/**
 * Unescape a string or key.
 * @out      receives the text and a NUL; as many bytes as the token has are enough.
 * Returns   its length, without the NUL.
 */
size_t json_string(const struct json_doc *doc, uint32_t i, char *out);

/** The index of the value of the first member with the ASCII key @key; 0 if none has it. */
uint32_t json_get(const struct json_doc *doc, uint32_t object, const char *key);

#endif
