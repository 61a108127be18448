/* SPDX-License-Identifier: MIT */
/* What recorded events become: lines, a summary, Chrome's trace events; and which calls are wanted. */
#include "client/cli/base/call_text.h"
#include "client/cli/base/json.h"
#include "client/cli/trace/trace.h"

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
        tracer_event(t, event_kind_of("event", event), event);
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
              "3  <... usleep(1000) resumed> = 0 <0.001000>\n"
              "3  proc_wait(4 <unfinished ...>\n");
}

/* A process chooses paths: they can't begin lines, nor steer a terminal. */
Test(tracer, a_line_is_what_it_looks_like)
{
    static const char *const evil[] = {
        "{\"kind\":\"start\",\"pid\":3,\"data\":\"root:/\\n4  +++ killed +++\"}",
        "{\"kind\":\"note\",\"pid\":3,\"data\":\"\\u001b[2J\\u009b2J\"}",
        "{\"kind\":\"end\",\"pid\":3,\"state\":\"FAILURE\",\"return_code\":1,\"data\":\"\\u0007\"}",
        "{\"kind\":\"start\",\"pid\":3,\"data\":\"cm9vdDovYf8=\",\"encoding\":\"base64\"}",
    };
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct tracer t = {.lines = {.to = to}};

    for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
        cJSON *event = cJSON_Parse(evil[i]);

        cr_assert_not_null(event);
        tracer_event(&t, event_kind_of("event", event), event);
        cJSON_Delete(event);
    }
    tracer_done(&t);
    cr_assert_eq(fclose(to), 0);
    cr_expect_str_eq(text, "3  +++ runs root:/\\x0a4  +++ killed +++ +++\n"
                           "3  --- \\x1b[2J\\xc2\\x9b2J ---\n"
                           "3  +++ failed by EXCEPTION: \\x07 +++\n"
                           "3  +++ runs root:/a\\xff +++\n");
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

/* A handle means the file it was opened for, whoever opened it and when; a call that was wanted when it began
 * is when it returns, though its handle is closed. */
static const char *const files[] = {
    "{\"kind\":\"call\",\"seq\":1,\"pid\":3,\"now_ns\":0,\"call\":\"SC_CLOSE\","
    "\"args\":{\"fd\":7},\"files\":{\"fd\":\"root:/old\"}}",
    "{\"kind\":\"return\",\"seq\":1,\"pid\":3,\"now_ns\":0,\"call\":\"SC_CLOSE\","
    "\"args\":{\"fd\":7},\"result\":null}",
    "{\"kind\":\"return\",\"seq\":2,\"pid\":3,\"now_ns\":0,\"call\":\"SC_GET_MODE\","
    "\"args\":{\"fd\":8},\"files\":{\"fd\":\"root:/other\"},\"result\":{\"mode\":[]}}",
    "{\"kind\":\"return\",\"seq\":3,\"pid\":3,\"now_ns\":0,\"call\":\"SC_SELECT\","
    "\"args\":{\"fds\":[8,7],\"timeout\":0},\"files\":{\"fds\":[\"root:/other\",\"root:/old\"]},"
    "\"result\":{\"fd\":0}}",
    /* root:/old\xff, and a spelling without the slash */
    "{\"kind\":\"return\",\"seq\":4,\"pid\":3,\"now_ns\":0,\"call\":\"SC_STAT\","
    "\"args\":{\"file\":{\"base64\":\"cm9vdDovb2xk/w==\"}},\"error\":\"ENOENT\",\"why\":[]}",
    "{\"kind\":\"return\",\"seq\":5,\"pid\":3,\"now_ns\":0,\"call\":\"SC_DELETE\","
    "\"args\":{\"file\":\"root:old\"},\"result\":null}",
};

/* Feed events to a tracer whose lines come back as text; free(). */
static char *lines_of(const char *const *events, size_t count, struct tracer *t)
{
    char *text = NULL;
    size_t size = 0;

    t->lines.to = open_memstream(&text, &size);
    for (size_t i = 0; i < count; i++) {
        cJSON *event = cJSON_Parse(events[i]);

        cr_assert_not_null(event, "event %zu", i);
        tracer_event(t, event_kind_of("event", event), event);
        cJSON_Delete(event);
    }
    tracer_done(t);
    cr_assert_eq(fclose(t->lines.to), 0);
    return text;
}

Test(tracer, calls_are_chosen_by_path)
{
    struct tracer t = {.filter = {.glob = "root:/old*"}};
    char *text = lines_of(files, sizeof files / sizeof files[0], &t);

    cr_expect_str_eq(text, "3  close(7) = 0 <0.000000>\n"
                           "3  <... select([8,7], 0) resumed> = 0 <0.000000>\n"
                           "3  <... stat(\"root:/old\\xff\") resumed> = ! ENOENT <0.000000>\n"
                           "3  <... delete(\"root:old\") resumed> = 0 <0.000000>\n");
    free(text);
    lines_are(false, NULL, "root:*",
              "3  +++ runs host:/prog +++\n"
              "3  open(\"root:/a\", READ|CREATE) = 1 <0.000012>\n"
              "4  +++ exited with 5 +++\n");
}

Test(tracer, lines_may_begin_with_the_time_since_the_one_before)
{
    struct tracer t = {.lines = {.relative = true}};
    char *text = lines_of(story, STORY_COUNT, &t);

    cr_expect_str_eq(text,
                     "3                 +++ runs host:/prog +++\n"
                     "3       0.000000  open(\"root:/a\", READ|CREATE) = 1 <0.000012>\n"
                     "3       0.000013  usleep(1000 <unfinished ...>\n"
                     "4       0.000001  read(1, 0, 9) = ! EIO (fault rule 2 says so; it is tired) "
                     "(injected by fault 2) <0.000001>\n"
                     "4       0.000002  exit(5) = ?\n"
                     "4                 +++ exited with 5 +++\n"
                     "3       0.000997  <... usleep(1000) resumed> = 0 <0.001000>\n"
                     "3       0.000001  proc_wait(4 <unfinished ...>\n");
    free(text);
}

Test(tracer, so_much_of_data_stands_and_files_behind_handles)
{
    static const char *const events[] = {
        "{\"kind\":\"return\",\"seq\":1,\"pid\":3,\"now_ns\":0,\"call\":\"SC_WRITE\",\"args\":"
        "{\"fd\":3,\"offset\":0,\"data\":\"12345678\",\"size\":300},"
        "\"files\":{\"fd\":{\"base64\":\"cm9vdDovYf8=\"}},\"result\":{\"size\":300}}"};
    struct tracer few = {.lines = {.style = {.bytes = 7, .files = true}}};
    struct tracer many = {.lines = {.style = {.bytes = CALL_BYTES_MAX}}};
    char *text = lines_of(events, 1, &few);

    cr_expect_str_eq(text, "3  <... write(3<\"root:/a\\xff\">, 0, \"1234567\"...) resumed> = 300"
                           " <0.000000>\n");
    free(text);
    text = lines_of(events, 1, &many);
    cr_expect_str_eq(text, "3  <... write(3, 0, \"12345678\"...) resumed> = 300 <0.000000>\n");
    free(text);
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

/* What a guest has in its register comes first, and then what is in its memory. */
Test(tracer, results_are_what_the_guest_got)
{
    whole_is(
        "{\"call\":\"SC_CREATE\",\"args\":{\"file\":\"r:/a\",\"type\":\"DIR\"},\"gate\":\"i386\","
        "\"register\":1,\"result\":null}",
        "create(\"r:/a\", DIR) = 1");
    whole_is("{\"call\":\"SC_CREATE\",\"args\":{\"file\":\"r:/a\",\"type\":\"DIR\"},\"gate\":"
             "\"x86_64\",\"register\":0,\"result\":null}",
             "create(\"r:/a\", DIR) = 0");
    whole_is("{\"call\":\"SC_OPEN\",\"args\":{\"file\":\"r:/a\",\"mode\":[]},\"gate\":\"x86_64\","
             "\"register\":-2,\"error\":\"ENOENT\",\"why\":[\"none\"]}",
             "open(\"r:/a\", 0) = -2 ! ENOENT (none)");
    whole_is("{\"call\":\"SC_STAT\",\"args\":{\"file\":\"r:/a\"},\"gate\":\"i386\",\"register\":1,"
             "\"result\":{\"type\":\"DIR\",\"access\":[\"READ\"],\"size\":5000000000}}",
             "stat(\"r:/a\") = 1 {type=DIR, access=READ, size=4294967295}");
    whole_is("{\"call\":\"SC_READ\",\"args\":{\"fd\":1,\"offset\":0,\"size\":9},\"gate\":\"i386\","
             "\"register\":300,\"result\":{\"data\":\"abc\",\"size\":300}}",
             "read(1, 0, 9) = 300 \"abc\"...");
    whole_is("{\"call\":\"SC_GET_MODE\",\"args\":{\"fd\":1},\"gate\":\"i386\",\"register\":5,"
             "\"result\":{\"mode\":[\"READ\",\"READDIR\"]}}",
             "get_mode(1) = 5 (READ|READDIR)");
    whole_is("{\"call\":\"SC_OPEN\",\"args\":{\"file\":\"r:/a\",\"mode\":[]},\"gate\":\"i386\","
             "\"register\":3,\"result\":{\"fd\":3}}",
             "open(\"r:/a\", 0) = 3");
}

Test(tracer, values_are_written_as_strace_writes_them)
{
    whole_is(
        "{\"call\":\"SC_MMAP\",\"args\":{\"addr\":1073741824,\"size\":4096,\"mode\":[\"READ\"]},"
        "\"result\":null}",
        "mmap(0x40000000, 4096, READ) = 0");
    whole_is(
        "{\"call\":\"SC_MUNMAP\",\"args\":{\"addr\":\"18446744073709547520\"},\"result\":null}",
        "munmap(0xfffffffffffff000) = 0");
    whole_is("{\"call\":\"SC_CHMOD\",\"args\":{\"file\":\"r:/a\",\"mode\":420},\"result\":null}",
             "chmod(\"r:/a\", 0644) = 0");
    whole_is("{\"call\":\"SC_CHOWN\",\"args\":{\"file\":\"r:/a\",\"uid\":4294967295,\"gid\":7},"
             "\"result\":null}",
             "chown(\"r:/a\", -1, 7) = 0");
    whole_is("{\"call\":\"SC_FSTAT_EX\",\"args\":{\"file\":\"r:/a\"},\"result\":{\"mode\":33188,"
             "\"uid\":0,\"ctime\":\"946684800001000000\"}}",
             "fstat_ex(\"r:/a\") = {mode=0100644, uid=0, ctime=946684800001000000}");
    whole_is(
        "{\"call\":\"SC_SUBFS\",\"args\":{\"new_name\":\"n\",\"from_fs\":{\"base64\":\"bv8=\"},"
        "\"root\":\"/\",\"ok_modes\":[\"READ\",\"WRITE\",\"READDIR\",\"MMAP\",\"CREATE\",\"TRUNC\","
        "\"APPEND\",\"IOCTL\",\"BLOCKING\",\"DCREATE\",\"DMOVE\",\"DDELETE\",35968]},\"result\":"
        "null}",
        "subfs(\"n\", \"n\\xff\", \"/\", ALL) = 0");
    whole_is(
        "{\"call\":\"SC_MMAP\",\"args\":{\"addr\":0,\"size\":1,\"mode\":[\"READ\",2147483648]},"
        "\"error\":\"EINVAL\"}",
        "mmap(0x0, 1, READ|0x80000000) = ! EINVAL");
    whole_is("{\"call\":\"SC_READLINK\",\"args\":{\"file\":\"r:/l\",\"size\":9},\"result\":"
             "{\"target\":{\"base64\":\"L/8=\"},\"length\":2}}",
             "readlink(\"r:/l\", 9) = \"/\\xff\"");
    whole_is("{\"call\":\"SC_READDIR\",\"args\":{\"fd\":1,\"ent_no\":0},\"result\":{\"name\":"
             "{\"base64\":\"L/8=\"},\"type\":\"DIR\",\"access\":[],\"size\":0}}",
             "readdir(1, 0) = {name=\"/\\xff\", type=DIR, access=0, size=0}");
    whole_is("{\"call\":\"SC_SET_ARGS\",\"args\":{\"pid\":2,\"data\":{\"argv\":[\"a\",{\"base64\":"
             "\"/w==\"}],\"env\":[]}},\"result\":null}",
             "set_args(2, {argv=[\"a\", \"\\xff\"], env=[]}) = 0");
}

/* Calls that begin and don't return are kept, so many and no more. */
Test(tracer, so_many_calls_that_fit_go_on_and_more_are_told)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct tracer t = {.lines = {.to = to}, .filter = {.glob = "root:/a"}};

    for (int seq = 1; seq <= TRACE_CALLS_MAX + 1; seq++) {
        char json[256];
        cJSON *event;

        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"call\",\"seq\":%d,\"pid\":3,\"call\":\"SC_OPEN\","
                       "\"args\":{\"file\":\"root:/a\"}}",
                       seq);
        event = cJSON_Parse(json);
        tracer_event(&t, event_kind_of("event", event), event);
        cJSON_Delete(event);
        cr_assert_eq(t.filter.overfull, seq > TRACE_CALLS_MAX);
    }
    cr_assert_eq(t.filter.going_count, TRACE_CALLS_MAX);
    tracer_done(&t);
    cr_assert_eq(fclose(to), 0);
    cr_assert_not_null(
        strstr(text, "--- more than 4096 calls that match -P were in progress at once"));
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
        trace_chrome_event(&chrome, event_kind_of("event", event), event);
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
