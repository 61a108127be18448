/* SPDX-License-Identifier: MIT */
/*
 * Answers of ns.tree as text. Whether the calls rebuild a namespace is tests/cli/rebuild.sh's question.
 * ns_tree.c is built into this one with a small NS_TEXT_MAX.
 */
#include "client/cli/base/cmd.h"
#include "client/cli/base/show.h"
#include "client/cli/ns/ns.h"
#include "schema/calls.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what scbox printed ---- */

static char said[256];
static size_t shown;

int complain(int code, const char *command, const char *fmt, ...)
{
    va_list ap;

    (void)command;
    va_start(ap, fmt);
    (void)vsnprintf(said, sizeof said, fmt, ap);
    va_end(ap);
    return code;
}

void show_text(FILE *to, const char *text, size_t len)
{
    (void)to;
    (void)text;
    shown = len;
}

/* ---- an answer ---- */

/* Init has "root", a ramfs. Process 2 is its child, process 3 that one's. */
#define PROCS                                                                                      \
    "{\"pid\":1,\"parent\":0,\"program\":\"init\"},{\"pid\":2,\"parent\":1,\"program\":null},"     \
    "{\"pid\":3,\"parent\":2,\"program\":null}"
#define NAME(pid, name, view) "{\"pid\":" #pid ",\"name\":" name ",\"view\":" #view "}"
#define VIEW(label, mount, parent, root, type, modes, maker)                                       \
    "{\"label\":" label ",\"mount\":" #mount ",\"parent\":" #parent ",\"root\":" root              \
    ",\"type\":\"" #type "\",\"ok_modes\":[" modes "],\"maker\":" #maker "}"
#define MOUNT(driver, opts, more, maker)                                                           \
    "{\"driver\":\"" driver "\",\"opts\":" opts "," more ",\"maker\":" #maker "}"
#define PLAIN "\"from_handle\":false,\"layered\":false,\"readonly\":false,\"no_create\":null"
#define ROOT_NAME NAME(1, "\"root\"", 0)
#define ROOT_VIEW VIEW("\"root\"", 0, -1, "\"/\"", DIR, "\"READ\",\"READDIR\"", 1)
#define RAMFS MOUNT("ramfs", "null", PLAIN, 1)
#define TREE(names, views, mounts)                                                                 \
    "{\"machine\":\"lab\",\"procs\":[" PROCS "],\"names\":[" names "],\"views\":[" views           \
    "],\"mounts\":[" mounts "]}"

static struct ns_tree tree;

/** Take an answer. Returns what ns_tree_init() does. */
static int take(const char *json)
{
    cJSON *answer = cJSON_Parse(json);

    cr_assert_not_null(answer, "%s", json);
    return ns_tree_init(&tree, answer);
}

/** The calls that rebuild process 3. */
static void expect_calls(const char *json, const char *wanted)
{
    struct strbuf text = STRBUF_INIT;

    cr_assert_eq(take(json), 0, "%s", json);
    ns_add_calls(&text, &tree, ns_tree_proc(&tree, 3));
    cr_expect_not(strbuf_failed(&text));
    cr_expect_str_eq(strbuf_str(&text), wanted);
    strbuf_done(&text);
    ns_tree_done(&tree);
}

/* ---- calls ---- */

Test(ns, no_names_are_no_lines)
{
    expect_calls(TREE(ROOT_NAME, ROOT_VIEW, RAMFS), "");
}

Test(ns, names_are_words_or_strings_or_base64)
{
#define BOUND(name) TREE(NAME(2, "\"r\"", 0) "," NAME(3, name, 0), ROOT_VIEW, RAMFS)
    expect_calls(BOUND("\"a.b_c-d:e/f\""), "bind_fs $PID a.b_c-d:e/f r\n");
    expect_calls(BOUND("\"9a\""), "bind_fs $PID \"9a\" r\n");
    expect_calls(BOUND("\"-a\""), "bind_fs $PID \"-a\" r\n");
    expect_calls(BOUND("\"a b\""), "bind_fs $PID \"a b\" r\n");
    expect_calls(BOUND("\"\\u00e9\""), "bind_fs $PID \"\xc3\xa9\" r\n");
    expect_calls(BOUND("\"$x\\\"\\\\\""), "bind_fs $PID \"\\u0024x\\u0022\\u005c\" r\n");
    expect_calls(BOUND("\"\\u001b\\n\\t\""), "bind_fs $PID \"\\u001b\\u000a\\u0009\" r\n");
    expect_calls(BOUND("{\"base64\":\"Yf8=\"}"), "bind_fs $PID b64\"Yf8=\" r\n");
    expect_calls(BOUND("{\"base64\":\"YWI=\"}"), "bind_fs $PID ab r\n");
}

Test(ns, a_process_without_a_parent_does_all_itself)
{
    struct strbuf text = STRBUF_INIT;

    cr_assert_eq(take(TREE(ROOT_NAME, ROOT_VIEW, RAMFS)), 0);
    ns_add_calls(&text, &tree, ns_tree_proc(&tree, 1));
    cr_expect_str_eq(strbuf_str(&text), "[$PID] make_fs ramfs root\n");
    strbuf_done(&text);
    ns_tree_done(&tree);
}

Test(ns, options_that_are_missing_are_not_empty_ones)
{
#define MADE(opts, more)                                                                           \
    TREE(NAME(3, "\"m\"", 0), VIEW("\"m\"", 0, -1, "\"/\"", DIR, "", 3),                           \
         MOUNT("ramfs", opts, more, 3))
#define FIXED "\"from_handle\":false,\"layered\":false,\"readonly\":false,\"no_create\":\"c\""
    expect_calls(MADE("null", PLAIN), "[$PID] make_fs ramfs m\n");
    expect_calls(MADE("null", FIXED), "[$PID] make_fs ramfs m\n");
    expect_calls(MADE("\"\"", PLAIN), "[$PID] make_fs ramfs m\n"); /* as many as without any */
    expect_calls(MADE("\"\"", FIXED), "[$PID] make_fs ramfs m opts=\"\"\n");
    expect_calls(MADE("\"size=1M\"", PLAIN), "[$PID] make_fs ramfs m opts=\"size=1M\"\n");
    expect_calls(MADE("\"a=\\\"\"", PLAIN), "[$PID] make_fs ramfs m opts=\"a=\\u0022\"\n");
    expect_calls(MADE("null", "\"from_handle\":true,\"readonly\":false,\"no_create\":null"),
                 "# m was read from a handle: add its number as source_fd\n"
                 "[$PID] make_fs ramfs m\n");
}

Test(ns, rights_are_words_of_the_language)
{
#define PART(modes)                                                                                \
    TREE(NAME(2, "\"r\"", 0) "," NAME(3, "\"v\"", 1),                                              \
         ROOT_VIEW "," VIEW("\"v\"", 0, 0, "\"/\"", DIR, modes, 2), RAMFS)
    expect_calls(PART("\"READ\",\"WRITE\""), "bind_subfs v r / READ,WRITE $PID\n");
    expect_calls(PART(""), "bind_subfs v r / 0 $PID\n");
    expect_calls(PART("\"READ\",\"WRITE\",\"READDIR\",\"MMAP\",\"CREATE\",\"TRUNC\",\"APPEND\","
                      "\"IOCTL\",\"BLOCKING\",\"DCREATE\",\"DMOVE\",\"DDELETE\""),
                 "bind_subfs v r / ALL $PID\n");
}

/* Process 3 has made filesystem 1, "m", and has views of it. */
#define M_VIEW VIEW("\"m\"", 1, -1, "\"/\"", DIR, "\"READ\"", 3)
#define OF_M(root, type) VIEW("\"v\"", 1, 1, root, type, "\"READ\"", 3)
#define IN_M(more, names, views)                                                                   \
    TREE(NAME(3, "\"m\"", 1) "," names, ROOT_VIEW "," M_VIEW "," views,                            \
         RAMFS "," MOUNT("ramfs", "null", more, 3))

Test(ns, roots_in_an_empty_filesystem_are_created_once)
{
    expect_calls(IN_M(PLAIN,
                      NAME(3, "\"a\"", 2) "," NAME(3, "\"b\"", 3) "," NAME(3, "\"c\"", 4) "," NAME(
                          3, "\"d\"", 5) "," NAME(3, "\"e\"", 2),
                      OF_M("\"/x/y z\"", DIR) "," OF_M("\"/x/y\"", REGULAR) "," OF_M(
                          "\"/x\"", DIR) "," OF_M("\"/dev/null\"", CHARDEV)),
                 "[$PID] make_fs ramfs m\n"
                 "[$PID] create m:/x DIR\n"
                 "[$PID] create \"m:/x/y z\" DIR\n"
                 "[$PID] subfs a m \"/x/y z\" READ\n"
                 "[$PID] create m:/x/y REGULAR\n"
                 "[$PID] subfs b m /x/y READ\n"
                 "[$PID] subfs c m /x READ\n"
                 "[$PID] create m:/dev DIR\n"
                 "[$PID] subfs d m /dev/null READ\n"
                 "[$PID] subfs e m \"/x/y z\" READ\n");
}

Test(ns, nothing_is_created_in_a_filesystem_that_does_not_begin_empty)
{
    static const char *const lines = "[$PID] make_fs ramfs m\n[$PID] subfs v m /x READ\n";

    expect_calls(
        IN_M("\"from_handle\":false,\"layered\":false,\"readonly\":true,\"no_create\":null",
             NAME(3, "\"v\"", 2), OF_M("\"/x\"", DIR)),
        lines);
    expect_calls(
        IN_M("\"from_handle\":false,\"layered\":true,\"readonly\":false,\"no_create\":null",
             NAME(3, "\"v\"", 2), OF_M("\"/x\"", DIR)),
        lines);
    expect_calls(IN_M(FIXED, NAME(3, "\"v\"", 2), OF_M("\"/x\"", DIR)), lines);
    expect_calls(TREE(NAME(3, "\"m\"", 1) "," NAME(3, "\"v\"", 2),
                      ROOT_VIEW "," M_VIEW "," OF_M("\"/x\"", DIR),
                      RAMFS "," MOUNT("ramfs", "\"source=/f\"", PLAIN, 3)),
                 "[$PID] make_fs ramfs m opts=\"source=/f\"\n[$PID] subfs v m /x READ\n");
}

Test(ns, a_root_that_is_not_known_is_taken_from_the_top)
{
    expect_calls(IN_M(PLAIN, NAME(3, "\"w\"", 3),
                      VIEW("\"v\"", 1, 1, "\"/x\"", DIR, "\"READ\"",
                           3) "," VIEW("\"w\"", 1, 2, "null", DIR, "\"READ\"", 3)),
                 "[$PID] make_fs ramfs m\n"
                 "# w was moved out of the view it was made from\n"
                 "[$PID] subfs w m / READ\n");
}

Test(ns, names_that_are_gone_are_made_again_and_removed)
{
    expect_calls(TREE(NAME(2, "\"m\"", 0) "," NAME(2, "\"m+\"", 0) "," NAME(3, "\"w\"", 3),
                      ROOT_VIEW "," M_VIEW "," OF_M("\"/x\"", DIR) "," VIEW(
                          "\"w\"", 1, 2, "\"/x/y\"", DIR, "\"READ\"", 2),
                      RAMFS "," MOUNT("ramfs", "null", PLAIN, 2)),
                 "# \"m++\" has no name any more: it is made again, and removed at the end\n"
                 "make_fs ramfs \"m++\"\n"
                 "# v has no name any more: it is made again, and removed at the end\n"
                 "create \"m++:/x\" DIR\n"
                 "subfs v \"m++\" /x READ\n"
                 "create \"m++:/x/y\" DIR\n"
                 "bind_subfs w v /y READ $PID\n"
                 "rm_fs v\n"
                 "rm_fs \"m++\"\n");
}

Test(ns, a_view_that_another_process_made_is_bound)
{
    expect_calls(TREE(NAME(2, "\"r\"", 0) "," NAME(3, "\"v\"", 1),
                      ROOT_VIEW "," VIEW("\"v\"", 0, 0, "\"/\"", DIR, "\"READ\"", 1), RAMFS),
                 "# v has no name any more: it is made again, and removed at the end\n"
                 "subfs v r / READ\n"
                 "bind_fs $PID v v\n"
                 "rm_fs v\n");
}

/** A filesystem whose label has 126 bytes is made again, where @taken names of it are in use. */
static void expect_made_again(int taken, const char *marks)
{
    enum { KEPT = SC_NAME_MAX - 8 };
    struct strbuf names = STRBUF_INIT;
    struct strbuf text = STRBUF_INIT;
    char wanted[256];
    char *json = NULL;

    for (int i = 0; i < taken; i++)
        (void)strbuf_addf(&names, NAME(2, "\"%0*d%.*s\"", 0) ",", KEPT, 0, i, "++++++++");
    cr_assert(asprintf(&json,
                       TREE("%s" NAME(3, "\"w\"", 1),
                            ROOT_VIEW "," VIEW("\"%0*d\"", 0, -1, "\"/\"", DIR, "", 2), RAMFS),
                       strbuf_str(&names), SC_NAME_MAX, 0) > 0);
    cr_assert_eq(take(json), 0);
    ns_add_calls(&text, &tree, ns_tree_proc(&tree, 3));
    (void)snprintf(wanted, sizeof wanted, "make_fs ramfs \"%0*d%s\"\n", KEPT, 0, marks);
    cr_expect_not_null(strstr(strbuf_str(&text), wanted), "%s", strbuf_str(&text));
    strbuf_done(&names);
    strbuf_done(&text);
    ns_tree_done(&tree);
    free(json);
}

Test(ns, a_name_made_again_is_no_longer_than_names_are)
{
    expect_made_again(0, "");
    expect_made_again(7, "+++++++");
    expect_made_again(8, "++++++++");
    expect_made_again(9, "++++++++"); /* all are in use */
}

/* ---- the graph ---- */

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

static void expect_graph(const char *json, const char *wanted, int edges)
{
    struct strbuf text = STRBUF_INIT;

    cr_assert_eq(take(json), 0, "%s", json);
    ns_add_graph(&text, &tree);
    cr_expect_eq(read_graph(strbuf_str(&text)), edges);
    cr_expect_not_null(strstr(strbuf_str(&text), wanted), "%s", strbuf_str(&text));
    strbuf_done(&text);
    ns_tree_done(&tree);
}

Test(ns, views_and_filesystems_are_numbered_as_they_are_met)
{
    /* Process 3 has a view made from one without a name, of a second filesystem. */
    expect_graph(
        TREE(ROOT_NAME "," NAME(3, "\"w\"", 1) "," NAME(3, "\"r\"", 0),
             ROOT_VIEW "," VIEW("\"w\"", 1, 2, "\"/a\"", DIR, "",
                                3) "," VIEW("\"u\"", 1, -1, "null", DIR, "\"READ\",\"WRITE\"", 2),
             RAMFS "," MOUNT("devfs", "\"\"", PLAIN, 2)),
        "digraph \"lab\" {\n"
        "  rankdir=LR;\n"
        "  subgraph cluster_1 {\n"
        "    p1 [shape=plaintext, label=\"process 1: init\"];\n"
        "    p1_0 [shape=ellipse, label=\"root\"];\n"
        "  }\n"
        "  n0 [shape=box, label=\"view root\\nroot /\\nREAD,READDIR\\nmade by process 1\"];\n"
        "  n1 [shape=cylinder, label=\"ramfs\\nmade by process 1\"];\n"
        "  n0 -> n1 [label=\"of\"];\n"
        "  p1_0 -> n0;\n"
        "  subgraph cluster_2 {\n"
        "    p2 [shape=plaintext, label=\"process 2\"];\n"
        "  }\n"
        "  p1 -> p2 [style=bold, label=\"child\"];\n"
        "  subgraph cluster_3 {\n"
        "    p3 [shape=plaintext, label=\"process 3\"];\n"
        "    p3_0 [shape=ellipse, label=\"w\"];\n"
        "    p3_1 [shape=ellipse, label=\"r\"];\n"
        "  }\n"
        "  p2 -> p3 [style=bold, label=\"child\"];\n"
        "  n2 [shape=box, label=\"view w\\nroot /a\\nnothing\\nmade by process 3\"];\n"
        "  n2 -> n3 [label=\"taken from\"];\n"
        "  n3 [shape=box, label=\"view u\\nroot ?\\nREAD,WRITE\\nmade by process 2\"];\n"
        "  n4 [shape=cylinder, label=\"devfs\\n\\nmade by process 2\"];\n" /* no options: empty */
        "  n3 -> n4 [label=\"of\"];\n"
        "  p3_0 -> n2;\n"
        "  p3_1 -> n0;\n"
        "  p2 -> p3_1 [style=dashed, label=\"bound\"];\n"
        "}\n",
        9);
}

Test(ns, the_graph_is_dot_whatever_names_hold)
{
#define NASTY "\"\\\"}; \\\\ \\n\\t\\u001b]->{\""
    expect_graph(
        TREE(NAME(1, NASTY, 0), VIEW(NASTY, 0, -1, "\"/\\\"\\\\\"", DIR, "", 1), RAMFS),
        "n0 [shape=box, label=\"view \\\"}; \\\\ \\\\x0a\\\\x09\\\\x1b]->{\\nroot /\\\"\\\\\\n", 4);
}

Test(ns, the_graph_shows_bytes_that_are_no_text_in_hex)
{
    /* a \xff \xc2\x9b \xe2\x80\xae \xc3\xa9 */
    expect_graph(TREE(NAME(1, "{\"base64\":\"Yf/Cm+KArsOp\"}", 0), ROOT_VIEW, RAMFS),
                 "label=\"a\\\\xff\\\\xc2\\\\x9b\\\\xe2\\\\x80\\\\xae\xc3\xa9\"", 4);
}

/* ---- answers that no daemon should give, and limits ---- */

Test(ns, an_answer_of_another_form_is_refused)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        TREE(NAME(1, "\"root\"", 1), ROOT_VIEW, RAMFS),
        TREE(NAME(1, "\"root\"", -1), ROOT_VIEW, RAMFS),
        TREE(NAME(1, "\"root\"", 0.5e9), ROOT_VIEW, RAMFS),
        TREE(NAME(1, "\"root\"", "0"), ROOT_VIEW, RAMFS),
        TREE(NAME(1, "null", 0), ROOT_VIEW, RAMFS),
        TREE(NAME(1, "{\"base64\":\"!\"}", 0), ROOT_VIEW, RAMFS),
        TREE(NAME(4, "\"root\"", 0), ROOT_VIEW, RAMFS),
        TREE(ROOT_NAME, ROOT_VIEW, ""),
        TREE(ROOT_NAME, VIEW("\"root\"", 0, 0, "\"/\"", DIR, "", 1), RAMFS), /* its own parent */
        TREE(ROOT_NAME, VIEW("\"root\"", 0, -1, "\"\"", DIR, "", 1), RAMFS),
        TREE(ROOT_NAME, VIEW("\"root\"", 0, -1, "\"a\"", DIR, "", 1), RAMFS),
        TREE(ROOT_NAME, ROOT_VIEW, "{}"),
    };

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_expect_eq(take(wrong[i]), -EPROTO, "%s", wrong[i]);
        ns_tree_done(&tree);
        said[0] = '\0';
        cr_expect_not(ns_show("ns", cJSON_Parse(wrong[i]), 0));
        cr_expect_str_eq(said, "the daemon's answer to ns.tree is not as its schema says");
    }
    cr_expect_not(ns_show("ns", cJSON_Parse(TREE(ROOT_NAME, ROOT_VIEW, RAMFS)), 4));
}

/** An answer with @depth views above the last one. */
static int take_deep(int depth)
{
    struct strbuf json = STRBUF_INIT;
    int err;

    (void)strbuf_adds(&json, "{\"machine\":\"lab\",\"procs\":[],\"names\":[],\"views\":[");
    for (int i = 0; i <= depth; i++)
        (void)strbuf_addf(&json, "%s{\"label\":\"v\",\"mount\":0,\"parent\":%d,\"root\":\"/\"}",
                          i > 0 ? "," : "", i - 1);
    (void)strbuf_adds(&json, "],\"mounts\":[" RAMFS "]}");
    err = take(strbuf_str(&json));
    strbuf_done(&json);
    ns_tree_done(&tree);
    return err;
}

Test(ns, views_above_a_view)
{
    cr_expect_eq(take_deep(NS_DEPTH_MAX), 0);
    cr_expect_eq(take_deep(NS_DEPTH_MAX + 1), -EPROTO);
}

Test(ns, bytes_of_a_text)
{
    char json[NS_TEXT_MAX + 1024];
    int len = 1;

    do { /* a byte more of the name is one more of the text */
        (void)snprintf(json, sizeof json, TREE(NAME(1, "\"%0*d\"", 0), ROOT_VIEW, RAMFS), len, 0);
        cr_assert(ns_show("ns", cJSON_Parse(json), 0));
        len += NS_TEXT_MAX - (int)shown;
    } while (shown < NS_TEXT_MAX);
    cr_expect_eq(shown, NS_TEXT_MAX);
    (void)snprintf(json, sizeof json, TREE(NAME(1, "\"%0*d\"", 0), ROOT_VIEW, RAMFS), len + 1, 0);
    cr_expect_not(ns_show("ns", cJSON_Parse(json), 0));
    cr_expect_str_eq(said, "the text has more than 4096 bytes");
}
