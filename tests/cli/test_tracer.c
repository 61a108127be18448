/* SPDX-License-Identifier: MIT */
/* What recorded events become: lines, a summary, Chrome's trace events; and which calls are wanted. */
#include "client/cli/call_text.h"
#include "client/cli/json.h"
#include "client/cli/trace.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Two processes whose calls overtake each other; as a daemon told them. */
static const char *const story[] = {
    "{\"kind\":\"start\",\"pid\":3,\"data\":\"host:/prog\"}",
    "{\"kind\":\"call\",\"seq\":1,\"pid\":3,\"now_ns\":1000,\"call\":\"SC_OPEN\","
    "\"args\":{\"file\":\"root:/a\",\"mode\":[\"READ\",\"CREATE\"]}}",
    "{\"kind\":\"return\",\"seq\":1,\"pid\":3,\"now_ns\":13000,\"duration_ns\":12000,"
    "\"call\":\"SC_OPEN\",\"args\":{\"file\":\"root:/a\",\"mode\":[\"READ\",\"CREATE\"]},"
    "\"result\":{\"fd\":1}}",
    "{\"kind\":\"call\",\"seq\":2,\"pid\":3,\"now_ns\":14000,\"call\":\"SC_USLEEP\","
    "\"args\":{\"usecs\":1000}}",
    "{\"kind\":\"call\",\"seq\":3,\"pid\":4,\"now_ns\":15000,\"call\":\"SC_READ\","
    "\"args\":{\"fd\":1,\"offset\":0,\"size\":9}}",
    "{\"kind\":\"return\",\"seq\":3,\"pid\":4,\"now_ns\":16000,\"duration_ns\":1000,"
    "\"call\":\"SC_READ\",\"args\":{\"fd\":1,\"offset\":0,\"size\":9},\"error\":\"EIO\","
    "\"why\":[\"fault rule 2 says so\",\"it is tired\"],\"fault\":2}",
    "{\"kind\":\"call\",\"seq\":4,\"pid\":4,\"now_ns\":17000,\"call\":\"SC_EXIT\","
    "\"args\":{\"code\":5}}",
    "{\"kind\":\"end\",\"pid\":4,\"state\":\"DONE\",\"return_code\":5,\"data\":\"\"}",
    "{\"kind\":\"return\",\"seq\":2,\"pid\":3,\"now_ns\":1014000,\"duration_ns\":1000000,"
    "\"call\":\"SC_USLEEP\",\"args\":{\"usecs\":1000},\"result\":null}",
    "{\"kind\":\"call\",\"seq\":5,\"pid\":3,\"now_ns\":1015000,\"call\":\"SC_PROC_WAIT\","
    "\"args\":{\"pid\":4}}",
};
enum { STORY_COUNT = sizeof story / sizeof story[0] };

static void tell(struct tracer *t)
{
    for (size_t i = 0; i < STORY_COUNT; i++) {
        cJSON *event = cJSON_Parse(story[i]);

        cr_assert_not_null(event, "event %zu", i);
        tracer_event(t, event);
        cJSON_Delete(event);
    }
    tracer_done(t);
}

static void lines_are(bool failures, const char *calls, const char *glob, const char *wanted)
{
    char *text = NULL;
    size_t size = 0;
    char *wrong = NULL;
    FILE *to = open_memstream(&text, &size);
    struct tracer t = {.lines = {.to = to, .failures = failures}, .filter = {.glob = glob}};

    if (calls != NULL)
        cr_assert(trace_filter_calls(&t.filter, calls, &wrong));
    tell(&t);
    cr_assert_eq(fclose(to), 0);
    cr_expect_str_eq(text, wanted);
    free(text);
}

Test(tracer, lines_are_told_in_two_when_others_come_between)
{
    lines_are(false, NULL, NULL,
              "3  +++ runs host:/prog +++\n"
              "3  open(\"root:/a\", READ|CREATE) = 1 <0.000012>\n"
              "3  usleep(1000 <unfinished ...>\n"
              "4  read(1, 0, 9) = ! EIO (fault rule 2 says so; it is tired) (injected by fault 2)"
              " <0.000001>\n"
              "4  exit(5) = ?\n"
              "4  +++ exited with 5 +++\n"
              "3  <... usleep resumed>) = 0 <0.001000>\n"
              "3  proc_wait(4 <unfinished ...>\n");
}

/* A process chooses paths: they can't begin lines, nor steer a terminal. */
Test(tracer, a_line_is_what_it_looks_like)
{
    static const char *const evil[] = {
        "{\"kind\":\"start\",\"pid\":3,\"data\":\"root:/\\n4  +++ killed +++\"}",
        "{\"kind\":\"note\",\"pid\":3,\"data\":\"\\u001b[2J\\u009b2J\"}",
        "{\"kind\":\"end\",\"pid\":3,\"state\":\"FAILURE\",\"return_code\":1,\"data\":\"\\u0007\"}",
    };
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct tracer t = {.lines = {.to = to}};

    for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
        cJSON *event = cJSON_Parse(evil[i]);

        cr_assert_not_null(event);
        tracer_event(&t, event);
        cJSON_Delete(event);
    }
    tracer_done(&t);
    cr_assert_eq(fclose(to), 0);
    cr_expect_str_eq(text, "3  +++ runs root:/\\x0a4  +++ killed +++ +++\n"
                           "3  --- \\x1b[2J\\xc2\\x9b2J ---\n"
                           "3  +++ failed by EXCEPTION: \\x07 +++\n");
    free(text);
}

Test(tracer, failures_alone_are_whole_lines)
{
    lines_are(true, NULL, NULL,
              "3  +++ runs host:/prog +++\n"
              "4  read(1, 0, 9) = ! EIO (fault rule 2 says so; it is tired) (injected by fault 2)"
              " <0.000001>\n"
              "4  +++ exited with 5 +++\n");
}

Test(tracer, calls_are_chosen_by_name)
{
    static const char some[] = "3  +++ runs host:/prog +++\n"
                               "3  open(\"root:/a\", READ|CREATE) = 1 <0.000012>\n"
                               "4  exit(5) = ?\n"
                               "4  +++ exited with 5 +++\n";

    lines_are(false, "open,SC_EXIT", NULL, some);
    lines_are(false, "trace=open,exit", NULL, some);
    lines_are(false, "!read,usleep,proc_wait", NULL, some);
}

Test(tracer, a_name_that_no_call_has_is_told)
{
    struct trace_filter f = {0};
    char *wrong = NULL;

    cr_expect_not(trace_filter_calls(&f, "open,raed", &wrong));
    cr_expect_str_eq(wrong, "raed");
    free(wrong);
    cr_expect_not(trace_filter_calls(&f, "!", &wrong));
    cr_expect_str_eq(wrong, "");
    free(wrong);
}

/* Handles are followed per process: the read of process 4 uses a handle of its own. */
Test(tracer, calls_are_chosen_by_path)
{
    lines_are(false, NULL, "root:*",
              "3  +++ runs host:/prog +++\n"
              "3  open(\"root:/a\", READ|CREATE) = 1 <0.000012>\n"
              "4  +++ exited with 5 +++\n");
}

Test(tracer, the_summary_counts_and_adds_up)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct tracer t = {.lines = {.to = to}, .summary = calloc(1, sizeof(struct trace_summary))};

    tell(&t);
    cr_assert_eq(fclose(to), 0);
    cr_expect_not_null(strstr(text, " 98.72     0.001000        1000        1000         1"
                                    "           usleep\n"));
    cr_expect_not_null(strstr(text, "         1         1 read\n"));
    cr_expect_not_null(strstr(text, "         4         1 total\n"), "%s", text);
    cr_expect_null(strstr(text, "proc_wait"), "a call that goes on has no time yet");
    free(text);
}

Test(tracer, chrome_gets_an_object_a_call_also_when_cut_short)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    FILE *null = fopen("/dev/null", "w");
    struct tracer t = {.lines = {.to = null}, .chrome = {.to = to}};
    const cJSON *e;
    cJSON *array;
    int calls = 0;

    tell(&t);
    cr_assert_eq(fclose(to), 0);
    cr_assert_eq(fclose(null), 0);
    array = cJSON_ParseWithOpts(text, NULL, true);
    cr_assert(cJSON_IsArray(array), "%s", text);
    cJSON_ArrayForEach(e, array) {
        cr_expect(json_int(e, "pid") == 3 || json_int(e, "pid") == 4);
        calls += strcmp(json_text(e, "ph"), "X") == 0;
    }
    cr_expect_eq(calls, 5);
    e = cJSON_GetArrayItem(array, 1);
    cr_expect_str_eq(json_text(e, "name"), "open");
    cr_expect_float_eq(json_number(e, "ts"), 1, 1e-9);
    cr_expect_float_eq(json_number(e, "dur"), 12, 1e-9);
    cJSON_Delete(array);
    free(text);
}

Test(tracer, nothing_is_an_empty_array)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct tracer t = {.lines = {.to = stderr}, .chrome = {.to = to}};

    tracer_done(&t);
    cr_assert_eq(fclose(to), 0);
    cr_expect_str_eq(text, "[]\n");
    free(text);
}

static void whole_is(const char *json, const char *wanted)
{
    struct strbuf out = STRBUF_INIT;
    cJSON *event = cJSON_Parse(json);

    cr_assert_not_null(event);
    call_text_whole(&out, event);
    cr_expect_str_eq(strbuf_str(&out), wanted);
    cJSON_Delete(event);
    strbuf_done(&out);
}

Test(tracer, bytes_are_cut_and_never_obeyed)
{
    whole_is("{\"call\":\"SC_DBG_PRINT\",\"args\":{\"msg\":\"G1s/\",\"encoding\":\"base64\"}}",
             "dbg_print(\"\\x1b[?\") = 0");
    whole_is(
        "{\"call\":\"SC_READ\",\"args\":{\"fd\":1,\"offset\":0,\"size\":99},\"result\":{\"data\":"
        "\"0123456789012345678901234567890\\u00e9 and more\"}}",
        "read(1, 0, 99) = \"0123456789012345678901234567890\"...");
    whole_is("{\"call\":\"SC_STAT\",\"args\":{\"file\":\"r:/a\"},\"result\":{\"type\":\"DIR\","
             "\"access\":[],\"size\":0}}",
             "stat(\"r:/a\") = {type=DIR, access=0, size=0}");
    whole_is("{\"call\":\"SC_OF_TOMORROW\",\"args\":{\"x\":1}}", "SC_OF_TOMORROW() = 0");
    whole_is("{}", "() = 0");
}

/* A process that opens handles of a file and closes none. */
static void open_many(struct tracer *t, int first, int count)
{
    for (int fd = first; fd < first + count; fd++) {
        char text[256];
        cJSON *event;

        (void)snprintf(text, sizeof text,
                       "{\"kind\":\"return\",\"seq\":%d,\"pid\":3,\"call\":\"SC_OPEN\","
                       "\"args\":{\"file\":\"root:/a\"},\"result\":{\"fd\":%d}}",
                       fd, fd);
        event = cJSON_Parse(text);
        tracer_event(t, event);
        cJSON_Delete(event);
    }
}

Test(tracer, so_many_handles_are_followed_and_more_are_told)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct tracer t = {.lines = {.to = to}, .filter = {.glob = "root:/a"}};

    open_many(&t, 1, TRACE_HANDLES_MAX);
    cr_assert_not(t.filter.overfull);
    open_many(&t, TRACE_HANDLES_MAX + 1, 1);
    cr_assert(t.filter.overfull);
    cr_assert_eq(t.filter.handle_count, TRACE_HANDLES_MAX);
    tracer_done(&t);
    cr_assert_eq(fclose(to), 0);
    cr_assert_not_null(strstr(text, "--- more than 4096 handles fit -P at once"));
    free(text);
}

/* How often a text stands in another. */
static int count_of(const char *text, const char *part)
{
    int count = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

Test(tracer, so_many_calls_go_on_and_so_many_processes_have_names)
{
    enum { MOST = 4096 };
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct trace_chrome chrome = {.to = to};

    for (int pid = 1; pid <= MOST + 1; pid++) {
        cJSON *event = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(event, "kind", "call");
        (void)cJSON_AddStringToObject(event, "call", "SC_YIELD");
        (void)cJSON_AddNumberToObject(event, "seq", pid);
        (void)cJSON_AddNumberToObject(event, "pid", pid);
        trace_chrome_event(&chrome, event);
        cJSON_Delete(event);
        if (pid == MOST)
            cr_assert_eq(chrome.going_count, MOST);
    }
    trace_chrome_end(&chrome);
    cr_assert_eq(fclose(to), 0);
    cr_assert_eq(count_of(text, "\"process_name\""), MOST);
    cr_assert_eq(count_of(text, "\"ph\":\"X\""), MOST);
    free(text);
}
