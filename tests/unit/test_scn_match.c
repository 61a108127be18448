/* SPDX-License-Identifier: MIT */
/* Patterns of the scenario language against results as the daemon gives them. */
#include "client/cli/engine/scn_match.h"
#include "client/cli/scenario/scn_parse.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

static struct scn_arena arena;
static struct scn_vars vars;

static void free_all(void)
{
    scn_vars_done(&vars);
    scn_arena_done(&arena);
}

TestSuite(scn_match, .fini = free_all, .timeout = 10);
TestSuite(scn_eval, .fini = free_all, .timeout = 10);

/** Parse a pattern with $n captured as 3, $obj unknown, $TOKEN given as "t1". */
static struct scn_value *pattern_of(const char *text)
{
    struct scn_parser p = {.arena = &arena};
    struct scn_value *v;

    scn_know(&p, "n", false);
    scn_know(&p, "TOKEN", true);
    cr_assert_eq(scn_vars_set(&vars, "n", cJSON_CreateNumber(3), false), 0);
    cr_assert_eq(scn_vars_set(&vars, "TOKEN", cJSON_CreateString("t1"), true), 0);
    scn_begin_line(&p, text, 1);
    v = scn_parse_value(&p, SCN_PATTERN);
    cr_assert_not_null(v, "%s: %s", text, p.error);
    return v;
}

struct sample {
    char pattern[64];
    char result[96];
    char why[64]; /* "" when it matches */
};

ParameterizedTestParameters(scn_match, result_against_pattern)
{
    static struct sample samples[] = {
        /* one member stands for its value */
        {"9", "{\"size\":9}", ""},
        {"0x10", "{\"size\":16}", ""},
        {"8", "{\"size\":9}", "it is 9, not 8"},
        {"18446744073709551615", "{\"size\":\"18446744073709551615\"}", ""},
        {"\"text\"", "{\"data\":\"text\"}", ""},
        {"\"tex\"", "{\"data\":\"text\"}", "it is \"text\", not \"tex\""},
        {"b64\"AAE=\"", "{\"data\":\"AAE=\",\"encoding\":\"base64\"}", ""},
        {"\"AAE=\"", "{\"data\":\"AAE=\",\"encoding\":\"base64\"}", "not \"AAE=\""},
        {"null", "null", ""},
        {"*", "null", ""},
        {"1", "null", "it is null, not 1"},
        /* members not named are free */
        {"{state: DONE}", "{\"pid\":4,\"state\":\"DONE\",\"return_code\":0}", ""},
        {"{state: DONE, return_code: -1}", "{\"state\":\"DONE\",\"return_code\":-1}", ""},
        {"{state: DONE}", "{\"state\":\"FAILURE\"}", "state is \"FAILURE\", not \"DONE\""},
        {"{a: {b: 1}}", "{\"a\":{\"b\":2}}", "a.b is 2, not 1"},
        {"{a: *}", "{\"b\":2}", "a is missing"},
        {"[1, *, 3]", "[1,2,3]", ""},
        {"[1, 2]", "[1,2,3]", "not [1,2]"},
        {"[{a: 1}, {a: 3}]", "[{\"a\":1},{\"a\":2}]", "[1].a is 2, not 3"},
        {"{data: b64\"AAE=\", n: 2}", "{\"data\":\"AAE=\",\"encoding\":\"base64\",\"n\":2}", ""},
        {"{data: b64\"AAI=\"}", "{\"data\":\"AAE=\",\"encoding\":\"base64\"}", "not b64\"AAI=\""},
        {"{data: b64\"aGk=\", n: 2}", "{\"data\":\"hi\",\"n\":2}", ""},
        /* flags in any order */
        {"ALL", "{\"mode\":[\"READ\"]}", "not \"ALL\""},
        {"{a: READ,WRITE, b: 1}", "{\"a\":[\"WRITE\",\"READ\"],\"b\":1}", ""},
        {"{a: READ,WRITE}", "{\"a\":[\"READ\"]}", "a is [\"READ\"], not \"READ,WRITE\""},
        {"READ,WRITE", "{\"mode\":[\"WRITE\",\"READ\"]}", ""},
        {"READ", "{\"mode\":[\"WRITE\",\"READ\"]}", "not \"READ\""},
        /* regular expressions, a line at a time */
        {"/^b.$/", "{\"data\":\"aa\\nbb\\n\"}", ""},
        {"/a\\/b|c{3}/", "{\"data\":\"xcccx\"}", ""},
        {"/^c/", "{\"data\":\"aa\\nbb\\n\"}", "not /^c/"},
        /* variables */
        {"$new", "{\"fd\":5}", ""},
        {"$n", "{\"fd\":5}", ""},
        {"${n}", "{\"fd\":3}", ""},
        {"${n}", "{\"fd\":5}", "it is 5, not 3"},
        {"{pid: $n}", "{\"pid\":5}", "pid is 5, not 3"},
        {"{pid: $new}", "{\"pid\":5}", ""},
        {"$TOKEN", "{\"data\":\"t1\"}", ""},
        {"$TOKEN", "{\"data\":\"t2\"}", "not \"t1\""},
        {"\"a ${TOKEN} b\"", "{\"data\":\"a t1 b\"}", ""},
        {"/^${TOKEN}$/", "{\"data\":\"x\\nt1\\n\"}", ""},
    };

    return cr_make_param_array(struct sample, samples, sizeof samples / sizeof samples[0]);
}

/** Whether a result matches, and the words when it does not. */
static void check(const struct sample *s)
{
    struct strbuf why = STRBUF_INIT;
    cJSON *result = cJSON_Parse(s->result);
    bool is;

    cr_assert_not_null(result, "%s", s->result);
    is = scn_match(pattern_of(s->pattern), result, &vars, &why);
    cr_expect_eq(is, s->why[0] == '\0', "`%s` with %s: %s", s->pattern, s->result,
                 strbuf_str(&why));
    if (!is)
        cr_expect_not_null(strstr(strbuf_str(&why), s->why), "`%s`: \"%s\" lacks \"%s\"",
                           s->pattern, strbuf_str(&why), s->why);
    strbuf_done(&why);
    cJSON_Delete(result);
    free_all();
}

ParameterizedTest(struct sample *s, scn_match, result_against_pattern)
{
    check(s);
}

ParameterizedTestParameters(scn_match, bytes_against_pattern)
{
    static struct sample samples[] = {
        /* bytes that are no text are compared as bytes, whichever way they came */
        {"{log: /^..$/, n: 2}", "{\"log\":\"/wE=\",\"encoding\":\"base64\",\"n\":2}", ""},
        {"{log: /^..$/}", "{\"log\":\"AAE=\",\"encoding\":\"base64\"}", ""},
        {"{log: /a.b|a[^x]b/}", "{\"log\":\"YQBi\",\"encoding\":\"base64\"}", ""},
        {"{log: /a.b/}", "{\"log\":\"YQBi/w==\",\"encoding\":\"base64\"}", ""},
        {"{log: /AAE/}", "{\"log\":\"AAE=\",\"encoding\":\"base64\"}", "log is \"\\x00\\x01\""},
        {"{log: \"AAE=\"}", "{\"log\":\"AAE=\",\"encoding\":\"base64\"}", "not \"AAE=\""},
        {"{target: /^.$/}", "{\"target\":{\"base64\":\"/w==\"}}", ""},
        {"{data: \"AAE=\", encoding: base64}", "{\"data\":\"AAE=\",\"encoding\":\"base64\"}", ""},
        {"{state: DONE}", "{\"state\":\"DONE\",\"log\":\"/w==\",\"encoding\":\"base64\"}", ""},
        {"{name: /^.b$/}", "{\"name\":{\"base64\":\"/2I=\"}}", ""},
        {"{name: \"/2I=\"}", "{\"name\":{\"base64\":\"/2I=\"}}", "name is \"\\xffb\""},
        {"/^b$/", "{\"data\":\"/wpiCg==\",\"encoding\":\"base64\"}", ""},
        {"/^.$/", "{\"data\":\"\xc3\xa9\"}", ""},
        {"null", "{\"data\":\"\"}", "not null"},
        {"true", "{\"data\":\"\"}", "not true"},
    };

    return cr_make_param_array(struct sample, samples, sizeof samples / sizeof samples[0]);
}

ParameterizedTest(struct sample *s, scn_match, bytes_against_pattern)
{
    check(s);
}

ParameterizedTestParameters(scn_match, text_of_which_not_all_is_seen)
{
    static struct sample samples[] = {
        /* what stands behind a NUL counts */
        {"/^end$/", "{\"data\":\"YQBiCmVuZAo=\",\"encoding\":\"base64\"}", ""},
        {"/^b$/", "{\"data\":\"YQBiCmVuZAo=\",\"encoding\":\"base64\"}", "not /^b$/"},
        /* of a text that was cut only a regex that is found in whole lines holds */
        {"/^b$/", "{\"data\":\"a\\nb\\nc\",\"data_cut\":1}", ""},
        {"/c/", "{\"data\":\"a\\nb\\nc\",\"data_cut\":1}", "first 5 bytes were kept"},
        {"/^$/", "{\"data\":\"a\\n\",\"data_cut\":1}", "first 2 bytes were kept"},
        {"/^/", "{\"data\":\"a\",\"data_cut\":1}", "first 1 bytes were kept"},
        {"\"a\"", "{\"data\":\"a\",\"data_cut\":1}", "first 1 bytes were kept"},
        {"$obj", "{\"data\":\"a\",\"data_cut\":1}", "first 1 bytes were kept"},
        {"*", "{\"data\":\"a\",\"data_cut\":1}", ""},
        {"{log: abc}", "{\"log\":\"abc\",\"log_cut\":9}", "log: only its first 3 bytes"},
        {"{log: *, log_cut: 9}", "{\"log\":\"abc\",\"log_cut\":9}", ""},
        {"{pid: 1}", "{\"pid\":1,\"log\":\"abc\",\"log_cut\":9}", ""},
    };

    return cr_make_param_array(struct sample, samples, sizeof samples / sizeof samples[0]);
}

ParameterizedTest(struct sample *s, scn_match, text_of_which_not_all_is_seen)
{
    check(s);
}

Test(scn_match, a_capture_keeps_the_only_members_value)
{
    struct strbuf why = STRBUF_INIT;
    cJSON *result = cJSON_Parse("{\"fd\":5}");

    cr_assert(scn_match(pattern_of("$fd"), result, &vars, &why));
    cr_assert_eq(scn_vars_get(&vars, "fd")->value->valueint, 5);
    cJSON_Delete(result);
}

/* ---- arguments ---- */

struct lowering {
    char line[64];
    char json[128];
};

ParameterizedTestParameters(scn_eval, arguments_become_the_json_their_kind_wants)
{
    static struct lowering lowerings[] = {
        {"open root:/a READ,WRITE", "{\"file\":\"root:/a\",\"mode\":[\"READ\",\"WRITE\"]}"},
        {"open root:/a 0x3", "{\"file\":\"root:/a\",\"mode\":3}"},
        {"open root:/$n $n", "{\"file\":\"root:/3\",\"mode\":3}"},
        {"create 7 DIR", "{\"file\":\"7\",\"type\":\"DIR\"}"},
        {"write $n -1 \"x\"", "{\"fd\":3,\"offset\":-1,\"data\":\"x\"}"},
        {"write 1 0 b64\"AAE=\"",
         "{\"fd\":1,\"offset\":0,\"data\":\"AAE=\",\"encoding\":\"base64\"}"},
        {"write 1 0 12", "{\"fd\":1,\"offset\":0,\"data\":\"12\"}"},
        {"read 1 9223372036854775807 1",
         "{\"fd\":1,\"offset\":\"9223372036854775807\",\"size\":1}"},
        {"exit -2147483648", "{\"code\":-2147483648}"},
        {"mmap 0xAFFFF000 4096 READ", "{\"addr\":2952785920,\"size\":4096,\"mode\":[\"READ\"]}"},
        {"dbg_print $TOKEN", "{\"msg\":\"t1\"}"},
        {"rm_fs null", "{\"fs_name\":\"null\"}"},
    };

    return cr_make_param_array(struct lowering, lowerings, sizeof lowerings / sizeof lowerings[0]);
}

ParameterizedTest(struct lowering *l, scn_eval, arguments_become_the_json_their_kind_wants)
{
    struct scn_parser p = {.arena = &arena};
    struct scn_step step;
    cJSON *params;
    char *text;

    (void)pattern_of("*");
    scn_know(&p, "n", false);
    scn_know(&p, "TOKEN", true);
    scn_begin_line(&p, l->line, 1);
    cr_assert(scn_parse_step(&p, &step), "%s: %s", l->line, p.error);
    params = scn_eval_call(&step, &vars);
    text = cJSON_PrintUnformatted(params);
    cr_expect_str_eq(text, l->json);
    free(text);
    cJSON_Delete(params);
    free_all();
}
