/* SPDX-License-Identifier: MIT */
/* server/base/json: the strict pass over a text, and looking at its tokens. Cites: RFC 8259. */
#include "server/base/json.h"

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

static struct json_doc doc;

static void read(const char *text)
{
    struct json_error error;

    cr_assert_eq(json_read(&doc, text, strlen(text), &limits, &error), 0, "%s", text);
}

static void forget(void)
{
    json_doc_done(&doc);
}

TestSuite(json_tokens, .fini = forget);

static void expect_text(uint32_t i, const char *text)
{
    struct json_span span = json_span(&doc, i);

    cr_assert(span.len == strlen(text) && memcmp(span.ptr, text, span.len) == 0, "%.*s",
              (int)span.len, span.ptr);
}

Test(json_tokens, a_token_is_small)
{
    cr_assert_eq(sizeof(struct json_token), 16);
}

Test(json_tokens, members_are_found_by_their_meaning)
{
    read("{ \"x\" : {\"id\":1} , \"a\\\"]\" : \"}\" ,\"\\u0069d\": -12.50e1 ,\"z\":[ 1, 2 ]}");
    expect_text(json_get(&doc, 0, "id"), "-12.50e1");
    expect_text(json_get(&doc, 0, "a\"]"), "\"}\"");
    expect_text(json_get(&doc, 0, "z"), "[ 1, 2 ]");
    cr_assert_eq(json_kind(&doc, json_get(&doc, 0, "z")), JSON_ARRAY);
    cr_assert_eq(json_get(&doc, 0, "i"), 0);
    cr_assert_eq(json_get(&doc, 0, "idd"), 0);
    cr_assert_eq(json_get(&doc, 0, ""), 0);
    read("{}");
    cr_assert_eq(json_get(&doc, 0, "id"), 0);
}

Test(json_tokens, arrays_are_walked)
{
    static const char *const wanted[] = {"1", "\"a,]\"", "[]", "{\"b\":[2]}", "null"};
    size_t count = 0;

    read(" [1 ,\"a,]\", [],{\"b\":[2]} ,\n null ] ");
    for (uint32_t i = 1; i < doc.count; i = json_next(&doc, i))
        expect_text(i, wanted[count++]);
    cr_assert_eq(count, 5);
}

static bool has_nul(const char *text)
{
    read(text);
    return json_has_nul(&doc, 0);
}

Test(json_tokens, nul_characters_are_seen)
{
    cr_assert(has_nul("\"\\u0000\""));
    cr_assert(has_nul("{\"a\\u0000\":1}"));
    cr_assert(has_nul("\"\\\\\\u0000\""));
    cr_assert_not(has_nul("\"\\\\u0000\""));
    cr_assert_not(has_nul("\"\\u0001 u0000\""));
    read("[[\"\\u0000\"],[1]]");
    cr_assert(json_has_nul(&doc, 1));
    cr_assert_not(json_has_nul(&doc, 3));
}

static void expect_string(const char *text, const char *meaning)
{
    char out[64];

    read(text);
    cr_assert(doc.tokens[0].len <= sizeof(out));
    cr_assert_eq(json_string(&doc, 0, out), strlen(meaning));
    cr_assert_str_eq(out, meaning);
}

Test(json_tokens, strings_mean_their_text)
{
    expect_string("\"\"", "");
    expect_string("\"plain text\"", "plain text");
    expect_string("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t");
    expect_string("\"\\u0041\\u00e9\\u20AC\\ud83d\\ude00.\"",
                  "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80.");
    expect_string("\"\xC3\xA9\\u007f\\u07ff\\uffff\"", "\xC3\xA9\x7F\xDF\xBF\xEF\xBF\xBF");
}

/** What is not plain is found at every place of a word of eight bytes, and behind any of them. */
Test(json_tokens, every_byte_at_every_place)
{
    enum { LONGEST = 20 };
    char text[LONGEST + 2];
    struct json_error error;

    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t at = 1; at <= len; at++) {
            for (int byte = 0; byte < 256; byte++) {
                bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';

                memset(text, 'a', sizeof(text));
                text[0] = '"';
                text[at] = (char)byte;
                text[len + 1] = '"';
                cr_assert_eq(json_check(text, len + 2, &limits, &error), plain ? 0 : -EINVAL);
            }
        }
    }
}
