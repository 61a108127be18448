/* SPDX-License-Identifier: MIT */
/* Every limit of schema/limits.def that can be met in a test: at it, and one past it. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct daemon d;
static struct client c;

/** A request of exactly @len bytes: the id is as long as it takes. */
static char *request_of(size_t len)
{
    static const char head[] = "{\"jsonrpc\":\"2.0\",\"method\":\"server.stats\",\"id\":\"";
    char *line = malloc(len + 1);

    memset(line, 'x', len);
    memcpy(line, head, strlen(head));
    memcpy(line + len - 2, "\"}", 3);
    return line;
}

Test(limits, message_bytes, .timeout = 60)
{
    char *at = request_of(4096);
    char *past = request_of(4097);

    daemon_begin(&d, &c, "{\"limits\":{\"message_bytes\":4096}}");
    client_send(&c, at);
    cr_assert(strstr(client_line(&c), "\"result\":{") != NULL);
    cr_assert(client_send_bytes(&c, at, strlen(at)));
    cr_assert(client_send_bytes(&c, "\r\n", 2));
    cr_assert(strstr(client_line(&c), "\"result\":{") != NULL);
    client_send(&c, past);
    cr_assert(strstr(client_line(&c), "\"code\":-32002") != NULL);
    client_expect_end(&c);
    daemon_end(&d, &c);
    free(at);
    free(past);
}

Test(limits, message_bytes_initial, .timeout = 60)
{
    char *at = request_of(1 << 20);

    daemon_begin(&d, &c, NULL);
    client_send(&c, at);
    cr_assert(strstr(client_line(&c), "\"result\":{") != NULL);
    daemon_end(&d, &c);
    free(at);
}

Test(limits, transfer_bytes, .timeout = 60)
{
    daemon_begin(&d, &c, "{\"limits\":{\"transfer_bytes\":4}}");
    call_done_ok(&c, "SC_OPEN", "[\"root:/a\",19]");
    call_expect(&c, "SC_WRITE", "[1,0,\"1234\"]", "{\"size\":4}");
    call_fails(&c, "SC_WRITE", "[1,0,\"12345\"]", -32602, "transfer_bytes");
    call_expect(&c, "SC_WRITE",
                "{\"fd\":1,\"offset\":4,\"data\":\"MTIzNA==\",\"encoding\":\"base64\"}",
                "{\"size\":4}");
    call_expect(&c, "SC_READ", "[1,0,4]", "{\"data\":\"1234\"}");
    call_fails(&c, "SC_READ", "[1,0,5]", -32602, "transfer_bytes");
    call_fails(&c, "SC_DBG_PRINT", "[\"12345\"]", -32602, "transfer_bytes");
    call_done_ok(&c, "SC_CLOSE", "[1]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/a\"]");
    daemon_end(&d, &c);
}

/** A request with a foreign member of nested arrays; the request itself is the first level. */
static void send_nested(int arrays)
{
    char line[512] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.stats\",\"x\":";

    for (int i = 0; i < arrays; i++)
        (void)strcat(line, "[");
    for (int i = 0; i < arrays; i++)
        (void)strcat(line, "]");
    (void)strcat(line, "}");
    client_send(&c, line);
}

Test(limits, nesting, .timeout = 60)
{
    daemon_begin(&d, &c, NULL);
    send_nested(31);
    cr_assert(strstr(client_line(&c), "unknown member 'x'") != NULL);
    send_nested(32);
    cr_assert(strstr(client_line(&c), "nested too deep") != NULL);
    daemon_end(&d, &c);
}

Test(limits, values, .timeout = 60)
{
    char line[1024] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.stats\",\"x\":[0";

    daemon_begin(&d, &c, "{\"limits\":{\"values\":64}}");
    for (int i = 0; i < 58; i++) /* the request, three members and the array count too */
        (void)strcat(line, ",0");
    (void)strcat(line, "]}");
    client_send(&c, line);
    cr_assert(strstr(client_line(&c), "unknown member 'x'") != NULL);
    (void)strcpy(line + strlen(line) - 2, ",0]}");
    client_send(&c, line);
    cr_assert(strstr(client_line(&c), "too many values") != NULL);
    daemon_end(&d, &c);
}

static void send_batch(int members)
{
    struct strbuf line = STRBUF_INIT;

    for (int i = 0; i < members; i++)
        (void)strbuf_addf(
            &line, "%c{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"call.wait\",\"params\":[-1]}",
            i == 0 ? '[' : ',', i);
    (void)strbuf_addc(&line, ']');
    client_send(&c, line.ptr);
    strbuf_done(&line);
}

Test(limits, batch, .timeout = 60)
{
    cJSON *answers;

    daemon_begin(&d, &c, NULL);
    send_batch(256);
    answers = client_json(&c);
    cr_assert_eq(cJSON_GetArraySize(answers), 256);
    cJSON_Delete(answers);
    send_batch(257);
    cr_assert(strstr(client_line(&c), "257 members; it has at most 256 (limit batch)") != NULL);
    daemon_end(&d, &c);
}

Test(limits, in_flight, .timeout = 60)
{
    daemon_begin(&d, &c, "{\"limits\":{\"in_flight\":3}}");
    for (int i = 0; i < 3; i++)
        client_sendf(
            &c, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"SC_USLEEP\",\"params\":[3600000000]}",
            i);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"SC_GET_MODE\",\"params\":[1]}");
    cr_assert(strstr(client_line(&c), "\"id\":3,\"error\":{\"code\":-32004") != NULL);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"call.wait\",\"params\":[1]}");
    cr_assert(strstr(client_line(&c), "\"id\":3,\"error\":{\"code\":-32004") != NULL);
    call_done_ok(&c, "proc.tree", NULL); /* what can't wait is always answered */
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[1]}");
    cr_assert(strstr(client_line(&c), "\"id\":1,\"error\":{\"code\":-32800") != NULL);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":4,\"method\":\"SC_GET_MODE\",\"params\":[1]}");
    cr_assert(strstr(client_line(&c), "\"id\":4,\"error\":{\"code\":9") != NULL);
    daemon_end(&d, &c);
}

/** Send a READ of an empty channel, which waits. */
static void send_read(int id, int size)
{
    client_sendf(&c, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"SC_READ\",\"params\":[1,0,%d]}",
                 id, size);
}

/** Send a SELECT of @count handles, each of which is a place in a line. */
static void send_select(int id, int count)
{
    struct strbuf line = STRBUF_INIT;

    (void)strbuf_addf(&line,
                      "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"SC_SELECT\",\"params\":[[1", id);
    for (int i = 1; i < count; i++)
        (void)strbuf_adds(&line, ",1");
    (void)strbuf_adds(&line, "],-1]}");
    client_send(&c, strbuf_str(&line));
    strbuf_done(&line);
}

Test(limits, waiting_bytes, .timeout = 60)
{
    enum { PARAMS = sizeof("[1,0,8000]") - 1, LIMIT = 16020 };

    daemon_begin(&d, &c, "{\"limits\":{\"waiting_bytes\":16020}}");
    call_done_ok(&c, "SC_MK_CHANNEL", "[512]");
    send_read(100, 8000);
    send_read(101, 8000);
    send_read(102, 8000);
    cr_assert(strstr(client_line(&c), "limit waiting_bytes") != NULL);
    call_done_ok(&c, "SC_GET_MODE", "[1]"); /* small ones still may */
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[100]}");
    cr_assert(strstr(client_line(&c), "\"id\":100,\"error\":{\"code\":-32800") != NULL);
    send_select(106, 130);
    cr_assert(strstr(client_line(&c), "limit waiting_bytes") != NULL);
    send_read(103, LIMIT - 8000 - 2 * PARAMS + 1);
    cr_assert(strstr(client_line(&c), "limit waiting_bytes") != NULL);
    send_read(104, LIMIT - 8000 - 2 * PARAMS);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[101]}");
    cr_assert(strstr(client_line(&c), "\"id\":101,\"error\":{\"code\":-32800") != NULL);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[104]}");
    cr_assert(strstr(client_line(&c), "\"id\":104,\"error\":{\"code\":-32800") != NULL);
    send_read(105, 100000); /* one may always */
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[105]}");
    cr_assert(strstr(client_line(&c), "\"id\":105,\"error\":{\"code\":-32800") != NULL);
    daemon_end(&d, &c);
}

/** Send SC_YIELD with an id of @len bytes, quotes and all. */
static void send_long_id(int len)
{
    client_sendf(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"SC_YIELD\",\"id\":\"%0*d\"}", len - 2, 0);
}

Test(limits, id_bytes, .timeout = 60)
{
    daemon_begin(&d, &c, "{\"limits\":{\"id_bytes\":40}}");
    send_long_id(40);
    cr_assert(strstr(client_line(&c), "\"result\":null") != NULL);
    send_long_id(41);
    cr_assert(strstr(client_line(&c), "limit id_bytes") != NULL);
    daemon_end(&d, &c);
}

Test(limits, queued_bytes_of_one_batch, .timeout = 60)
{
    cJSON *answers;
    const cJSON *last;

    daemon_begin(&d, &c, "{\"limits\":{\"queued_bytes\":4096}}");
    client_send(&c, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"},"
                    "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"rpc.discover\"}]");
    answers = client_json(&c);
    last = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(answers, 1), "error");
    cr_assert_eq(cJSON_GetObjectItemCaseSensitive(last, "code")->valueint, -32004);
    cJSON_Delete(answers);
    daemon_end(&d, &c);
}

Test(limits, queued_bytes_drop_events, .timeout = 60)
{
    char *msg = malloc(3000);
    char *params = malloc(3100);
    bool seen = false;

    daemon_begin(&d, &c, "{\"limits\":{\"queued_bytes\":65536}}");
    memset(msg, 'm', 2999);
    msg[2999] = '\0';
    (void)text_of(params, 3100, "[\"%s\"]", msg);
    call_done_ok(&c, "trace.subscribe", "{\"events\":[\"log\"]}");
    for (int i = 0; i < 2000 && daemon_stat(&d, "events_lost") == 0; i++)
        call_done_ok(&d.control, "SC_DBG_PRINT", params);
    cr_assert(daemon_stat(&d, "events_lost") > 0);
    /* Once it reads again, it is told. */
    client_send(
        &c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_DBG_PRINT\",\"params\":[\"again\"]}");
    while (!seen)
        seen = strstr(client_line(&c), "\"id\":1") != NULL;
    client_send(&c,
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_DBG_PRINT\",\"params\":[\"more\"]}");
    while (strstr(client_line(&c), "\"id\":2") == NULL)
        ;
    call_done_ok(&d.control, "session.close", NULL);
    daemon_end(&d, &c);
    free(msg);
    free(params);
}

Test(limits, connections, .timeout = 60)
{
    struct client past;

    daemon_begin(&d, &c, "{\"limits\":{\"connections\":2}}"); /* the fixture's is the other */
    client_open(&past, d.socket);
    cr_assert(strstr(client_line(&past), "\"code\":11,\"message\":\"EAGAIN\"") != NULL);
    client_expect_end(&past);
    client_close(&past);
    call_done_ok(&c, "SC_YIELD", NULL);
    cr_assert_eq(daemon_stat(&d, "connections_refused"), 1);
    daemon_end(&d, &c);
}

/** How often the daemon's log says something. */
static int count_logged(const char *text)
{
    char *log = daemon_log_text(&d);
    int count = 0;

    for (const char *at = log; (at = strstr(at, text)) != NULL; at++)
        count++;
    free(log);
    return count;
}

/** Those past the limit learn it in words, however many they are and however few descriptors there
 * are; and what they take is free again. */
Test(limits, connections_past_it_in_a_flood, .timeout = 60)
{
    enum { FLOOD = 100, OPEN_FILES = 100 };
    static const char info[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.info\"}\n";
    struct client past[FLOOD];
    int refused = 0;

    daemon_open_files = OPEN_FILES;
    daemon_begin(&d, &c, NULL);
    for (int i = 0; i < FLOOD; i++)
        client_open(&past[i], d.socket);
    for (int i = 0; i < FLOOD; i++)
        (void)client_send_bytes(&past[i], info, sizeof(info) - 1);
    for (int i = 0; i < FLOOD; i++) {
        const char *line = client_line(&past[i]);

        cr_assert_not_null(line, "connection %d got nothing", i);
        refused += strstr(line, "limit connections") != NULL;
        cr_assert(strstr(line, "limit connections") != NULL || strstr(line, "scboxd") != NULL);
    }
    cr_assert(refused >= FLOOD - OPEN_FILES / 4, "%d were refused", refused);
    for (int i = 0; i < FLOOD; i++)
        client_close(&past[i]);
    daemon_await_stat(&d, "connections", 2);
    call_done_ok(&c, "SC_YIELD", NULL);
    cr_assert(count_logged("a connection was refused") <= 3, "one a second");
    daemon_end(&d, &c);
}

Test(limits, sessions, .timeout = 60)
{
    daemon_begin(&d, &c, "{\"limits\":{\"sessions\":2, \"grace_ms\":0}}");
    call_done_ok(&c, "session.open", NULL);
    call_done_ok(&d.control, "session.open", NULL);
    call_fails(&d.control, "session.open", NULL, 11, "limit sessions");
    call_done_ok(&d.control, "session.close", NULL);
    call_done_ok(&d.control, "session.open", NULL);
    call_done_ok(&d.control, "session.close", NULL);
    daemon_end(&d, &c);
}

/** Open a session, go away, and copy its token, 33 bytes. */
static void leave_in_grace(char *token)
{
    struct client guest;
    cJSON *result;

    client_open(&guest, d.socket);
    result = call_ok(&guest, "session.open", NULL);
    (void)strcpy(token, cJSON_GetObjectItemCaseSensitive(result, "session")->valuestring);
    cJSON_Delete(result);
    client_close(&guest);
    daemon_await_stat(&d, "connections", 2);
}

Test(limits, sessions_in_grace_make_room_for_newcomers, .timeout = 60)
{
    char first[64];
    char second[64];
    char params[128];

    daemon_begin(&d, &c, "{\"limits\":{\"sessions\":2}}");
    leave_in_grace(first);
    leave_in_grace(second);
    cr_assert_eq(daemon_stat(&d, "sessions"), 2);
    call_done_ok(&c, "session.open", NULL); /* past the limit: the first one goes */
    cr_assert_eq(daemon_stat(&d, "sessions"), 2);
    call_fails(&c, "session.attach", text_of(params, sizeof(params), "[\"%s\"]", first), -32001,
               NULL);
    call_done_ok(&d.control, "session.attach", text_of(params, sizeof(params), "[\"%s\"]", second));
    call_fails(&d.control, "session.open", NULL, 11, "limit sessions"); /* nobody is in grace */
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&d.control, "session.close", NULL);
    daemon_end(&d, &c);
}

Test(limits, machines, .timeout = 60)
{
    daemon_begin(&d, &c, "{\"limits\":{\"machines\":2}}");
    call_expect(&c, "machine.create", "{}", "{\"machine\":\"m1\"}");
    call_fails(&c, "machine.create", NULL, 11, "limit machines");
    call_done_ok(&c, "machine.destroy", "[\"m1\"]");
    call_expect(&c, "machine.create", "{}", "{\"machine\":\"m2\"}");
    daemon_end(&d, &c);
}

/** Open a session of machine "x" with a name of @len bytes. */
static void open_named(int len)
{
    char params[320];

    call_done_ok(&c, "session.open",
                 text_of(params, sizeof(params), "{\"machine\":\"x\",\"name\":\"%0*d\"}", len, 0));
}

/** Fill machine "x" until an answer has as many bytes as it may, and one more; @less asks for less. */
static void expect_limit(const char *method, const char *less)
{
    enum { LIMIT = 65536, SHORT = 30, LEFT = 260 };
    static const char all[] = "{\"machine\":\"x\"}";
    size_t size;

    daemon_begin(&d, &c,
                 "{\"limits\":{\"answer_bytes\":65536,\"conn_sessions\":1000,\"sessions\":1000}}");
    call_done_ok(&c, "machine.create", "{\"name\":\"x\"}");
    for (size = call_size(&c, method, all); LIMIT - size > LEFT; size = call_size(&c, method, all))
        open_named(SHORT);
    open_named(1);
    size = call_size(&c, method, all);
    call_done_ok(&c, "session.close", NULL);
    open_named(1 + (int)(LIMIT - size));
    cr_assert_eq(call_size(&c, method, all), LIMIT);
    call_done_ok(&c, "session.close", NULL);
    open_named(2 + (int)(LIMIT - size));
    call_fails(&c, method, all, -32006, "limit answer_bytes");
    call_done_ok(&c, method, less);
    call_done_ok(&c, "rpc.discover", NULL); /* it is as long as it is */
    call_done_ok(&c, "machine.destroy", "[\"x\"]");
    daemon_end(&d, &c);
}

Test(limits, answer_bytes, .timeout = 60)
{
    expect_limit("proc.tree", "{\"machine\":\"x\",\"limit\":400}");
    expect_limit("ns.tree", "{\"machine\":\"x\",\"pid\":2}");
}
