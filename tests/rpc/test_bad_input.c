/* SPDX-License-Identifier: MIT */
/*
 * What hostile and broken clients send, and how they leave. Whatever they do, the daemon goes on,
 * others are served, and nothing is left behind: the fixture compares the census at the end.
 */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct daemon d;

static void setup(void)
{
    daemon_start(&d, NULL);
}

static void teardown(void)
{
    daemon_stop(&d);
}

TestSuite(bad_input, .init = setup, .fini = teardown, .timeout = 120);

/** A conversation that opens things, blocks and closes nothing. */
static const char conversation[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_OPEN\",\"params\":{\"file\":\"root:/\\u00e9\","
    "\"mode\":[\"READ\",\"WRITE\",\"CREATE\"]}}\n"
    "[{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_WRITE\",\"params\":[1,0,\"text\"]},"
    "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"SC_NEW_PROC\"}]\n"
    "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"SC_PROC_WAIT_ANY\"}\n"
    "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"SC_DELETE\",\"params\":[\"root:/\\u00e9\"]}\n";

/** Read until the daemon closes or everything it has to say was read. */
static void read_to_end(struct client *c)
{
    while (client_line(c) != NULL)
        ;
}

Test(bad_input, a_message_cut_at_every_byte_then_closed)
{
    for (size_t cut = 0; cut < strlen(conversation); cut++) {
        struct client c;

        client_open(&c, d.socket);
        cr_assert(client_send_bytes(&c, conversation, cut));
        client_close(&c);
        if (cut % 50 == 0) /* below the limit of connections, however late the daemon notices */
            daemon_await_stat(&d, "connections", 1);
    }
    daemon_await_stat(&d, "connections", 1);
    daemon_await_stat(&d, "sessions", 0);
}

Test(bad_input, a_message_cut_at_every_byte_then_half_closed)
{
    /* Up to the blocking call: everything before is answered, and the daemon closes. */
    size_t end = (size_t)(strstr(conversation, "{\"jsonrpc\":\"2.0\",\"id\":4") - conversation);

    for (size_t cut = 0; cut <= end; cut++) {
        struct client c;

        client_open(&c, d.socket);
        cr_assert(client_send_bytes(&c, conversation, cut));
        client_half_close(&c);
        read_to_end(&c);
        client_close(&c);
    }
    daemon_await_stat(&d, "sessions", 0);
}

Test(bad_input, a_client_that_goes_while_its_call_waits)
{
    for (int i = 0; i < 20; i++) {
        struct client c;

        client_open(&c, d.socket);
        client_send(
            &c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_USLEEP\",\"params\":[3600000000]}");
        client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"call.wait\",\"params\":[1]}");
        client_expect_silence(&c);
        if (i % 2 == 0)
            client_half_close(&c); /* the daemon waits on, until the client is gone altogether */
        client_close(&c);
    }
    daemon_await_stat(&d, "connections", 1);
    daemon_await_stat(&d, "sessions", 0);
}

/** Send as much as the daemon takes; it closes some time. */
static void flood(struct client *c, const char *bytes, size_t len, size_t total)
{
    for (size_t sent = 0; sent < total; sent += len) {
        if (!client_send_bytes(c, bytes, len))
            return;
    }
}

Test(bad_input, ten_megabytes_without_a_line_end)
{
    enum { CHUNK = 1 << 16, TOTAL = 10 << 20 };
    char *garbage = malloc(CHUNK);
    struct client c;

    for (int i = 0; i < CHUNK; i++)
        garbage[i] = (char)(i % 251 + 11);
    for (int i = 0; i < CHUNK; i++)
        garbage[i] = garbage[i] == '\n' ? 'x' : garbage[i];
    garbage[0] = '{';
    client_open(&c, d.socket);
    flood(&c, garbage, CHUNK, TOTAL);
    cr_assert(strstr(client_line(&c), "\"code\":-32002") != NULL);
    client_expect_end(&c);
    client_close(&c);
    free(garbage);
}

Test(bad_input, ten_megabytes_of_lines)
{
    enum { TOTAL = 10 << 20 };
    char garbage[4096] = "{\x01\xff garbage {[}] \"\n\n[[[[\n{\"a\":\n";
    struct pollfd p;
    struct client c;
    size_t sent = 0;

    memset(garbage + strlen(garbage), '[', sizeof(garbage) - strlen(garbage));
    client_open(&c, d.socket);
    p = (struct pollfd){.fd = c.fd, .events = POLLIN | POLLOUT};
    while (sent < TOTAL) {
        char answers[65536];
        ssize_t n;

        cr_assert_eq(poll(&p, 1, CLIENT_PATIENCE_MS), 1);
        if ((p.revents & POLLIN) != 0)
            cr_assert(recv(c.fd, answers, sizeof(answers), 0) > 0);
        if ((p.revents & POLLOUT) == 0)
            continue;
        n = send(c.fd, garbage, sizeof(garbage), MSG_NOSIGNAL | MSG_DONTWAIT);
        cr_assert(n > 0 || errno == EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
    }
    client_close(&c);
    daemon_await_stat(&d, "connections", 1);
}

Test(bad_input, a_client_that_never_reads_stops_being_read)
{
    static const char line[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n";
    struct client deaf;
    struct client other;
    size_t sent = 0;
    ssize_t n;

    client_open(&deaf, d.socket);
    /* Every answer is some 100 KiB: the daemon must stop to read long before this ends. */
    do {
        struct pollfd p = {.fd = deaf.fd, .events = POLLOUT};

        if (poll(&p, 1, 500) == 0)
            break;
        n = send(deaf.fd, line, strlen(line), MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += n > 0 ? (size_t)n : 0;
    } while (sent < (64u << 20));
    cr_assert(sent < (64u << 20), "the daemon read everything");
    client_open(&other, d.socket);
    call_done_ok(&other, "SC_YIELD", NULL);
    client_close(&other);
    client_close(&deaf);
    daemon_await_stat(&d, "connections", 1);
}

Test(bad_input, a_client_that_reads_late_gets_everything)
{
    enum { COUNT = 200 };
    struct client c;

    client_open(&c, d.socket);
    client_flood(&c, "rpc.discover", COUNT);
    for (int i = 0; i < COUNT; i++) {
        char start[64];
        const char *line = client_line(&c);

        (void)text_of(start, sizeof(start), "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":", i);
        cr_assert(line != NULL && strncmp(line, start, strlen(start)) == 0);
    }
    client_close(&c);
}

Test(bad_input, many_clients_at_once)
{
    enum { CLIENTS = 100 };
    static struct client all[CLIENTS];
    char params[64];

    for (int i = 0; i < CLIENTS; i++) {
        client_open(&all[i], d.socket);
        client_sendf(
            &all[i],
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_CREATE\",\"params\":[\"root:/%d\",0]}",
            i);
    }
    for (int i = 0; i < CLIENTS; i++)
        client_expect(&all[i], "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    for (int i = 0; i < CLIENTS; i++)
        call_done_ok(&all[i], "SC_DELETE",
                     text_of(params, sizeof(params), "[\"root:/%d\"]", CLIENTS - 1 - i));
    cr_assert_eq(daemon_stat(&d, "sessions"), CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        client_close(&all[i]);
    daemon_await_stat(&d, "sessions", 0);
}

Test(bad_input, deep_nesting_is_refused)
{
    char line[512];
    struct client c;

    client_open(&c, d.socket);
    memset(line, '[', 100);
    memset(line + 100, ']', 100);
    line[200] = '\0';
    client_send(&c, line);
    cr_assert(strstr(client_line(&c), "nested too deep") != NULL);
    client_close(&c);
}

Test(bad_input, bad_argument_types_name_the_argument)
{
    static const struct {
        const char *method, *params, *word;
    } cases[] = {
        {"SC_OPEN", "{\"file\":5,\"mode\":[]}", "\"arg\":\"file\""},
        {"SC_OPEN", "{\"file\":\"root:/\",\"mode\":\"READ\"}", "\"arg\":\"mode\""},
        {"SC_OPEN", "{\"file\":\"root:/\",\"mode\":[\"read\"]}", "READDIR"},
        {"SC_OPEN", "{\"file\":\"root:/\",\"mode\":[true]}", "\"arg\":\"mode\""},
        {"SC_OPEN", "{\"file\":\"root:/\",\"mode\":-1}", "\"arg\":\"mode\""},
        {"SC_OPEN", "{\"file\":\"root:/\",\"mode\":1.5}", "\"arg\":\"mode\""},
        {"SC_OPEN", "{\"file\":\"root:/\",\"mode\":1,\"file_strlen\":7}",
         "\"arg\":\"file_strlen\""},
        {"SC_OPEN", "{\"file\":\"root:/\",\"mode\":1,\"file_strlen\":-1}",
         "\"arg\":\"file_strlen\""},
        {"SC_CLOSE", "[2147483648]", "\"arg\":\"fd\""},
        {"SC_CLOSE", "[\"x\"]", "\"arg\":\"fd\""},
        {"SC_CLOSE", "[null]", "\"arg\":\"fd\""},
        {"SC_CLOSE", "[\"1\"]", "\"value\":\"1\""},
        {"SC_CLOSE", "{\"fd\":1,\"as\":\"2\"}", "\"arg\":\"as\""},
        {"SC_READDIR", "[1,\"0\"]", "not a whole number"},
        {"SC_READ", "[1,9007199254740993,1]", "decimal string"},
        {"SC_READ", "[1,\"9223372036854775808\",1]", "\"arg\":\"offset\""},
        {"SC_READ", "[1,0,-1]", "\"arg\":\"size\""},
        {"SC_READ", "[1,0,\"-1\"]", "\"arg\":\"size\""},
        {"SC_READ", "[1,0,\"\"]", "\"arg\":\"size\""},
        {"SC_READ", "[1,0,\" 1\"]", "\"arg\":\"size\""},
        {"SC_WRITE", "{\"fd\":1,\"offset\":0,\"data\":\"AA=A\",\"encoding\":\"base64\"}",
         "\"arg\":\"data\""},
        {"SC_WRITE", "{\"fd\":1,\"offset\":0,\"data\":\"x\",\"encoding\":\"hex\"}",
         "\"arg\":\"encoding\""},
        {"SC_CREATE", "[\"root:/a\",\"FILE\"]", "FIFO"},
        {"SC_YIELD", "{\"as\":\"x\"}", "\"arg\":\"as\""},
        {"SC_YIELD", "{\"background\":1}", "\"arg\":\"background\""},
        {"session.open", "{\"machine\":1}", "\"arg\":\"machine\""},
        {"session.open", "{\"machine\":\"nowhere\"}", "machine.list"},
        {"machine.create", "{\"clock\":\"slow\"}", "\"arg\":\"clock\""},
        {"machine.create", "{\"names\":[5]}", "\"arg\":\"names\""},
        {"machine.create", "{\"names\":[{\"name\":\"x\"}]}", "\"arg\":\"driver\""},
        {"machine.create", "{\"limits\":{\"cats\":9}}", "unknown limit 'cats'"},
        {"machine.create", "{\"limits\":{\"procs\":9,\"fds\":9,\"procs\":9}}",
         "limit 'procs' given twice"},
        {"machine.create", "{\"limits\":{\"procs\":\"9\"}}", "\"arg\":\"limits\""},
        {"machine.create", "{\"names\":[{\"name\":\"x\",\"driver\":\"ramfs\",\"name\":\"y\"}]}",
         "given twice"},
        {"machine.create", "{\"limits\":{\"procs\":-1}}", "\"arg\":\"limits\""},
        {"trace.subscribe", "{\"events\":\"log\"}", "\"arg\":\"events\""},
        {"trace.subscribe", "{\"events\":[\"dog\"]}", "\"arg\":\"events\""},
        {"call.wait", "[true]", "\"arg\":\"id\""},
        {"proc.info", "[-1]", "\"arg\":\"pid\""},
    };
    struct client c;

    client_open(&c, d.socket);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        call_fails(&c, cases[i].method, cases[i].params, -32602, cases[i].word);
    client_close(&c);
}

Test(bad_input, large_numbers_are_told_as_they_were_written)
{
    static const struct {
        const char *method, *params, *value;
    } cases[] = {
        {"SC_CLOSE", "[9007199254740993]", "\"value\":9007199254740993,"},
        {"SC_CLOSE", "[[ 1,9007199254740993]]", "\"value\":[1,9007199254740993],"},
        {"SC_CLOSE", "{\"fd\": {\"a\":1, \"b\" : 1e99 }}", "\"value\":{\"a\":1,\"b\":1e99},"},
        {"SC_READ", "[1, -1E400 ,1]", "\"value\":-1E400,"},
        {"SC_OPEN", "[\"root:/\",9007199254740992]", "\"value\":9007199254740992,"},
        {"machine.create", "{\"seed\":18446744073709551617}", "\"value\":18446744073709551617,"},
        {"proc.info", "[9007199254740993]", "\"value\":9007199254740993,"},
    };
    struct client c;

    client_open(&c, d.socket);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *line;

        client_sendf(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
                     cases[i].method, cases[i].params);
        line = client_line(&c);
        cr_assert(strstr(line, cases[i].value) != NULL, "%s", line);
    }
    client_close(&c);
}
