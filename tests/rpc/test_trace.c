/* SPDX-License-Identifier: MIT */
/* Events of calls: what they say, whom they reach, and that a virtual machine's are the same in each run. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define VIRTUAL                                                                                    \
    "{\"name\":\"t\",\"clock\":\"virtual\",\"seed\":7,\"names\":[{\"name\":\"root\",\"driver\":"   \
    "\"ramfs\"}]}"
#define EVENT(params) "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{" params "}}"
#define ANSWER(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"

static struct daemon d;
static struct client c; /* a session of machine t */
static struct client l; /* listens */

static void setup(void)
{
    daemon_start(&d, NULL);
    client_open(&c, d.socket);
    client_open(&l, d.socket);
    call_done_ok(&c, "machine.create", VIRTUAL);
    call_done_ok(&c, "session.open", "[\"t\"]");
}

static void teardown(void)
{
    client_close(&c);
    client_close(&l);
    daemon_stop(&d);
}

TestSuite(trace, .init = setup, .fini = teardown, .timeout = 60);

static void listen_to(struct client *who, const char *events)
{
    char params[256];

    call_done_ok(who, "trace.subscribe",
                 text_of(params, sizeof(params),
                         "{\"events\":%s,\"machine\":\"t\",\"lossless\":true}", events));
}

Test(trace, events_tell_arguments_and_outcomes)
{
    listen_to(&l, "[\"calls\"]");
    call_done_ok(&c, "SC_OPEN", "[\"root:a\",[\"WRITE\",\"CREATE\"]]");
    client_expect(&l,
                  EVENT("\"kind\":\"call\",\"seq\":2,\"pid\":2,\"now_ns\":0,\"call\":\"SC_OPEN\","
                        "\"args\":{\"file\":\"root:a\",\"mode\":[\"WRITE\",\"CREATE\"]}"));
    client_expect(&l,
                  EVENT("\"kind\":\"return\",\"seq\":2,\"pid\":2,\"now_ns\":0,\"duration_ns\":0,"
                        "\"call\":\"SC_OPEN\",\"args\":{\"file\":\"root:a\",\"mode\":[\"WRITE\","
                        "\"CREATE\"]},\"result\":{\"fd\":1}"));
    call_fails(&c, "SC_CLOSE", "[9]", 9, NULL);
    client_expect(&l, EVENT("\"kind\":\"call\",\"seq\":3,\"pid\":2,\"now_ns\":0,\"call\":"
                            "\"SC_CLOSE\",\"args\":{\"fd\":9}"));
    client_expect(&l,
                  EVENT("\"kind\":\"return\",\"seq\":3,\"pid\":2,\"now_ns\":0,\"duration_ns\":0,"
                        "\"call\":\"SC_CLOSE\",\"args\":{\"fd\":9},\"error\":\"EBADF\",\"why\":["
                        "\"the caller has no file descriptor 9\"]"));
    call_done_ok(&c, "SC_USLEEP", "[1500]");
    client_expect(&l, EVENT("\"kind\":\"call\",\"seq\":4,\"pid\":2,\"now_ns\":0,\"call\":"
                            "\"SC_USLEEP\",\"args\":{\"usecs\":1500}"));
    client_expect(&l, EVENT("\"kind\":\"return\",\"seq\":4,\"pid\":2,\"now_ns\":1500000,"
                            "\"duration_ns\":1500000,\"call\":\"SC_USLEEP\",\"args\":{\"usecs\":"
                            "1500},\"result\":null"));
}

/** The args of the next event about a call, as text in @buf. */
static const char *next_args(char *buf, size_t size)
{
    cJSON *event = client_json(&l);
    const cJSON *params = cJSON_GetObjectItemCaseSensitive(event, "params");
    const cJSON *args = cJSON_GetObjectItemCaseSensitive(params, "args");
    char *text = cJSON_PrintUnformatted(args);

    cr_assert_not_null(args);
    (void)text_of(buf, size, "%s", text);
    cJSON_free(text);
    cJSON_Delete(event);
    return buf;
}

Test(trace, arguments_of_every_kind_are_told)
{
    static const struct {
        const char *method, *params, *args;
    } rows[] = {
        {"SC_DBG_PRINT", "{\"msg\":\"/w==\",\"encoding\":\"base64\"}",
         "{\"msg\":\"/w==\",\"encoding\":\"base64\"}"},
        {"SC_DBG_PRINT", "{\"msg\":\"dGV4dA==\",\"encoding\":\"base64\"}", "{\"msg\":\"text\"}"},
        {"SC_MMAP", "[1073741824,4096,[\"READ\",\"WRITE\"]]",
         "{\"addr\":1073741824,\"size\":4096,\"mode\":[\"READ\",\"WRITE\"]}"},
        {"SC_CREATE", "[\"root:/d\",\"DIR\"]", "{\"file\":\"root:/d\",\"type\":\"DIR\"}"},
        {"SC_CREATE", "[\"root:/d/f\",99]", "{\"file\":\"root:/d/f\",\"type\":99}"},
        {"SC_RENAME", "[\"root:/d\",\"root:/e\",[\"NOREPLACE\"]]",
         "{\"old_file\":\"root:/d\",\"new_file\":\"root:/e\",\"flags\":[\"NOREPLACE\"]}"},
        {"SC_READ", "[1,\"9223372036854775807\",5]",
         "{\"fd\":1,\"offset\":\"9223372036854775807\",\"size\":5}"},
        {"SC_MAKE_FS", "[\"ramfs\",\"x\"]",
         "{\"driver\":\"ramfs\",\"fs_name\":\"x\",\"source_fd\":0,\"opts\":\"\"}"},
        {"SC_SELECT", "[[3,4],0]", "{\"fds\":[3,4],\"timeout\":0}"},
        {"SC_SET_ARGS", "[3,{\"argv\":[\"p\",\"-v\"],\"env\":[\"A=1\"]}]",
         "{\"pid\":3,\"data\":{\"argv\":[\"p\",\"-v\"],\"env\":[\"A=1\"]}}"},
        {"SC_SET_ARGS", "[3,[]]", "{\"pid\":3,\"data\":{\"argv\":[],\"env\":[]}}"},
        {"SC_SET_ARGS", "[3,\"no count\"]", "{\"pid\":3,\"data\":\"no count\"}"},
        {"SC_CHMOD", "[\"root:/e\",493]", "{\"file\":\"root:/e\",\"mode\":493}"},
        {"SC_UTIMES", "[\"root:/e\",\"-9223372036854775808\",5]",
         "{\"file\":\"root:/e\",\"atime\":\"-9223372036854775808\",\"mtime\":5}"},
        {"SC_FSYNC", "[1]", "{\"fd\":1,\"data_only\":0}"},
        {"SC_YIELD", "[]", "{}"},
    };
    char buf[512];

    listen_to(&l, "[\"calls\"]");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cJSON_Delete(client_call(&c, rows[i].method, rows[i].params));
        cr_assert_str_eq(next_args(buf, sizeof(buf)), rows[i].args, "%s", rows[i].method);
        cr_assert_str_eq(next_args(buf, sizeof(buf)), rows[i].args, "%s", rows[i].method);
    }
}

/** Expect the next event's args to be @head, then @count times @unit, then @tail. */
static void expect_long(const char *head, const char *unit, size_t count, const char *tail)
{
    static char got[20000];
    static char want[20000];
    size_t len = strlen(text_of(want, sizeof(want), "%s", head));

    for (size_t i = 0; i < count; i++, len += strlen(unit))
        memcpy(want + len, unit, strlen(unit) + 1);
    (void)text_of(want + len, sizeof(want) - len, "%s", tail);
    cr_assert_str_eq(next_args(got, sizeof(got)), want);
}

/** Make a call with params of @head, then @count times @unit, then @tail. */
static void call_long(const char *method, const char *head, const char *unit, size_t count,
                      const char *tail)
{
    static char params[20000];
    size_t len = strlen(text_of(params, sizeof(params), "%s", head));

    for (size_t i = 0; i < count; i++, len += strlen(unit))
        memcpy(params + len, unit, strlen(unit) + 1);
    (void)text_of(params + len, sizeof(params) - len, "%s", tail);
    cJSON_Delete(client_call(&c, method, params));
}

Test(trace, what_is_long_is_cut)
{
    char buf[20000];

    listen_to(&l, "[\"calls\"]");
    call_long("SC_DBG_PRINT", "[\"", "x", 256, "\"]");
    expect_long("{\"msg\":\"", "x", 256, "\"}");
    (void)next_args(buf, sizeof(buf));
    call_long("SC_DBG_PRINT", "[\"", "x", 257, "\"]");
    expect_long("{\"msg\":\"", "x", 256, "\",\"size\":257}");
    (void)next_args(buf, sizeof(buf));
    call_long("SC_DBG_PRINT", "[\"", "\xE2\x82\xAC", 100, "\"]");
    expect_long("{\"msg\":\"", "\xE2\x82\xAC", 85, "\",\"size\":300}");
    (void)next_args(buf, sizeof(buf));
    call_long("SC_STAT", "[\"root:/", "x", 4090, "\"]");
    expect_long("{\"file\":\"root:/", "x", 4090, "\"}");
    (void)next_args(buf, sizeof(buf));
    call_long("SC_STAT", "[\"root:/", "x", 4091, "\"]");
    expect_long("{\"file\":\"root:/", "x", 4090, "\xE2\x80\xA6\"}");
    (void)next_args(buf, sizeof(buf));
    call_long("SC_SELECT", "[[7", ",7", 64, "],0]");
    expect_long("{\"fds\":[7", ",7", 63, "],\"size\":65,\"timeout\":0}");
    (void)next_args(buf, sizeof(buf));
    call_long("SC_SET_ARGS", "[3,[\"a\"", ",\"b\"", 126, "]]");
    expect_long("{\"pid\":3,\"data\":{\"argv\":[\"a\"", ",\"b\"", 125,
                "],\"env\":[]},\"size\":258}");
}

Test(trace, results_are_cut_too)
{
    cJSON *event;
    const cJSON *result;

    call_done_ok(&c, "SC_OPEN", "[\"root:a\",[\"READ\",\"WRITE\",\"CREATE\"]]");
    call_long("SC_WRITE", "[1,0,\"", "y", 1000, "\"]");
    listen_to(&l, "[\"calls\"]");
    call_done_ok(&c, "SC_READ", "[1,0,2000]");
    cJSON_Delete(client_json(&l));
    event = client_json(&l);
    result = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(event, "params"),
                                              "result");
    cr_assert_eq(strlen(cJSON_GetObjectItemCaseSensitive(result, "data")->valuestring), 256);
    cr_assert_eq(cJSON_GetObjectItemCaseSensitive(result, "size")->valueint, 1000);
    cJSON_Delete(event);
}

/** The data of the next return that a listener hears of. */
static size_t shown_data(struct client *who)
{
    cJSON *event;
    const cJSON *result;
    size_t len;

    cJSON_Delete(client_json(who));
    event = client_json(who);
    result = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(event, "params"),
                                              "result");
    len = strlen(cJSON_GetObjectItemCaseSensitive(result, "data")->valuestring);
    cJSON_Delete(event);
    return len;
}

Test(trace, a_listener_chooses_how_much_data_events_show)
{
    struct client more;

    client_open(&more, d.socket);
    call_done_ok(&c, "SC_OPEN", "[\"root:a\",[\"READ\",\"WRITE\",\"CREATE\"]]");
    call_long("SC_WRITE", "[1,0,\"", "y", 5000, "\"]");
    listen_to(&l, "[\"calls\"]");
    call_done_ok(&more, "trace.subscribe",
                 "{\"events\":[\"calls\"],\"machine\":\"t\",\"shown\":4096}");
    call_done_ok(&c, "SC_READ", "[1,0,6000]");
    cr_assert_eq(shown_data(&l), 256);
    cr_assert_eq(shown_data(&more), 4096);
    call_fails(&more, "trace.subscribe",
               "{\"events\":[\"calls\"],\"machine\":\"t\",\"shown\":4097}", -32602, "4096");
    call_done_ok(&more, "trace.subscribe",
                 "{\"events\":[\"calls\"],\"machine\":\"t\",\"shown\":1}");
    call_done_ok(&c, "SC_READ", "[1,0,6000]");
    cr_assert_eq(shown_data(&more), 1);
    client_close(&more);
}

/** Whether the next event has this text. */
static void expect_in_event(const char *text)
{
    const char *line = client_line(&l);

    cr_assert_not_null(strstr(line, text), "expected %s in %s", text, line);
}

Test(trace, events_tell_the_files_behind_handles)
{
    call_done_ok(&c, "SC_OPEN", "[\"root:a\",[\"READ\",\"WRITE\",\"CREATE\"]]");
    call_done_ok(&c, "SC_OPEN", "[{\"base64\":\"cm9vdDovYv8=\"},[\"READ\",\"CREATE\"]]");
    listen_to(&l, "[\"calls\"]");
    call_done_ok(&c, "SC_READ", "[1,0,10]");
    expect_in_event("\"files\":{\"fd\":\"root:a\"}");
    expect_in_event("\"files\":{\"fd\":\"root:a\"}");
    cJSON_Delete(client_call(&c, "SC_SELECT", "[[2,9,1],0]"));
    expect_in_event("\"files\":{\"fds\":[{\"base64\":\"cm9vdDovYv8=\"},null,\"root:a\"]}");
    (void)client_line(&l);
    call_done_ok(&c, "SC_CLOSE", "[1]");
    expect_in_event("\"files\":{\"fd\":\"root:a\"}");
    cr_assert_null(strstr(client_line(&l), "files"));
    /* 16 are told, the last is not */
    cJSON_Delete(client_call(&c, "SC_SELECT", "[[2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,9,2],0]"));
    expect_in_event("null]}");
    (void)client_line(&l);
}

Test(trace, a_process_and_those_below_it_may_be_picked)
{
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "proc.drive", "[3]");
    call_fails(&l, "trace.subscribe", "{\"events\":[\"calls\"],\"machine\":\"t\",\"pid\":9}", 3,
               "no process 9");
    call_done_ok(&l, "trace.subscribe",
                 "{\"events\":[\"calls\",\"proc\"],\"machine\":\"t\",\"pid\":3}");
    call_done_ok(&c, "SC_YIELD", NULL);
    call_done_ok(&c, "SC_NEW_PROC", "{\"as\":3}");
    client_expect(&l, EVENT("\"kind\":\"call\",\"seq\":4,\"pid\":3,\"now_ns\":0,\"call\":"
                            "\"SC_NEW_PROC\",\"args\":{}"));
    client_expect(&l, EVENT("\"kind\":\"return\",\"seq\":4,\"pid\":3,\"now_ns\":0,\"duration_ns\":"
                            "0,\"call\":\"SC_NEW_PROC\",\"args\":{},\"result\":{\"pid\":4}"));
    call_done_ok(&c, "SC_PROC_KILL", "[3]");
    client_expect(&l, EVENT("\"kind\":\"end\",\"pid\":4,\"data\":\"\",\"state\":\"KILLED\","
                            "\"return_code\":0"));
    client_expect(&l, EVENT("\"kind\":\"end\",\"pid\":3,\"data\":\"\",\"state\":\"KILLED\","
                            "\"return_code\":0"));
    client_expect_silence(&l);
}

Test(trace, a_session_may_trace_itself)
{
    /* Longer than any clock goes: it waits until EXIT ends it. */
    listen_to(&c, "[\"calls\"]");
    client_send(
        &c,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_USLEEP\",\"params\":[9000000000000000]}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_EXIT\",\"params\":[3]}");
    client_expect(&c, EVENT("\"kind\":\"call\",\"seq\":2,\"pid\":2,\"now_ns\":0,\"call\":"
                            "\"SC_USLEEP\",\"args\":{\"usecs\":9000000000000000}"));
    client_expect(&c, EVENT("\"kind\":\"call\",\"seq\":3,\"pid\":2,\"now_ns\":0,\"call\":"
                            "\"SC_EXIT\",\"args\":{\"code\":3}"));
    client_expect(&c, EVENT("\"kind\":\"return\",\"seq\":2,\"pid\":2,\"now_ns\":0,\"duration_ns\":"
                            "0,\"call\":\"SC_USLEEP\",\"args\":{\"usecs\":9000000000000000},"
                            "\"error\":\"ECANCELED\",\"why\":["
                            "\"the process ended while the call waited\"]"));
    cr_assert(strstr(client_line(&c), "\"id\":1,\"error\":{\"code\":125,") != NULL);
    client_expect(&c, ANSWER("2", "null"));
    client_expect_silence(&c);
}

/** Several listeners get the same events, each those it wants. */
Test(trace, listeners_do_not_mix)
{
    static const char yield_begins[] = EVENT(
        "\"kind\":\"call\",\"seq\":2,\"pid\":2,\"now_ns\":0,\"call\":\"SC_YIELD\",\"args\":{}");
    static const char said[] = EVENT("\"kind\":\"log\",\"pid\":2,\"data\":\"\\u0001said\"");
    struct client all;

    client_open(&all, d.socket);
    listen_to(&l, "[\"log\"]");
    listen_to(&all, "[\"calls\",\"log\"]");
    call_done_ok(&c, "SC_YIELD", NULL);
    call_expect(&c, "SC_DBG_PRINT", "[\"\\u0001said\"]", "null");
    client_expect(&l, said);
    client_expect(&all, yield_begins);
    (void)client_line(&all); /* its return */
    (void)client_line(&all); /* DBG_PRINT begins */
    client_expect(&all, said);
    client_close(&all);
    call_done_ok(&c, "SC_DBG_PRINT", "[\"\\u0001said\"]");
    client_expect(&l, said);
}

/** Take events and answers until the answer with @id; count the events of a kind. */
static int count_until(struct client *from, const char *id, const char *kind)
{
    char wanted[64];
    int count = 0;

    (void)text_of(wanted, sizeof(wanted), "{\"jsonrpc\":\"2.0\",\"id\":%s,", id);
    for (;;) {
        const char *line = client_line(from);

        cr_assert_not_null(line);
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            return count;
        count += strstr(line, kind) != NULL;
    }
}

/** A daemon with this configuration; @lossless: of the subscription of @c to its own calls. */
static void start_with(const char *config, bool lossless)
{
    char params[128];

    teardown();
    daemon_start(&d, config);
    client_open(&c, d.socket);
    client_open(&l, d.socket);
    call_done_ok(&c, "machine.create", VIRTUAL);
    call_done_ok(&c, "session.open", "[\"t\"]");
    call_done_ok(&c, "trace.subscribe",
                 text_of(params, sizeof(params), "{\"events\":[\"calls\"],\"lossless\":%s}",
                         lossless ? "true" : "false"));
}

/** One whose connections take little. */
static void start_small(bool lossless)
{
    start_with("{\"limits\":{\"queued_bytes\":4096,\"in_flight\":10000}}", lossless);
}

Test(trace, a_lossless_listener_to_its_own_calls_loses_none)
{
    enum { CALLS = 2000 }; /* their requests fit into a socket, their events do not */

    start_small(true);
    client_flood(&c, "SC_YIELD", CALLS);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"last\",\"method\":\"SC_YIELD\"}");
    cr_assert_eq(count_until(&c, "\"last\"", "\"kind\":\"return\""), CALLS + 1);
    cr_assert_eq(daemon_stat(&d, "events_lost"), 0);
}

Test(trace, whoever_calls_waits_for_a_lossless_listener)
{
    enum { CALLS = 2000 };

    start_small(true);
    call_done_ok(&c, "trace.unsubscribe", NULL);
    listen_to(&l, "[\"calls\"]");
    client_flood(&c, "SC_ERRNO", CALLS); /* l does not read meanwhile */
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"last\",\"method\":\"SC_ERRNO\"}");
    cr_assert_lt(call_int(&d.control, "machine.info", "[\"t\"]", "calls"), CALLS, "some wait");
    for (int calls = 0, returns = 0; calls <= CALLS || returns <= CALLS;) {
        const char *line = client_line(&l);

        calls += strstr(line, "\"kind\":\"call\"") != NULL;
        returns += strstr(line, "\"kind\":\"return\"") != NULL;
    }
    (void)count_until(&c, "\"last\"", "-");
    cr_assert_eq(daemon_stat(&d, "events_lost"), 0);
}

Test(trace, a_listener_that_does_not_read_is_shown_and_loses_its_subscription)
{
    enum { CALLS = 2000 };
    const char *line = "";
    cJSON *info;
    char *stalls = NULL;
    char *log;

    start_with("{\"limits\":{\"queued_bytes\":4096,\"in_flight\":10000,\"stall_ms\":3000}}", true);
    call_done_ok(&c, "trace.unsubscribe", NULL);
    listen_to(&l, "[\"calls\"]");
    client_flood(&c, "SC_ERRNO", CALLS);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"last\",\"method\":\"SC_ERRNO\"}");
    do { /* until the listener has too much to read; it has three seconds then */
        cJSON_free(stalls);
        info = call_ok(&d.control, "machine.info", "[\"t\"]");
        stalls = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(info, "stalls"));
        cJSON_Delete(info);
    } while (strcmp(stalls, "[]") == 0);
    cr_assert(strstr(stalls, "\"by\":0,\"by_machine\":null,\"by_uid\":") != NULL, "%s", stalls);
    cJSON_free(stalls);
    cr_assert_lt(call_int(&d.control, "machine.info", "[\"t\"]", "calls"), CALLS, "some wait");
    (void)count_until(&c, "\"last\"", "-"); /* all is answered in the end */
    while (line != NULL && strstr(line, "\"kind\":\"ended\"") == NULL)
        line = client_line(&l);
    cr_assert(line != NULL && strstr(line, "limit stall_ms") != NULL);
    client_expect_silence(&l);
    log = daemon_log_text(&d);
    cr_assert(strstr(log, "to machine 't' ends: its connection has not read for 3000 ms") != NULL);
    free(log);
    info = call_ok(&d.control, "machine.info", "[\"t\"]");
    cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(info, "stalls")), 0);
    cJSON_Delete(info);
}

Test(trace, a_subscription_tells_that_its_machine_is_gone)
{
    call_done_ok(&c, "machine.create", "{\"name\":\"short\"}");
    call_done_ok(&l, "trace.subscribe", "{\"events\":[\"note\"],\"machine\":\"short\"}");
    call_done_ok(&c, "machine.destroy", "[\"short\"]");
    client_expect(&l, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":"
                      "\"ended\",\"why\":\"its machine has ended\"}}");
}

Test(trace, a_lossy_listener_loses_whole_events_and_is_told)
{
    long long told = 0;
    int events = 0;
    bool seen = false;

    start_small(false);
    call_done_ok(&c, "trace.unsubscribe", NULL);
    call_done_ok(&l, "trace.subscribe", "{\"events\":[\"calls\"],\"machine\":\"t\"}");
    for (int i = 0; i < 4000 && daemon_stat(&d, "events_lost") == 0; i++)
        call_long("SC_DBG_PRINT", "[\"", "z", 256, "\"]");
    cr_assert_gt(daemon_stat(&d, "events_lost"), 0);
    client_send(&l, "{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"method\":\"server.stats\"}");
    while (!seen) {
        cJSON *line = client_json(&l);
        const cJSON *params = cJSON_GetObjectItemCaseSensitive(line, "params");
        const cJSON *count = cJSON_GetObjectItemCaseSensitive(params, "count");

        seen = params == NULL;
        events += params != NULL && count == NULL;
        told += count != NULL ? count->valueint : 0;
        cJSON_Delete(line);
    }
    call_done_ok(&c, "SC_ERRNO", NULL);
    client_send(&l, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.stats\"}");
    for (seen = false; !seen;) {
        cJSON *line = client_json(&l);
        const cJSON *params = cJSON_GetObjectItemCaseSensitive(line, "params");
        const cJSON *count = cJSON_GetObjectItemCaseSensitive(params, "count");

        seen = params == NULL;
        told += count != NULL ? count->valueint : 0;
        cJSON_Delete(line);
    }
    cr_assert_gt(events, 0);
    cr_assert_eq(told, daemon_stat(&d, "events_lost"), "%lld told", told);
}

/* The same script on machines with a virtual clock gives the same text. */

/** Machines that do the same. */
enum { RUNS = 10, SCRIPT = 14 };

static const char *const script[SCRIPT][2] = {
    {"fault.add", "{\"call\":\"write\",\"probability\":0.5,\"error\":\"EIO\",\"delay_us\":40}"},
    {"SC_OPEN", "[\"root:/a\",[\"READ\",\"WRITE\",\"CREATE\"]]"},
    {"SC_WRITE", "[1,0,\"one\"]"},
    {"SC_WRITE", "[1,3,\"two\"]"},
    {"SC_WRITE", "[1,6,\"three\"]"},
    {"SC_USLEEP", "[77]"},
    {"SC_WRITE", "[1,3,\"four\"]"},
    {"SC_READ", "[1,0,100]"},
    {"SC_NEW_PROC", "[]"},
    {"SC_STAT", "[\"root:/a\"]"},
    {"SC_FSTAT_EX", "[\"root:/a\"]"},
    {"SC_PROC_KILL", "[3]"},
    {"SC_YIELD", "[]"},
    {"SC_EXIT", "[0]"},
};

struct run {
    struct client conn;
    struct strbuf text;
};

/** Open a machine of its own, traced by who acts in it. */
static void run_begin(struct run *r, int number)
{
    char params[256];

    client_open(&r->conn, d.socket);
    r->text = (struct strbuf)STRBUF_INIT;
    call_done_ok(&r->conn, "machine.create",
                 text_of(params, sizeof(params),
                         "{\"name\":\"r%d\",\"clock\":\"virtual\",\"seed\":99,\"transient\":true,"
                         "\"names\":[{\"name\":\"root\",\"driver\":\"ramfs\"}]}",
                         number));
    call_done_ok(&r->conn, "session.open",
                 text_of(params, sizeof(params), "{\"machine\":\"r%d\"}", number));
    call_done_ok(&r->conn, "trace.subscribe",
                 "{\"events\":[\"calls\",\"faults\",\"proc\"],\"lossless\":true}");
}

static void run_step(struct run *r, int step)
{
    char answer[32];

    client_sendf(&r->conn, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":%s}", step,
                 script[step][0], script[step][1]);
    (void)text_of(answer, sizeof(answer), "\"id\":%d,", step);
    for (const char *line = client_line(&r->conn); strstr(line, answer) == NULL;
         line = client_line(&r->conn))
        (void)strbuf_addf(&r->text, "%s\n", line);
}

/** The last event may follow its answer. */
static void run_end(struct run *r)
{
    while (strstr(strbuf_str(&r->text), "\"kind\":\"end\",\"pid\":2") == NULL)
        (void)strbuf_addf(&r->text, "%s\n", client_line(&r->conn));
    client_close(&r->conn);
}

Test(trace, a_virtual_machine_tells_the_same_in_each_run)
{
    static struct run alone;
    static struct run beside[RUNS];

    run_begin(&alone, RUNS);
    for (int step = 0; step < SCRIPT; step++)
        run_step(&alone, step);
    run_end(&alone);
    cr_assert(strstr(alone.text.ptr, "\"fault\":1") != NULL);
    cr_assert(strstr(alone.text.ptr, "\"result\":{\"size\":") != NULL, "chance hits not all");
    for (int i = 0; i < RUNS; i++)
        run_begin(&beside[i], i);
    for (int step = 0; step < SCRIPT; step++) {
        for (int i = 0; i < RUNS; i++)
            run_step(&beside[(i + step) % RUNS], step);
    }
    for (int i = 0; i < RUNS; i++) {
        run_end(&beside[i]);
        cr_assert_str_eq(beside[i].text.ptr, alone.text.ptr);
        strbuf_done(&beside[i].text);
    }
    strbuf_done(&alone.text);
}
