/* SPDX-License-Identifier: MIT */
/* proc.pause, proc.resume, proc.paused, proc.step: a person looks at calls before they are carried out. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <string.h>

static struct daemon d;
static struct client c; /* whose session is paused */
static struct client p; /* the person, in a session of the same machine */

static void setup(void)
{
    daemon_start_virtual(&d, "{\"limits\":{\"grace_ms\":0}}");
    client_open(&c, d.socket);
    client_open(&p, d.socket);
    call_done_ok(&c, "session.open", NULL);
    call_done_ok(&p, "session.open", NULL);
}

static void teardown(void)
{
    call_done_ok(&p, "proc.resume", NULL);
    client_close(&c);
    client_close(&p);
    daemon_stop(&d);
}

TestSuite(pause, .init = setup, .fini = teardown, .timeout = 60);

/** Send a call with id 1 in the session of process 2, and wait until it is held. */
static void hold(const char *method, const char *params)
{
    cJSON *held;
    bool seen = false;

    client_sendf(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}", method,
                 params);
    while (!seen) {
        held = call_ok(&p, "proc.paused", NULL);
        seen = cJSON_GetArraySize(held) == 1;
        cJSON_Delete(held);
    }
}

/** The answer to it, which must be this. */
static void expect_answer(const char *rest)
{
    char line[512];

    client_expect(&c, text_of(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":1,%s}", rest));
}

/** Expect an answer that is an error. */
static void expect_code(int code)
{
    char start[64];

    (void)text_of(start, sizeof(start), "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":%d,",
                  code);
    cr_assert_eq(strncmp(client_line(&c), start, strlen(start)), 0);
}

Test(pause, a_paused_process_is_listed_stepped_and_resumed)
{
    call_fails(&p, "proc.step", "[2]", 22, "not paused");
    call_done_ok(&p, "proc.pause", "[2]");
    call_fails(&p, "proc.step", "[2]", 11, "no call since");
    call_done_ok(&p, "SC_YIELD", NULL);
    call_done_ok(&p, "trace.subscribe", "{\"events\":[\"pause\"]}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_CREATE\",\"params\":[\"root:/"
                    "x\",\"REGULAR\"]}");
    cr_assert(strstr(client_line(&p), "{\"kind\":\"pause\",\"seq\":") != NULL);
    call_done_ok(&p, "trace.unsubscribe", NULL);
    cr_assert_eq(call_int(&p, "proc.info", "[2]", "calls"), 1);
    call_fails(&p, "SC_STAT", "[\"root:/x\"]", 2, NULL);
    call_done_ok(&p, "proc.step", "[2]");
    expect_answer("\"result\":null");
    hold("SC_DELETE", "[\"root:/x\"]");
    call_done_ok(&p, "SC_STAT", "[\"root:/x\"]");
    call_done_ok(&p, "proc.resume", "[2]");
    expect_answer("\"result\":null");
    call_expect(&p, "proc.paused", NULL, "[]");
    call_done_ok(&c, "SC_YIELD", NULL);
}

Test(pause, what_is_held_is_told_with_its_arguments)
{
    cJSON *held;
    char *text;

    call_done_ok(&p, "proc.pause", "[2]");
    hold("SC_OPEN", "[\"root:/x\",[\"READ\"]]");
    held = call_ok(&p, "proc.paused", NULL);
    cr_assert_eq(cJSON_GetObjectItemCaseSensitive(held->child, "pid")->valueint, 2);
    cr_assert_gt(cJSON_GetObjectItemCaseSensitive(held->child, "seq")->valueint, 0);
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(held->child, "call")->valuestring, "SC_OPEN");
    text = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(held->child, "args"));
    cr_assert_str_eq(text, "{\"file\":\"root:/x\",\"mode\":[\"READ\"]}");
    cJSON_free(text);
    cJSON_Delete(held);
    call_done_ok(&p, "proc.resume", NULL);
    expect_code(2);
}

/** What stood beside a name until 0.2.0 is refused in words that name what replaced it. */
Test(pause, made_up_names_have_no_encoding)
{
    call_done_ok(&p, "proc.pause", "[2]");
    hold("SC_READLINK", "[\"root:/l\",9]");
    call_fails(&p, "proc.step",
               "{\"pid\":2,\"result\":{\"target\":\"/w==\",\"encoding\":\"base64\",\"length\":1}}",
               -32602, "base64");
    call_done_ok(&p, "proc.step", "{\"pid\":2,\"error\":\"EXDEV\"}");
    expect_code(18);
    hold("SC_FS_ENUM", "[0]");
    call_fails(&p, "proc.step",
               "{\"pid\":2,\"result\":{\"name\":\"/w==\",\"encoding\":\"base64\",\"driver\":\"d\","
               "\"ok_modes\":[],\"root\":\"/\"}}",
               -32602, "base64");
    call_done_ok(&p, "proc.step", "{\"pid\":2,\"error\":\"EXDEV\"}");
    expect_code(18);
}

Test(pause, an_outcome_can_be_made_up)
{
    static const struct {
        const char *method, *params, *outcome, *answer;
    } rows[] = {
        {"SC_OPEN", "[\"root:/none\",[\"READ\"]]", "{\"fd\":77}", "{\"fd\":77}"},
        {"SC_STAT", "[\"root:/none\"]", "{\"type\":\"DIR\",\"access\":[\"READ\"],\"size\":5}",
         "{\"type\":\"DIR\",\"access\":[\"READ\"],\"size\":5}"},
        {"SC_READ", "[1,0,4]", "{\"data\":\"abcd\"}", "{\"data\":\"abcd\"}"},
        {"SC_READ", "[1,0,4]", "{\"data\":\"/w==\",\"encoding\":\"base64\"}",
         "{\"data\":\"/w==\",\"encoding\":\"base64\"}"},
        {"SC_READ", "[1,0,0]", "{\"data\":\"\"}", "{\"data\":\"\"}"},
        {"SC_READDIR", "[1,0]", "{\"name\":\"n\",\"type\":\"REGULAR\",\"access\":[],\"size\":0}",
         "{\"name\":\"n\",\"type\":\"REGULAR\",\"access\":[],\"size\":0}"},
        {"SC_PROC_WAIT_ANY", "[]", "{\"pid\":9,\"state\":\"DONE\",\"return_code\":-1}",
         "{\"pid\":9,\"state\":\"DONE\",\"return_code\":-1}"},
        {"SC_FS_ENUM", "[0]",
         "{\"name\":\"n\",\"driver\":\"d\",\"ok_modes\":[\"READ\"],\"root\":\"/r\"}",
         "{\"name\":\"n\",\"driver\":\"d\",\"ok_modes\":[\"READ\"],\"root\":\"/r\"}"},
        {"SC_READLINK", "[\"root:/l\",9]", "{\"target\":\"/t\",\"length\":2}",
         "{\"target\":\"/t\",\"length\":2}"},
        {"SC_READLINK", "[\"root:/l\",9]", "{\"target\":{\"base64\":\"/w==\"},\"length\":1}",
         "{\"target\":{\"base64\":\"/w==\"},\"length\":1}"},
        {"SC_FSTAT_EX", "[\"root:/x\"]",
         "{\"mode\":1,\"nlink\":2,\"uid\":3,\"gid\":4,\"size\":5,\"blocks\":6,\"atime\":\"7\","
         "\"mtime\":-8}",
         "{\"mode\":1,\"nlink\":2,\"uid\":3,\"gid\":4,\"size\":5,\"blocks\":6,\"atime\":7,"
         "\"mtime\":-8,\"ino\":0,\"ctime\":0,\"btime\":0}"},
        {"SC_FSTAT_EX", "[\"root:/x\"]",
         "{\"mode\":1,\"nlink\":2,\"uid\":3,\"gid\":4,\"size\":5,\"blocks\":6,\"atime\":7,"
         "\"mtime\":8,\"ino\":9,\"ctime\":10,\"btime\":11}",
         "{\"mode\":1,\"nlink\":2,\"uid\":3,\"gid\":4,\"size\":5,\"blocks\":6,\"atime\":7,"
         "\"mtime\":8,\"ino\":9,\"ctime\":10,\"btime\":11}"},
        {"SC_MK_CHANNEL", "[[]]", "{\"first\":5,\"second\":6}", "{\"first\":5,\"second\":6}"},
        {"SC_YIELD", "[]", "{}", "null"},
    };
    char text[512];

    call_done_ok(&p, "proc.pause", "[2]");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        hold(rows[i].method, rows[i].params);
        call_done_ok(&p, "proc.step",
                     text_of(text, sizeof(text), "{\"pid\":2,\"result\":%s}", rows[i].outcome));
        expect_answer(text_of(text, sizeof(text), "\"result\":%s", rows[i].answer));
    }
    hold("SC_CREATE", "[\"root:/x\",\"REGULAR\"]");
    call_done_ok(&p, "proc.step", "{\"pid\":2,\"error\":\"EXDEV\"}");
    expect_code(18);
    call_fails(&p, "SC_STAT", "[\"root:/x\"]", 2, NULL);
}

Test(pause, outcomes_that_do_not_fit_are_refused_and_the_call_stays)
{
    static const struct {
        const char *outcome;
        const char *word;
    } rows[] = {
        {"{}", "\"arg\":\"data\""},
        {"{\"data\":\"x\",\"more\":1}", "unknown argument 'more'"},
        {"{\"data\":7}", "\"arg\":\"data\""},
        {"{\"data\":\"12345\"}", "5 bytes; the call asked for at most 4"},
        {"{\"data\":\"/w=\",\"encoding\":\"base64\"}", "\"arg\":\"data\""},
        {"{\"data\":\"x\",\"encoding\":\"rot13\"}", "\"arg\":\"encoding\""},
        {"{\"data\":\"x\",\"as\":2}", "unknown argument 'as'"},
        {"5", "\"arg\":\"result\""},
    };
    char text[128];

    call_done_ok(&p, "proc.pause", "[2]");
    hold("SC_READ", "[1,0,4]");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        call_fails(&p, "proc.step",
                   text_of(text, sizeof(text), "{\"pid\":2,\"result\":%s}", rows[i].outcome),
                   -32602, rows[i].word);
    call_fails(&p, "proc.step", "{\"pid\":2,\"result\":{\"data\":\"x\"},\"error\":\"EIO\"}", -32602,
               "can't be used together");
    call_fails(&p, "proc.step", "{\"pid\":2,\"error\":\"EWHAT\"}", -32602, "\"arg\":\"error\"");
    call_fails(&p, "proc.step", "[99]", 3, "no process 99");
    call_done_ok(&p, "proc.step", "[2]");
    expect_code(9);
}

Test(pause, exit_has_no_outcome_but_can_be_stepped)
{
    call_done_ok(&p, "proc.pause", "[2]");
    hold("SC_EXIT", "[4]");
    call_fails(&p, "proc.step", "{\"pid\":2,\"error\":\"EIO\"}", 22, "EXIT does not return");
    call_fails(&p, "proc.step", "{\"pid\":2,\"result\":{}}", 22, "EXIT does not return");
    call_done_ok(&p, "proc.step", "[2]");
    expect_answer("\"result\":null");
    call_fails(&p, "proc.pause", "[2]", 3, "no process 2");
}

Test(pause, the_whole_machine_pauses_but_for_who_paused_it)
{
    struct client later;
    cJSON *held;

    client_open(&later, d.socket);
    call_done_ok(&p, "proc.pause", NULL);
    hold("SC_ERRNO", "[]");
    client_send(&p, "{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"method\":\"SC_ERRNO\"}");
    held = call_ok(&p, "proc.paused", NULL); /* no call of a process, so it is answered */
    cr_assert_eq(cJSON_GetArraySize(held), 2);
    cJSON_Delete(held);
    call_done_ok(&later, "session.open", NULL); /* its process is paused, too */
    client_send(&later, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_ERRNO\"}");
    client_expect_silence(&later);
    held = call_ok(&p, "proc.paused", NULL);
    cr_assert_eq(cJSON_GetArraySize(held), 3);
    cJSON_Delete(held);
    client_send(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"proc.resume\"}");
    client_expect(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    expect_answer("\"result\":{\"error\":0}");
    client_expect(&p, "{\"jsonrpc\":\"2.0\",\"id\":\"mine\",\"result\":{\"error\":0}}");
    client_expect(&later, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"error\":0}}");
    client_close(&later);
}

Test(pause, a_virtual_clock_stands_still)
{
    int64_t now = call_int(&p, "machine.info", NULL, "now_ns");

    call_done_ok(&p, "proc.pause", "[2]");
    hold("SC_ERRNO", "[]");
    client_send(&p,
                "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"SC_USLEEP\",\"params\":[1000]}");
    for (int i = 0; i < 20; i++)
        cr_assert_eq(call_int(&d.control, "machine.info", NULL, "now_ns"), now);
    call_done_ok(&d.control, "proc.resume", "[2]");
    expect_answer("\"result\":{\"error\":0}");
    call_done_ok(&c, "session.close", NULL); /* no session that thinks holds the clock */
    client_expect(&p, "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"result\":null}");
    cr_assert_eq(call_int(&p, "machine.info", NULL, "now_ns"), now + 1000000);
}

Test(pause, held_calls_end_with_cancel_session_and_connection)
{
    struct client other;

    call_done_ok(&p, "proc.pause", NULL);
    hold("SC_ERRNO", "[]");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[1]}");
    expect_code(-32800);
    hold("SC_ERRNO", "[]");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"session.close\"}");
    expect_code(125);
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}");
    client_open(&other, d.socket);
    call_done_ok(&other, "session.open", NULL);
    client_send(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_ERRNO\"}");
    client_expect_silence(&other);
    client_close(&other);
    daemon_await_stat(&d, "connections", 3);
    call_expect(&p, "proc.paused", NULL, "[]");
    call_done_ok(&c, "session.open", NULL);
}

Test(pause, a_machine_is_destroyed_with_calls_held)
{
    call_done_ok(&p, "machine.create", "{\"name\":\"x\"}");
    call_done_ok(&c, "session.open", "[\"x\"]");
    call_done_ok(&p, "proc.pause", "{\"machine\":\"x\"}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_ERRNO\"}");
    client_expect_silence(&c);
    call_done_ok(&p, "machine.destroy", "[\"x\"]");
    expect_code(125);
    call_fails(&p, "proc.pause", "{\"machine\":\"x\"}", -32602, "machine.list");
}
