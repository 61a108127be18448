/* SPDX-License-Identifier: MIT */
/* Calls that wait: late answers, cancelling, call.wait, and the virtual clock. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US "3600000000"

static struct daemon d;
static struct client c;

static void setup(void)
{
    daemon_start(&d, NULL);
    client_open(&c, d.socket);
}

static void setup_virtual(void)
{
    daemon_start_virtual(&d, NULL);
    client_open(&c, d.socket);
}

static void teardown(void)
{
    client_close(&c);
    daemon_stop(&d);
}

TestSuite(park, .init = setup, .fini = teardown, .timeout = 60);
TestSuite(virtual_clock, .init = setup_virtual, .fini = teardown, .timeout = 60);

static void send_call(const char *id, const char *method, const char *params)
{
    client_sendf(&c, "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"%s\",\"params\":%s}", id, method,
                 params);
}

static void expect_null(const char *id)
{
    char line[128];

    client_expect(
        &c, text_of(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":null}", id));
}

static void expect_code(const char *id, int code)
{
    char start[128];
    const char *got = client_line(&c);

    (void)text_of(start, sizeof(start), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,",
                  id, code);
    cr_assert(got != NULL && strncmp(got, start, strlen(start)) == 0, "got %s", got);
}

Test(park, a_waiting_call_stops_nobody)
{
    send_call("1", "SC_USLEEP", "[" HOUR_US "]");
    call_done_ok(&c, "SC_YIELD", NULL);
    send_call("2", "$/cancelRequest", "{\"id\":1}");
    expect_code("1", -32800);
    expect_null("2");
}

/** Kilobytes of memory the daemon has. */
static long resident_kb(void)
{
    char path[64];
    char line[256];
    long kb = 0;
    FILE *f = fopen(text_of(path, sizeof(path), "/proc/%d/status", (int)d.pid), "r");

    cr_assert_not_null(f);
    while (kb == 0 && fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtol(line + 6, NULL, 10);
    }
    (void)fclose(f);
    return kb;
}

Test(park, a_waiting_call_lets_go_of_its_message)
{
    enum { COUNT = 100, PAD = 900000 };
    char *pad = malloc(PAD + 1);
    long before;

    memset(pad, ' ', PAD);
    pad[PAD] = '\0';
    call_done_ok(&c, "SC_YIELD", NULL);
    before = resident_kb();
    for (int i = 0; i < COUNT; i++)
        client_sendf(&c,
                     "{\"jsonrpc\":\"2.0\",\"id\":\"p%d\",%s\"method\":\"SC_USLEEP\","
                     "\"params\":[" HOUR_US "]}",
                     i, pad);
    call_done_ok(&c, "SC_NEW_PROC", NULL);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* they keep freed memory */
    cr_assert(resident_kb() - before < 30000, "%ld KiB more", resident_kb() - before);
#endif
    (void)before;
    free(pad);
}

Test(park, answers_come_in_the_order_of_completion)
{
    send_call("\"slow\"", "SC_USLEEP", "[" HOUR_US "]");
    send_call("\"fast\"", "SC_USLEEP", "[1000]");
    expect_null("\"fast\"");
    send_call("\"c\"", "$/cancelRequest", "[\"slow\"]");
    expect_code("\"slow\"", -32800);
    expect_null("\"c\"");
}

Test(park, a_wait_is_answered_when_the_child_ends)
{
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "proc.drive", "[3]");
    send_call("1", "SC_PROC_WAIT", "[3]");
    client_expect_silence(&c);
    send_call("2", "SC_EXIT", "{\"as\":3,\"code\":9}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"pid\":3,\"state\":\"DONE\","
                      "\"return_code\":9}}");
    expect_null("2");
}

Test(park, cancelling_is_by_the_exact_id)
{
    send_call("1", "SC_USLEEP", "[" HOUR_US "]");
    send_call("\"1\"", "SC_USLEEP", "[" HOUR_US "]");
    send_call("9007199254740993", "SC_USLEEP", "[" HOUR_US "]");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/"
                    "cancelRequest\",\"params\":{\"id\":9007199254740992}}");
    client_send(&c,
                "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":\"2\"}}");
    client_expect_silence(&c);
    client_send(&c,
                "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":\"1\"}}");
    expect_code("\"1\"", -32800);
    client_send(
        &c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[9007199254740993]}");
    expect_code("9007199254740993", -32800);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":1}}");
    expect_code("1", -32800);
}

Test(park, nobody_cancels_the_calls_of_another_connection)
{
    struct client other;

    send_call("1", "SC_USLEEP", "[" HOUR_US "]");
    client_expect_silence(&c);
    client_open(&other, d.socket);
    call_done_ok(&other, "$/cancelRequest", "{\"id\":1}");
    client_close(&other);
    client_expect_silence(&c);
    send_call("2", "$/cancelRequest", "{\"id\":1}");
    expect_code("1", -32800);
    expect_null("2");
}

Test(park, call_wait_returns_when_the_other_has_been_answered)
{
    send_call("1", "SC_USLEEP", "[" HOUR_US "]");
    send_call("2", "call.wait", "{\"id\":1}");
    send_call("3", "call.wait", "{\"id\":2}");
    send_call("4", "call.wait", "{\"id\":99}");
    expect_null("4");
    send_call("5", "$/cancelRequest", "[1]");
    expect_code("1", -32800);
    expect_null("2");
    expect_null("3");
    expect_null("5");
}

Test(park, call_wait_itself_can_be_cancelled)
{
    send_call("1", "SC_USLEEP", "[" HOUR_US "]");
    send_call("2", "call.wait", "[1]");
    send_call("3", "$/cancelRequest", "[2]");
    expect_code("2", -32800);
    expect_null("3");
    send_call("4", "$/cancelRequest", "[1]");
    expect_code("1", -32800);
    expect_null("4");
}

Test(park, a_batch_answers_when_its_last_member_has)
{
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "proc.drive", "[3]");
    client_send(&c, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_PROC_WAIT\",\"params\":[3]},"
                    "{\"jsonrpc\":\"2.0\",\"method\":\"SC_USLEEP\",\"params\":[1]},"
                    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_USLEEP\",\"params\":[1]}]");
    client_expect_silence(&c);
    call_done_ok(&c, "SC_USLEEP", "[2000]");
    send_call("3", "SC_EXIT", "{\"as\":3,\"code\":0}");
    client_expect(
        &c,
        "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null},{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":"
        "{\"pid\":3,\"state\":\"DONE\",\"return_code\":0}}]");
    expect_null("3");
}

Test(park, calls_of_one_process_begin_in_the_order_sent)
{
    for (int i = 0; i < 50; i++)
        client_sendf(&c,
                     "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"SC_OPEN\",\"params\":[\"root:/"
                     "\",[\"READDIR\"]]}",
                     i);
    for (int i = 0; i < 50; i++) {
        char line[128];

        client_expect(&c,
                      text_of(line, sizeof(line),
                              "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":{\"fd\":%d}}", i, i + 1));
    }
}

static int64_t now_ns(struct client *client)
{
    return call_int(client, "machine.info", "{\"machine\":\"default\"}", "now_ns");
}

Test(virtual_clock, sleeping_takes_no_time)
{
    call_done_ok(&c, "SC_USLEEP", "[" HOUR_US "]");
    cr_assert_eq(now_ns(&d.control), INT64_C(3600000000000));
}

Test(virtual_clock, stands_still_while_a_session_thinks)
{
    struct client other;

    call_done_ok(&c, "SC_YIELD", NULL);
    client_open(&other, d.socket);
    client_send(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_USLEEP\",\"params\":[1]}");
    client_expect_silence(&other);
    for (int i = 0; i < 20; i++) {
        call_done_ok(&c, "SC_YIELD", NULL);
        call_done_ok(&c, "SC_ERRNO", NULL);
    }
    cr_assert_eq(now_ns(&c), 0);
    send_call("9", "SC_USLEEP",
              "[2]"); /* both wait now: it jumps to the earlier, who thinks then */
    client_expect(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    client_expect_silence(&other);
    cr_assert_eq(now_ns(&d.control), 1000);
    client_close(&other);
    expect_null("9");
}

Test(virtual_clock, goes_on_for_a_session_that_only_yields)
{
    struct client other;

    call_done_ok(&c, "SC_ERRNO", NULL); /* a session, which thinks until it yields */
    client_open(&other, d.socket);
    client_send(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_USLEEP\",\"params\":[1]}");
    client_expect_silence(&other);
    call_done_ok(&c, "SC_YIELD", NULL);
    call_done_ok(&c, "SC_YIELD", NULL);
    client_expect(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    cr_assert_eq(now_ns(&d.control), 1000);
    client_close(&other);
}

Test(virtual_clock, background_calls_do_not_let_it_go)
{
    send_call("1", "SC_USLEEP", "{\"usecs\":1000,\"background\":true}");
    call_done_ok(&c, "SC_YIELD", NULL);
    cr_assert_eq(now_ns(&c), 0);
    send_call("2", "call.wait", "[1]");
    expect_null("1");
    expect_null("2");
    cr_assert_eq(now_ns(&c), 1000000);
}

Test(virtual_clock, a_half_closed_session_does_not_think)
{
    send_call("1", "SC_USLEEP", "{\"usecs\":5000,\"background\":true}");
    client_half_close(&c);
    expect_null("1");
    client_expect_end(&c);
}

/** A batch that takes several turns happens at one time. */
Test(virtual_clock, a_long_batch_happens_at_one_time)
{
    enum { MEMBERS = 200 };
    struct strbuf batch = STRBUF_INIT;
    cJSON *answers;

    for (int i = 0; i < MEMBERS; i++)
        (void)strbuf_addf(
            &batch, "%c{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"SC_USLEEP\",\"params\":[%d]}",
            i == 0 ? '[' : ',', i, MEMBERS - i);
    (void)strbuf_adds(&batch, "]");
    client_send(&c, strbuf_str(&batch));
    answers = client_json(&c);
    for (int i = 0; i < MEMBERS; i++) /* the last has the nearest time */
        cr_assert_eq(cJSON_GetObjectItem(cJSON_GetArrayItem(answers, i), "id")->valueint,
                     MEMBERS - 1 - i);
    cr_assert_eq(now_ns(&d.control), MEMBERS * 1000);
    cJSON_Delete(answers);
    strbuf_done(&batch);
}

Test(virtual_clock, timers_fire_in_order)
{
    /* One message: between messages the clock may jump. */
    client_send(&c,
                "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_USLEEP\",\"params\":[3000000]},"
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_USLEEP\",\"params\":[1000000]},"
                "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"SC_USLEEP\",\"params\":[2000000]}]");
    client_expect(&c, "[{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null},"
                      "{\"jsonrpc\":\"2.0\",\"id\":3,\"result\":null},"
                      "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}]");
    cr_assert_eq(now_ns(&c), INT64_C(3000000000));
}

Test(park, console_input_answers_who_reads_the_terminal)
{
    struct client other;
    int64_t pid = call_int(&c, "session.open", NULL, "pid");
    char params[128];

    call_done_ok(&c, "SC_OPEN", "[\"io:/tty\",[\"READ\",\"BLOCKING\"]]");
    send_call("\"r1\"", "SC_READ", "[1,0,3]");
    send_call("\"r2\"", "SC_READ", "[1,0,10]");
    client_open(&other, d.socket);
    call_done_ok(&other, "session.open", NULL);
    call_expect(&other, "console.input", "{\"data\":\"to itself\"}", "{\"size\":9}");
    call_expect(&other, "console.input",
                text_of(params, sizeof(params),
                        "{\"pid\":%d,\"data\":\"aGVsbG8=\",\"encoding\":\"base64\"}", (int)pid),
                "{\"size\":5}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"r1\",\"result\":{\"data\":\"hel\"}}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"r2\",\"result\":{\"data\":\"lo\"}}");
    send_call("\"r3\"", "SC_READ", "[1,0,10]");
    send_call("\"cancel\"", "$/cancelRequest", "{\"id\":\"r3\"}");
    expect_code("\"r3\"", -32800);
    expect_null("\"cancel\"");
    call_expect(&c, "console.input", "{\"data\":\"last\",\"eof\":true}", "{\"size\":4}");
    call_expect(&c, "SC_READ", "[1,0,10]", "{\"data\":\"last\"}");
    call_expect(&c, "SC_READ", "[1,0,10]", "{\"data\":\"\"}");
    call_fails(&c, "console.input", "{\"data\":\"more\"}", 32, "ended");
    call_fails(&c, "console.input", "{\"data\":\"more\",\"encoding\":\"hex\"}", -32602, "base64");
    call_fails(&c, "console.input", "{\"data\":\"*\",\"encoding\":\"base64\"}", -32602, "4648");
    call_fails(&c, "console.input", "{\"pid\":999}", 3, NULL);
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&other, "session.close", NULL);
    client_close(&other);
}

Test(park, a_session_that_ends_takes_its_waiting_calls_along)
{
    struct client other;
    cJSON *session = call_ok(&c, "session.open", NULL);
    char params[128];

    call_done_ok(&c, "SC_MK_CHANNEL", "[[\"BLOCKING\"]]");
    send_call("1", "SC_READ", "[1,0,3]");
    send_call("2", "SC_SELECT", "[[1,2],-1]");
    client_open(&other, d.socket);
    (void)text_of(params, sizeof(params), "{\"session\":\"%s\"}",
                  cJSON_GetObjectItem(session, "session")->valuestring);
    call_done_ok(&other, "session.attach", params);
    call_done_ok(&other, "session.close", NULL);
    expect_code("1", 125);
    expect_code("2", 125);
    cJSON_Delete(session);
    client_close(&other);
}
