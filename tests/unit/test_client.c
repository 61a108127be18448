/* SPDX-License-Identifier: MIT */
/* libscbox against a daemon of the test's own: a listening socket, and bytes written by hand. */
#include "client/lib/conn.h"
#include "client/lib/scbox_cjson.h"
#include "tests/unit/fake_daemon.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 5000 };

static int events;

static void count_event(void *user, const char *method, const cJSON *params)
{
    (void)user;
    (void)params;
    events += strcmp(method, "event") == 0;
}

static void start(void)
{
    fake_start();
    scbox_on_event_tree(conn, count_event, NULL);
}

TestSuite(client, .init = start, .fini = fake_stop, .timeout = 50);

static int64_t send_yield(void)
{
    int64_t id = 0;

    cr_assert_eq(scbox_send_tree(conn, "SC_YIELD", NULL, &id, &error), 0);
    return id;
}

Test(client, a_request_is_one_line_of_json_rpc)
{
    cJSON *params = cJSON_CreateObject();
    int64_t id = 0;

    (void)cJSON_AddNumberToObject(params, "fd", 3);
    cr_assert_eq(scbox_send_tree(conn, "SC_CLOSE", params, &id, &error), 0);
    cr_assert_str_eq(
        heard(), "{\"jsonrpc\":\"2.0\",\"method\":\"SC_CLOSE\",\"params\":{\"fd\":3},\"id\":1}\n");
}

Test(client, answers_come_in_any_order_and_in_pieces)
{
    int64_t first = send_yield();
    int64_t second = send_yield();
    cJSON *result = NULL;

    say("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"fd\":7}}\r\n{\"jsonrpc\":\"2.0\",");
    cr_assert_eq(scbox_receive_tree(conn, second, WAIT_MS, &result, &error), SCBOX_OK);
    cr_assert_eq(cJSON_GetObjectItem(result, "fd")->valueint, 7);
    cJSON_Delete(result);
    cr_assert_eq(scbox_receive_tree(conn, first, 0, &result, &error), -ETIMEDOUT);
    say("\"id\":1,\"result\":null}\n");
    cr_assert_eq(scbox_receive_tree(conn, first, WAIT_MS, NULL, &error), SCBOX_OK);
    cr_assert_eq(scbox_receive_tree(conn, first, 0, NULL, &error), -EINVAL);
}

Test(client, a_refusal_fills_the_error)
{
    int64_t id = send_yield();
    char *line;

    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":13,\"message\":\"EACCES\","
        "\"data\":{\"text\":\"permission denied\",\"why\":[\"a\"]}}}\n");
    cr_assert_eq(scbox_receive_tree(conn, id, WAIT_MS, NULL, &error), SCBOX_REFUSED);
    cr_assert_eq(error.code, 13);
    line = scbox_error_line(&error);
    cr_assert_str_eq(line, "EACCES: permission denied");
    cr_assert_str_eq(error.name, "EACCES");
    cr_assert_str_eq(error.reason, "a");
    cr_assert_not_null(strstr(error.data, "\"why\""));
    free(line);
}

Test(client, events_are_delivered_while_waiting)
{
    int64_t id = send_yield();

    say("{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":\"log\"}}\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"other\"}\n"
        "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":\"end\"}}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}\n");
    cr_assert_eq(scbox_receive_tree(conn, id, WAIT_MS, NULL, &error), SCBOX_OK);
    cr_assert_eq(events, 2);
}

static const char event_line[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":\"log\"}}\n";

/** fork(), and the child ends with the test. */
static pid_t fork_daemon(void)
{
    pid_t pid = fork();

    cr_assert_geq(pid, 0);
    if (pid == 0)
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    return pid;
}

/** A daemon that sends events as fast as they are read, until it is killed. Returns its pid. */
static pid_t start_flood(void)
{
    pid_t pid = fork_daemon();

    while (pid == 0) {
        if (write(daemon_fd, event_line, strlen(event_line)) < 0)
            _exit(0);
    }
    return pid;
}

static void end_child(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
}

/** Take longer for an event than the daemon does. */
static void handle_slowly(void *user, const char *method, const cJSON *params)
{
    (void)usleep(1000);
    count_event(user, method, params);
}

Test(client, a_wait_ends_in_time_although_events_never_do)
{
    int64_t id = send_yield();
    pid_t pid = start_flood();

    scbox_on_event_tree(conn, handle_slowly, NULL);
    cr_assert_eq(scbox_receive_tree(conn, id, 200, NULL, &error), -ETIMEDOUT);
    cr_assert_eq(scbox_receive_tree(conn, id, 0, NULL, &error), -ETIMEDOUT);
    cr_assert_gt(events, 0);
    end_child(pid);
}

Test(client, a_drain_ends_although_events_never_do)
{
    pid_t pid = start_flood();

    scbox_on_event_tree(conn, handle_slowly, NULL);
    while (events == 0)
        cr_assert_eq(scbox_drain(conn, &error), 0);
    end_child(pid);
    (void)close(daemon_fd);
    daemon_fd = -1;
    scbox_on_event_tree(conn, count_event, NULL);
    while (scbox_drain(conn, &error) == 0)
        continue;
    cr_assert_eq(error.code, -ECONNRESET);
}

Test(client, a_look_without_waiting_handles_all_that_has_come)
{
    int64_t id = send_yield();

    for (int i = 0; i < 100; i++)
        say(event_line);
    cr_assert_eq(scbox_receive_tree(conn, id, 0, NULL, &error), -ETIMEDOUT);
    cr_assert_eq(events, 100);
}

/** Be a daemon that reads nothing while its own bytes are taken; then it reads until the end. */
static void speak_first(void)
{
    struct pollfd begun = {.fd = daemon_fd, .events = POLLIN};
    struct pollfd room = {.fd = daemon_fd, .events = POLLOUT};
    static char bytes[64 * 1024]; /* what they say does not matter: nothing looks at them */

    (void)poll(&begun, 1, -1);
    (void)fcntl(daemon_fd, F_SETFL, O_NONBLOCK);
    while (poll(&room, 1, 3000) > 0)
        (void)!write(daemon_fd, bytes, sizeof bytes);
    (void)fcntl(daemon_fd, F_SETFL, 0);
    while (read(daemon_fd, bytes, sizeof bytes) > 0)
        continue;
    _exit(0);
}

Test(client, what_comes_while_a_request_is_written_is_stored_up_to_a_limit)
{
    cJSON *params = cJSON_CreateObject();
    char *large = malloc(4 * 1024 * 1024);
    pid_t pid = fork_daemon();
    int64_t id = 0;

    if (pid == 0)
        speak_first();
    cr_assert_not_null(large);
    memset(large, 'x', 4 * 1024 * 1024 - 1);
    large[4 * 1024 * 1024 - 1] = '\0';
    (void)cJSON_AddStringToObject(params, "data", large);
    free(large);
    cr_assert_eq(scbox_send_tree(conn, "SC_WRITE", params, &id, &error), 0);
    cr_assert_geq(conn->in.len, SCBOX_UNREAD_MAX);
    cr_assert_lt(conn->in.len, SCBOX_UNREAD_MAX + 64 * 1024);
    end_child(pid);
}

Test(client, a_forgotten_request_is_cancelled_and_its_answer_dropped)
{
    int64_t id = send_yield();
    int64_t next;

    (void)heard();
    scbox_forget(conn, id);
    cr_assert_str_eq(
        heard(), "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":1}}\n");
    next = send_yield();
    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32800,\"message\":\"cancelled\"}}\n"
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}\n");
    cr_assert_eq(scbox_receive_tree(conn, next, WAIT_MS, NULL, &error), SCBOX_OK);
}

Test(client, an_error_without_an_id_is_about_the_last_request)
{
    int64_t id = send_yield();

    say("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32002,\"message\":\"large\"}}\n");
    cr_assert_eq(scbox_receive_tree(conn, id, WAIT_MS, NULL, &error), SCBOX_REFUSED);
    cr_assert_eq(error.code, SCBOX_E_TOO_LARGE);
}

Test(client, a_daemon_that_goes_away_is_told)
{
    int64_t id = send_yield();

    (void)heard();
    (void)close(daemon_fd);
    daemon_fd = -1;
    cr_assert_eq(scbox_receive_tree(conn, id, WAIT_MS, NULL, &error), -ECONNRESET);
    cr_assert_str_eq(error.reason, "the daemon closed the connection");
    cr_assert_lt(scbox_send_tree(conn, "SC_YIELD", NULL, &id, &error), 0);
}

Test(client, garbage_ends_the_connection)
{
    int64_t id = send_yield();

    say("HTTP/1.1 400 Bad Request\r\n");
    cr_assert_eq(scbox_receive_tree(conn, id, WAIT_MS, NULL, &error), -EPROTO);
}

/** Be a daemon that sends one line of @len bytes, its end not counted. */
static pid_t start_line(size_t len)
{
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"";
    size_t fill = len - strlen(head) - strlen("\"}");
    char *text;
    pid_t pid = fork_daemon();

    if (pid > 0)
        return pid;
    text = malloc(len + 2);
    (void)snprintf(text, len + 2, "%s%*s\"}\n", head, (int)fill, "");
    for (size_t at = 0; at < len + 1;) {
        ssize_t put = write(daemon_fd, text + at, len + 1 - at);

        if (put < 0)
            break;
        at += (size_t)put;
    }
    free(text);
    _exit(0);
}

Test(client, an_answer_has_a_largest_size)
{
    int64_t id = send_yield();
    pid_t pid = start_line(SCBOX_MESSAGE_MAX);

    cr_assert_eq(scbox_receive_tree(conn, id, WAIT_MS, NULL, &error), SCBOX_OK);
    end_child(pid);
    id = send_yield();
    pid = start_line(SCBOX_MESSAGE_MAX + 1);
    cr_assert_eq(scbox_receive_tree(conn, id, WAIT_MS, NULL, &error), -EMSGSIZE);
    cr_assert_not_null(strstr(error.reason, "16777216 bytes"));
    end_child(pid);
}

Test(client, a_socket_path_that_is_too_long_is_told)
{
    struct scbox_conn *other = NULL;
    char longer[200];

    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    cr_assert_eq(scbox_connect(longer, &other, &error), -ENAMETOOLONG);
    cr_assert_not_null(strstr(error.reason, "199 bytes, a socket may have 107"));
    cr_assert_eq(scbox_connect("/nowhere/s", &other, &error), -ENOENT);
}

Test(client, the_default_socket_follows_the_environment)
{
    char out[64];

    setenv("SCBOX_SOCKET", "/a/b", 1);
    cr_assert_eq(scbox_default_socket(out, sizeof out), 0);
    cr_assert_str_eq(out, "/a/b");
    unsetenv("SCBOX_SOCKET");
    setenv("XDG_RUNTIME_DIR", "/run/user/7", 1);
    cr_assert_eq(scbox_default_socket(out, sizeof out), 0);
    cr_assert_str_eq(out, "/run/user/7/scbox/scboxd.sock");
    cr_assert_eq(scbox_default_socket(out, 8), -ENAMETOOLONG);
}

Test(client, data_keeps_bytes_that_are_no_text)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool coded;
    } samples[] = {{"text", 4, false}, {"", 0, false}, {"a\0b", 3, true}, {"\xFF\xFE", 2, true}};

    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        cJSON *object = cJSON_CreateObject();
        size_t len = 0;
        char *bytes = NULL;

        cr_assert_eq(scbox_add_data(object, "data", samples[i].bytes, samples[i].len), 0);
        cr_assert_eq(cJSON_HasObjectItem(object, "encoding"), samples[i].coded);
        cr_assert_eq(scbox_data_tree(object, &bytes, &len), 0);
        cr_assert_eq(len, samples[i].len);
        cr_assert_eq(memcmp(bytes, samples[i].bytes, len), 0);
        free(bytes);
        cJSON_Delete(object);
    }
}
