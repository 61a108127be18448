/* SPDX-License-Identifier: MIT */
/* The methods beside the calls: machines, looking into them, events, the daemon itself. */
#include "schema/machine_limits.h"
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

TestSuite(methods, .init = setup, .fini = teardown, .timeout = 60);

/** A process as proc.tree lists it. */
#define PROCESS(pid, parent, state, program)                                                       \
    "{\"pid\":" pid ",\"state\":\"" state "\",\"return_code\":0,\"program\":" program              \
    ",\"uid\":0,\"gid\":0,\"parent\":" parent "}"

/** What methods.def says of a method's result. */
struct shape {
    const char *method;
    const char *shape;
    const char *members; /* " a b " */
};

static const struct shape shapes[] = {
#define RPC_METHOD(name, id, shape, doc, params, results) {name, #shape, " " results},
#define RPC_RESULT(type, name, doc) #name " "
#define RPC_NO_RESULTS ""
#include "schema/methods.def"
};

static const struct shape *shape_of(const char *method)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(shapes[i].method, method) == 0)
            return &shapes[i];
    }
    return NULL;
}

/** Expect an object with exactly the members of the table. */
static void expect_members(const cJSON *object, const struct shape *shape)
{
    size_t len = 1;

    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        char word[80];

        (void)text_of(word, sizeof(word), " %s ", item->string);
        cr_assert(strstr(shape->members, word) != NULL, "%s: unexpected %s", shape->method, word);
        len += strlen(item->string) + 1;
    }
    cr_assert_eq(len, strlen(shape->members), "%s lacks a member of%s", shape->method,
                 shape->members);
}

Test(methods, results_have_the_members_the_table_says)
{
    static const struct {
        const char *method, *params;
    } calls[] = {
        {"session.open", NULL},      {"machine.create", "{\"name\":\"x\"}"},
        {"machine.list", NULL},      {"machine.info", NULL},
        {"clock.get", NULL},         {"proc.tree", NULL},
        {"proc.info", NULL},         {"ns.list", NULL},
        {"fd.list", NULL},           {"trace.subscribe", "[[]]"},
        {"trace.unsubscribe", NULL}, {"call.wait", "[1]"},
        {"$/cancelRequest", "[1]"},  {"server.info", NULL},
        {"server.stats", NULL},      {"machine.destroy", "[\"x\"]"},
    };

    call_done_ok(&c, "SC_OPEN", "[\"root:/\",[\"READDIR\"]]");
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        const struct shape *shape = shape_of(calls[i].method);
        cJSON *result = call_ok(&c, calls[i].method, calls[i].params);

        if (strcmp(shape->shape, "VOID") == 0)
            cr_assert(cJSON_IsNull(result));
        else if (strcmp(shape->shape, "OBJECT") == 0)
            expect_members(result, shape);
        else if (cJSON_GetArraySize(result) > 0)
            expect_members(result->child, shape);
        cJSON_Delete(result);
        if (strcmp(calls[i].method, "session.open") == 0)
            call_done_ok(&c, "SC_OPEN", "[\"root:/\",[\"READDIR\"]]");
    }
    call_done_ok(&c, "session.close", NULL);
}

Test(methods, hints_are_of_what_was_asked)
{
    const char *line;

    call_done_ok(&c, "SC_YIELD", NULL);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"proc.memory\",\"params\":[99]}");
    line = client_line(&c);
    cr_expect(strstr(line, "has no process 99") != NULL &&
                  strstr(line, "scbox help METHOD") != NULL,
              "%s", line);
    client_send(&c,
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"SC_ERRNO\",\"params\":{\"as\":99}}");
    line = client_line(&c);
    cr_expect(strstr(line, "not below the session") != NULL &&
                  strstr(line, "proc.tree lists them") != NULL,
              "%s", line);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"SC_PROC_WAIT\",\"params\":[99]}");
    line = client_line(&c);
    cr_expect(strstr(line, "a direct child of the caller") != NULL, "%s", line);
}

Test(methods, machines_are_made_listed_and_destroyed)
{
    cJSON *seed;

    call_expect(&c, "machine.create",
                "{\"name\":\"a.b_c-1\",\"clock\":\"virtual\",\"seed\":\"9007199254740993\"}",
                "{\"machine\":\"a.b_c-1\"}");
    call_expect(&c, "machine.list", NULL,
                "[{\"machine\":\"default\",\"clock\":\"real\",\"processes\":1},"
                "{\"machine\":\"a.b_c-1\",\"clock\":\"virtual\",\"processes\":1}]");
    call_done_ok(&c, "machine.create", "{\"name\":\"most\",\"seed\":\"18446744073709551615\"}");
    seed = call_ok(&c, "machine.info", "[\"most\"]");
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(seed, "seed")->valuestring,
                     "18446744073709551615");
    cJSON_Delete(seed);
    call_done_ok(&c, "machine.destroy", "[\"most\"]");
    call_fails(&c, "machine.create", "{\"seed\":\"18446744073709551616\"}", -32602, "seed");
    call_fails(&c, "machine.create", "{\"seed\":1.5}", -32602, "seed");
    call_done_ok(&c, "machine.create", "{\"name\":\"minus\",\"seed\":-1}");
    call_done_ok(&c, "machine.destroy", "[\"minus\"]");
    call_fails(&c, "machine.create", "{\"name\":\"a.b_c-1\"}", 17, "already");
    call_fails(&c, "machine.create", "{\"name\":\"\"}", 22, "name");
    call_fails(&c, "machine.create", "{\"name\":\"a/b\"}", 22, "name");
    call_done_ok(&c, "machine.destroy", "{\"machine\":\"a.b_c-1\"}");
}

Test(methods, transient_machines_go_with_the_connection_that_made_them)
{
    struct client maker;

    client_open(&maker, d.socket);
    call_done_ok(&maker, "machine.create", "{\"name\":\"gone\",\"transient\":true}");
    call_done_ok(&maker, "machine.create", "{\"name\":\"before\",\"transient\":true}");
    call_done_ok(&maker, "machine.create", "{\"name\":\"kept\",\"transient\":false}");
    call_done_ok(&maker, "session.open", "{\"machine\":\"gone\"}");
    call_done_ok(&maker, "SC_NEW_PROC", NULL);
    client_send(&maker, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_PROC_WAIT_ANY\"}");
    call_done_ok(&c, "machine.destroy", "[\"before\"]"); /* anybody may, at any time */
    call_done_ok(&c, "session.open", "{\"machine\":\"gone\"}");
    cr_assert_eq(daemon_stat(&d, "machines"), 3);
    client_close(&maker);
    daemon_await_stat(&d, "machines", 2);
    call_fails(&c, "SC_YIELD", NULL, -32001, "over");
    call_fails(&c, "machine.info", "{\"machine\":\"gone\"}", -32602, "machine.list");
    call_fails(&c, "machine.create", "{\"transient\":1}", -32602, "\"arg\":\"transient\"");
    call_done_ok(&c, "machine.destroy", "[\"kept\"]");
}

Test(methods, a_machine_whose_filesystems_fail_is_not_made)
{
    call_fails(&c, "machine.create",
               "{\"name\":\"x\",\"names\":[{\"name\":\"r\",\"driver\":\"ramfs\"},"
               "{\"name\":\"r\",\"driver\":\"ramfs\"}]}",
               17, "could not be made");
    call_fails(&c, "machine.create",
               "{\"name\":\"x\",\"names\":[{\"name\":\"r\",\"driver\":\"nofs\"}]}", 19, NULL);
    call_fails(&c, "machine.create",
               "{\"name\":\"x\",\"names\":[{\"name\":\"r\",\"driver\":\"sqlitefs\",\"opts\":"
               "\"source=/etc/x\"}]}",
               13, "--source-root");
    cr_assert_eq(daemon_stat(&d, "machines"), 1);
}

Test(methods, a_machine_has_the_limits_it_is_made_with)
{
    cJSON *info;
    const cJSON *limits;

    call_done_ok(&c, "machine.create",
                 "{\"name\":\"x\",\"limits\":{\"mounts\":1,\"storage\":\"2147483648\"}}");
    info = call_ok(&c, "machine.info", "[\"x\"]");
    limits = cJSON_GetObjectItem(info, "limits");
    cr_assert_eq(cJSON_GetObjectItem(limits, "mounts")->valueint, 1);
    cr_assert_eq(cJSON_GetObjectItem(limits, "storage")->valuedouble, 2147483648.0);
    cr_assert_eq(cJSON_GetObjectItem(limits, "channels")->valueint, 4096);
    cJSON_Delete(info);
    call_fails(&c, "machine.create", "{\"limits\":{\"mounts\":-1}}", -32602, "limits");
    call_fails(&c, "machine.create", "{\"limits\":{\"mount\":1}}", -32602, "mount");
    call_done_ok(&c, "machine.destroy", "[\"x\"]");
}

Test(methods, a_machines_name_at_its_most_bytes_and_past_them)
{
    char params[128];

    call_done_ok(&c, "machine.create", text_of(params, sizeof(params), "{\"name\":\"%064d\"}", 7));
    call_done_ok(&c, "machine.destroy", text_of(params, sizeof(params), "[\"%064d\"]", 7));
    call_fails(&c, "machine.create", text_of(params, sizeof(params), "{\"name\":\"%065d\"}", 7), 22,
               "1 to 64");
}

/** Whole numbers past 2^53 travel as strings. */
static void refuse_limit(const char *name, uint64_t value, const char *word)
{
    const char *quote = value > UINT64_C(9007199254740991) ? "\"" : "";
    char params[128];

    text_of(params, sizeof(params), "{\"limits\":{\"%s\":%s%llu%s}}", name, quote,
            (unsigned long long)value, quote);
    call_fails(&c, "machine.create", params, 22, word);
}

/** A client raises a limit to what the host can serve and no further, whatever its type would hold. */
Test(methods, a_limit_has_a_ceiling_without_configuration)
{
#define MACHINE_LIMIT(name, initial, ceiling, most, doc)                                           \
    refuse_limit(#name, (uint64_t)(most), #name);                                                  \
    refuse_limit(#name, (uint64_t)(ceiling) + 1, "unless the daemon's configuration");
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
    call_done_ok(&c, "machine.create", "{\"name\":\"x\",\"limits\":{\"procs\":100000}}");
    call_done_ok(&c, "machine.destroy", "[\"x\"]");
    cr_assert_eq(daemon_stat(&d, "machines"), 1);
}

Test(methods, seeds_repeat_random_numbers)
{
    cJSON *first = NULL;

    for (int i = 0; i < 2; i++) {
        cJSON *bytes;

        call_done_ok(
            &c, "machine.create",
            "{\"name\":\"s\",\"seed\":42,\"names\":[{\"name\":\"io\",\"driver\":\"devfs\"}]}");
        call_done_ok(&c, "session.open", "{\"machine\":\"s\"}");
        call_done_ok(&c, "SC_OPEN", "[\"io:/random\",[\"READ\"]]");
        bytes = call_ok(&c, "SC_READ", "[1,0,16]");
        if (first != NULL)
            cr_assert(cJSON_Compare(first, bytes, true));
        cJSON_Delete(first);
        first = bytes;
        call_done_ok(&c, "machine.destroy", "[\"s\"]");
    }
    cJSON_Delete(first);
}

Test(methods, the_tree_shows_everybody)
{
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "SC_NEW_PROC", NULL);
    call_done_ok(&c, "proc.drive", "[3]");
    call_done_ok(&c, "SC_NEW_PROC", "{\"as\":3}");
    call_expect(
        &c, "proc.tree", NULL,
        "[" PROCESS("1", "0", "RUNNING", "\"init\"") "," PROCESS(
            "2", "1", "RUNNING",
            "\"session\"") "," PROCESS("3", "2", "RUNNING",
                                       "\"session\"") "," PROCESS("4", "2", "LOADING",
                                                                  "null") "," PROCESS("5", "3",
                                                                                      "LOADING",
                                                                                      "null") "]");
    call_expect(&c, "proc.tree", "{\"after\":2,\"limit\":1}",
                "[" PROCESS("3", "2", "RUNNING", "\"session\"") "]");
    call_expect(&c, "proc.tree", "{\"after\":5}", "[]");
    call_fails(&c, "proc.info", "[99]", 3, "no process 99");
}

Test(methods, a_deep_tree_is_as_flat_as_any)
{
    enum { LEVELS = 600 }; /* parsers of JSON take no more arrays in each other than some hundred */
    char params[64];
    cJSON *tree;
    const cJSON *last;

    call_done_ok(&c, "session.open", NULL); /* init is the first level, this the second */
    for (int level = 3; level <= LEVELS; level++) {
        call_done_ok(&c, "SC_NEW_PROC", text_of(params, sizeof(params), "{\"as\":%d}", level - 1));
        call_done_ok(&c, "proc.drive", text_of(params, sizeof(params), "[%d]", level));
    }
    tree = call_ok(&c, "proc.tree", NULL);
    cr_assert_eq(cJSON_GetArraySize(tree), LEVELS);
    last = cJSON_GetArrayItem(tree, LEVELS - 1);
    cr_assert_eq(cJSON_GetObjectItemCaseSensitive(last, "parent")->valueint, LEVELS - 1);
    cJSON_Delete(tree);
    call_done_ok(&c, "session.close", NULL);
}

/** Ask for a list in parts of @limit and count its members; the @key of the last is where to go on. */
static int count_in_parts(const char *method, const char *key, int limit)
{
    char after[96] = "";
    int count = 0;
    int got;

    do {
        char params[160];
        cJSON *list =
            call_ok(&c, method, text_of(params, sizeof(params), "{%s\"limit\":%d}", after, limit));
        const cJSON *last = cJSON_GetArrayItem(list, cJSON_GetArraySize(list) - 1);
        char *value = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(last, key));

        got = cJSON_GetArraySize(list);
        cr_assert_leq(got, limit);
        count += got;
        if (value != NULL)
            (void)text_of(after, sizeof(after), "\"after\":%s,", value);
        cJSON_free(value);
        cJSON_Delete(list);
    } while (got == limit);
    return count;
}

Test(methods, lists_are_told_in_parts)
{
    call_done_ok(&c, "session.open", NULL);
    for (int i = 0; i < 5; i++) {
        char params[64];

        call_done_ok(&c, "SC_NEW_PROC", NULL);
        call_done_ok(&c, "machine.create", NULL);
        call_done_ok(&c, "SC_OPEN", "[\"root:/\",[\"READDIR\"]]");
        call_done_ok(&c, "fault.add", "{\"call\":\"SC_EXIT\",\"delay_us\":1}");
        call_done_ok(&c, "SC_SUBFS",
                     text_of(params, sizeof(params), "[\"n%d\",\"root\",\"/\",[\"READ\"]]", i));
        call_done_ok(&c, "SC_MMAP",
                     text_of(params, sizeof(params), "[%d,4096,%s]", 0x100000 + i * 0x10000,
                             i % 2 == 0 ? "[\"READ\"]" : "[\"READ\",\"WRITE\"]"));
    }
    for (int limit = 1; limit <= 8; limit++) {
        cr_assert_eq(count_in_parts("proc.tree", "pid", limit), 7);
        cr_assert_eq(count_in_parts("machine.list", "machine", limit), 6);
        cr_assert_eq(count_in_parts("ns.list", "name", limit), 7);
        cr_assert_eq(count_in_parts("fd.list", "fd", limit), 5);
        cr_assert_eq(count_in_parts("fault.list", "fault", limit), 5);
        cr_assert_eq(count_in_parts("proc.memory", "addr", limit), 5);
    }
    call_fails(&c, "fd.list", "{\"after\":77}", -32602, "begin again");
    call_fails(&c, "ns.list", "{\"after\":\"none\"}", -32602, "begin again");
    call_fails(&c, "machine.list", "{\"after\":\"none\"}", -32602, "begin again");
    call_fails(&c, "proc.tree", "{\"limit\":0}", -32602, "\"arg\":\"limit\"");
    for (int i = 1; i <= 5; i++) {
        char params[32];

        call_done_ok(&c, "machine.destroy", text_of(params, sizeof(params), "[\"m%d\"]", i));
    }
    call_done_ok(&c, "session.close", NULL);
}

Test(methods, names_and_handles_are_listed)
{
    call_done_ok(&c, "SC_RM_FS", "[\"io\"]");
    call_done_ok(&c, "SC_CREATE", "[\"root:/d\",\"DIR\"]");
    call_done_ok(&c, "SC_SUBFS",
                 "{\"new_name\":\"one\",\"from_fs\":\"root\",\"root\":\"/"
                 "d\",\"ok_modes\":[\"READ\",\"WRITE\"]}");
    call_done_ok(&c, "SC_SUBFS",
                 "{\"new_name\":\"two\",\"from_fs\":\"one\",\"ok_modes\":[\"READ\"]}");
    call_done_ok(&c, "SC_RM_FS", "[\"root\"]");
    call_expect(&c, "ns.list", "{}",
                "[{\"name\":\"one\",\"driver\":\"ramfs\",\"root\":\"/"
                "d\",\"ok_modes\":[\"READ\",\"WRITE\"],\"maker\":2,"
                "\"chain\":[\"root\"]},{\"name\":\"two\",\"driver\":\"ramfs\",\"root\":\"/"
                "d\",\"ok_modes\":[\"READ\"],"
                "\"maker\":2,\"chain\":[\"one\",\"root\"]}]");
    call_expect(&c, "fd.list", NULL, "[]");
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&c, "session.open", NULL);
    call_done_ok(&c, "SC_DELETE", "[\"root:/d\"]");
    call_done_ok(&c, "session.close", NULL);
}

Test(methods, events_are_sent_to_who_asked)
{
    struct client other;

    call_done_ok(&c, "trace.subscribe", "{\"events\":[\"log\",\"console\",\"proc\"]}");
    client_open(&other, d.socket);
    call_done_ok(&other, "SC_DBG_PRINT", "[\"one\"]");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":\"start\","
                      "\"pid\":2,\"data\":\"session\"}}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":\"log\","
                      "\"pid\":2,\"data\":\"one\"}}");
    call_done_ok(&other, "SC_DBG_PRINT", "{\"msg\":\"/w==\",\"encoding\":\"base64\"}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":\"log\","
                      "\"pid\":2,\"data\":\"/w==\","
                      "\"encoding\":\"base64\"}}");
    call_done_ok(&other, "SC_OPEN", "[\"io:/console\",[\"WRITE\"]]");
    call_done_ok(&other, "SC_WRITE", "[1,0,\"typed\"]");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":\"console\","
                      "\"pid\":2,\"data\":\"typed\"}}");
    call_done_ok(&other, "SC_EXIT", "[4]");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"event\",\"params\":{\"kind\":\"end\","
                      "\"pid\":2,\"data\":\"\","
                      "\"state\":\"DONE\",\"return_code\":4}}");
    call_done_ok(&c, "trace.unsubscribe", NULL);
    call_done_ok(&other, "session.open", NULL);
    call_done_ok(&other, "SC_DBG_PRINT", "[\"two\"]");
    call_done_ok(&other, "session.close", NULL);
    client_expect_silence(&c);
    client_close(&other);
}

Test(methods, a_subscription_ends_with_its_machine_or_connection)
{
    struct client other;

    call_done_ok(&c, "machine.create", "{\"name\":\"x\"}");
    call_done_ok(&c, "trace.subscribe", "{\"events\":[\"log\"],\"machine\":\"x\"}");
    client_open(&other, d.socket);
    call_done_ok(&other, "trace.subscribe", "{\"events\":[\"log\"],\"machine\":\"x\"}");
    client_close(&other);
    daemon_await_stat(&d, "connections", 2);
    client_send(
        &c, "{\"jsonrpc\":\"2.0\",\"id\":\"d\",\"method\":\"machine.destroy\",\"params\":[\"x\"]}");
    cr_assert(strstr(client_line(&c), "\"kind\":\"ended\"") != NULL);
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"d\",\"result\":null}");
    call_done_ok(&c, "trace.unsubscribe", NULL);
    call_done_ok(&c, "trace.subscribe", "{\"events\":[\"log\"]}");
}

Test(methods, destroying_a_machine_answers_what_waits_on_it)
{
    call_done_ok(&c, "machine.create", "{\"name\":\"x\"}");
    call_done_ok(&c, "session.open", "{\"machine\":\"x\"}");
    client_send(
        &c, "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"SC_USLEEP\",\"params\":[3600000000]}");
    client_send(
        &c, "{\"jsonrpc\":\"2.0\",\"id\":\"d\",\"method\":\"machine.destroy\",\"params\":[\"x\"]}");
    cr_assert(strstr(client_line(&c), "\"id\":\"s\",\"error\":{\"code\":125") != NULL);
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"d\",\"result\":null}");
    call_fails(&c, "SC_YIELD", NULL, -32001, "over");
}

Test(methods, names_that_are_no_text_are_taken_and_told_in_base64)
{
    cJSON *names;
    cJSON *tree;

    call_done_ok(
        &c, "machine.create",
        "{\"name\":\"x\",\"names\":[{\"name\":{\"base64\":\"/w==\"},\"driver\":\"ramfs\"}]}");
    call_done_ok(&c, "session.open", "{\"machine\":\"x\",\"name\":{\"base64\":\"bv8=\"}}");
    tree = call_ok(&c, "proc.tree", "{\"after\":1}");
    names = call_ok(&c, "ns.list", NULL);
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(
                         cJSON_GetObjectItemCaseSensitive(tree->child, "program"), "base64")
                         ->valuestring,
                     "bv8=");
    cr_assert_str_eq(cJSON_GetObjectItemCaseSensitive(
                         cJSON_GetObjectItemCaseSensitive(names->child, "name"), "base64")
                         ->valuestring,
                     "/w==");
    cJSON_Delete(tree);
    cJSON_Delete(names);
    call_fails(&c, "session.open", "{\"name\":{\"base64\":\"AA==\"}}", -32602, "NUL");
    call_fails(&c, "session.open", "{\"name\":{\"base65\":\"/w==\"}}", -32602, "\"arg\":\"name\"");
    call_done_ok(&c, "machine.destroy", "[\"x\"]");
}
