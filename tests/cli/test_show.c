/* SPDX-License-Identifier: MIT */
/* JSON laid out for people. */
#include "client/cli/base/show.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void expect(const char *json, size_t width, const char *shown)
{
    struct strbuf out = STRBUF_INIT;
    cJSON *value = cJSON_Parse(json);

    cr_assert_not_null(value);
    show_json(&out, value, width);
    cr_expect_str_eq(strbuf_str(&out), shown);
    cJSON_Delete(value);
    strbuf_done(&out);
}

Test(show, scalars)
{
    expect("null", 80, "null");
    expect("9007199254740991", 80, "9007199254740991");
    expect("\"a\\u001b\\n\\\"\"", 80, "\"a\\u001b\\n\\\"\"");
}

Test(show, whole_numbers_are_sent_with_all_their_digits)
{
    cJSON *value = cJSON_Parse("{\"a\":[9007199254740991,-1000000000000001,1.5,3]}");
    char *text = scbox_json(value);

    cr_expect_str_eq(text, "{\"a\":[9007199254740991,-1000000000000001,1.5,3]}");
    free(text);
    cJSON_Delete(value);
    cr_expect_null(scbox_json(NULL));
}

Test(show, empty_containers)
{
    expect("[]", 80, "[]");
    expect("{}", 80, "{}");
    expect("{\"a\":[]}", 1, "{\n  \"a\": []\n}");
}

Test(show, what_fits_stays_on_a_line)
{
    expect("{\"fd\":3,\"mode\":[\"READ\",\"WRITE\"]}", 80,
           "{\"fd\": 3, \"mode\": [\"READ\", \"WRITE\"]}");
}

Test(show, what_does_not_fit_is_broken_outside_first)
{
    expect("{\"name\":\"root\",\"list\":[1,2,3]}", 20,
           "{\n  \"name\": \"root\",\n  \"list\": [1, 2, 3]\n}");
}

Test(show, width_zero_is_one_line)
{
    expect("[{\"a\":1},{\"b\":[2,{}]}]", 0, "[{\"a\": 1}, {\"b\": [2, {}]}]");
}

Test(show, control_bytes_of_guests_are_not_obeyed)
{
    char buf[64] = {0};
    FILE *to = fmemopen(buf, sizeof buf, "w");

    show_bytes(to, "a\033[2J\tb\x7f", 8, false);
    fclose(to);
    cr_expect_str_eq(buf, "a\\x1b[2J\tb\\x7f");
}

Test(show, no_control_character_gets_to_a_terminal)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    show_word(to, "a\t\x1b]0;x\a\n\x7f\xc2\x9b"
                  "31m \xc2\xa0\xc3\xa4\xc2");
    cr_assert_eq(fclose(to), 0);
    cr_expect_str_eq(text, "a\t\\x1b]0;x\\x07\\x0a\\x7f\\xc2\\x9b31m \xc2\xa0\xc3\xa4\\xc2");
    free(text);
}
