/* SPDX-License-Identifier: MIT */
/* JSON-RPC 2.0 over lines: the points that are often wrong. Cites: RPC surface, framing. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <string.h>

static struct daemon d;
static struct client c;

static void setup(void)
{
    daemon_start(&d, NULL);
    client_open(&c, d.socket);
}

static void teardown(void)
{
    client_close(&c);
    daemon_stop(&d);
}

TestSuite(protocol, .init = setup, .fini = teardown, .timeout = 60);

/** Send a line and expect an error with this code under this id. */
static void expect_error(const char *line, const char *id, int code)
{
    char start[128];
    const char *got;

    client_send(&c, line);
    got = client_line(&c);
    cr_assert_not_null(got);
    (void)text_of(start, sizeof(start), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"error\":{\"code\":%d,",
                  id, code);
    cr_assert(strncmp(got, start, strlen(start)) == 0, "%s\n gave %s\n expected %s", line, got,
              start);
}

/** Send a line and expect the answer "result": null under this id. */
static void expect_null(const char *line, const char *id)
{
    char wanted[128];

    client_send(&c, line);
    client_expect(
        &c, text_of(wanted, sizeof(wanted), "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":null}", id));
}

Test(protocol, void_calls_answer_result_null)
{
    expect_null("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"}", "1");
}

Test(protocol, blank_lines_and_crlf_are_accepted)
{
    expect_null("\n\r\n  \t\n{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"}\r", "1");
    expect_null("  {\"jsonrpc\" : \"2.0\" , \"id\" : 2 , \"method\" : \"SC_YIELD\" }  ", "2");
}

Test(protocol, messages_may_arrive_in_pieces_and_together)
{
    const char two[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"}\n"
                       "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_YIELD\"}\n";

    for (size_t i = 0; i < strlen(two); i++)
        cr_assert(client_send_bytes(&c, two + i, 1));
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}");
    cr_assert(client_send_bytes(&c, two, strlen(two)));
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":null}");
}

Test(protocol, notifications_are_never_answered)
{
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"SC_YIELD\"}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"SC_OPEN\",\"params\":{\"file\":5}}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"SC_CLOSE\",\"params\":[77]}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"SC_YIELD\",\"params\":3}");
    client_send(&c, "{\"method\":\"SC_YIELD\"}");
    client_send(&c, "[{\"jsonrpc\":\"2.0\",\"method\":\"SC_YIELD\"},"
                    "{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}]");
    client_expect_silence(&c);
}

Test(protocol, notifications_are_carried_out)
{
    client_send(
        &c, "{\"jsonrpc\":\"2.0\",\"method\":\"SC_CREATE\",\"params\":[\"root:/n\",\"REGULAR\"]}");
    call_fails(&c, "SC_CREATE", "[\"root:/n\",\"REGULAR\"]", 17, NULL);
    call_done_ok(&c, "SC_DELETE", "[\"root:/n\"]");
}

Test(protocol, ids_are_echoed_exactly)
{
    const char *const ids[] = {
        "0",
        "-1",
        "1.5",
        "1e3",
        "123456789012345678901234567890",
        "9007199254740993",
        "1234567890123456789012345678901234567890123456789012345678901234567890",
        "null",
        "\"\"",
        "\"a\"",
        "\"\\u0061\\n\\\"\\\\/\"",
        "\"\xC3\xA9\xF0\x9F\x98\x80\"",
    };
    char line[256];

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        expect_null(text_of(line, sizeof(line),
                            "{\"method\":\"SC_YIELD\",\"id\": %s ,\"jsonrpc\":\"2.0\"}", ids[i]),
                    ids[i]);
}

Test(protocol, ids_of_other_types_are_refused)
{
    const char *const ids[] = {"true", "false", "[1]", "{}", "[]"};
    char line[256];

    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        expect_error(text_of(line, sizeof(line),
                             "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"SC_YIELD\"}", ids[i]),
                     "null", -32600);
}

Test(protocol, what_is_no_json_answers_one_parse_error)
{
    const char *const lines[] = {
        "hello",
        "{",
        "}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\",}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"} x",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"}{}",
        "{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"SC_YIELD\"}",
        "{'jsonrpc':'2.0'}",
        "[1,]",
        "nul",
        "\"\\x\"",
        "\"\\ud800\"",
        "\"tab\there\"",
        "\xEF\xBB\xBF{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"\xC3\",\"method\":\"SC_YIELD\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":\"\xED\xA0\x80\",\"method\":\"SC_YIELD\"}",
        "GET / HTTP/1.1",
    };

    expect_null("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"SC_YIELD\"}", "0");
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        expect_error(lines[i], "null", -32700);
    expect_null("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"}", "1");
}

/** A connection that begins with these bytes gets one error with @word in it, and its end. */
static void expect_refused(const char *bytes, size_t len, int code, const char *word)
{
    struct client other;
    const char *got;

    client_open(&other, d.socket);
    (void)client_send_bytes(&other, bytes, len);
    got = client_line(&other);
    cr_assert_not_null(got);
    cr_assert(strstr(got, "\"id\":null,\"error\"") != NULL && strstr(got, word) != NULL, "%s", got);
    cr_assert(strstr(got, code == -32700 ? "\"code\":-32700" : "\"code\":-32600") != NULL, "%s",
              got);
    client_expect_end(&other);
    client_close(&other);
}

Test(protocol, a_connection_that_begins_with_another_protocol_ends)
{
    static const char post[] = "POST / HTTP/1.1\r\nHost: x\r\n\r\n"
                               "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_CREATE\",\"params\":["
                               "\"root:/made\",\"DIR\"]}\n";
    static const char lsp[] = "Content-Length: 50\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1";
    static const char tls[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"; /* no line end */

    expect_refused(post, sizeof(post) - 1, -32700, "HTTP");
    call_fails(&c, "SC_STAT", "[\"root:/made\"]", 2, NULL);
    expect_refused(lsp, sizeof(lsp) - 1, -32700, "header");
    expect_refused(tls, sizeof(tls) - 1, -32700, "TLS");
    expect_refused("\r\n \t\nhello", 10, -32700, "one JSON-RPC message a line");
    expect_refused("\0\0", 2, -32700, "{ or [");
    expect_refused("}\n", 2, -32700, "{ or [");
    expect_refused("\"SC_YIELD\"\n", 11, -32600, "object");
    daemon_await_stat(&d, "connections", 2);
}

Test(protocol, parse_errors_tell_where)
{
    const char *got;

    client_send(&c, "{\"a\":1,,}");
    got = client_line(&c);
    cr_assert(strstr(got, "at byte 8") != NULL, "%s", got);
    client_send(&c, "{\"a\":\"\xC3\xA9\xFF\"}");
    got = client_line(&c);
    cr_assert(strstr(got, "UTF-8, at byte 9") != NULL, "%s", got);
}

Test(protocol, what_is_no_request_is_refused)
{
    expect_error("{}", "null", -32600);
    expect_error("1", "null", -32600);
    expect_error("\"SC_YIELD\"", "null", -32600);
    expect_error("null", "null", -32600);
    expect_error("{\"jsonrpc\":\"2.0\",\"id\":1}", "1", -32600);
    expect_error("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", "1", -32600);
    expect_error("{\"jsonrpc\":\"2.0\",\"method\":5}", "null", -32600);
    expect_error("{\"id\":1,\"method\":\"SC_YIELD\"}", "1", -32600);
    expect_error("{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"SC_YIELD\"}", "1", -32600);
    expect_error("{\"jsonrpc\":2.0,\"id\":1,\"method\":\"SC_YIELD\"}", "1", -32600);
}

Test(protocol, params_are_an_array_or_an_object)
{
    const char *const params[] = {"null", "1", "\"x\"", "true"};
    char line[256];

    for (size_t i = 0; i < sizeof(params) / sizeof(params[0]); i++)
        expect_error(text_of(line, sizeof(line),
                             "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"SC_YIELD\",\"params\":%s}",
                             params[i]),
                     "9", -32600);
    call_expect(&c, "SC_YIELD", "[]", "null");
    call_expect(&c, "SC_YIELD", "{}", "null");
}

Test(protocol, unknown_methods)
{
    const char *const methods[] = {"no.such",  "rpc.other", "",          "SC_",  "SC_open",
                                   "sc_yield", "open",      "SC_YIELD ", "yield"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        call_fails(&c, methods[i], NULL, -32601, "rpc.discover");
}

Test(protocol, answers_to_nothing_are_dropped)
{
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1,\"message\":\"x\"}}");
    client_expect_silence(&c);
}

Test(protocol, duplicate_keys_are_refused)
{
    expect_error("{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"SC_YIELD\"}", "null", -32600);
    expect_error("{\"jsonrpc\":\"2.0\",\"id\":1,\"\\u0069d\":2,\"method\":\"SC_YIELD\"}", "null",
                 -32600);
    expect_error("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\",\"method\":\"SC_EXIT\"}",
                 "null", -32600);
    call_fails(&c, "SC_CLOSE", "{\"fd\":1,\"fd\":2}", -32602, "given twice");
    call_fails(&c, "SC_YIELD", "{\"as\":1,\"as\":2}", -32602, "given twice");
}

Test(protocol, unknown_missing_and_superfluous_arguments_are_refused)
{
    call_fails(&c, "SC_CLOSE", "{\"fd\":1,\"Fd\":2}", -32602, "unknown argument 'Fd'");
    call_fails(&c, "SC_CLOSE", "{}", -32602, "\"arg\":\"fd\"");
    call_fails(&c, "SC_CLOSE", NULL, -32602, "\"arg\":\"fd\"");
    call_fails(&c, "SC_CLOSE", "[1,2]", -32602, "more than 1");
    call_fails(&c, "SC_YIELD", "[1]", -32602, "more than 0");
    call_fails(&c, "session.attach", "{\"sesion\":\"x\"}", -32602, "unknown argument 'sesion'");
}

/** Send a line and expect -32600 with these words. */
static void expect_invalid(const char *line, const char *words)
{
    const char *got;

    client_send(&c, line);
    got = client_line(&c);
    cr_assert(strstr(got, "\"code\":-32600") != NULL && strstr(got, words) != NULL, "%s", got);
}

Test(protocol, unknown_members_of_the_envelope_are_refused)
{
    expect_invalid("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"proc.pause\","
                   "\"parms\":{\"machine\":\"none\"}}",
                   "unknown member 'parms'; did you mean 'params'?");
    expect_invalid("{\"jsonrpc\":\"2.0\",\"id\":1,\"Method\":\"x\",\"method\":\"SC_YIELD\"}",
                   "did you mean 'method'?");
    expect_invalid("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\",\"trace\":{\"x\":[1]}}",
                   "unknown member 'trace'; a request has jsonrpc, id, method and params");
    /* A notification is not carried out either, and not answered. */
    client_send(&c,
                "{\"jsonrpc\":\"2.0\",\"method\":\"SC_CREATE\",\"params\":[\"root:/x\",\"DIR\"],"
                "\"parms\":1}");
    call_fails(&c, "SC_STAT", "[\"root:/x\"]", 2, NULL);
}

Test(protocol, batches)
{
    client_send(&c, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"}, 7 ,"
                    "{\"jsonrpc\":\"2.0\",\"method\":\"SC_YIELD\"},"
                    "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"call.wait\",\"params\":[0]}]");
    /* YIELD waits for a turn of the loop, so its answer is the last. */
    client_expect(
        &c, "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,\"message\":\"Invalid "
            "request\",\"data\":{\"why\":[\"a request is an object\"]}}},"
            "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":null},"
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}]");
    client_expect_silence(&c);
}

Test(protocol, an_empty_batch_is_one_invalid_request)
{
    expect_error("[]", "null", -32600);
    expect_error(" [ ] ", "null", -32600);
}

Test(protocol, a_batch_of_one_answers_with_an_array)
{
    client_send(&c, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"call.wait\",\"params\":[0]}]");
    client_expect(&c, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":null}]");
}

Test(protocol, a_batch_is_not_json_as_a_whole)
{
    expect_error("[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_YIELD\"},{\"jsonrpc\"]", "null",
                 -32700);
}

Test(protocol, nul_in_strings_is_refused_with_a_way_out)
{
    client_send(
        &c,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_OPEN\",\"params\":[\"root:/a\\u0000b\",1]}");
    cr_assert(strstr(client_line(&c), "base64") != NULL);
    /* An escaped backslash before u0000 is no NUL. */
    call_fails(&c, "SC_OPEN", "[\"root:/a\\\\u0000\",1]", 2, NULL);
}

Test(protocol, what_came_before_the_end_is_done_and_answered)
{
    static const char last[] =
        "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_YIELD\"}"; /* no line end */
    int answers = 0;
    const char *line;

    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_USLEEP\",\"params\":[20000]}");
    cr_assert(client_send_bytes(&c, last, strlen(last)));
    client_half_close(&c);
    while ((line = client_line(&c)) != NULL)
        answers += strstr(line, "\"result\":null") != NULL;
    cr_assert_eq(answers, 2);
}

Test(protocol, notifications_and_a_close_at_once_are_done)
{
    enum { COUNT = 1000 };
    struct strbuf all = STRBUF_INIT;
    struct client other;
    char params[64];

    for (int i = 0; i < COUNT; i++)
        (void)strbuf_addf(
            &all, "{\"jsonrpc\":\"2.0\",\"method\":\"SC_CREATE\",\"params\":[\"root:/%d\",0]}\n",
            i);
    client_open(&other, d.socket);
    cr_assert(client_send_bytes(&other, all.ptr, all.len));
    client_close(&other);
    daemon_await_stat(&d, "connections", 2);
    for (int i = 0; i < COUNT; i++)
        call_done_ok(&c, "SC_DELETE", text_of(params, sizeof(params), "[\"root:/%d\"]", i));
    strbuf_done(&all);
}

Test(protocol, discover_describes_every_method)
{
    cJSON *doc = call_ok(&c, "rpc.discover", NULL);
    const cJSON *methods = cJSON_GetObjectItemCaseSensitive(doc, "methods");

    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(doc, "openrpc")->valuestring, "1.2.6");
    cr_assert(cJSON_GetArraySize(methods) > 40);
    cJSON_Delete(doc);
}
