/* SPDX-License-Identifier: MIT */
/* Patterns for paths. */
#include "server/kernel/call/glob.h"

#include <criterion/criterion.h>

#include <string.h>

static bool matches(const char *pattern, const char *text)
{
    cr_assert_null(glob_check(pattern), "%s is a pattern", pattern);
    return glob_matches(pattern, (struct sc_str){text, strlen(text)});
}

Test(glob, patterns_match_what_they_say)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"root:/a", "root:/a", true},
        {"root:/a", "root:/ab", false},
        {"root:/ab", "root:/a", false},
        {"*", "", true},
        {"*", "root:/a/b", true},
        {"root:*", "root:/a/b", true},
        {"root:*b", "root:/a/b", true},
        {"root:*b", "root:/a/bc", false},
        {"*/b/*", "root:/a/b/c", true},
        {"*/b/*", "root:/a/c/c", false},
        {"*a*a*b", "aXaXaXb", true},
        {"*a*a*b", "aXb", false},
        {"a**b", "ab", true},
        {"?", "", false},
        {"?", "a", true},
        {"?", "ab", false},
        {"a?c", "abc", true},
        {"a?c", "a/c", true},
        {"[abc]", "b", true},
        {"[abc]", "d", false},
        {"[a-c]x", "bx", true},
        {"[!a-c]", "b", false},
        {"[!a-c]", "d", true},
        {"[]a]", "]", true},
        {"[!]a]", "]", false},
        {"[!]a]", "x", true},
        {"[a-]", "-", true},
        {"[-a]", "-", true},
        {"[\\]]", "]", true},
        {"[\\]-a]", "^", true},
        {"[a-\\z]", "m", true},
        {"[z-a]", "m", false},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"\\\\", "\\", true},
        {"*\\?", "what?", true},
        {"*\\?", "what", false},
        {"]", "]", true},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(matches(rows[i].pattern, rows[i].text), rows[i].matches, "%s on '%s'",
                     rows[i].pattern, rows[i].text);
}

Test(glob, what_is_no_pattern_is_told)
{
    char longest[GLOB_MAX + 2];

    cr_assert_not_null(glob_check(""));
    cr_assert_not_null(glob_check("a\\"));
    cr_assert_not_null(glob_check("a[b"));
    cr_assert_not_null(glob_check("[]"));
    cr_assert_not_null(glob_check("[!]"));
    cr_assert_not_null(glob_check("[a\\]"));
    memset(longest, '*', sizeof(longest));
    longest[GLOB_MAX] = '\0';
    cr_assert_null(glob_check(longest));
    longest[GLOB_MAX] = '*';
    longest[GLOB_MAX + 1] = '\0';
    cr_assert_not_null(glob_check(longest));
}

Test(glob, bytes_of_any_value_count)
{
    const char text[] = {'a', '\0', (char)0xFF, 'b'};

    cr_assert(glob_matches("a??b", (struct sc_str){text, sizeof(text)}));
    cr_assert(glob_matches("a*[!a-z]b", (struct sc_str){text, sizeof(text)}));
    cr_assert(!glob_matches("a?b", (struct sc_str){text, sizeof(text)}));
}

Test(glob, many_stars_take_no_long, .timeout = 20)
{
    static char text[4096];
    static char pattern[GLOB_MAX + 1];

    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < GLOB_MAX; i += 2)
        memcpy(pattern + i, "*a", 2);
    memcpy(pattern + GLOB_MAX - 2, "*b", 2);
    for (int i = 0; i < 100; i++)
        cr_assert(!glob_matches(pattern, (struct sc_str){text, sizeof(text)}));
}
