/* SPDX-License-Identifier: MIT */
/* server/base: byte strings, base64, UTF-8, reasons and lists. */
#include "server/base/arena.h"
#include "server/base/base64.h"
#include "server/base/list.h"
#include "server/base/near.h"
#include "server/base/strbuf.h"
#include "server/base/utf8.h"
#include "server/base/why.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* strbuf */

Test(strbuf, empty_reads_as_empty_string)
{
    struct strbuf b = STRBUF_INIT;

    cr_assert_str_eq(strbuf_str(&b), "");
    strbuf_reset(&b);
    strbuf_drop(&b, 3);
    cr_assert_eq(b.len, 0);
    cr_assert_not(strbuf_failed(&b));
    strbuf_done(&b);
}

Test(strbuf, a_limit_at_it_and_past_it)
{
    struct strbuf b = STRBUF_INIT;

    b.max = 4;
    cr_assert_eq(strbuf_adds(&b, "1234"), 0);
    cr_assert_not(b.over);
    cr_assert_eq(strbuf_addc(&b, '5'), -ENOMEM);
    cr_assert(b.over && strbuf_failed(&b));
    cr_assert_str_eq(strbuf_str(&b), "1234");
    strbuf_done(&b);
}

Test(strbuf, appends_keep_order_and_terminate)
{
    struct strbuf b = STRBUF_INIT;

    cr_assert_eq(strbuf_adds(&b, "one"), 0);
    cr_assert_eq(strbuf_addc(&b, ' '), 0);
    cr_assert_eq(strbuf_addf(&b, "%d-%s", 2, "two"), 0);
    cr_assert_eq(strbuf_add(&b, "", 0), 0);
    cr_assert_str_eq(strbuf_str(&b), "one 2-two");
    cr_assert_eq(b.len, strlen("one 2-two"));
    strbuf_done(&b);
}

Test(strbuf, holds_nul_bytes)
{
    struct strbuf b = STRBUF_INIT;

    cr_assert_eq(strbuf_add(&b, "a\0b", 3), 0);
    cr_assert_eq(b.len, 3);
    cr_assert_arr_eq(strbuf_str(&b), "a\0b", 4);
    strbuf_done(&b);
}

/* Every length around the growth steps, so that the NUL always has its byte. */
Test(strbuf, grows_past_every_step)
{
    for (size_t len = 0; len <= 300; len++) {
        struct strbuf b = STRBUF_INIT;

        for (size_t i = 0; i < len; i++)
            cr_assert_eq(strbuf_addc(&b, 'x'), 0);
        cr_assert_eq(b.len, len);
        cr_assert_eq(strlen(strbuf_str(&b)), len);
        strbuf_done(&b);
    }
}

Test(strbuf, drop_removes_the_first_bytes)
{
    struct strbuf b = STRBUF_INIT;

    (void)strbuf_adds(&b, "head-tail");
    strbuf_drop(&b, 0);
    strbuf_drop(&b, 5);
    cr_assert_str_eq(strbuf_str(&b), "tail");
    strbuf_drop(&b, 100);
    cr_assert_str_eq(strbuf_str(&b), "");
    strbuf_done(&b);
}

Test(strbuf, take_hands_over_and_starts_anew)
{
    struct strbuf b = STRBUF_INIT;
    char *text;

    (void)strbuf_adds(&b, "mine");
    text = strbuf_take(&b);
    cr_assert_str_eq(text, "mine");
    free(text);
    text = strbuf_take(&b);
    cr_assert_str_eq(text, "");
    free(text);
}

Test(strbuf, failure_is_sticky_until_reset)
{
    struct strbuf b = STRBUF_INIT;

    (void)strbuf_adds(&b, "kept");
    cr_assert_eq(strbuf_reserve(&b, SIZE_MAX), -ENOMEM);
    cr_assert(strbuf_failed(&b));
    cr_assert_eq(strbuf_adds(&b, "lost"), -ENOMEM);
    cr_assert_str_eq(strbuf_str(&b), "kept");
    strbuf_reset(&b);
    cr_assert_not(strbuf_failed(&b));
    cr_assert_eq(strbuf_adds(&b, "again"), 0);
    cr_assert_str_eq(strbuf_str(&b), "again");

    (void)strbuf_reserve(&b, SIZE_MAX);
    cr_assert_null(strbuf_take(&b));
    strbuf_done(&b);
}

/* base64 */

static const struct {
    const char *plain;
    const char *coded;
} rfc4648[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

Test(base64, vectors_of_the_rfc_both_ways)
{
    for (size_t i = 0; i < sizeof rfc4648 / sizeof rfc4648[0]; i++) {
        size_t plain_len = strlen(rfc4648[i].plain);
        size_t coded_len = strlen(rfc4648[i].coded);
        char buf[16];
        size_t len = 99;

        cr_assert_eq(base64_encoded_size(plain_len), coded_len);
        base64_encode(rfc4648[i].plain, plain_len, buf);
        cr_assert_arr_eq(buf, rfc4648[i].coded, coded_len);
        cr_assert_eq(base64_decode(rfc4648[i].coded, coded_len, buf, &len), 0);
        cr_assert_eq(len, plain_len);
        cr_assert_arr_eq(buf, rfc4648[i].plain, plain_len);
    }
}

Test(base64, every_byte_survives)
{
    unsigned char in[256];
    unsigned char back[256 + 2];
    char coded[344];
    size_t len;

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (unsigned char)i;
    cr_assert_eq(base64_encoded_size(sizeof in), sizeof coded);
    base64_encode(in, sizeof in, coded);
    cr_assert_eq(base64_decode(coded, sizeof coded, back, &len), 0);
    cr_assert_eq(len, sizeof in);
    cr_assert_arr_eq(back, in, sizeof in);
}

Test(base64, bad_input_EINVAL)
{
    static const char *const bad[] = {
        /* lengths that are no multiple of 4 */
        "Z",
        "Zg",
        "Zg=",
        "Zm9vY",
        /* padding inside, and too much of it */
        "Zg==Zg==",
        "=Zg=",
        "Z===",
        "====",
        "Zg=A",
        /* foreign characters */
        "Zm9 ",
        "Zm9\n",
        "Zm-_",
        "Zm9\xC3",
        /* spare bits that are not zero */
        "Zh==",
        "Zm9=",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char out[16];
        size_t len = 99;

        cr_assert_eq(base64_decode(bad[i], strlen(bad[i]), out, &len), -EINVAL, "'%s'", bad[i]);
        cr_assert_eq(len, 99, "'%s' touched the length", bad[i]);
    }
}

/* UTF-8 */

Test(utf8, well_formed)
{
    static const char *const good[] = {
        "",
        "plain",
        "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z",
        /* the first and the last of every range of RFC 3629 */
        "\x7F",
        "\xC2\x80",
        "\xDF\xBF",
        "\xE0\xA0\x80",
        "\xED\x9F\xBF",
        "\xEE\x80\x80",
        "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80",
        "\xF4\x8F\xBF\xBF",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(utf8_valid(good[i], strlen(good[i])), "string %zu", i);
    cr_assert(utf8_valid("a\0b", 3));
}

Test(utf8, what_people_see_in_hex)
{
    static const struct {
        const char *text;
        size_t hex;
    } cases[] = {
        {"a", 0},
        {"\t", 0},
        {"\x1b", 1},
        {"\x7f", 1},
        {"\xff", 1},
        {"\xc3", 1},
        {"\xc2\x9b", 2}, /* CSI, as C1 */
        {"\xc2\xa0", 0},
        {"\xc3\xa9", 0},
        {"\xe2\x80\x8e", 3}, /* a direction mark */
        {"\xe2\x80\x8d", 0}, /* the joiner of emoji */
        {"\xe2\x80\xa8", 3}, /* a line separator */
        {"\xe2\x80\xae", 3}, /* what turns a line around */
        {"\xe2\x80\xaf", 0},
        {"\xe2\x81\xa6", 3},
        {"\xe2\x81\xaa", 0},
        {"\xd8\x9c", 2},
        {"\xf0\x9f\x98\x80", 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_expect_eq(utf8_hex_at(cases[i].text, strlen(cases[i].text)), cases[i].hex, "case %zu",
                     i);
    cr_expect_eq(utf8_code_point("\xe2\x80\xae"), 0x202E);
    cr_expect_eq(utf8_code_point("\xf0\x9f\x98\x80"), 0x1F600);
    cr_expect_eq(utf8_code_point("a"), 'a');
}

Test(utf8, ill_formed)
{
    static const char *const bad[] = {
        /* a continuation byte alone */
        "\x80",
        "\xBF",
        /* overlong */
        "\xC0\x80",
        "\xC1\xBF",
        "\xE0\x9F\xBF",
        "\xF0\x8F\xBF\xBF",
        /* surrogates */
        "\xED\xA0\x80",
        "\xED\xBF\xBF",
        /* past U+10FFFF */
        "\xF4\x90\x80\x80",
        "\xF5\x80\x80\x80",
        "\xFF",
        /* cut short */
        "\xC2",
        "\xE2\x82",
        "\xF0\x9F\x98",
        /* a continuation byte missing */
        "\xC2z",
        "\xE2\x82z",
        "\xF0\x9F\x98z",
        "good\xFFgood",
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(utf8_valid(bad[i], strlen(bad[i])), "string %zu", i);
}

Test(utf8, stops_at_the_length_given)
{
    cr_assert_not(utf8_valid("\xC3\xA9", 1));
    cr_assert(utf8_valid("ok\xFF", 2));
    cr_assert_eq(utf8_valid_len("ok\xFF", 3), 2);
    cr_assert_eq(utf8_valid_len("\xC3\xA9\xE2\x82", 4), 2);
}

/* reasons */

/** ASCII is passed by words: what is none is found at every place of one. */
Test(utf8, stops_at_the_first_bad_byte)
{
    enum { LONGEST = 20 };
    char text[LONGEST + 2];

    for (size_t len = 1; len <= LONGEST; len++) {
        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', sizeof(text));
            cr_assert_eq(utf8_valid_len(text, len), len);
            text[at] = '\x80';
            cr_assert_eq(utf8_valid_len(text, len), at);
            text[at] = '\xC3';
            cr_assert_eq(utf8_valid_len(text, len), at);
            text[at + 1] = '\xA9';
            cr_assert_eq(utf8_valid_len(text, len), at + 1 < len ? len : at);
        }
    }
}

Test(utf8, characters_are_written)
{
    static const struct {
        uint32_t c;
        const char *text;
    } rows[] = {
        {0x41, "A"},
        {0x7F, "\x7F"},
        {0x80, "\xC2\x80"},
        {0x7FF, "\xDF\xBF"},
        {0x800, "\xE0\xA0\x80"},
        {0xFFFF, "\xEF\xBF\xBF"},
        {0x10000, "\xF0\x90\x80\x80"},
        {0x10FFFF, "\xF4\x8F\xBF\xBF"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char out[4];
        size_t len = utf8_encode(rows[i].c, out);

        cr_assert(len == strlen(rows[i].text) && memcmp(out, rows[i].text, len) == 0);
        cr_assert_eq(utf8_sequence(out, len), len);
        cr_assert_eq(utf8_sequence(out, len - 1), 0);
    }
}

Test(why, keeps_sentences_in_order_and_passes_the_error)
{
    struct why why = WHY_INIT;

    cr_assert_eq(why_add(&why, -EACCES, "view '%s' lacks %s", "home", "WRITE"), -EACCES);
    cr_assert_eq(why_add(&why, -EACCES, "made by pid %d", 1), -EACCES);
    cr_assert_eq(why.count, 2);
    cr_assert_str_eq(why.text[0], "view 'home' lacks WRITE");
    cr_assert_str_eq(why.text[1], "made by pid 1");
    why_done(&why);
    cr_assert_eq(why.count, 0);
}

Test(why, nobody_listening_and_a_full_chain_change_nothing)
{
    struct why why = WHY_INIT;

    cr_assert_eq(why_add(NULL, -ENOENT, "unheard"), -ENOENT);
    for (int i = 0; i < WHY_MAX + 3; i++)
        cr_assert_eq(why_add(&why, -EIO, "%d", i), -EIO);
    cr_assert_eq(why.count, WHY_MAX);
    cr_assert_str_eq(why.text[WHY_MAX - 1], "79");
    why_done(&why);
}

/* lists */

struct item {
    int value;
    struct list link;
};

/** Write the values of a list of items as digits to @out, which has room. */
static void digits_of(const struct list *head, char *out)
{
    for (struct list *i = head->next; i != head; i = i->next)
        *out++ = (char)('0' + container_of(i, struct item, link)->value);
    *out = '\0';
}

/* arena */

Test(arena, what_is_taken_stays_and_does_not_overlap)
{
    enum { COUNT = 200 };
    unsigned char *taken[COUNT];
    struct arena a;

    arena_init(&a);
    for (size_t i = 0; i < COUNT; i++) {
        taken[i] = arena_take(&a, i);
        cr_assert_not_null(taken[i]);
        cr_assert_eq((uintptr_t)taken[i] % ARENA_ALIGN, 0);
        memset(taken[i], (int)i, i);
    }
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t k = 0; k < i; k++)
            cr_assert_eq(taken[i][k], i);
    }
    arena_done(&a);
}

Test(arena, its_first_bytes_are_its_own)
{
    struct arena a;

    arena_init(&a);
    cr_assert_eq((char *)arena_take(&a, ARENA_FIRST), a.first);
    cr_assert_null(a.blocks);
    cr_assert_not_null(arena_take(&a, 1));
    cr_assert_not_null(a.blocks);
    arena_done(&a);
}

Test(arena, what_came_after_a_mark_is_given_back)
{
    struct arena_mark mark;
    struct arena a;
    char *kept;

    arena_init(&a);
    kept = arena_take(&a, 1000); /* a block of its own */
    memset(kept, 'k', 1000);
    mark = arena_mark(&a);
    for (int i = 0; i < 100; i++)
        cr_assert_not_null(arena_take(&a, 100));
    arena_return(&a, mark);
    cr_assert_eq(a.blocks, mark.blocks);
    cr_assert_eq(a.at, mark.at);
    cr_assert(kept[0] == 'k' && kept[999] == 'k');
    cr_assert_null(arena_take(&a, SIZE_MAX));
    cr_assert_null(arena_take(&a, SIZE_MAX - 64));
    arena_done(&a);
}

Test(list, append_and_delete)
{
    struct item items[3] = {{1, {0}}, {2, {0}}, {3, {0}}};
    struct list head;
    char text[8];

    list_init(&head);
    cr_assert(list_empty(&head));
    for (size_t i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    digits_of(&head, text);
    cr_assert_str_eq(text, "123");

    list_del(&items[1].link);
    list_del(&items[1].link);
    digits_of(&head, text);
    cr_assert_str_eq(text, "13");

    list_append(&head, &items[1].link);
    digits_of(&head, text);
    cr_assert_str_eq(text, "132");
    for (size_t i = 0; i < 3; i++)
        list_del(&items[i].link);
    cr_assert(list_empty(&head));
}

Test(list, splice_moves_all_and_empties_the_source)
{
    struct item items[4] = {{1, {0}}, {2, {0}}, {3, {0}}, {4, {0}}};
    struct list to;
    struct list from;
    char text[8];

    list_init(&to);
    list_init(&from);
    list_splice(&to, &from);
    cr_assert(list_empty(&to));

    for (size_t i = 0; i < 4; i++)
        list_append(i < 2 ? &to : &from, &items[i].link);
    list_splice(&to, &from);
    cr_assert(list_empty(&from));
    digits_of(&to, text);
    cr_assert_str_eq(text, "1234");
}

Test(near, the_nearest_word_or_none)
{
    struct near near = {.word = "parms"};

    near_try(&near, "params");
    near_try(&near, "arms");
    near_try(&near, "method");
    cr_assert_str_eq(near.found, "params");
    near = (struct near){.word = "trace"};
    near_try(&near, "params");
    cr_assert_null(near.found);
}
