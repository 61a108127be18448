/* SPDX-License-Identifier: MIT */
/* What belongs to whom: machines to users, requests to sessions, pauses and rules to who made them. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct daemon d;
static struct client c;

/** Open a session; its token is copied to @token, 33 bytes. */
static void open_session(struct client *client, const char *params, char *token)
{
    cJSON *result = call_ok(client, "session.open", params);

    (void)strcpy(token, cJSON_GetObjectItemCaseSensitive(result, "session")->valuestring);
    cJSON_Delete(result);
}

/** A list of machine.info, as text; cJSON_free(). */
static char *info_list(struct client *client, const char *machine, const char *member)
{
    char params[96];
    cJSON *info = call_ok(client, "machine.info",
                          text_of(params, sizeof(params), "{\"machine\":\"%s\"}", machine));
    char *text = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(info, member));

    cJSON_Delete(info);
    return text;
}

static void expect_list(struct client *client, const char *member, const char *wanted)
{
    char *text = info_list(client, "default", member);

    cr_assert_str_eq(text, wanted);
    cJSON_free(text);
}

/* ---- the connection's own machine ---- */

static const char *const machine_methods[][2] = {
    {"machine.info", "{}"},
    {"clock.get", "{}"},
    {"clock.advance", "{\"usecs\":1}"},
    {"clock.set", "{\"now_ns\":1}"},
    {"proc.tree", "{}"},
    {"proc.info", "{\"pid\":1}"},
    {"ns.list", "{\"pid\":1}"},
    {"ns.tree", "{}"},
    {"fd.list", "{\"pid\":1}"},
    {"proc.memory", "{\"pid\":1}"},
    {"trace.subscribe", "{\"events\":[\"log\"]}"},
    {"fault.add", "{\"error\":\"EIO\"}"},
    {"fault.list", "{}"},
    {"fault.clear", "{}"},
    {"proc.pause", "{}"},
    {"proc.resume", "{}"},
    {"proc.paused", "{}"},
    {"proc.step", "{\"pid\":1}"},
    {"console.input", "{\"pid\":1,\"data\":\"x\"}"},
};

Test(owners, methods_never_fall_to_the_default_machine, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_done_ok(&c, "machine.create", "{\"name\":\"own\",\"clock\":\"virtual\"}");
    call_done_ok(&c, "session.open", "{\"machine\":\"own\"}");
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"own\"}");
    for (size_t i = 0; i < sizeof(machine_methods) / sizeof(machine_methods[0]); i++)
        call_fails(&c, machine_methods[i][0], machine_methods[i][1], -32001, "'own', has ended");
    expect_list(&d.control, "pauses", "[]");
    expect_list(&d.control, "faults", "[]");
    /* Another one of that name is another machine. */
    call_done_ok(&c, "machine.create", "{\"name\":\"own\"}");
    call_fails(&c, "machine.info", NULL, -32001, "has ended");
    call_done_ok(&c, "machine.info", "{\"machine\":\"own\"}");
    call_done_ok(&c, "machine.destroy", "{\"machine\":\"own\"}");
    daemon_end(&d, &c);
}

Test(owners, the_own_machine_is_that_of_a_session_that_is_over_too, .timeout = 60)
{
    cJSON *info;

    daemon_begin(&d, &c, NULL);
    call_done_ok(&c, "machine.create", "{\"name\":\"own\"}");
    call_done_ok(&c, "session.open", "{\"machine\":\"own\"}");
    call_done_ok(&c, "session.close", NULL);
    info = call_ok(&c, "machine.info", NULL);
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(info, "machine")->valuestring, "own");
    cJSON_Delete(info);
    call_done_ok(&c, "machine.destroy", "{\"machine\":\"own\"}");
    daemon_end(&d, &c);
}

/* ---- session and as ---- */

Test(owners, a_method_acts_for_the_session_it_names, .timeout = 60)
{
    static const char *const methods[][2] = {
        {"proc.info", ""},
        {"ns.list", ""},
        {"fd.list", ""},
        {"proc.memory", ""},
        {"machine.info", ""},
        {"clock.get", ""},
        {"proc.tree", ""},
        {"ns.tree", ""},
        {"fault.list", ""},
        {"proc.paused", ""},
        {"mem.read", "\"addr\":0,\"size\":0,"},
        {"mem.write", "\"addr\":0,\"data\":\"\","},
        {"console.input", "\"data\":\"\","},
        {"proc.credentials", "\"uid\":0,\"gid\":0,\"pid\":2,"},
    };
    struct client other;
    char token[64];
    char params[160];

    daemon_begin(&d, &c, "{\"limits\":{\"grace_ms\":0}}");
    open_session(&c, "{}", token);
    client_open(&other, d.socket);
    call_done_ok(&other, "session.open", NULL);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        call_done_ok(
            &other, methods[i][0],
            text_of(params, sizeof(params), "{%s\"session\":\"%s\"}", methods[i][1], token));
        call_fails(&other, methods[i][0],
                   text_of(params, sizeof(params), "{%s\"session\":\"x\"}", methods[i][1]), -32001,
                   "token");
    }
    cr_assert_eq(call_int(&other, "proc.info",
                          text_of(params, sizeof(params), "{\"session\":\"%s\"}", token), "pid"),
                 2);
    cr_assert_eq(call_int(&other, "proc.info", NULL, "pid"), 3); /* for that one call */
    call_done_ok(&other, "session.close",
                 text_of(params, sizeof(params), "{\"session\":\"%s\"}", token));
    call_fails(&c, "SC_YIELD", NULL, -32001, "over");
    call_done_ok(&other, "SC_YIELD", NULL);
    client_close(&other);
    daemon_end(&d, &c);
}

Test(owners, a_method_acts_as_a_process_that_the_session_drives, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_fails(&c, "ns.list", "{\"as\":3}", 1, "proc.drive");
    call_fails(&c, "ns.list", "{\"as\":1}", 3, "below");
    call_fails(&c, "machine.info", "{\"as\":1}", 3, "below");
    call_done_ok(&c, "proc.drive", "[3]");
    cr_assert_eq(call_int(&c, "proc.info", "{\"as\":3}", "pid"), 3);
    call_expect(&c, "ns.list", "{\"as\":3}", "[]");
    call_done_ok(&c, "SC_NEW_PROC", "{\"as\":3}");
    call_done_ok(&c, "proc.drive", "{\"pid\":4,\"as\":3}");
    call_fails(&c, "proc.drive", "{\"pid\":3,\"as\":3}", 3, "below");
    call_done_ok(&c, "proc.credentials", "{\"pid\":3,\"uid\":7,\"gid\":7}");
    call_fails(&c, "proc.credentials", "{\"pid\":4,\"uid\":0,\"gid\":0,\"as\":3}", 1, "user 7");
    daemon_end(&d, &c);
}

Test(owners, a_call_with_another_token_leaves_the_connection_its_session, .timeout = 60)
{
    struct client other;
    char token[64];
    char params[128];

    daemon_begin(&d, &c, "{\"limits\":{\"grace_ms\":200}}");
    call_done_ok(&c, "SC_MK_CHANNEL", "[0]"); /* a session that nobody asked for */
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"SC_USLEEP\",\"params\":[1]}");
    cr_assert(strstr(client_line(&c), "\"id\":\"p\",\"result\"") != NULL);
    client_open(&other, d.socket);
    open_session(&other, "{}", token);
    call_expect(&c, "SC_NEW_PROC", text_of(params, sizeof(params), "{\"session\":\"%s\"}", token),
                "{\"pid\":4}");
    call_done_ok(&c, "SC_CLOSE", "[1]"); /* its channel is there still */
    client_close(&other);
    /* Visits keep a session without connections alive: each begins its time of grace anew. */
    for (int i = 0; i < 6; i++) {
        (void)usleep(60000);
        call_done_ok(&c, "SC_YIELD",
                     text_of(params, sizeof(params), "{\"session\":\"%s\"}", token));
    }
    client_sendf(&c,
                 "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"SC_USLEEP\",\"params\":{\"usecs\":"
                 "400000,\"session\":\"%s\"}}",
                 token);
    cr_assert(strstr(client_line(&c), "\"id\":\"s\",\"result\"") != NULL);
    daemon_await_stat(&d, "sessions", 1);
    daemon_end(&d, &c);
}

/* ---- pauses and rules ---- */

/** A newcomer's call must be answered, or must be held. */
static void expect_newcomer(bool held)
{
    struct client newcomer;

    client_open(&newcomer, d.socket);
    client_send(&newcomer, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"}");
    if (held)
        client_expect_silence(&newcomer);
    else
        cr_assert(strstr(client_line(&newcomer), "\"result\":null") != NULL);
    client_close(&newcomer);
}

Test(owners, a_pause_ends_with_the_last_connection_of_its_session, .timeout = 60)
{
    struct client other;
    char wanted[256];
    char token[64];

    daemon_begin(&d, &c, NULL);
    open_session(&c, "{}", token);
    call_done_ok(&c, "proc.pause", NULL);
    expect_list(&d.control, "pauses",
                text_of(wanted, sizeof(wanted),
                        "[{\"pid\":0,\"by\":2,\"by_machine\":\"default\",\"by_uid\":%u,"
                        "\"keep\":false}]",
                        geteuid()));
    expect_newcomer(true);
    client_open(&other, d.socket);
    call_done_ok(&other, "session.attach",
                 text_of(wanted, sizeof(wanted), "{\"session\":\"%s\"}", token));
    client_close(&c);
    daemon_await_stat(&d, "connections", 2);
    expect_newcomer(true);
    client_close(&other);
    daemon_await_stat(&d, "connections", 1);
    expect_newcomer(false);
    expect_list(&d.control, "pauses", "[]");
    cr_assert_eq(daemon_stat(&d, "sessions"), 1); /* in grace */
    client_open(&c, d.socket);
    call_done_ok(&c, "session.attach",
                 text_of(wanted, sizeof(wanted), "{\"session\":\"%s\"}", token));
    call_done_ok(&c, "session.close", NULL);
    daemon_end(&d, &c);
}

Test(owners, a_pause_without_a_session_ends_with_the_connection, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_done_ok(&c, "proc.pause", NULL);
    expect_newcomer(true);
    client_close(&c);
    daemon_await_stat(&d, "connections", 1);
    expect_newcomer(false);
    client_open(&c, d.socket);
    call_done_ok(&c, "proc.pause", "{\"keep\":true}");
    client_close(&c);
    daemon_await_stat(&d, "connections", 1);
    expect_newcomer(true);
    client_open(&c, d.socket);
    call_done_ok(&c, "proc.resume", NULL);
    expect_newcomer(false);
    daemon_end(&d, &c);
}

Test(owners, of_several_pauses_each_holds_until_its_owner_is_gone, .timeout = 60)
{
    struct client other;

    daemon_begin(&d, &c, NULL);
    client_open(&other, d.socket);
    call_done_ok(&d.control, "session.open", NULL); /* process 2, to be paused */
    call_done_ok(&c, "proc.pause", NULL);
    call_done_ok(&c, "proc.pause", NULL); /* counts once */
    call_done_ok(&other, "proc.pause", NULL);
    call_done_ok(&other, "proc.pause", "{\"pid\":2}");
    client_close(&c);
    daemon_await_stat(&d, "connections", 2);
    expect_newcomer(true);
    client_open(&c, d.socket);
    call_done_ok(&c, "proc.pause", "{\"pid\":2}");
    client_close(&other);
    daemon_await_stat(&d, "connections", 2);
    expect_newcomer(false); /* the machine's pause is over, that of the process is not */
    client_send(&d.control, "{\"jsonrpc\":\"2.0\",\"id\":\"h\",\"method\":\"SC_YIELD\"}");
    client_expect_silence(&d.control);
    client_close(&c);
    cr_assert(strstr(client_line(&d.control), "\"id\":\"h\",\"result\":null") != NULL);
    call_done_ok(&d.control, "session.close", NULL);
    client_open(&c, d.socket);
    daemon_end(&d, &c);
}

Test(owners, a_step_leaves_nothing_held_when_its_client_dies, .timeout = 60)
{
    daemon_begin(&d, &c, "{\"limits\":{\"grace_ms\":0}}");
    call_done_ok(&d.control, "session.open", NULL);
    call_done_ok(&c, "session.open", NULL);
    call_done_ok(&c, "proc.pause", "{\"pid\":2}");
    client_send(&d.control, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"SC_YIELD\"}");
    client_send(&d.control, "{\"jsonrpc\":\"2.0\",\"id\":\"b\",\"method\":\"SC_YIELD\"}");
    client_expect_silence(&d.control);
    call_done_ok(&c, "proc.step", "[2]");
    cr_assert(strstr(client_line(&d.control), "\"id\":\"a\",\"result\":null") != NULL);
    client_close(&c);
    cr_assert(strstr(client_line(&d.control), "\"id\":\"b\",\"result\":null") != NULL);
    call_done_ok(&d.control, "session.close", NULL);
    client_open(&c, d.socket);
    daemon_end(&d, &c);
}

Test(owners, rules_go_with_their_session, .timeout = 60)
{
    char token[64];
    char params[128];

    daemon_begin(&d, &c, "{\"limits\":{\"grace_ms\":60000}}");
    open_session(&c, "{}", token);
    call_done_ok(&c, "fault.add", "{\"call\":\"SC_ERRNO\",\"error\":\"EIO\"}");
    call_done_ok(&c, "fault.add", "{\"call\":\"SC_YIELD\",\"error\":\"EIO\",\"keep\":true}");
    client_close(&c);
    daemon_await_stat(&d, "connections", 1);
    client_open(&c, d.socket); /* somebody may come back yet */
    call_fails(&c, "SC_ERRNO", NULL, 5, "fault rule 1");
    call_done_ok(&c, "session.attach",
                 text_of(params, sizeof(params), "{\"session\":\"%s\"}", token));
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&c, "session.open", NULL);
    call_done_ok(&c, "SC_ERRNO", NULL);
    call_fails(&c, "SC_YIELD", NULL, 5, "fault rule 2");
    call_done_ok(&c, "fault.clear", "[2]");
    expect_list(&c, "faults", "[]");
    call_done_ok(&c, "session.close", NULL);
    daemon_end(&d, &c);
}

Test(owners, rules_without_a_session_go_with_the_connection, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_done_ok(&c, "fault.add", "{\"call\":\"SC_ERRNO\",\"error\":\"EIO\"}");
    client_close(&c);
    daemon_await_stat(&d, "connections", 1);
    call_expect(&d.control, "fault.list", NULL, "[]");
    client_open(&c, d.socket);
    daemon_end(&d, &c);
}

Test(owners, what_is_left_in_another_machine_goes_too, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    call_done_ok(&d.control, "machine.create", "{\"name\":\"b\"}");
    call_done_ok(&c, "session.open", NULL);
    call_done_ok(&c, "proc.pause", "{\"machine\":\"b\"}");
    call_done_ok(&c, "fault.add", "{\"machine\":\"b\",\"error\":\"EIO\"}");
    call_done_ok(&c, "session.close", NULL);
    call_expect(&d.control, "fault.list", "{\"machine\":\"b\"}", "[]");
    call_done_ok(&c, "proc.pause", "{\"machine\":\"b\"}"); /* of a machine that goes first */
    call_done_ok(&d.control, "machine.destroy", "{\"machine\":\"b\"}");
    daemon_end(&d, &c);
}

Test(owners, pauses_have_a_limit, .timeout = 60)
{
    enum { PAUSES_MAX = 1024 };
    struct client other;
    char params[64];

    daemon_begin(&d, &c, NULL);
    client_open(&other, d.socket);
    call_done_ok(&d.control, "session.open", NULL);
    for (int pid = 3; pid < 3 + PAUSES_MAX / 2; pid++) {
        (void)text_of(params, sizeof(params), "{\"pid\":%d}", pid);
        call_done_ok(&d.control, "SC_NEW_PROC", NULL);
        call_done_ok(&c, "proc.pause", params);
        call_done_ok(&other, "proc.pause", params);
    }
    call_fails(&c, "proc.pause", NULL, 11, "PAUSES_MAX");
    expect_newcomer(false);
    call_done_ok(&d.control, "SC_PROC_KILL", "[3]"); /* its pauses go with it */
    call_done_ok(&c, "proc.pause", "{\"pid\":2}");
    call_done_ok(&other, "proc.pause", "{\"pid\":2}");
    call_fails(&c, "proc.pause", NULL, 11, "PAUSES_MAX");
    client_close(&other);
    call_done_ok(&c, "proc.resume", NULL);
    call_done_ok(&d.control, "session.close", NULL);
    daemon_end(&d, &c);
}

/* ---- places for sessions ---- */

Test(owners, a_newcomer_displaces_sessions_of_its_own_connection_only, .timeout = 60)
{
    struct client first;
    char token[64];
    char params[128];

    daemon_begin(&d, &c, "{\"limits\":{\"conn_sessions\":3}}");
    client_open(&first, d.socket);
    open_session(&first, "{}", token);
    client_close(&first);
    daemon_await_stat(&d, "connections", 2);
    call_done_ok(&c, "machine.create", "{\"name\":\"x\"}");
    for (int i = 0; i < 3; i++)
        call_done_ok(&c, "session.open", "[\"x\"]");
    cr_assert_eq(daemon_stat(&d, "sessions"), 4);
    for (int i = 0; i < 300; i++)
        call_done_ok(&c, "session.open", "[\"x\"]");
    cr_assert_eq(daemon_stat(&d, "sessions"), 4);
    call_done_ok(&c, "session.attach",
                 text_of(params, sizeof(params), "{\"session\":\"%s\"}", token));
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&c, "machine.destroy", "[\"x\"]");
    daemon_end(&d, &c);
}

Test(owners, a_connection_has_a_limit_of_sessions, .timeout = 60)
{
    struct client other[2];
    char token[64];
    char params[128];

    daemon_begin(&d, &c, "{\"limits\":{\"conn_sessions\":2,\"grace_ms\":0}}");
    for (int i = 0; i < 2; i++) {
        open_session(&c, "{}", token);
        client_open(&other[i], d.socket);
        call_done_ok(&other[i], "session.attach",
                     text_of(params, sizeof(params), "{\"session\":\"%s\"}", token));
    }
    call_fails(&c, "session.open", NULL, 11, "limit conn_sessions"); /* none of them is in grace */
    call_done_ok(&other[0], "session.close", NULL);
    call_done_ok(&c, "session.open", NULL);
    client_close(&other[0]);
    client_close(&other[1]);
    daemon_end(&d, &c);
}

/* ---- users ---- */

enum { STRANGER = 65534 };

/** Let other users into the directory and to the socket; the test skips without being root. */
static void begin_for_strangers(const char *config)
{
    char path[128];

    if (geteuid() != 0)
        cr_skip_test("only root can become another user");
    daemon_begin(&d, &c, config);
    cr_assert_eq(chmod(d.dir, 0711), 0);
    cr_assert_eq(chmod(text_of(path, sizeof(path), "%s/run", d.dir), 0711), 0);
    cr_assert_eq(chmod(d.socket, 0666), 0);
}

static void open_as(struct client *client, uid_t uid)
{
    cr_assert_eq(seteuid(uid), 0);
    client_open(client, d.socket);
    cr_assert_eq(seteuid(0), 0);
}

Test(owners, users_see_and_touch_their_own_machines_only, .timeout = 60)
{
    struct client stranger;
    struct client third;
    char token[64];
    char params[128];

    begin_for_strangers("{\"allow_uids\":[65534, 65533]}");
    open_as(&stranger, STRANGER);
    open_as(&third, STRANGER - 1);
    open_session(&c, "{}", token);
    call_expect(&stranger, "machine.list", NULL, "[]");
    call_fails(&stranger, "SC_YIELD", NULL, -32602, "machine.create");
    call_fails(&stranger, "session.open", NULL, -32602, "default machine is not user 65534's");
    for (size_t i = 0; i < sizeof(machine_methods) / sizeof(machine_methods[0]); i++)
        call_fails(&stranger, machine_methods[i][0], machine_methods[i][1], -32602,
                   "default machine");
    call_fails(&stranger, "session.attach",
               text_of(params, sizeof(params), "{\"session\":\"%s\"}", token), -32001, "token");
    call_fails(&stranger, "SC_YIELD",
               text_of(params, sizeof(params), "{\"session\":\"%s\"}", token), -32001, "token");
    call_fails(&stranger, "machine.destroy", "{\"machine\":\"default\"}", -32602, "no machine");
    call_fails(&stranger, "server.shutdown", NULL, -32005, "may not stop");
    call_done_ok(&stranger, "machine.create", "{\"name\":\"theirs\"}");
    cr_assert_eq(call_int(&stranger, "machine.info", "{\"machine\":\"theirs\"}", "uid"), STRANGER);
    open_session(&stranger, "{\"machine\":\"theirs\"}", token);
    call_done_ok(&stranger, "SC_YIELD", NULL);
    call_done_ok(&stranger, "proc.pause", NULL);
    call_expect(&third, "machine.list", NULL, "[]");
    call_fails(&third, "proc.resume", "{\"machine\":\"theirs\"}", -32602, "no machine 'theirs'");
    call_fails(&third, "session.attach",
               text_of(params, sizeof(params), "{\"session\":\"%s\"}", token), -32001, "token");
    /* The daemon's user and root see all. */
    cr_assert_eq(call_int(&c, "machine.info", "{\"machine\":\"default\"}", "uid"), 0);
    call_done_ok(&c, "proc.resume", "{\"machine\":\"theirs\"}");
    call_done_ok(&stranger, "machine.destroy", "{\"machine\":\"theirs\"}");
    client_close(&stranger);
    client_close(&third);
    call_done_ok(&c, "session.close", NULL);
    daemon_end(&d, &c);
}

Test(owners, users_do_not_displace_sessions_of_others, .timeout = 60)
{
    struct client stranger;
    char token[64];
    char params[128];

    begin_for_strangers("{\"allow_uids\":[65534],\"limits\":{\"sessions\":2}}");
    open_session(&c, "{}", token);
    client_close(&c); /* in grace */
    daemon_await_stat(&d, "connections", 1);
    open_as(&stranger, STRANGER);
    call_done_ok(&stranger, "machine.create", "{\"name\":\"theirs\"}");
    call_done_ok(&stranger, "session.open", "{\"machine\":\"theirs\"}");
    call_fails(&stranger, "session.open", "{\"machine\":\"theirs\"}", 11, "limit sessions");
    client_open(&c, d.socket);
    call_done_ok(&c, "session.attach",
                 text_of(params, sizeof(params), "{\"session\":\"%s\"}", token));
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&stranger, "machine.destroy", "{\"machine\":\"theirs\"}");
    client_close(&stranger);
    daemon_end(&d, &c);
}
