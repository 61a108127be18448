/* SPDX-License-Identifier: MIT */
/* Every call over RPC: arguments by name and by position, results, reasons. Cites: the 33 calls. */
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

TestSuite(calls, .init = setup, .fini = teardown, .timeout = 60);

Test(calls, files)
{
    call_expect(&c, "SC_CREATE", "{\"file\":\"root:/dir\",\"type\":\"DIR\"}", "null");
    call_expect(&c, "SC_CREATE", "[\"root:/dir/empty\",\"REGULAR\"]", "null");
    call_expect(&c, "SC_CREATE", "[\"root:/dir/two\",0]", "null");
    call_expect(&c, "SC_OPEN",
                "{\"file\":\"root:/dir/a\",\"mode\":[\"READ\",\"WRITE\",\"CREATE\"]}",
                "{\"fd\":1}");
    call_expect(&c, "SC_WRITE", "{\"fd\":1,\"offset\":0,\"data\":\"hello\"}", "{\"size\":5}");
    call_expect(&c, "SC_WRITE", "[1,\"5\",\" world\"]", "{\"size\":6}");
    call_expect(&c, "SC_READ", "{\"fd\":1,\"offset\":0,\"size\":100}",
                "{\"data\":\"hello world\"}");
    call_expect(&c, "SC_READ", "[1,11,100]", "{\"data\":\"\"}");
    call_expect(
        &c, "SC_STAT", "[\"root:/dir/a\"]",
        "{\"type\":\"REGULAR\",\"access\":[\"READ\",\"WRITE\",\"MMAP\",\"CREATE\",\"TRUNC\","
        "\"APPEND\"],\"size\":11}");
    call_expect(&c, "SC_GET_MODE", "[1]", "{\"mode\":[\"READ\",\"WRITE\",\"CREATE\"]}");
    cr_assert_eq(call_int(&c, "SC_STAT_OPEN", "[1]", "size"), 11);
    call_expect(&c, "SC_MOVE", "[\"root:/dir/a\",\"root:/dir/b\"]", "null");
    call_expect(&c, "SC_CLOSE", "[1]", "null");
    call_expect(&c, "SC_DELETE", "{\"file\":\"root:/dir/b\"}", "null");
    call_done_ok(&c, "SC_DELETE", "[\"root:/dir/two\"]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/dir/empty\"]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/dir\"]");
}

Test(calls, data_that_is_no_text_travels_in_base64)
{
    call_done_ok(&c, "SC_OPEN", "[\"root:/a\",19]");
    call_expect(&c, "SC_WRITE", "{\"fd\":1,\"offset\":0,\"data\":\"AP8=\",\"encoding\":\"base64\"}",
                "{\"size\":2}");
    call_expect(&c, "SC_READ", "[1,0,9]", "{\"data\":\"AP8=\",\"encoding\":\"base64\"}");
    call_expect(&c, "SC_WRITE", "[1,0,\"ab\"]", "{\"size\":2}");
    call_expect(&c, "SC_READ", "[1,0,9]", "{\"data\":\"ab\"}");
    call_expect(&c, "SC_READ", "{\"fd\":1,\"offset\":0,\"size\":9,\"encoding\":\"base64\"}",
                "{\"data\":\"YWI=\",\"encoding\":\"base64\"}");
    call_expect(&c, "SC_WRITE", "[1,0,\"\\u0001\\\"\\\\\"]", "{\"size\":3}");
    call_expect(&c, "SC_READ", "[1,0,9]", "{\"data\":\"\\u0001\\\"\\\\\"}");
    call_done_ok(&c, "SC_CLOSE", "[1]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/a\"]");
}

/** Targets, names and arguments that are no UTF-8 keep their bytes. */
Test(calls, what_is_no_text_is_told_as_a_name)
{
    call_done_ok(&c, "SC_SYMLINK", "[{\"base64\":\"L/8=\"},\"root:/bytes\"]");
    call_expect(&c, "SC_READLINK", "[\"root:/bytes\",9]",
                "{\"target\":{\"base64\":\"L/8=\"},\"length\":2}");
    call_expect(&c, "SC_READLINK", "[\"root:/bytes\",1]", "{\"target\":\"/\",\"length\":2}");
    call_done_ok(&c, "SC_SYMLINK", "[\"/\u00e9\",\"root:/text\"]");
    call_expect(&c, "SC_READLINK", "[\"root:/text\",2]", /* half a character is no text */
                "{\"target\":{\"base64\":\"L8M=\"},\"length\":3}");
    call_expect(&c, "SC_NEW_PROC", "[]", "{\"pid\":3}");
    call_done_ok(&c, "SC_SET_ARGS",
                 "{\"pid\":3,\"data\":{\"argv\":[\"a\",{\"base64\":\"/w==\"}],\"env\":[]}}");
    call_fails(&c, "SC_SET_ARGS", "{\"pid\":3,\"data\":[{\"base64\":\"AA==\"}]}", -32602, "NUL");
    call_done_ok(&c, "proc.drive", "{\"pid\":3}");
    call_expect(&c, "SC_ARGS", "{\"as\":3,\"size\":100}",
                "{\"data\":\"MgBhAP8A\",\"encoding\":\"base64\",\"length\":6}");
    call_done_ok(&c, "SC_PROC_KILL", "[3]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/bytes\"]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/text\"]");
}

/** schema/CHANGES.md: a form that is no more is refused in words that name the new one. */
Test(calls, what_was_removed_names_what_replaced_it)
{
    static const char *const calls[][2] = {
        {"SC_READLINK", "{\"file\":\"root:/l\",\"size\":9,\"encoding\":\"base64\"}"},
        {"SC_READDIR", "{\"fd\":1,\"ent_no\":0,\"encoding\":\"utf8\"}"},
        {"SC_STAT", "{\"file\":\"cm9vdDov\",\"encoding\":\"base64\"}"},
    };

    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        call_fails(&c, calls[i][0], calls[i][1], -32602, "base64");
}

Test(calls, directories)
{
    call_done_ok(&c, "SC_CREATE", "[\"root:/one\",\"DIR\"]");
    call_expect(&c, "SC_OPEN", "[\"root:/\",[\"READDIR\"]]", "{\"fd\":1}");
    cJSON_Delete(call_ok(&c, "SC_READDIR", "{\"fd\":1,\"ent_no\":0}"));
    call_fails(&c, "SC_READDIR", "[1,1]", 2, NULL);
    call_done_ok(&c, "SC_CLOSE", "[1]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/one\"]");
}

Test(calls, string_lengths_shorten)
{
    call_done_ok(&c, "SC_CREATE", "{\"file\":\"root:/ab\",\"file_strlen\":7,\"type\":\"DIR\"}");
    call_fails(&c, "SC_STAT", "[\"root:/ab\"]", 2, NULL);
    call_done_ok(&c, "SC_DELETE", "{\"file\":\"root:/a\",\"file_strlen\":7}");
}

Test(calls, views_and_reasons)
{
    call_done_ok(&c, "SC_CREATE", "[\"root:/home\",\"DIR\"]");
    call_done_ok(&c, "SC_CREATE", "[\"root:/home/f\",\"REGULAR\"]");
    call_expect(
        &c, "SC_SUBFS",
        "{\"new_name\":\"home\",\"from_fs\":\"root\",\"root\":\"/home\",\"ok_modes\":[\"READ\","
        "\"READDIR\"]}",
        "null");
    call_fails(&c, "SC_OPEN", "[\"home:/f\",[\"WRITE\"]]", 13, "view 'home' lacks WRITE");
    call_fails(&c, "SC_OPEN", "[\"home:/f\",[\"WRITE\"]]", 13,
               "\"arg\":\"file\",\"value\":\"home:/f\"");
    call_expect(&c, "SC_RM_FS", "[\"home\"]", "null");
    call_fails(&c, "SC_STAT", "[\"home:/f\"]", 19, NULL);
    call_done_ok(&c, "SC_MAKE_FS", "{\"driver\":\"ramfs\",\"fs_name\":\"tmp\"}");
    call_fails(&c, "SC_MAKE_FS", "[\"ramfs\",\"tmp\"]", 17, NULL);
    call_fails(&c, "SC_MAKE_FS", "[\"nofs\",\"x\"]", 19, NULL);
    call_done_ok(&c, "SC_RM_FS", "[\"tmp\"]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/home/f\"]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/home\"]");
}

Test(calls, processes)
{
    char params[256];
    int64_t kid = call_int(&c, "SC_NEW_PROC", NULL, "pid");

    call_done_ok(&c, "SC_BIND_FS",
                 text_of(params, sizeof(params), "[%d,\"disk\",\"root\"]", (int)kid));
    call_done_ok(&c, "SC_BIND_SUBFS",
                 text_of(params, sizeof(params),
                         "{\"new_name\":\"ro\",\"from_fs\":\"root\",\"ok_modes\":[\"READ\"],"
                         "\"bind_to_pid\":%d}",
                         (int)kid));
    call_done_ok(&c, "SC_OPEN", "[\"io:/console\",[\"WRITE\"]]");
    call_done_ok(&c, "SC_BIND_FD", text_of(params, sizeof(params), "[%d,5,1]", (int)kid));
    (void)text_of(params, sizeof(params), "[%d]", (int)kid);
    call_expect(&c, "SC_PROC_STATUS", params,
                "{\"pid\":3,\"state\":\"LOADING\",\"return_code\":0}");
    call_fails(&c, "SC_PROC_EXEC", "[3,\"root:/none\"]", 2, NULL);
    call_done_ok(&c, "SC_CREATE", "[\"root:/text\",0]");
    call_fails(&c, "SC_PROC_EXEC", "[3,\"root:/text\"]", 8, NULL);
    call_done_ok(&c, "SC_DELETE", "[\"root:/text\"]");
    call_expect(&c, "SC_PROC_KILL", params, "{\"pid\":3,\"state\":\"KILLED\",\"return_code\":0}");
    call_fails(&c, "SC_PROC_WAIT", params, 3, "\"arg\":\"pid\"");
    call_fails(&c, "SC_PROC_WAIT_ANY", NULL, 10, NULL);
    call_done_ok(&c, "SC_CLOSE", "[1]");
}

Test(calls, driven_children)
{
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_fails(&c, "SC_YIELD", "{\"as\":3}", 1, "proc.drive");
    call_expect(&c, "proc.drive", "{\"pid\":3}", "null");
    call_fails(&c, "proc.drive", "[3]", 16, NULL);
    call_fails(&c, "SC_STAT", "{\"file\":\"root:/\",\"as\":3}", 19, NULL);
    call_expect(&c, "SC_NEW_PROC", "{\"as\":3}", "{\"pid\":4}");
    call_done_ok(&c, "proc.drive", "[4]");
    call_done_ok(&c, "SC_YIELD", "{\"as\":4}");
    call_fails(&c, "SC_PROC_STATUS", "[4]", 3, NULL);
    call_expect(&c, "SC_EXIT", "{\"as\":3,\"code\":-5}", "null");
    call_fails(&c, "SC_YIELD", "{\"as\":4}", 3, "\"arg\":\"as\"");
    call_fails(&c, "SC_YIELD", "{\"as\":1}", 3, "\"arg\":\"as\"");
    call_expect(&c, "SC_PROC_WAIT_ANY", NULL, "{\"pid\":3,\"state\":\"DONE\",\"return_code\":-5}");
}

Test(calls, memory)
{
    call_expect(&c, "SC_MMAP", "{\"addr\":1073741824,\"size\":5000,\"mode\":[\"READ\",\"WRITE\"]}",
                "null");
    call_fails(&c, "SC_MMAP", "[1073741824,1,[\"READ\"]]", 17, NULL);
    call_fails(&c, "SC_MMAP", "[\"18446744073709547520\",8192,[\"READ\"]]", 22, NULL);
    call_expect(&c, "SC_MUNMAP", "[1073745919]", "null");
    call_fails(&c, "SC_MUNMAP", "[1073741824]", 14, NULL);
}

Test(calls, time_log_and_errno)
{
    call_expect(&c, "SC_YIELD", NULL, "null");
    call_expect(&c, "SC_USLEEP", "[0]", "null");
    call_expect(&c, "SC_USLEEP", "{\"usecs\":2000}", "null");
    call_fails(&c, "SC_USLEEP", "[-1]", 22, NULL);
    call_expect(&c, "SC_ERRNO", NULL, "{\"error\":22}");
    call_expect(&c, "SC_ERRNO", NULL, "{\"error\":22}");
    call_expect(&c, "SC_DBG_PRINT", "{\"msg\":\"(TEST-OK)\"}", "null");
    call_expect(&c, "SC_ERRNO", NULL, "{\"error\":0}");
    call_expect(&c, "SC_DBG_PRINT", "{\"msg\":\"gIA=\",\"encoding\":\"base64\"}", "null");
}

Test(calls, a_handle_that_is_not_open_is_named)
{
    call_done_ok(&c, "SC_OPEN", "[\"root:/a\",19]");
    call_fails(&c, "SC_CLOSE", "[2]", 9, "\"arg\":\"fd\"");
    call_done_ok(&c, "SC_CLOSE", "[1]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/a\"]");
}

Test(calls, sources_on_the_host_are_limited_to_the_roots)
{
    char params[256];

    call_fails(&c, "SC_MAKE_FS",
               "{\"driver\":\"sqlitefs\",\"fs_name\":\"x\",\"opts\":\"source=/etc/passwd\"}", 13,
               "--source-root");
    call_fails(
        &c, "SC_MAKE_FS",
        text_of(params, sizeof(params),
                "{\"driver\":\"sqlitefs\",\"fs_name\":\"x\",\"opts\":\"source=%s/state/../x.db\"}",
                d.dir),
        13, NULL);
    call_fails(&c, "SC_MAKE_FS",
               "{\"driver\":\"sqlitefs\",\"fs_name\":\"x\",\"opts\":\"source=x.db\"}", 95, NULL);
}

Test(calls, exit_ends_the_session)
{
    call_done_ok(&c, "SC_OPEN", "[\"root:/\",[\"READDIR\"]]");
    client_send(
        &c, "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"SC_USLEEP\",\"params\":[3600000000]}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"method\":\"SC_EXIT\",\"params\":[3]}");
    cr_assert(strstr(client_line(&c),
                     "\"id\":\"s\",\"error\":{\"code\":125,\"message\":\"ECANCELED\"") != NULL);
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":null}");
    call_fails(&c, "SC_YIELD", NULL, -32001, "over");
    call_fails(&c, "session.close", NULL, -32001, NULL);
    call_done_ok(&c, "session.open", NULL);
    call_done_ok(&c, "SC_YIELD", NULL);
    call_done_ok(&c, "session.close", NULL);
}
