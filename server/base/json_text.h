/* SPDX-License-Identifier: MIT */
/*
 * JSON as text: a strict check, and walking a checked text without building a tree.
 *
 * Whoever is given JSON by a stranger checks it here first, because tree parsers are lenient: they
 * take bytes that are no UTF-8, numbers like 01, and what stands behind the value. After the check,
 * spans of the text can be walked by members, which keeps numbers exactly as they were written.
 *
 *     if (json_check(line, len, &limits, &error) < 0)
 *         complain(error.at, error.what);
 *     if (json_get((struct json_span){line, len}, "id", &id))
 *         echo(id.ptr, id.len);
 *
 * Source: RFC 8259.
 */
#ifndef SERVER_BASE_JSON_TEXT_H
#define SERVER_BASE_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** A piece of a text, borrowed. */
struct json_span {
    const char *ptr;
    size_t len;
};

/** What a text may be at most. */
struct json_limits {
    size_t nesting; /* arrays and objects inside each other */
    size_t values;  /* strings, numbers, literals, arrays and objects, keys not counted */
};

/** Where and why a text was refused. */
struct json_error {
    size_t at;        /* bytes from the start of the text */
    const char *what; /* static; a sentence without its end */
};

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/**
 * Check that a text is one JSON value in UTF-8, and nothing else but white space.
 * @text     borrowed; @len bytes.
 * @error    filled on failure.
 * Returns   0; -EINVAL no JSON, -E2BIG past a limit.
 */
int json_check(const char *text, size_t len, const struct json_limits *limits,
               struct json_error *error);

/** Tell line and column, both from 1, of a byte of a text. */
void json_position(const char *text, size_t at, size_t *out_line, size_t *out_column);

/* What follows works on values of a text that json_check() took. */

/** The kind of a value. */
enum json_kind json_kind(struct json_span value);

/** A value without the white space around it. */
struct json_span json_trim(struct json_span value);

/** Whether some string or key in a value holds the character U+0000. */
bool json_has_nul(struct json_span value);

/** Whether a string value (quotes and escapes as written) is the ASCII text @text. */
bool json_string_is(struct json_span string, const char *text);

/** Where a walk over an array or object is. */
struct json_iter {
    const char *at;
    const char *end;
    bool object;
};

/** Start to walk over an array or object. */
void json_iter_init(struct json_iter *it, struct json_span container);

/**
 * Take the next member.
 * @key      set to the key with its quotes, for objects; empty for arrays.
 * @value    set to the value, without white space around it.
 * Returns   whether there was one.
 */
bool json_iter_next(struct json_iter *it, struct json_span *key, struct json_span *value);

/** The first member of an object with the ASCII key @key; false when there is none. */
bool json_get(struct json_span object, const char *key, struct json_span *out);

#endif
