/* SPDX-License-Identifier: MIT */
/* libscbox with JSON text: requests, answers, and what it says of bad ones from either side. */
#include "client/lib/scbox.h"
#include "tests/unit/fake_daemon.h"

#include <errno.h>

enum { WAIT_MS = 5000 };

TestSuite(client_text, .init = fake_start, .fini = fake_stop, .timeout = 50);

/** Ask for something, answered by @answer, which follows "id":1 of a message. Returns the outcome. */
static int ask(const char *answer, char **out)
{
    int64_t id = 0;

    cr_assert_eq(scbox_send(conn, "SC_STAT", NULL, &id, &error), 0);
    say("{\"jsonrpc\":\"2.0\",\"id\":1");
    say(answer);
    say("}\n");
    return scbox_receive(conn, id, WAIT_MS, out, &error);
}

Test(client_text, params_are_sent_as_they_are_written_on_one_line)
{
    int64_t id = 0;

    cr_assert_eq(scbox_send(conn, "a\"b", "{\"n\":\r\n 18446744073709551615}", &id, &error), 0);
    cr_assert_str_eq(heard(), "{\"jsonrpc\":\"2.0\",\"method\":\"a\\\"b\",\"params\":"
                              "{\"n\":   18446744073709551615},\"id\":1}\n");
    cr_assert_eq(scbox_notify(conn, "b", "[]", &error), 0);
    cr_assert_str_eq(heard(), "{\"jsonrpc\":\"2.0\",\"method\":\"b\",\"params\":[]}\n");
}

Test(client_text, a_result_is_what_the_daemon_wrote)
{
    char *result = NULL;

    cr_assert_eq(ask(",\"result\": {\"n\": 18446744073709551615, \"a\": [1e3]}", &result),
                 SCBOX_OK);
    cr_assert_str_eq(result, "{\"n\": 18446744073709551615, \"a\": [1e3]}");
    free(result);
}

Test(client_text, params_that_are_no_json_are_not_sent)
{
    static const struct {
        const char *params;
        const char *words;
    } bad[] = {{"", "ends too early, at byte 0"}, {"{\"a\":}", "at byte 5"},
               {"{} {}", "there is text behind"}, {"7", "neither an object nor an array"},
               {"{\"a\":\"\xFF\"}", "UTF-8"},     {"{\"a\":\"\n\"}", "control character"}};
    int64_t id = 77;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_assert_eq(scbox_send(conn, "SC_STAT", bad[i].params, &id, &error), -EINVAL);
        cr_assert_eq(error.code, -EINVAL);
        cr_assert_str_eq(error.name, "EINVAL");
        cr_assert_not_null(strstr(error.reason, bad[i].words), "%s", error.reason);
        cr_assert_eq(scbox_call(conn, "SC_STAT", bad[i].params, 0, NULL, NULL), -EINVAL);
        cr_assert_eq(scbox_notify(conn, "SC_STAT", bad[i].params, NULL), -EINVAL);
    }
    cr_assert_eq(id, 77);
    cr_assert_eq(scbox_notify(conn, "ok", NULL, &error), 0);
    cr_assert_str_eq(heard(), "{\"jsonrpc\":\"2.0\",\"method\":\"ok\"}\n");
}

Test(client_text, null_is_told_and_never_followed)
{
    int64_t id = 0;
    char *bytes = NULL;
    size_t len = 0;

    cr_assert_eq(scbox_connect(path, NULL, &error), -EINVAL);
    cr_assert_eq(scbox_send(NULL, "a", NULL, &id, &error), -EINVAL);
    cr_assert_str_eq(error.reason, "no connection: it is NULL");
    cr_assert_eq(scbox_send(conn, NULL, NULL, &id, &error), -EINVAL);
    cr_assert_str_eq(error.reason, "no method: it is NULL");
    cr_assert_eq(scbox_send(conn, "a", NULL, NULL, &error), -EINVAL);
    cr_assert_eq(scbox_notify(NULL, "a", NULL, NULL), -EINVAL);
    cr_assert_eq(scbox_receive(NULL, 1, 0, NULL, &error), -EINVAL);
    cr_assert_eq(scbox_call(NULL, "a", NULL, 0, NULL, &error), -EINVAL);
    cr_assert_eq(scbox_poll(NULL, 0, &error), -EINVAL);
    cr_assert_eq(scbox_drain(NULL, &error), -EINVAL);
    cr_assert_eq(scbox_subscribe(NULL, "log", false, 0, &error), -EINVAL);
    cr_assert_eq(scbox_subscribe(conn, NULL, false, 0, &error), -EINVAL);
    cr_assert_eq(scbox_default_socket(NULL, 0), -EINVAL);
    cr_assert_eq(scbox_data(NULL, &bytes, &len), -EINVAL);
    cr_assert_eq(scbox_data("{\"data\":\"\"}", NULL, &len), -EINVAL);
    cr_assert_eq(scbox_fd(NULL), -EINVAL);
    cr_assert_eq(scbox_act_as(NULL, 1), 0);
    cr_assert_null(scbox_error_line(NULL));
    scbox_set_timeout(NULL, 0);
    scbox_on_event(NULL, NULL, NULL);
    scbox_forget(NULL, 1);
    scbox_error_done(NULL);
    scbox_disconnect(NULL);
}

Test(client_text, a_refusal_says_name_reason_and_hint)
{
    cr_assert_eq(
        ask(",\"error\":{\"code\":13,\"message\":\"EACCES\",\"data\":{\"why\":[\"one\",\"two\"],"
            "\"hint\":\"ask\",\"text\":\"permission denied\"}}",
            NULL),
        SCBOX_REFUSED);
    cr_assert_eq(error.code, EACCES);
    cr_assert_str_eq(error.name, "EACCES");
    cr_assert_str_eq(error.reason, "one; two");
    cr_assert_str_eq(error.hint, "ask");
    cr_assert_eq(error.data[0], '{');
}

Test(client_text, a_refusal_of_any_form_says_something)
{
    static const struct {
        const char *text;
        int code;
        const char *name;
        const char *reason;
    } cases[] = {
        {"5", SCBOX_E_INTERNAL, "an error without a message", "an error without a message"},
        {"null", SCBOX_E_INTERNAL, "an error without a message", "an error without a message"},
        {"{\"code\":99999999999,\"message\":\"m\"}", SCBOX_E_INTERNAL, "m", "m"},
        {"{\"code\":2,\"message\":\"ENOENT\",\"data\":7}", 2, "ENOENT", "ENOENT"},
        {"{\"code\":2,\"message\":\"ENOENT\",\"data\":{\"why\":[1,[],\"x\"]}}", 2, "ENOENT", "x"},
        {"{\"code\":2,\"message\":\"ENOENT\",\"data\":{\"why\":\"x\",\"text\":\"t\"}}", 2, "ENOENT",
         "t"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[256];
        int64_t id = 0;

        cr_assert_eq(scbox_send(conn, "a", NULL, &id, &error), 0);
        (void)snprintf(line, sizeof line, "{\"id\":%d,\"error\":%s}\n", (int)id, cases[i].text);
        say(line);
        cr_assert_eq(scbox_receive(conn, id, WAIT_MS, NULL, &error), SCBOX_REFUSED);
        cr_assert_eq(error.code, cases[i].code);
        cr_assert_str_eq(error.name, cases[i].name);
        cr_assert_str_eq(error.reason, cases[i].reason);
    }
}

Test(client_text, an_answer_without_a_result_is_told_and_the_next_one_read)
{
    char *result = NULL;
    int64_t id = 0;

    cr_assert_eq(ask("", &result), -EBADMSG);
    cr_assert_str_eq(error.name, "EBADMSG");
    cr_assert_null(result);
    cr_assert_eq(scbox_send(conn, "a", NULL, &id, &error), 0);
    say("{\"id\":2,\"result\":null}\n");
    cr_assert_eq(scbox_receive(conn, id, WAIT_MS, &result, &error), SCBOX_OK);
    cr_assert_str_eq(result, "null");
    free(result);
}

/** What ends a connection, each as the only answer. */
static const char *const garbage[] = {
    "\n",
    "HTTP/1.1 400 Bad Request\r\n",
    "{\"id\":1,\"result\":1} x\n",
    "{\"id\":1,\"result\":\n",
    "[{\"id\":1,\"result\":1}]\n",
    "7\n",
    "{\"id\":2,\"result\":1}\n",
    "{\"id\":1.5,\"result\":1}\n",
    "{\"id\":99999999999999999999,\"result\":1}\n",
    "{\"id\":1,\"result\":\"\xFF\"}\n",
    "{\"id\":1,\"result\":01}\n",
};

Test(client_text, garbage_ends_the_connection_and_every_later_use_says_so)
{
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        int64_t id = 0;

        cr_assert_eq(scbox_send(conn, "a", NULL, &id, &error), 0);
        say(garbage[i]);
        cr_assert_eq(scbox_receive(conn, id, WAIT_MS, NULL, &error), -EPROTO, "%s", garbage[i]);
        cr_assert_str_eq(error.reason, "the daemon sent something else than a JSON-RPC answer");
        cr_assert_eq(scbox_call(conn, "a", NULL, WAIT_MS, NULL, &error), -EPROTO);
        cr_assert_eq(scbox_poll(conn, 0, &error), -EPROTO);
        scbox_disconnect(conn);
        (void)close(daemon_fd);
        cr_assert_eq(scbox_connect(path, &conn, &error), 0);
        daemon_fd = accept(listener, NULL, NULL);
    }
}

/** A result of so many arrays in each other. */
static void say_nested(int64_t id, int depth)
{
    char line[2 * SCBOX_NESTING_MAX + 64];
    int at = snprintf(line, sizeof line, "{\"id\":%d,\"result\":", (int)id);

    memset(line + at, '[', (size_t)depth);
    memset(line + at + depth, ']', (size_t)depth);
    strcpy(line + at + 2 * depth, "}\n");
    say(line);
}

Test(client_text, a_message_is_nested_so_deep_and_no_deeper)
{
    int64_t id = 0;

    cr_assert_eq(scbox_send(conn, "a", NULL, &id, &error), 0);
    say_nested(id, SCBOX_NESTING_MAX - 1);
    cr_assert_eq(scbox_receive(conn, id, WAIT_MS, NULL, &error), SCBOX_OK);
    cr_assert_eq(scbox_send(conn, "a", NULL, &id, &error), 0);
    say_nested(id, SCBOX_NESTING_MAX);
    cr_assert_eq(scbox_receive(conn, id, WAIT_MS, NULL, &error), -EPROTO);
}

static char seen[256];

static void see(void *user, const char *method, const char *params)
{
    (void)snprintf(seen, sizeof seen, "%s %s %s", (const char *)user, method,
                   params != NULL ? params : "(none)");
}

Test(client_text, an_event_brings_its_params_as_text)
{
    static char who[] = "me";

    scbox_on_event(conn, see, who);
    say("{\"method\":\"event\",\"params\": {\"kind\": \"log\"}}\n");
    cr_assert_eq(scbox_poll(conn, WAIT_MS, &error), 0);
    cr_assert_str_eq(seen, "me event {\"kind\": \"log\"}");
    say("{\"method\":\"x\"}\n");
    cr_assert_eq(scbox_poll(conn, WAIT_MS, &error), 0);
    cr_assert_str_eq(seen, "me x (none)");
    cr_assert_eq(scbox_poll(conn, 0, &error), -ETIMEDOUT);
}

Test(client_text, a_subscription_names_its_kinds)
{
    cr_assert_eq(scbox_subscribe(conn, " log, \"x\",", true, 0, &error), -ETIMEDOUT);
    cr_assert_not_null(strstr(
        heard(), "\"params\":{\"events\":[\"log\",\"\\\"x\\\"\"],\"lossless\":true},\"id\":1}\n"));
}

Test(client_text, bytes_of_an_object)
{
    static const struct {
        const char *object;
        const char *bytes;
        size_t len;
    } good[] = {{"{\"data\":\"a\\u0000\\n\"}", "a\0\n", 3},
                {"{\"data\":\"/w==\",\"encoding\":\"base64\"}", "\xFF", 1},
                {"{\"data\":\"/w==\",\"encoding\":\"utf8\"}", "/w==", 4},
                {"{\"base64\":\"\"}", "", 0}};
    static const char *const bad[] = {"{}", "7", "{", "{\"data\":7}", "{\"base64\":\"x\"}", ""};
    size_t len = 0;
    char *bytes = NULL;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        cr_assert_eq(scbox_data(good[i].object, &bytes, &len), 0);
        cr_assert_eq(len, good[i].len);
        cr_assert_eq(memcmp(bytes, good[i].bytes, len + 1), 0);
        free(bytes);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_eq(scbox_data(bad[i], &bytes, &len), -EINVAL, "%s", bad[i]);
}

Test(client_text, lines_for_people)
{
    char *line;

    cr_assert_eq(scbox_connect("/nowhere/s", &conn, &error), -ENOENT);
    cr_assert_str_eq(error.name, "ENOENT");
    line = scbox_error_line(&error);
    cr_assert_str_eq(line, "no daemon at /nowhere/s: the socket does not exist; start scboxd");
    free(line);
    cr_assert_eq(scbox_version()[0], '0');
}
