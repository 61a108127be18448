/* SPDX-License-Identifier: MIT */
/* ns.tree, and users of sessions. What the client makes of ns.tree is in tests/cli/test_ns.c. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
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

/** The answer of ns.tree. cJSON_Delete(). */
static cJSON *tree_of(const char *params)
{
    return call_ok(&c, "ns.tree", params);
}

static const cJSON *list(const cJSON *tree, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(tree, name);
}

/** The view of the last name of a tree. */
static const cJSON *last_view(const cJSON *tree)
{
    const cJSON *names = list(tree, "names");
    const cJSON *name = cJSON_GetArrayItem(names, cJSON_GetArraySize(names) - 1);

    return cJSON_GetArrayItem(list(tree, "views"), cJSON_GetObjectItem(name, "view")->valueint);
}

static void expect_member(const cJSON *object, const char *name, const char *wanted)
{
    char *text = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(object, name));

    cr_expect_str_eq(text, wanted);
    cJSON_free(text);
}

Test(ns, a_process_comes_with_its_parent)
{
    cJSON *tree;

    call_done_ok(&c, "SC_YIELD", NULL);
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "SC_BIND_FS", "[3,\"a b\",\"root\"]");
    tree = tree_of("[3]");
    expect_member(tree, "machine", "\"default\"");
    expect_member(tree, "procs",
                  "[{\"pid\":2,\"parent\":1,\"program\":\"session\"},"
                  "{\"pid\":3,\"parent\":2,\"program\":null}]");
    expect_member(
        tree, "names",
        "[{\"pid\":2,\"name\":\"io\",\"view\":0},{\"pid\":2,\"name\":\"root\",\"view\":1},"
        "{\"pid\":3,\"name\":\"a b\",\"view\":1}]");
    expect_member(tree, "mounts",
                  "[{\"driver\":\"devfs\",\"opts\":null,\"from_handle\":false,\"layered\":false,"
                  "\"readonly\":false,"
                  "\"no_create\":null,\"maker\":1},"
                  "{\"driver\":\"ramfs\",\"opts\":null,\"from_handle\":false,\"layered\":false,"
                  "\"readonly\":false,"
                  "\"no_create\":null,\"maker\":1}]");
    cJSON_Delete(tree);
    tree = tree_of("[1]"); /* which has none */
    expect_member(tree, "procs", "[{\"pid\":1,\"parent\":0,\"program\":\"init\"}]");
    cJSON_Delete(tree);
    call_fails(&c, "ns.tree", "[99]", ESRCH, "99");
    call_fails(&c, "ns.tree", "{\"machine\":\"nobody\"}", -32602, "nobody");
}

Test(ns, all_processes_have_each_view_and_filesystem_once)
{
    cJSON *tree;

    call_done_ok(&c, "SC_SUBFS", "[\"shared\",\"root\",\"/\",[\"READ\"]]");
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "SC_BIND_FS", "[3,\"mine\",\"shared\"]");
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "SC_BIND_FS", "[4,\"mine\",\"shared\"]");
    tree = tree_of(NULL);
    cr_expect_eq(cJSON_GetArraySize(list(tree, "procs")), 4);
    cr_expect_eq(cJSON_GetArraySize(list(tree, "names")), 7);
    cr_expect_eq(cJSON_GetArraySize(list(tree, "views")), 3);
    cr_expect_eq(cJSON_GetArraySize(list(tree, "mounts")), 2);
    cJSON_Delete(tree);
}

Test(ns, views_above_without_a_name_are_there)
{
    cJSON *tree;
    const cJSON *view;

    call_done_ok(
        &c, "SC_MAKE_FS",
        "{\"driver\":\"ramfs\",\"fs_name\":{\"base64\":\"Yf8=\"},\"opts\":\"quota_bytes=4096\"}");
    call_done_ok(&c, "SC_SUBFS", "[\"one\",{\"base64\":\"Yf8=\"},\"/\",[\"READ\",\"WRITE\"]]");
    call_done_ok(&c, "SC_SUBFS", "[\"two\",\"one\",\"/\",[]]");
    call_done_ok(&c, "SC_RM_FS", "[{\"base64\":\"Yf8=\"}]");
    call_done_ok(&c, "SC_RM_FS", "[\"one\"]");
    tree = tree_of("[2]");
    view = last_view(tree);
    expect_member(view, "label", "\"two\"");
    expect_member(view, "ok_modes", "[]");
    expect_member(view, "maker", "2");
    view = cJSON_GetArrayItem(list(tree, "views"), cJSON_GetObjectItem(view, "parent")->valueint);
    expect_member(view, "label", "\"one\"");
    expect_member(view, "ok_modes", "[\"READ\",\"WRITE\"]");
    view = cJSON_GetArrayItem(list(tree, "views"), cJSON_GetObjectItem(view, "parent")->valueint);
    expect_member(view, "label", "{\"base64\":\"Yf8=\"}");
    expect_member(view, "parent", "-1");
    view = cJSON_GetArrayItem(list(tree, "mounts"), cJSON_GetObjectItem(view, "mount")->valueint);
    expect_member(view, "opts", "\"quota_bytes=4096\"");
    expect_member(view, "maker", "2");
    cJSON_Delete(tree);
}

/** Make a view of a file, and look at its type. */
static void expect_type(const char *fs, const char *root, const char *type)
{
    char params[128];
    cJSON *tree;

    (void)snprintf(params, sizeof params, "[\"v\",\"%s\",\"%s\",[]]", fs, root);
    call_done_ok(&c, "SC_SUBFS", params);
    tree = tree_of("[2]");
    expect_member(last_view(tree), "type", type);
    cJSON_Delete(tree);
    call_done_ok(&c, "SC_RM_FS", "[\"v\"]");
}

Test(ns, a_view_has_the_type_of_its_root)
{
    call_done_ok(&c, "SC_CREATE", "[\"root:/d\",\"DIR\"]");
    call_done_ok(&c, "SC_CREATE", "[\"root:/r\",\"REGULAR\"]");
    expect_type("root", "/", "\"DIR\"");
    expect_type("root", "/d", "\"DIR\"");
    expect_type("root", "/r", "\"REGULAR\"");
    expect_type("io", "/null", "\"CHARDEV\"");
}

/** Create a directory of @depth levels, each of 250 bytes, and write its path. */
static void make_deep(char name, int depth, char *path)
{
    char params[4200];

    *path = '\0';
    for (int i = 0; i < depth; i++) {
        size_t len = strlen(path);

        (void)sprintf(path + len, "/%0250d", 0);
        memset(path + len + 1, name, 250);
        (void)snprintf(params, sizeof params, "[\"root:%s\",\"DIR\"]", path);
        call_done_ok(&c, "SC_CREATE", params);
    }
}

Test(ns, a_root_that_has_become_too_long_is_null)
{
    char deep[4200];
    char other[4200];
    char params[9000];
    cJSON *tree;

    make_deep('a', 15, deep);
    make_deep('b', 3, other);
    (void)snprintf(params, sizeof params, "[\"v\",\"root\",\"%s\",[]]", deep);
    call_done_ok(&c, "SC_SUBFS", params);
    tree = tree_of("[2]");
    (void)snprintf(params, sizeof params, "\"%s\"", deep);
    expect_member(last_view(tree), "root", params);
    cJSON_Delete(tree);
    (void)snprintf(params, sizeof params, "[\"root:%.251s\",\"root:%s/m\"]", deep, other);
    call_done_ok(&c, "SC_MOVE", params);
    tree = tree_of("[2]");
    expect_member(last_view(tree), "root", "null");
    cJSON_Delete(tree);
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
