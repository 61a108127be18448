/* SPDX-License-Identifier: MIT */
/* ns.graph and ns.calls as documents, and users of sessions. Whether the lines of ns.calls rebuild a
 * namespace is tests/cli/rebuild.sh's question. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <ctype.h>
#include <errno.h>
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

TestSuite(ns, .init = setup, .fini = teardown, .timeout = 60);

/** Skip a quoted string of DOT, which @at begins; a quote or backslash in it is escaped. */
static const char *skip_quoted(const char *at)
{
    for (at++; *at != '"'; at++) {
        cr_assert(*at != '\0' && *at != '\n', "a string without end");
        if (*at == '\\')
            at++;
    }
    return at + 1;
}

/** Skip an identifier of DOT, a word or a string. */
static const char *skip_id(const char *at)
{
    const char *start = at;

    if (*at == '"')
        return skip_quoted(at);
    while (isalnum((unsigned char)*at) || *at == '_')
        at++;
    cr_assert(at > start, "no identifier: %.40s", start);
    return at;
}

static const char *skip_blank(const char *at)
{
    return at + strspn(at, " \n");
}

/** Skip [key=value, key=value]. */
static const char *skip_attributes(const char *at)
{
    do {
        at = skip_id(skip_blank(at + 1));
        cr_assert_eq(*at, '=', "no value: %.40s", at);
        at = skip_blank(skip_id(at + 1));
    } while (*at == ',');
    cr_assert_eq(*at, ']', "attributes do not end: %.40s", at);
    return skip_blank(at + 1);
}

/** Skip a statement: key=value; node [attributes]; node -> node [attributes]. Counts edges. */
static const char *skip_statement(const char *at, int *edges)
{
    at = skip_blank(skip_id(at));
    if (*at == '=')
        at = skip_blank(skip_id(at + 1));
    if (strncmp(at, "->", 2) == 0) {
        at = skip_blank(skip_id(skip_blank(at + 2)));
        ++*edges;
    }
    if (*at == '[')
        at = skip_attributes(at);
    cr_assert_eq(*at, ';', "a statement does not end: %.40s", at);
    return at + 1;
}

/** Read a graph by the part of DOT's grammar that it may use. Returns how many edges it has. */
static int read_graph(const char *dot)
{
    int depth = 1;
    int edges = 0;
    const char *at;

    cr_assert_eq(strncmp(dot, "digraph ", 8), 0);
    at = skip_blank(skip_id(dot + 8));
    cr_assert_eq(*at, '{');
    for (at = skip_blank(at + 1); depth > 0; at = skip_blank(at)) {
        if (*at == '}') {
            depth--;
            at++;
        } else if (strncmp(at, "subgraph ", 9) == 0) {
            at = skip_blank(skip_id(at + 9));
            cr_assert_eq(*at++, '{');
            depth++;
        } else {
            at = skip_statement(at, &edges);
        }
    }
    cr_assert_eq(*at, '\0', "text behind the graph");
    return edges;
}

static int graph_edges(void)
{
    cJSON *result = call_ok(&c, "ns.graph", NULL);
    int edges = read_graph(cJSON_GetObjectItem(result, "dot")->valuestring);

    cJSON_Delete(result);
    return edges;
}

Test(ns, the_graph_is_dot_whatever_names_hold)
{
    cJSON *result;
    const char *dot;
    int edges;

    call_done_ok(&c, "SC_YIELD", NULL); /* there is a session now */
    edges = graph_edges();
    call_done_ok(&c, "SC_MAKE_FS", "[\"ramfs\",\"\\\"}; \\\\ \\n]->{\"]");
    cr_assert_eq(graph_edges(), edges + 2); /* name to view, view to filesystem */
    call_done_ok(&c, "SC_SUBFS", "[\"sub\",\"\\\"}; \\\\ \\n]->{\",\"/\",[\"READ\"]]");
    cr_assert_eq(graph_edges(), edges + 4);
    result = call_ok(&c, "ns.graph", NULL);
    dot = cJSON_GetObjectItem(result, "dot")->valuestring;
    cr_assert_not_null(strstr(dot, "label=\"view sub\\nroot /\\nREAD\\nmade by process 2\""));
    cr_assert_not_null(strstr(dot, "[label=\"taken from\"]"));
    cr_assert_null(strstr(dot, "0x"));
    cJSON_Delete(result);
    call_fails(&c, "ns.graph", "[\"nobody\"]", -32602, "nobody");
}

Test(ns, the_graph_shows_bytes_that_are_no_text_in_hex)
{
    cJSON *result;
    const char *dot;

    /* a \xff \xc2\x9b \xe2\x80\xae \xc3\xa9 */
    call_done_ok(&c, "SC_MAKE_FS", "[\"ramfs\",{\"base64\":\"Yf/Cm+KArsOp\"}]");
    result = call_ok(&c, "ns.graph", NULL);
    dot = cJSON_GetObjectItem(result, "dot")->valuestring;
    cr_assert_not_null(dot);
    (void)read_graph(dot);
    cr_assert_not_null(
        strstr(dot, "label=\"a\\\\xff\\\\xc2\\\\x9b\\\\xe2\\\\x80\\\\xae\xc3\xa9\""));
    cJSON_Delete(result);
}

Test(ns, the_graph_names_each_view_once)
{
    cJSON *result;
    const char *dot;
    const char *first;

    call_done_ok(&c, "SC_SUBFS", "[\"shared\",\"root\",\"/\",[\"READ\"]]");
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "SC_BIND_FS", "[3,\"mine\",\"shared\"]");
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "SC_BIND_FS", "[4,\"mine\",\"shared\"]");
    result = call_ok(&c, "ns.graph", NULL);
    dot = cJSON_GetObjectItem(result, "dot")->valuestring;
    first = strstr(dot, "view shared");
    cr_assert_not_null(first);
    cr_assert_null(strstr(first + 1, "view shared"));
    cr_assert_not_null(strstr(dot, "p2 -> p3_0 [style=dashed, label=\"bound\"]"));
    cr_assert_not_null(strstr(dot, "p2 -> p4_0 [style=dashed, label=\"bound\"]"));
    cJSON_Delete(result);
}

Test(ns, calls_are_lines)
{
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_expect(&c, "ns.calls", "[3]", "{\"calls\":[]}");
    call_done_ok(&c, "SC_BIND_FS", "[3,\"a b\",\"root\"]");
    call_expect(&c, "ns.calls", "[3]", "{\"calls\":[\"bind_fs $PID \\\"a b\\\" root\"]}");
    call_expect(&c, "ns.calls", "{\"pid\":1}",
                "{\"calls\":[\"[$PID] make_fs devfs io\",\"[$PID] make_fs ramfs root\"]}");
    call_fails(&c, "ns.calls", "[99]", ESRCH, "99");
}

Test(ns, a_session_works_for_its_user)
{
    struct client other;

    call_done_ok(&c, "SC_CHMOD", "[\"root:/\",511]");
    client_open(&other, d.socket);
    call_done_ok(&other, "session.open", "{\"uid\":1000,\"gid\":100}");
    call_done_ok(&other, "SC_CREATE", "[\"root:/mine\",\"DIR\"]");
    call_fails(&other, "SC_CHMOD", "[\"root:/\",0]", EPERM, "belongs to user 0");
    call_fails(&other, "proc.credentials", "[0,0]", EPERM, "user 1000");
    cr_assert_eq(call_int(&other, "SC_FSTAT_EX", "[\"root:/mine\"]", "uid"), 1000);
    cr_assert_eq(call_int(&other, "SC_FSTAT_EX", "[\"root:/mine\"]", "gid"), 100);
    call_fails(&other, "session.open", "{\"uid\":4294967295}", -32602, "uid");
    call_done_ok(&other, "session.close", NULL);
    client_close(&other);
    call_fails(&c, "proc.credentials", "[5,5,1]", ESRCH, "below");
    call_done_ok(&c, "proc.credentials", "[5,6]");
    cr_assert_eq(call_int(&c, "proc.info", NULL, "uid"), 5);
    cr_assert_eq(call_int(&c, "proc.info", NULL, "gid"), 6);
}
