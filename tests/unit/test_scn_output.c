/* SPDX-License-Identifier: MIT */
/* What programs print, up to a limit. */
#include "client/cli/scenario/scn_output.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

static struct scn_output output;

static void done(void)
{
    scn_output_done(&output);
}

TestSuite(scn_output, .fini = done, .timeout = 10);

Test(scn_output, a_limit_is_kept_and_what_follows_is_counted)
{
    scn_output_add(&output, 5, "abc", 3);
    scn_output_add(&output, 5, "de", 2);
    cr_assert_eq(output.cut, 0);
    scn_output_add(&output, 5, "f", 1);
    scn_output_add(&output, 5, "ghi", 3);
    cr_assert_str_eq(strbuf_str(&output.kept), "abcde");
    cr_assert_eq(output.cut, 4);
}

Test(scn_output, nothing_is_kept_behind_a_cut)
{
    scn_output_add(&output, 2, "a\303\251", 3); /* there is room for a byte then, but not here */
    scn_output_add(&output, 2, "b", 1);
    cr_assert_str_eq(strbuf_str(&output.kept), "a");
    cr_assert_eq(output.cut, 3);
}

Test(scn_output, a_reset_forgets_the_cut)
{
    scn_output_add(&output, 1, "ab", 2);
    scn_output_reset(&output);
    scn_output_add(&output, 1, "c", 1);
    cr_assert_str_eq(strbuf_str(&output.kept), "c");
    cr_assert_eq(output.cut, 0);
}

struct ending {
    char bytes[8];
    size_t whole;
};

ParameterizedTestParameters(scn_output, only_whole_characters_end_a_text)
{
    static struct ending endings[] = {
        {"", 0},
        {"a", 1},
        {"a\303", 1},
        {"a\303\251", 3},
        {"\342\202", 0},
        {"\342\202\254", 3},
        {"a\360\237\230", 1},
        {"a\360\237\230\200", 5},
        {"a\377", 1},
        {"\200\200\200\200", 4}, /* no text at all: nothing is gained by cutting it */
    };

    return cr_make_param_array(struct ending, endings, sizeof endings / sizeof endings[0]);
}

ParameterizedTest(struct ending *e, scn_output, only_whole_characters_end_a_text)
{
    cr_assert_eq(scn_whole_characters(e->bytes, strlen(e->bytes)), e->whole);
}

Test(scn_output, sizes_have_units_and_a_limit)
{
    cr_assert_eq(scn_output_size("4096"), 4096);
    cr_assert_eq(scn_output_size("64K"), 65536);
    cr_assert_eq(scn_output_size("16M"), SCN_OUTPUT_MAX);
    cr_assert_eq(scn_output_size("16777217"), 0);
    cr_assert_eq(scn_output_size("17M"), 0);
    cr_assert_eq(scn_output_size("99999999999999999999M"), 0);
    cr_assert_eq(scn_output_size("0"), 0);
    cr_assert_eq(scn_output_size("-1"), 0);
    cr_assert_eq(scn_output_size(" 1"), 0);
    cr_assert_eq(scn_output_size("1G"), 0);
    cr_assert_eq(scn_output_size(""), 0);
}
