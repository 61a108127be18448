/* SPDX-License-Identifier: MIT */
/* fault.add, fault.list, fault.clear: rules as clients give them, and what they answer. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

static struct daemon d;
static struct client c;

static void setup(void)
{
    daemon_start_virtual(&d, "{\"limits\":{\"grace_ms\":0}}");
    client_open(&c, d.socket);
    call_done_ok(&c, "session.open", NULL);
}

static void teardown(void)
{
    call_done_ok(&c, "fault.clear", NULL);
    client_close(&c);
    daemon_stop(&d);
}

TestSuite(faults, .init = setup, .fini = teardown, .timeout = 60);

Test(faults, a_rule_is_added_listed_met_and_removed)
{
    char rules[1024];
    char own[128];

    call_expect(&c, "fault.add",
                "{\"call\":\"stat\",\"path\":\"root:/*\",\"every\":2,\"times\":1,\"error\":"
                "\"ENOSPC\",\"delay_us\":20,\"probability\":\"1.0\",\"pid\":2}",
                "{\"fault\":1,\"warnings\":[\"SC_STAT never answers ENOSPC by itself\"]}");
    call_expect(&c, "fault.add", "{\"error\":\"EIO\",\"nth\":100}",
                "{\"fault\":2,\"warnings\":[]}");
    call_expect(&c, "fault.add", "{\"call\":\"SC_READ\",\"short\":7,\"probability\":0.125}",
                "{\"fault\":3,\"warnings\":[]}");
    for (int i = 0; i < 4; i++) {
        if (i == 1)
            call_fails(&c, "SC_STAT", "[\"root:/\"]", 28, "fault rule 1 set this error");
        else
            call_done_ok(&c, "SC_STAT", "[\"root:/\"]");
    }
    (void)text_of(own, sizeof(own),
                  "\"by\":2,\"by_machine\":\"default\",\"by_uid\":%u,\"keep\":false", geteuid());
    call_expect(
        &c, "fault.list", NULL,
        text_of(rules, sizeof(rules),
                "[{\"fault\":1,\"call\":\"SC_STAT\",\"pid\":2,\"path\":\"root:/*\",\"nth\":0,"
                "\"every\":2,\"probability\":1,\"times\":1,\"error\":\"ENOSPC\",\"delay_us\":20,"
                "\"short\":0,\"matches\":4,\"hits\":1,%s},"
                "{\"fault\":2,\"call\":null,\"pid\":0,\"path\":null,\"nth\":100,\"every\":0,"
                "\"probability\":1,\"times\":0,\"error\":\"EIO\",\"delay_us\":0,\"short\":0,"
                "\"matches\":4,\"hits\":0,%s},"
                "{\"fault\":3,\"call\":\"SC_READ\",\"pid\":0,\"path\":null,\"nth\":0,\"every\":0,"
                "\"probability\":0.125,\"times\":0,\"error\":null,\"delay_us\":0,\"short\":7,"
                "\"matches\":0,\"hits\":0,%s}]",
                own, own, own));
    call_done_ok(&c, "fault.clear", "[2]");
    call_fails(&c, "fault.clear", "[2]", 2, "no fault rule 2");
    call_fails(&c, "fault.clear", "[4294967297]", 2, "no fault rule 4294967297");
    call_done_ok(&c, "fault.clear", NULL);
    call_expect(&c, "fault.list", NULL, "[]");
}

Test(faults, an_answer_names_the_rule_whose_doing_it_is)
{
    cJSON *answer;
    const cJSON *data;

    call_done_ok(&c, "fault.add", "{\"call\":\"SC_CLOSE\",\"error\":\"EIO\"}");
    answer = client_call(&c, "SC_CLOSE", "[1]");
    data =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(answer, "error"), "data");
    cr_assert_eq(cJSON_GetObjectItemCaseSensitive(data, "fault")->valueint, 1);
    cJSON_Delete(answer);
    call_done_ok(&c, "fault.clear", NULL);
    answer = client_call(&c, "SC_CLOSE", "[1]");
    data =
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(answer, "error"), "data");
    cr_assert_not(cJSON_HasObjectItem(data, "fault"));
    cJSON_Delete(answer);
}

Test(faults, a_delay_takes_time_of_the_machine)
{
    int64_t before = call_int(&c, "machine.info", NULL, "now_ns");

    call_done_ok(&c, "fault.add", "{\"call\":\"yield\",\"delay_us\":3600000000}");
    call_done_ok(&c, "SC_YIELD", NULL);
    cr_assert_eq(call_int(&c, "machine.info", NULL, "now_ns") - before, INT64_C(3600000000000));
}

Test(faults, a_delayed_call_can_be_cancelled)
{
    call_done_ok(&c, "fault.add", "{\"call\":\"SC_ERRNO\",\"delay_us\":9007199254740991}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"SC_ERRNO\"}");
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":[\"a\"]}");
    cr_assert(strstr(client_line(&c), "\"id\":\"a\",\"error\":{\"code\":-32800,") != NULL);
}

Test(faults, transfers_are_cut_short)
{
    call_done_ok(&c, "SC_OPEN", "[\"root:/f\",[\"READ\",\"WRITE\",\"CREATE\"]]");
    call_done_ok(&c, "fault.add", "{\"short\":2,\"path\":\"root:/f\"}");
    call_expect(&c, "SC_WRITE", "[1,0,\"abcdef\"]", "{\"size\":2}");
    call_expect(&c, "SC_READ", "[1,0,100]", "{\"data\":\"ab\"}");
    call_done_ok(&c, "SC_CLOSE", "[1]");
    call_done_ok(&c, "SC_DELETE", "[\"root:/f\"]");
}

Test(faults, bad_rules_are_refused_with_reasons)
{
    static const struct {
        const char *params;
        int code;
        const char *word;
    } rows[] = {
        {"{}", 22, "does nothing"},
        {"{\"call\":\"SC_NONE\",\"error\":\"EIO\"}", -32602, "\"arg\":\"call\""},
        {"{\"call\":5,\"error\":\"EIO\"}", -32602, "\"arg\":\"call\""},
        {"{\"error\":\"EWHAT\"}", -32602, "\"arg\":\"error\""},
        {"{\"error\":\"eio\"}", -32602, "\"arg\":\"error\""},
        {"{\"error\":5}", -32602, "\"arg\":\"error\""},
        {"{\"error\":\"EIO\",\"pid\":77}", 3, "no process 77"},
        {"{\"error\":\"EIO\",\"nth\":0}", -32602, "\"arg\":\"nth\""},
        {"{\"error\":\"EIO\",\"nth\":-1}", -32602, "\"arg\":\"nth\""},
        {"{\"error\":\"EIO\",\"nth\":1,\"every\":2}", 22, "nth and every"},
        {"{\"error\":\"EIO\",\"times\":1.5}", -32602, "\"arg\":\"times\""},
        {"{\"error\":\"EIO\",\"probability\":0}", 22, "probability"},
        {"{\"error\":\"EIO\",\"probability\":1.01}", 22, "probability"},
        {"{\"error\":\"EIO\",\"probability\":-1}", 22, "probability"},
        {"{\"error\":\"EIO\",\"probability\":\"half\"}", -32602, "\"arg\":\"probability\""},
        {"{\"error\":\"EIO\",\"probability\":\"\"}", -32602, "\"arg\":\"probability\""},
        {"{\"error\":\"EIO\",\"probability\":\"0.5x\"}", -32602, "\"arg\":\"probability\""},
        {"{\"error\":\"EIO\",\"probability\":\"1e400\"}", -32602, "\"arg\":\"probability\""},
        {"{\"error\":\"EIO\",\"path\":\"\"}", 22, "empty pattern"},
        {"{\"error\":\"EIO\",\"path\":\"[\"}", 22, "without its ']'"},
        {"{\"error\":\"EIO\",\"path\":\"a\\\\\"}", 22, "at the end"},
        {"{\"call\":\"open\",\"short\":1}", 22, "SC_OPEN transfers nothing"},
        {"{\"call\":\"read\",\"short\":0}", -32602, "\"arg\":\"short\""},
        {"{\"call\":\"read\",\"short\":1,\"error\":\"EIO\"}", 22, "error and short"},
        {"{\"call\":\"exit\",\"error\":\"EIO\"}", 22, "EXIT does not return"},
        {"{\"delay_us\":\"9007199254740992\"}", -32602, "\"arg\":\"delay_us\""},
        {"{\"error\":\"EIO\",\"machine\":\"none\"}", -32602, "machine.list"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        call_fails(&c, "fault.add", rows[i].params, rows[i].code, rows[i].word);
    call_expect(&c, "fault.list", NULL, "[]");
}

Test(faults, rules_belong_to_one_machine_and_have_a_limit)
{
    call_done_ok(&c, "machine.create", "{\"name\":\"x\"}");
    for (int i = 0; i < 64; i++)
        call_done_ok(&c, "fault.add",
                     "{\"error\":\"EIO\",\"call\":\"yield\",\"machine\":\"x\",\"keep\":true}");
    call_fails(&c, "fault.add", "{\"error\":\"EIO\",\"machine\":\"x\"}", 11,
               "limit of fault rules");
    call_expect(&c, "fault.list", NULL, "[]");
    call_done_ok(&c, "SC_YIELD", NULL);
    call_done_ok(&c, "session.open", "[\"x\"]");
    call_fails(&c, "SC_YIELD", NULL, 5, "fault rule 1 set this error");
    call_done_ok(&c, "session.open", NULL);
    call_done_ok(&c, "machine.destroy", "[\"x\"]");
}

Test(faults, who_asked_is_told_of_rules_that_fire)
{
    call_done_ok(&c, "trace.subscribe", "{\"events\":[\"faults\"]}");
    call_done_ok(&c, "fault.add", "{\"call\":\"close\",\"error\":\"EIO\",\"nth\":2}");
    call_fails(&c, "SC_CLOSE", "[1]", 9, NULL);
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_CLOSE\",\"params\":[1]}");
    cr_assert(strstr(client_line(&c), "\"call\":\"SC_CLOSE\",\"args\":{\"fd\":1},\"fault\":1,"
                                      "\"error\":\"EIO\"}}") != NULL);
    cr_assert(strstr(client_line(&c), "\"code\":5,") != NULL);
    call_done_ok(&c, "trace.unsubscribe", NULL);
}
