/* SPDX-License-Identifier: MIT */
/* Sessions: tokens, attaching, grace, and whose process a call acts as. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <string.h>

static struct daemon d;
static struct client c;

/** Open a session; its token is copied to @token, 33 bytes. */
static void open_session(struct client *client, char *token)
{
    cJSON *result = call_ok(client, "session.open", "{\"name\":\"test\"}");
    const char *text = cJSON_GetObjectItemCaseSensitive(result, "session")->valuestring;

    cr_assert_eq(strlen(text), 32);
    (void)strcpy(token, text);
    cJSON_Delete(result);
}

static void attach(struct client *client, const char *token)
{
    char params[128];

    call_done_ok(client, "session.attach",
                 text_of(params, sizeof(params), "{\"session\":\"%s\"}", token));
}

Test(session, tokens_differ_and_name_the_process, .timeout = 60)
{
    char one[64];
    char two[64];

    daemon_begin(&d, &c, NULL);
    open_session(&c, one);
    open_session(&c, two);
    cr_assert_str_neq(one, two);
    call_expect(
        &c, "proc.info", "{\"pid\":3}",
        "{\"pid\":3,\"state\":\"RUNNING\",\"return_code\":0,\"program\":\"test\",\"uid\":0,\"gid\":"
        "0,\"parent\":1,"
        "\"executor\":\"session\",\"names\":2,\"fds\":0,\"regions\":0,\"memory\":0,\"calls\":0,"
        "\"waiting\":[],"
        "\"paused\":false,"
        "\"children\":[]}");
    call_done_ok(&c, "session.close", NULL);
    attach(&c, one);
    call_done_ok(&c, "session.close", NULL);
    daemon_end(&d, &c);
}

Test(session, a_first_call_opens_one, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    cr_assert_eq(daemon_stat(&d, "sessions"), 0);
    call_fails(&c, "session.close", NULL, -32001, "session.open");
    call_fails(&c, "ns.list", NULL, -32001, "session.open");
    cr_assert_eq(daemon_stat(&d, "sessions"), 0);
    call_done_ok(&c, "SC_YIELD", NULL);
    cr_assert_eq(daemon_stat(&d, "sessions"), 1);
    client_close(&c);
    daemon_await_stat(&d, "sessions", 0); /* nobody knows its token: no grace */
    daemon_end(&d, &c);
}

Test(session, calls_with_bad_arguments_open_none, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_fails(&c, "SC_CLOSE", "[\"x\"]", -32602, NULL);
    cr_assert_eq(daemon_stat(&d, "sessions"), 0);
    daemon_end(&d, &c);
}

Test(session, outlives_its_connection_and_is_taken_up, .timeout = 60)
{
    char token[64];

    daemon_begin(&d, &c, NULL);
    open_session(&c, token);
    call_done_ok(&c, "SC_OPEN", "[\"root:/kept\",19]");
    client_close(&c);
    daemon_await_stat(&d, "connections", 1);
    client_open(&c, d.socket);
    attach(&c, token);
    call_expect(&c, "SC_WRITE", "[1,0,\"still here\"]", "{\"size\":10}");
    call_done_ok(&c, "SC_CLOSE", "[1]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/kept\"]");
    call_done_ok(&c, "session.close", NULL);
    daemon_end(&d, &c);
}

Test(session, ends_when_grace_is_over, .timeout = 60)
{
    char token[64];
    char params[128];

    daemon_begin(&d, &c, "{\"limits\":{\"grace_ms\":1}}");
    open_session(&c, token);
    client_close(&c);
    daemon_await_stat(&d, "sessions", 0);
    client_open(&c, d.socket);
    call_fails(&c, "session.attach", text_of(params, sizeof(params), "{\"session\":\"%s\"}", token),
               -32001, NULL);
    daemon_end(&d, &c);
}

Test(session, ends_at_once_without_grace, .timeout = 60)
{
    char token[64];

    daemon_begin(&d, &c, "{\"limits\":{\"grace_ms\":0}}");
    open_session(&c, token);
    client_close(&c);
    daemon_await_stat(&d, "sessions", 0);
    daemon_end(&d, &c);
}

Test(session, name_at_the_limit_and_past_it, .timeout = 60)
{
    char params[300];

    daemon_begin(&d, &c, NULL);
    call_done_ok(&c, "session.open", text_of(params, sizeof(params), "{\"name\":\"%0255d\"}", 0));
    call_done_ok(&c, "session.close", NULL);
    call_fails(&c, "session.open", text_of(params, sizeof(params), "{\"name\":\"%0256d\"}", 0),
               -32602, "at most 255 bytes");
    daemon_end(&d, &c);
}

Test(session, is_shared_by_connections, .timeout = 60)
{
    struct client other;
    char token[64];
    char params[128];

    daemon_begin(&d, &c, "{\"limits\":{\"grace_ms\":0}}");
    open_session(&c, token);
    client_open(&other, d.socket);
    call_expect(&other, "SC_OPEN",
                text_of(params, sizeof(params),
                        "{\"file\":\"root:/\",\"mode\":[\"READDIR\"],\"session\":\"%s\"}", token),
                "{\"fd\":1}");
    call_done_ok(&c, "SC_STAT_OPEN", "[1]");
    client_close(&c);
    daemon_await_stat(&d, "connections", 2);
    call_done_ok(&other, "SC_CLOSE", "[1]"); /* remembered, and alive as long as one is attached */
    client_close(&other);
    daemon_await_stat(&d, "sessions", 0);
    daemon_end(&d, &c);
}

Test(session, tokens_must_be_exact, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_fails(&c, "session.attach", "{\"session\":\"\"}", -32001, NULL);
    call_fails(&c, "session.attach", "{\"session\":\"0123456789abcdef0123456789abcdef\"}", -32001,
               NULL);
    call_fails(&c, "SC_YIELD", "{\"session\":\"x\"}", -32001, NULL);
    call_fails(&c, "SC_YIELD", "{\"session\":5}", -32602, "session");
    call_fails(&c, "session.attach", "{}", -32602, "\"arg\":\"session\"");
    daemon_end(&d, &c);
}

Test(session, close_kills_everything_below, .timeout = 60)
{
    struct client other;
    char token[64];

    daemon_begin(&d, &c, NULL);
    open_session(&c, token);
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "proc.drive", "[3]");
    call_done_ok(&c, "SC_NEW_PROC", "{\"as\":3}");
    client_open(&other, d.socket);
    attach(&other, token);
    client_send(
        &other,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_PROC_WAIT_ANY\",\"params\":{\"as\":3}}");
    client_expect_silence(&other);
    call_done_ok(&c, "session.close", NULL);
    cr_assert(strstr(client_line(&other), "\"id\":1,\"error\":{\"code\":125") != NULL);
    call_fails(&other, "SC_YIELD", NULL, -32001, "over");
    client_close(&other);
    cr_assert_eq(call_int(&c, "machine.info", NULL, "processes"), 1);
    daemon_end(&d, &c);
}

Test(session, a_session_may_live_on_another_machine, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_expect(&c, "machine.create", "{\"name\":\"bare\"}", "{\"machine\":\"bare\"}");
    call_done_ok(&c, "session.open", "{\"machine\":\"bare\"}");
    call_fails(&c, "SC_STAT", "[\"root:/\"]", 19, NULL);
    call_expect(&c, "ns.list", NULL, "[]");
    call_done_ok(&c, "machine.destroy", "{\"machine\":\"bare\"}");
    call_fails(&c, "SC_YIELD", NULL, -32001, "over");
    call_fails(&c, "machine.destroy", "{\"machine\":\"bare\"}", -32602, "machine.list");
    daemon_end(&d, &c);
}

/** A filesystem of a process's own. */
static void make_fs(const char *name)
{
    char params[128];

    call_done_ok(
        &c, "SC_MAKE_FS",
        text_of(params, sizeof(params), "{\"driver\":\"ramfs\",\"fs_name\":\"%s\"}", name));
}

Test(session, names_that_are_shared_outlive_it_and_all_or_none_are, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_done_ok(&c, "machine.create",
                 "{\"name\":\"few\",\"limits\":{\"names\":3},"
                 "\"names\":[{\"name\":\"root\",\"driver\":\"ramfs\"}]}");
    call_done_ok(&c, "session.open", "{\"machine\":\"few\"}");
    make_fs("one");
    call_done_ok(&c, "SC_CREATE", "[\"one:/kept\",\"REGULAR\"]");
    call_done_ok(&c, "session.share", NULL);
    call_done_ok(&c, "session.share", NULL);
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&c, "session.open", "{\"machine\":\"few\"}");
    call_done_ok(&c, "SC_STAT", "[\"one:/kept\"]");

    /* Names of init stay; there is room for one more, and for two there is not. */
    call_done_ok(&c, "SC_RM_FS", "[\"root\"]");
    call_done_ok(&c, "SC_RM_FS", "[\"one\"]");
    make_fs("root");
    make_fs("two");
    make_fs("three");
    call_fails(&c, "session.share", NULL, 24, "3");
    call_done_ok(&c, "SC_RM_FS", "[\"three\"]");
    call_done_ok(&c, "SC_CREATE", "[\"root:/other\",\"REGULAR\"]");
    call_done_ok(&c, "session.share", NULL);
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&c, "session.open", "{\"machine\":\"few\"}");
    call_done_ok(&c, "SC_STAT", "[\"two:/\"]");
    call_fails(&c, "SC_STAT", "[\"root:/other\"]", 2, NULL);
    call_done_ok(&c, "SC_EXIT", "[0]");
    call_fails(&c, "session.share", NULL, -32001, "over");
    call_done_ok(&c, "machine.destroy", "{\"machine\":\"few\"}");
    daemon_end(&d, &c);
}
