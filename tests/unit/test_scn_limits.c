/* SPDX-License-Identifier: MIT */
/* How much of anything a scenario may have: each limit, and one more. */
#include "client/cli/base/json.h"
#include "client/cli/engine/scn_match.h"
#include "client/cli/engine/scn_session.h"
#include "client/cli/scenario/scn_parse.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_MAX = 1024 * 1024, INCLUDE_DEPTH_MAX = 8, NESTING_MAX = 32, RECORD_MAX = 200000 };

static struct scn_arena arena;
static struct scn_vars vars;
static char dir[] = "/tmp/scn-test-XXXXXX";

static void start(void)
{
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(chdir(dir), 0);
}

static void stop(void)
{
    char command[64];

    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    (void)!system(command);
    scn_vars_done(&vars);
    scn_arena_done(&arena);
}

TestSuite(scn_limits, .init = start, .fini = stop, .timeout = 50);

static void write_file(const char *path, const struct strbuf *text)
{
    FILE *f = fopen(path, "w");

    cr_assert_not_null(f);
    cr_assert_eq(fwrite(strbuf_str(text), 1, text->len, f), text->len);
    fclose(f);
}

static void add_many(struct strbuf *out, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)strbuf_adds(out, text);
}

/* ---- texts that have so many of something ---- */

static void many_bytes(struct strbuf *out, size_t count)
{
    add_many(out, "#", count);
}

static void many_steps(struct strbuf *out, size_t count)
{
    add_many(out, "#a\n", count);
}

static void many_names(struct strbuf *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)strbuf_addf(out, "new_proc = $v%zu\n", i);
}

static void many_in_background(struct strbuf *out, size_t count)
{
    add_many(out, "yield &\n", count);
    for (size_t i = 1; i <= count; i++)
        (void)strbuf_addf(out, "wait &%zu\n", i);
}

static void long_regex(struct strbuf *out, size_t count)
{
    (void)strbuf_adds(out, "read 1 0 1 = /");
    add_many(out, "a", count);
    (void)strbuf_adds(out, "/\n");
}

static void many_flags(struct strbuf *out, size_t count)
{
    (void)strbuf_adds(out, "stat a:/b = {access: READ");
    add_many(out, ",READ", count - 1);
    (void)strbuf_adds(out, "}\n");
}

static void long_key(struct strbuf *out, size_t count)
{
    (void)strbuf_adds(out, "@title ");
    add_many(out, "a", count);
    (void)strbuf_adds(out, "\n");
}

static void many_cites(struct strbuf *out, size_t count)
{
    for (size_t len; count > 0; count -= len) {
        len = count < SCN_KEY_MAX ? count : SCN_KEY_MAX;
        (void)strbuf_adds(out, "@cite ");
        add_many(out, "a", len);
        (void)strbuf_adds(out, "\n");
    }
}

static void deep_value(struct strbuf *out, size_t count)
{
    (void)strbuf_adds(out, "rpc.discover = ");
    add_many(out, "[", count);
    add_many(out, "]", count);
    (void)strbuf_adds(out, "\n");
}

/** A chain of files, each of which includes the next. */
static void deep_include(struct strbuf *out, size_t count)
{
    char path[32];

    for (size_t i = 1; i <= count; i++) {
        struct strbuf text = STRBUF_INIT;

        (void)strbuf_addf(&text, i < count ? "include f%zu\n" : "yield\n", i + 1);
        (void)snprintf(path, sizeof path, "f%zu", i);
        write_file(path, &text);
        strbuf_done(&text);
    }
    (void)strbuf_adds(out, "include f1\n");
}

/** A file that has so many bytes with those that it includes. */
static void many_included(struct strbuf *out, size_t count)
{
    static const char lines[] = "include mega\ninclude mega\ninclude mega\ninclude rest\n";
    struct strbuf mega = STRBUF_INIT;
    struct strbuf rest = STRBUF_INIT;

    many_bytes(&mega, FILE_MAX);
    many_bytes(&rest, count - 3 * FILE_MAX - strlen(lines));
    write_file("mega", &mega);
    write_file("rest", &rest);
    strbuf_done(&mega);
    strbuf_done(&rest);
    (void)strbuf_adds(out, lines);
}

typedef void (*make_fn)(struct strbuf *out, size_t count);

static const struct limit {
    make_fn make;
    size_t most;
    const char *text;
} limits[] = {
    {many_bytes, FILE_MAX, "is larger than 1048576 bytes"},
    {many_included, SCN_SOURCE_MAX, "the scenario is larger than 4194304 bytes"},
    {many_steps, SCN_STEPS_MAX, "at most 100000 steps and comments"},
    {many_names, SCN_NAMES_MAX, "more than 4096 variables"},
    {many_in_background, SCN_BACKGROUND_MAX, "more than 10000 steps continue"},
    {long_regex, SCN_REGEX_MAX, "at most 4096 bytes"},
    {many_flags, SCN_FLAGS_MAX, "more than 64 flags"},
    {long_key, SCN_KEY_MAX, "at most 4096 bytes"},
    {many_cites, SCN_CITES_MAX, "at most 16384 bytes"},
    {deep_value, NESTING_MAX + 1, "nested more than 32 deep"},
    {deep_include, INCLUDE_DEPTH_MAX, "files include each other too deeply"},
};
enum { LIMIT_COUNT = sizeof limits / sizeof limits[0] };

/* By number: each test is a process of its own, with its functions at other addresses. */
ParameterizedTestParameters(scn_limits, a_file_may_have_so_many)
{
    static int numbers[LIMIT_COUNT];

    for (int i = 0; i < LIMIT_COUNT; i++)
        numbers[i] = i;
    return cr_make_param_array(int, numbers, LIMIT_COUNT);
}

/** Parse a file with @count of something. Returns the mistake, or NULL. */
static const char *parse(const struct limit *l, size_t count)
{
    struct scn_parser p = {.arena = &arena};
    struct strbuf text = STRBUF_INIT;
    struct scn_scenario s;

    l->make(&text, count);
    write_file("main", &text);
    strbuf_done(&text);
    (void)scn_parse_file(&p, "main", &s);
    return p.error;
}

ParameterizedTest(int *number, scn_limits, a_file_may_have_so_many)
{
    const struct limit *l = &limits[*number];
    const char *mistake = parse(l, l->most);

    cr_assert_null(mistake, "%s", mistake);
    mistake = parse(l, l->most + 1);
    cr_assert_not_null(mistake, "one more than %zu is no mistake", l->most);
    cr_assert_not_null(strstr(mistake, l->text), "%s", mistake);
}

Test(scn_limits, a_file_that_includes_itself_twice_ends)
{
    struct strbuf text = STRBUF_INIT;
    struct scn_parser p = {.arena = &arena};
    struct scn_scenario s;

    (void)strbuf_adds(&text, "yield\ninclude main\ninclude main\n");
    write_file("main", &text);
    strbuf_done(&text);
    cr_assert_not(scn_parse_file(&p, "main", &s));
    cr_assert_not_null(strstr(p.error, "too deeply"));
}

/* Each line below run once copied all those before it. */
Test(scn_limits, lines_below_run_take_memory_once)
{
    struct strbuf text = STRBUF_INIT;
    struct scn_parser p = {.arena = &arena};
    struct scn_scenario s;

    (void)strbuf_adds(&text, "run a\n");
    add_many(&text, "  log *\n", 100000);
    write_file("main", &text);
    strbuf_done(&text);
    cr_assert(scn_parse_file(&p, "main", &s), "%s", p.error);
    cr_assert_eq(s.steps[0].run.source_len, 6 * 100000 - 1);
    cr_assert_eq(strncmp(s.steps[0].run.source, "log *\nlog *\n", 12), 0);
    cr_assert_leq(s.steps[0].run.source_room, 4 * s.steps[0].run.source_len);
}

/** A string that weighs so much. */
static cJSON *string_of(size_t weight)
{
    size_t len = weight - sizeof(cJSON) - 1;
    char *text = malloc(len + 1);
    cJSON *value;

    cr_assert_not_null(text);
    memset(text, 'x', len);
    text[len] = '\0';
    value = cJSON_CreateString(text);
    free(text);
    cr_assert_eq(json_weight(value), weight);
    return value;
}

Test(scn_limits, variables_hold_so_much)
{
    cr_assert_eq(scn_vars_set(&vars, "a", string_of(SCN_VARS_MAX - 1000), false), 0);
    cr_assert_eq(scn_vars_set(&vars, "b", string_of(1001), false), -E2BIG);
    cr_assert_eq(scn_vars_set(&vars, "b", string_of(1000), false), 0);
    cr_assert_eq(scn_vars_set(&vars, "a", string_of(SCN_VARS_MAX - 999), false), -E2BIG);
    cr_assert_eq(scn_vars_set(&vars, "a", string_of(2000), false), 0);
    cr_assert_eq(vars.weight, 3000);
}

Test(scn_limits, a_capture_that_does_not_fit_is_told)
{
    struct scn_parser p = {.arena = &arena};
    struct strbuf why = STRBUF_INIT;
    cJSON *value = string_of(1000);
    struct scn_value *pattern;

    cr_assert_eq(scn_vars_set(&vars, "a", string_of(SCN_VARS_MAX - 999), false), 0);
    scn_begin_line(&p, "$new", 1);
    pattern = scn_parse_value(&p, SCN_PATTERN);
    cr_assert_not(scn_match(pattern, value, &vars, &why));
    cr_assert_str_eq(strbuf_str(&why), "$new is too large: all variables may have 67108864 bytes");
    strbuf_done(&why);
    cJSON_Delete(value);
}

Test(scn_limits, a_text_knows_how_long_its_variables_make_it)
{
    struct scn_parser p = {.arena = &arena};

    cr_assert_eq(scn_vars_set(&vars, "a", string_of(1000), false), 0);
    scn_know(&p, "a", false);
    scn_begin_line(&p, "[\"xx${a}${a}\", $a, 123]", 1);
    cr_assert_eq(scn_text_size(scn_parse_value(&p, SCN_ARGUMENT), &vars), 2 + 3000 + 3);
}

/** An event of a call: it begins ("call"), or has ended ("return"). */
static cJSON *call_event(const char *kind, double seq, size_t weight)
{
    cJSON *event = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(event, "kind", kind);
    (void)cJSON_AddNumberToObject(event, "seq", seq);
    if (weight > 0)
        (void)cJSON_AddItemToObject(event, "data", string_of(weight));
    return event;
}

static void record(struct scn_record *r, double seq, size_t weight)
{
    cJSON *event = call_event("call", seq, weight);

    scn_record_event(r, event_kind_of("event", event), event);
    cJSON_Delete(event);
}

Test(scn_limits, a_recording_has_so_many_calls)
{
    struct scn_record r = {.on = true};

    for (int i = 0; i < RECORD_MAX; i++)
        record(&r, i, 0);
    cr_assert_eq(r.count, RECORD_MAX);
    cr_assert_not(r.incomplete);
    record(&r, RECORD_MAX, 0);
    cr_assert(r.incomplete);
    scn_record_done(&r);
}

Test(scn_limits, a_full_recording_costs_no_more)
{
    enum { MORE = 200000 };
    struct scn_record r = {.on = true};
    cJSON *ended = call_event("return", RECORD_MAX + 1.0, 0);

    for (int i = 0; i <= RECORD_MAX; i++)
        record(&r, i, 0);
    for (int i = 0; i < MORE; i++)
        scn_record_event(&r, EVENT_RETURN, ended);
    cr_assert(r.incomplete);
    cr_assert_eq(r.count, 0);
    cr_assert_null(r.calls);
    cr_assert_eq(r.weight, 0);
    cJSON_Delete(ended);
    scn_record_done(&r);
}

Test(scn_limits, a_recording_takes_so_much_memory)
{
    enum { EACH = 16 * 1024 * 1024, FIT = 23 };
    struct scn_record r = {.on = true};

    for (int i = 0; i < FIT; i++)
        record(&r, i, EACH);
    cr_assert_not(r.incomplete);
    record(&r, FIT, EACH);
    cr_assert(r.incomplete);
    scn_record_done(&r);
}
