/* SPDX-License-Identifier: MIT */
#include "server/kernel/call/glob.h"

#include <string.h>

/** One element of a pattern, which matches one byte. */
struct element {
    const char *at;
    size_t len; /* bytes of the pattern; 0: a set without its end */
};

/** The end of the set that begins at @p, behind its ']'; NULL if it has none. */
static const char *end_of_set(const char *p)
{
    p++;
    if (*p == '!')
        p++;
    if (*p == ']')
        p++;
    while (*p != '\0' && *p != ']')
        p += *p == '\\' && p[1] != '\0' ? 2 : 1;
    return *p == ']' ? p + 1 : NULL;
}

static struct element element_at(const char *p)
{
    const char *end = p + 1;

    if (*p == '[')
        end = end_of_set(p);
    else if (*p == '\\')
        end = p[1] != '\0' ? p + 2 : NULL;
    return (struct element){p, end != NULL ? (size_t)(end - p) : 0};
}

/** Read one byte of a set, unescaped. */
static unsigned char member_at(const char **p)
{
    if (**p == '\\')
        ++*p;
    return (unsigned char)*(*p)++;
}

static bool set_has(const struct element *e, unsigned char c)
{
    const char *last = e->at + e->len - 1; /* the ']' */
    const char *p = e->at + 1;
    bool negated = *p == '!';
    bool found = false;

    p += negated;
    while (p < last) {
        unsigned char low = member_at(&p);
        unsigned char high = low;

        if (*p == '-' && p + 1 < last) {
            p++;
            high = member_at(&p);
        }
        found = found || (c >= low && c <= high);
    }
    return found != negated;
}

static bool element_matches(const struct element *e, char c)
{
    switch (*e->at) {
    case '?':
        return true;
    case '[':
        return set_has(e, (unsigned char)c);
    case '\\':
        return e->at[1] == c;
    default:
        return *e->at == c;
    }
}

const char *glob_check(const char *pattern)
{
    if (*pattern == '\0')
        return "an empty pattern matches nothing";
    if (strlen(pattern) > GLOB_MAX)
        return "a pattern has at most 256 bytes";
    while (*pattern != '\0') {
        struct element e = element_at(pattern);

        if (e.len == 0)
            return *e.at == '[' ? "a '[' without its ']'" : "a '\\' at the end";
        pattern += e.len;
    }
    return NULL;
}

bool glob_matches(const char *pattern, struct sc_str text)
{
    const char *at = text.ptr;
    const char *const end = text.ptr + text.len;
    const char *star = NULL; /* behind the last '*' seen */
    const char *star_at = NULL;

    /* If what follows the last '*' does not match, that '*' takes one more byte; earlier ones never
     * need to. */
    for (;;) {
        struct element e = element_at(pattern);

        if (*pattern == '*') {
            star = ++pattern;
            star_at = at;
        } else if (at < end && *pattern != '\0' && element_matches(&e, *at)) {
            pattern += e.len;
            at++;
        } else if (at == end && *pattern == '\0') {
            return true;
        } else if (star != NULL && star_at < end) {
            pattern = star;
            at = ++star_at;
        } else {
            return false;
        }
    }
}
