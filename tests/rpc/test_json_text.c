/* SPDX-License-Identifier: MIT */
/* server/base/json_text: the strict check, and walking checked text. Cites: RFC 8259. */
#include "server/base/json_text.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>

static const struct json_limits limits = {32, 1000};

static int check(const char *text)
{
    struct json_error error = {0, NULL};
    int err = json_check(text, strlen(text), &limits, &error);

    cr_assert(err == 0 || (error.what != NULL && error.at <= strlen(text)), "%s", text);
    return err;
}

Test(json_text, values_are_taken)
{
    const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "10",
        "-1.5",
        "1e5",
        "1E+5",
        "1.25e-3",
        "\"\"",
        "\"a\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
        "\"\\ud83d\\ude00\"",
        "\"\xF0\x9F\x98\x80\"",
        "[]",
        "[ ]",
        "[1,2]",
        "{}",
        "{ }",
        "{\"a\":1}",
        " \t\r\n{ \"a\" : [ 1 , { } ] } \n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_eq(check(texts[i]), 0, "%s", texts[i]);
}

Test(json_text, what_is_no_json_is_refused)
{
    const char *const texts[] = {
        "",
        " ",
        "nul",
        "nulll",
        "True",
        "00",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "\"",
        "\"\\\"",
        "\"\\q\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\u0041\"",
        "\"\\ude00\"",
        "\"\x01\"",
        "\"\n\"",
        "\"\x80\"",
        "\"\xC0\x80\"",
        "\"\xED\xA0\x80\"",
        "\"\xF4\x90\x80\x80\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,]",
        "[1 2]",
        "{",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "{\"a\" 1}",
        "[}",
        "{]",
        "1 2",
        "{}{}",
        "[]]",
        "'a'",
        "\xEF\xBB\xBF{}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_eq(check(texts[i]), -EINVAL, "%s", texts[i]);
}

Test(json_text, a_nul_byte_is_no_json)
{
    struct json_error error;

    cr_assert_eq(json_check("1\0", 2, &limits, &error), -EINVAL);
    cr_assert_eq(json_check("\"\0\"", 3, &limits, &error), -EINVAL);
    cr_assert_eq(json_check("\"\\\0\"", 4, &limits, &error), -EINVAL);
}

Test(json_text, every_cut_of_a_text_is_refused)
{
    static const char text[] = "{\"a\":[1,-2.5e3,\"x\\u00e9\\n\",true],\"b\":{\"c\":null}}";
    struct json_error error;

    for (size_t len = 0; len < strlen(text); len++)
        cr_assert_eq(json_check(text, len, &limits, &error), -EINVAL, "%zu", len);
    cr_assert_eq(json_check(text, strlen(text), &limits, &error), 0);
}

Test(json_text, limits_hold_at_and_past)
{
    const struct json_limits tight = {2, 4};
    struct json_error error;

    cr_assert_eq(json_check("[[1]]", 5, &tight, &error), 0);
    cr_assert_eq(json_check("[[],[]]", 7, &tight, &error), 0);
    cr_assert_eq(json_check("[[[]]]", 6, &tight, &error), -E2BIG);
    cr_assert_eq(error.at, 2);
    cr_assert_eq(json_check("[1,2,3]", 7, &tight, &error), 0);
    cr_assert_eq(json_check("[1,2,3,4]", 9, &tight, &error), -E2BIG);
}

Test(json_text, positions)
{
    size_t line;
    size_t column;

    json_position("ab\ncd", 0, &line, &column);
    cr_assert(line == 1 && column == 1);
    json_position("ab\ncd", 4, &line, &column);
    cr_assert(line == 2 && column == 2);
}

static struct json_span span(const char *text)
{
    return (struct json_span){text, strlen(text)};
}

Test(json_text, members_are_found_by_their_meaning)
{
    const struct json_span object =
        span("{ \"x\" : {\"id\":1} , \"a\\\"]\" : \"}\" ,\"\\u0069d\": -12.50e1 ,\"z\":[ 1, 2 ]}");
    struct json_span got;

    cr_assert(json_get(object, "id", &got));
    cr_assert(got.len == 8 && memcmp(got.ptr, "-12.50e1", 8) == 0);
    cr_assert(json_get(object, "a\"]", &got));
    cr_assert(got.len == 3 && memcmp(got.ptr, "\"}\"", 3) == 0);
    cr_assert(json_get(object, "z", &got));
    cr_assert(got.len == 8 && json_kind(got) == JSON_ARRAY);
    cr_assert_not(json_get(object, "i", &got));
    cr_assert_not(json_get(object, "idd", &got));
    cr_assert_not(json_get(object, "", &got));
    cr_assert_not(json_get(span("{}"), "id", &got));
}

Test(json_text, arrays_are_walked)
{
    static const char *const wanted[] = {"1", "\"a,]\"", "[]", "{\"b\":[2]}", "null"};
    const struct json_span array = span("[1 ,\"a,]\", [],{\"b\":[2]} ,\n null ]");
    struct json_iter it;
    struct json_span key;
    struct json_span value;
    size_t count = 0;

    json_iter_init(&it, array);
    while (json_iter_next(&it, &key, &value)) {
        cr_assert(value.len == strlen(wanted[count]) &&
                  memcmp(value.ptr, wanted[count], value.len) == 0);
        cr_assert_eq(key.len, 0);
        count++;
    }
    cr_assert_eq(count, 5);
}

Test(json_text, nul_characters_are_seen)
{
    cr_assert(json_has_nul(span("\"\\u0000\"")));
    cr_assert(json_has_nul(span("{\"a\\u0000\":1}")));
    cr_assert(json_has_nul(span("\"\\\\\\u0000\"")));
    cr_assert_not(json_has_nul(span("\"\\\\u0000\"")));
    cr_assert_not(json_has_nul(span("\"\\u0001 u0000\"")));
}
