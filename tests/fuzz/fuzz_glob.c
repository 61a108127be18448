/* SPDX-License-Identifier: MIT */
/*
 * Patterns: a line of pattern, then text. What glob_check() takes must match exactly what a slower matcher says
 * that spells every element out as a set of bytes.
 */
#include "server/base/check.h"
#include "server/kernel/call/glob.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 512, BYTES = 256 };

struct element {
    bool star;
    bool has[BYTES];
};

/** Take a byte of a pattern, escaped or not. */
static uint8_t take_byte(const char **p)
{
    if (**p == '\\')
        ++*p;
    return (uint8_t) * (*p)++;
}

/** Spell a set out; *@p is behind its '['. */
static void read_set(const char **p, struct element *e)
{
    bool other = **p == '!';
    bool first = true;

    *p += other;
    for (; **p != ']' || first; first = false) {
        unsigned low = take_byte(p);
        unsigned high = low;

        if (**p == '-' && (*p)[1] != ']') {
            ++*p;
            high = take_byte(p);
        }
        for (unsigned c = low; c <= high; c++)
            e->has[c] = true;
    }
    ++*p;
    for (size_t c = 0; c < BYTES && other; c++)
        e->has[c] = !e->has[c];
}

static size_t read_elements(const char *pattern, struct element *out)
{
    size_t count = 0;

    for (const char *p = pattern; *p != '\0'; count++) {
        struct element *e = &out[count];

        *e = (struct element){.star = *p == '*'};
        if (*p == '[') {
            p++;
            read_set(&p, e);
        } else if (*p == '*' || *p == '?') {
            memset(e->has, *p == '?', sizeof(e->has));
            p++;
        } else {
            e->has[take_byte(&p)] = true;
        }
    }
    return count;
}

/** Whether the elements match the whole text: for each of them, where a match may end. */
static bool slow_matches(const char *pattern, struct sc_str text)
{
    static struct element elements[GLOB_MAX];
    static bool ends[2][TEXT_MAX + 1];
    size_t count = read_elements(pattern, elements);

    memset(ends[0], 0, sizeof(ends[0]));
    ends[0][0] = true;
    for (size_t i = 0; i < count; i++) {
        const bool *from = ends[i % 2];
        bool *to = ends[(i + 1) % 2];

        to[0] = elements[i].star && from[0];
        for (size_t n = 1; n <= text.len; n++)
            to[n] = elements[i].star ? from[n] || to[n - 1]
                                     : from[n - 1] && elements[i].has[(uint8_t)text.ptr[n - 1]];
    }
    return ends[count % 2][text.len];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char pattern[GLOB_MAX + 2];
    const uint8_t *line = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t len = line != NULL ? (size_t)(line - data) : size;
    struct sc_str text = {"", 0};

    if (line != NULL)
        text = (struct sc_str){(const char *)line + 1, size - len - 1};
    if (text.len > TEXT_MAX)
        text.len = TEXT_MAX;
    if (len > GLOB_MAX + 1)
        len = GLOB_MAX + 1;
    if (len > 0)
        memcpy(pattern, data, len);
    pattern[len] = '\0';
    if (glob_check(pattern) == NULL)
        CHECK(glob_matches(pattern, text) == slow_matches(pattern, text));
    return 0;
}
