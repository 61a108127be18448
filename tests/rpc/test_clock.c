/* SPDX-License-Identifier: MIT */
/* clock.*: telling the time of a machine, and moving a virtual clock on by hand. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct daemon d;
static struct client c;

static void setup(void)
{
    daemon_start_virtual(&d, NULL);
    client_open(&c, d.socket);
}

static void teardown(void)
{
    client_close(&c);
    daemon_stop(&d);
}

TestSuite(clock, .init = setup, .fini = teardown, .timeout = 60);

#define EPOCH "946684800" /* 2000-01-01, where virtual calendars begin */

Test(clock, a_virtual_clock_is_told)
{
    call_expect(&c, "clock.get", NULL,
                "{\"clock\":\"virtual\",\"now_ns\":0,\"stamp_ns\":\"" EPOCH
                "000000000\",\"next_ns\":-1}");
    call_done_ok(&c, "SC_YIELD", NULL); /* a session, which keeps the clock */
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"method\":\"SC_USLEEP\","
                    "\"params\":{\"usecs\":3,\"background\":true}}");
    call_expect(&c, "clock.get", NULL,
                "{\"clock\":\"virtual\",\"now_ns\":0,\"stamp_ns\":\"" EPOCH
                "000000000\",\"next_ns\":3000}");
    client_send(&c,
                "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"clock.advance\",\"params\":[5]}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"s\",\"result\":null}");
    client_expect(&c, "{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{\"now_ns\":5000}}");
    call_expect(&c, "clock.get", NULL,
                "{\"clock\":\"virtual\",\"now_ns\":5000,\"stamp_ns\":\"" EPOCH
                "000005000\",\"next_ns\":-1}");
}

Test(clock, it_is_set_but_never_back)
{
    call_expect(&c, "clock.set", "[7000]", "{\"now_ns\":7000}");
    call_expect(&c, "clock.set", "[7000]", "{\"now_ns\":7000}");
    call_fails(&c, "clock.set", "[6999]", EINVAL, "7000");
    call_fails(&c, "clock.set", "[-1]", EINVAL, "now_ns");
    call_fails(&c, "clock.set", "[\"6307200000000000000\"]", EINVAL, "200 years");
    call_expect(&c, "clock.set", "[\"6307199999999999999\"]",
                "{\"now_ns\":\"6307199999999999999\"}");
}

Test(clock, it_advances_by_whole_steps)
{
    call_expect(&c, "clock.advance", "[0]", "{\"now_ns\":0}");
    call_fails(&c, "clock.advance", "[-1]", EINVAL, "usecs");
    call_fails(&c, "clock.advance", "[\"9223372036854775807\"]", EINVAL, "200 years");
    call_expect(&c, "clock.advance", "{\"usecs\":1,\"machine\":\"default\"}", "{\"now_ns\":1000}");
    call_fails(&c, "clock.advance", "[1,\"nobody\"]", -32602, "nobody");
}

Test(clock, a_real_clock_is_told_and_not_moved)
{
    struct client other;

    call_done_ok(&d.control, "machine.create", "{\"name\":\"real\"}");
    client_open(&other, d.socket);
    cr_assert_gt(call_int(&other, "clock.get", "[\"real\"]", "now_ns"), 0);
    call_fails(&other, "clock.advance", "[1,\"real\"]", EINVAL, "virtual");
    call_fails(&other, "clock.set", "[1,\"real\"]", EINVAL, "virtual");
    client_close(&other);
    call_done_ok(&d.control, "machine.destroy", "[\"real\"]");
}

/** Ask for an advance that waits: a stalled clock is one that a call holds which yields for ever. */
Test(clock, an_advance_is_answered_when_its_machine_goes)
{
    call_done_ok(&d.control, "machine.create", "{\"name\":\"v\",\"clock\":\"virtual\"}");
    client_send(
        &c, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"clock.advance\",\"params\":[1,\"v\"]},"
            "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"machine.destroy\",\"params\":[\"v\"]}]");
    cJSON *answers = client_json(&c);
    const cJSON *error = cJSON_GetObjectItem(cJSON_GetArrayItem(answers, 0), "error");

    cr_assert_eq(cJSON_GetObjectItem(error, "code")->valueint, ECANCELED);
    cJSON_Delete(answers);
}

Test(clock, an_advance_can_be_cancelled)
{
    client_send(&c,
                "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"clock.advance\",\"params\":[1]},"
                "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"$/cancelRequest\",\"params\":[1]}]");
    cJSON *answers = client_json(&c);
    const cJSON *error = cJSON_GetObjectItem(cJSON_GetArrayItem(answers, 0), "error");

    cr_assert_eq(cJSON_GetObjectItem(error, "code")->valueint, -32800);
    cJSON_Delete(answers);
    cr_assert_eq(call_int(&c, "clock.get", NULL, "now_ns"), 0);
}

Test(clock, an_advance_goes_with_its_connection)
{
    struct client other;

    client_open(&other, d.socket);
    for (int i = 0; i < 100; i++)
        client_send(&other, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"clock.advance\","
                            "\"params\":[1000000]}");
    client_close(&other);
    daemon_await_stat(&d, "connections", 2);
}
