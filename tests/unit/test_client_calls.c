/* SPDX-License-Identifier: MIT */
/* The functions of scbox_calls.h: what they send, and what they make of an answer. */
#include "client/lib/scbox.h"
#include "client/lib/scbox_calls.h"
#include "tests/unit/fake_daemon.h"

#include <errno.h>

/* error.code of a refusal can be compared with the host's names. */
#define SC_ERRNO_ROW(name, value, text, hint) _Static_assert((name) == (value), "as Linux has it");
#include "schema/errno.def"

TestSuite(client_calls, .init = fake_start, .fini = fake_stop, .timeout = 50);

/** Answer the next request before it is made: it is the @id-th of the connection. */
static void will_answer(int id, const char *result)
{
    char line[2048];

    (void)snprintf(line, sizeof line, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":%s}\n", id,
                   result);
    say(line);
}

/** The params that were sent; borrowed. */
static const char *sent(void)
{
    char *params = strstr(heard(), "\"params\":");

    cr_assert_not_null(params);
    *strstr(params, ",\"id\":") = '\0';
    return params + strlen("\"params\":");
}

Test(client_calls, arguments_go_by_their_names_and_a_result_comes_back)
{
    int32_t fd = 0;

    will_answer(1, "{\"fd\":7}");
    cr_assert_eq(scbox_open(conn, "root:/a", SCBOX_FM_READ | SCBOX_FM_CREATE, &fd, &error),
                 SCBOX_OK);
    cr_assert_eq(fd, 7);
    cr_assert_str_eq(sent(), "{\"file\":\"root:/a\",\"mode\":17}");
    will_answer(2, "{\"fd\":8}");
    cr_assert_eq(scbox_open(conn, "root:/a", 1, NULL, NULL), SCBOX_OK);
}

Test(client_calls, the_process_that_calls_is_chosen)
{
    will_answer(1, "null");
    cr_assert_eq(scbox_act_as(conn, 5), 0);
    cr_assert_eq(scbox_close(conn, 3, &error), SCBOX_OK);
    cr_assert_str_eq(sent(), "{\"as\":5,\"fd\":3}");
    will_answer(2, "null");
    cr_assert_eq(scbox_act_as(conn, 0), 5);
    cr_assert_eq(scbox_yield(conn, &error), SCBOX_OK);
    cr_assert_str_eq(sent(), "{}");
}

Test(client_calls, names_that_are_no_text_travel_in_base64)
{
    struct scbox_fs_entry entry;

    will_answer(1,
                "{\"name\":{\"base64\":\"/w==\"},\"driver\":\"ramfs\",\"ok_modes\":[\"READ\",8192],"
                "\"root\":\"/\\u00e4\"}");
    cr_assert_eq(scbox_fs_enum(conn, 3, &entry, &error), SCBOX_OK);
    cr_assert_str_eq(entry.name, "\xFF");
    cr_assert_str_eq(entry.root, "/\xC3\xA4");
    cr_assert_eq(entry.ok_modes, SCBOX_FM_READ | SCBOX_FM_DMOVE);
    (void)heard();
    will_answer(2, "null");
    cr_assert_eq(scbox_delete(conn, "root:/\xFF", &error), SCBOX_OK);
    cr_assert_str_eq(sent(), "{\"file\":{\"base64\":\"cm9vdDov/w==\"}}");
}

Test(client_calls, numbers_of_64_bits_are_exact)
{
    struct scbox_stat_ex stat;

    will_answer(
        1, "{\"mode\":33261,\"nlink\":1,\"uid\":4294967295,\"gid\":0,"
           "\"size\":\"18446744073709551615\",\"blocks\":9007199254740991,"
           "\"atime\":\"-9223372036854775808\",\"mtime\":-5,\"ino\":3,\"ctime\":0,\"btime\":1}");
    cr_assert_eq(scbox_fstat_ex(conn, "root:/a", &stat, &error), SCBOX_OK);
    cr_assert_eq(stat.uid, UINT32_MAX);
    cr_assert_eq(stat.size, UINT64_MAX);
    cr_assert_eq(stat.blocks, UINT64_C(9007199254740991));
    cr_assert_eq(stat.atime, INT64_MIN);
    cr_assert_eq(stat.mtime, -5);
    (void)heard();
    will_answer(2, "null");
    cr_assert_eq(scbox_utimes(conn, "root:/a", INT64_MIN, 9007199254740991, &error), SCBOX_OK);
    cr_assert_str_eq(sent(), "{\"file\":\"root:/a\",\"atime\":\"-9223372036854775808\","
                             "\"mtime\":9007199254740991}");
    will_answer(3, "null");
    cr_assert_eq(scbox_truncate(conn, "root:/a", 9007199254740992, &error), SCBOX_OK);
    cr_assert_str_eq(sent(), "{\"file\":\"root:/a\",\"size\":\"9007199254740992\"}");
}

Test(client_calls, bytes_go_into_the_buffer_of_the_caller)
{
    char buf[4] = "xxx";
    size_t len = 99;
    uint64_t size = 0;

    will_answer(1, "{\"data\":\"/wA=\",\"encoding\":\"base64\"}");
    cr_assert_eq(scbox_read(conn, 3, 0, sizeof buf, buf, &len, &error), SCBOX_OK);
    cr_assert_eq(len, 2);
    cr_assert_eq(memcmp(buf, "\xFF\0x", 4), 0);
    (void)heard();
    will_answer(2, "{\"size\":2}");
    cr_assert_eq(scbox_write(conn, 3, 9, "\0\xFF", 2, &size, &error), SCBOX_OK);
    cr_assert_eq(size, 2);
    cr_assert_str_eq(sent(), "{\"fd\":3,\"offset\":9,\"data\":\"AP8=\",\"encoding\":\"base64\"}");
    will_answer(3, "{\"size\":0}");
    cr_assert_eq(scbox_write(conn, 3, 0, NULL, 0, NULL, &error), SCBOX_OK);
    cr_assert_str_eq(sent(), "{\"fd\":3,\"offset\":0,\"data\":\"\"}");
}

Test(client_calls, a_path_that_comes_back_may_be_cut)
{
    char target[3];
    size_t stored = 0;
    uint64_t length = 0;

    will_answer(1, "{\"target\":\"pro\",\"length\":4}");
    cr_assert_eq(scbox_readlink(conn, "root:/l", sizeof target, target, &stored, &length, &error),
                 SCBOX_OK);
    cr_assert_eq(stored, 3);
    cr_assert_eq(length, 4);
    cr_assert_eq(memcmp(target, "pro", 3), 0);
}

Test(client_calls, lists_of_handles_and_arguments)
{
    static const char *const argv[] = {"prog", "-v", NULL};
    static const char *const env[] = {"A=b", NULL};
    static const int32_t fds[] = {3, 4};
    int32_t ready = 0;

    will_answer(1, "{\"fd\":4}");
    cr_assert_eq(scbox_select(conn, fds, 2, -1, &ready, &error), SCBOX_OK);
    cr_assert_eq(ready, 4);
    cr_assert_str_eq(sent(), "{\"fds\":[3,4],\"timeout\":-1}");
    will_answer(2, "null"); /* 2, prog, -v, A=b, each with its NUL */
    cr_assert_eq(scbox_set_args(conn, 3, argv, env, &error), SCBOX_OK);
    cr_assert_str_eq(sent(),
                     "{\"pid\":3,\"data\":\"MgBwcm9nAC12AEE9YgA=\",\"encoding\":\"base64\"}");
    will_answer(3, "null");
    cr_assert_eq(scbox_set_args(conn, 3, env + 1, NULL, &error), SCBOX_OK);
    cr_assert_str_eq(sent(), "{\"pid\":3,\"data\":\"MAA=\",\"encoding\":\"base64\"}");
}

Test(client_calls, what_is_optional_may_be_left_out)
{
    will_answer(1, "null");
    cr_assert_eq(scbox_make_fs(conn, "ramfs", "x", 0, NULL, &error), SCBOX_OK);
    cr_assert_str_eq(sent(), "{\"driver\":\"ramfs\",\"fs_name\":\"x\",\"source_fd\":0}");
}

Test(client_calls, null_is_refused_before_anything_is_sent)
{
    cr_assert_eq(scbox_delete(NULL, "root:/a", &error), -EINVAL);
    cr_assert_str_eq(error.reason, "SC_DELETE: no connection: it is NULL");
    cr_assert_eq(scbox_delete(conn, NULL, &error), -EINVAL);
    cr_assert_str_eq(error.reason, "SC_DELETE: the argument file is NULL");
    cr_assert_eq(scbox_write(conn, 1, 0, NULL, 1, NULL, &error), -EINVAL);
    cr_assert_eq(scbox_select(conn, NULL, 1, 0, NULL, &error), -EINVAL);
    cr_assert_eq(scbox_set_args(conn, 1, NULL, NULL, &error), -EINVAL);
    cr_assert_eq(scbox_stat(conn, NULL, NULL, NULL), -EINVAL);
    cr_assert_eq(scbox_notify(conn, "ok", NULL, &error), 0);
    cr_assert_str_eq(heard(), "{\"jsonrpc\":\"2.0\",\"method\":\"ok\"}\n");
}

Test(client_calls, a_refusal_leaves_results_alone)
{
    int32_t fd = 77;

    say("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":2,\"message\":\"ENOENT\"}}\n");
    cr_assert_eq(scbox_open(conn, "root:/a", 1, &fd, &error), SCBOX_REFUSED);
    cr_assert_eq(error.code, ENOENT);
    cr_assert_eq(fd, 77);
}

/** Answers to STAT that are none; the member that is told. */
static const struct {
    const char *result;
    const char *member;
} improper[] = {
    {"null", "type"},
    {"[]", "type"},
    {"{\"type\":\"DIR\",\"access\":[]}", "size"},
    {"{\"type\":\"NOSUCH\",\"access\":[],\"size\":1}", "type"},
    {"{\"type\":[\"DIR\",[]],\"access\":[],\"size\":1}", "type"},
    {"{\"type\":\"DIR\",\"access\":[-1],\"size\":1}", "access"},
    {"{\"type\":\"DIR\",\"access\":4294967296,\"size\":1}", "access"},
    {"{\"type\":\"DIR\",\"access\":[],\"size\":-1}", "size"},
    {"{\"type\":\"DIR\",\"access\":[],\"size\":1.5}", "size"},
    {"{\"type\":\"DIR\",\"access\":[],\"size\":\"18446744073709551616\"}", "size"},
    {"{\"type\":\"DIR\",\"access\":[],\"size\":\"\"}", "size"},
    {"{\"type\":\"DIR\",\"access\":[],\"size\":\"99999999999999999999999999\"}", "size"},
};

Test(client_calls, an_improper_answer_is_told_and_the_connection_lives)
{
    const struct scbox_stat before = {7, 7, 7};
    int count = (int)(sizeof improper / sizeof improper[0]);

    for (int i = 0; i < count; i++) {
        struct scbox_stat stat = before;
        char words[64];

        will_answer(i + 1, improper[i].result);
        cr_assert_eq(scbox_stat(conn, "root:/a", &stat, &error), -EBADMSG, "%s",
                     improper[i].result);
        (void)snprintf(words, sizeof words, "answer to SC_STAT has no proper %s",
                       improper[i].member);
        cr_assert_not_null(strstr(error.reason, words), "%s", error.reason);
        cr_assert_eq(memcmp(&stat, &before, sizeof stat), 0);
    }
    will_answer(count + 1, "{\"type\":\"DIR\",\"access\":[],\"size\":0}");
    cr_assert_eq(scbox_stat(conn, "root:/a", NULL, &error), SCBOX_OK);
}

Test(client_calls, more_bytes_than_there_is_room_for_are_an_improper_answer)
{
    char buf[3] = "..";
    size_t len = 5;
    int32_t ready = 1;

    will_answer(1, "{\"data\":\"abcd\"}");
    cr_assert_eq(scbox_read(conn, 1, 0, sizeof buf, buf, &len, &error), -EBADMSG);
    cr_assert_str_eq(buf, "..");
    cr_assert_eq(len, 5);
    will_answer(2, "{\"data\":\"x\",\"encoding\":\"base64\"}");
    cr_assert_eq(scbox_read(conn, 1, 0, sizeof buf, buf, &len, &error), -EBADMSG);
    will_answer(3, "{\"fd\":2147483648}");
    cr_assert_eq(scbox_select(conn, &ready, 1, 0, &ready, &error), -EBADMSG);
    cr_assert_eq(ready, 1);
}

/** Entries whose name has so many bytes. */
static void will_answer_name(int id, size_t len)
{
    char line[2048];

    (void)snprintf(line, sizeof line,
                   "{\"name\":\"%0*d\",\"type\":\"DIR\",\"access\":[],\"size\":0}", (int)len, 0);
    will_answer(id, line);
}

Test(client_calls, a_name_has_room_for_so_many_bytes_and_no_more)
{
    struct scbox_dirent entry;

    will_answer_name(1, SCBOX_NAME_SIZE - 1);
    cr_assert_eq(scbox_readdir(conn, 1, 0, &entry, &error), SCBOX_OK);
    cr_assert_eq(strlen(entry.name), SCBOX_NAME_SIZE - 1);
    will_answer_name(2, SCBOX_NAME_SIZE);
    cr_assert_eq(scbox_readdir(conn, 1, 0, &entry, &error), -EBADMSG);
}

Test(client_calls, a_call_that_takes_too_long_is_cancelled)
{
    scbox_set_timeout(conn, 0);
    cr_assert_eq(scbox_proc_wait(conn, 3, NULL, &error), -ETIMEDOUT);
    cr_assert_not_null(strstr(heard(), "$/cancelRequest"));
    will_answer(2, "null");
    say("{\"id\":1,\"error\":{\"code\":-32800,\"message\":\"Request cancelled\"}}\n");
    cr_assert_eq(scbox_yield(conn, &error), SCBOX_OK);
}

Test(client_calls, a_daemon_that_goes_away_is_told)
{
    (void)close(daemon_fd);
    daemon_fd = -1;
    cr_assert_lt(scbox_yield(conn, &error), 0);
    cr_assert_str_eq(error.reason, "the daemon closed the connection");
}
