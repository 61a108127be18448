/* SPDX-License-Identifier: MIT */
/* Connections have turns: who asks for one thing is not behind all that others ask for. */
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>

enum { GREEDY = 4, BATCHES = 8, MEMBERS = 128, ANSWERED_WITHIN = 512 };

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

TestSuite(turns, .init = setup, .fini = teardown, .timeout = 60);

/** Append a batch of MEMBERS requests. @id  their id; "" for notifications. */
static void add_batch(struct strbuf *to, const char *method, const char *id)
{
    for (int i = 0; i < MEMBERS; i++)
        (void)strbuf_addf(to, "%c{\"jsonrpc\":\"2.0\"%s,\"method\":\"%s\"}", i == 0 ? '[' : ',', id,
                          method);
    (void)strbuf_adds(to, "]\n");
}

/** Send batches to a daemon that stands still from all greedy clients, then one request, and let it go
 * on. Returns how many messages it had taken when it answered that one. */
static int64_t messages_before_answer(struct client greedy[GREEDY], const char *method,
                                      const char *id)
{
    struct strbuf batches = STRBUF_INIT;
    int64_t before = call_int(&c, "server.stats", NULL, "messages");
    cJSON *answer;
    int64_t after;

    for (int i = 0; i < BATCHES; i++)
        add_batch(&batches, method, id);
    (void)kill(d.pid, SIGSTOP);
    for (int i = 0; i < GREEDY; i++)
        cr_assert(client_send_bytes(&greedy[i], batches.ptr, batches.len));
    client_send(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.stats\"}");
    (void)kill(d.pid, SIGCONT);
    answer = client_json(&c);
    after = (int64_t)cJSON_GetObjectItemCaseSensitive(
                cJSON_GetObjectItemCaseSensitive(answer, "result"), "messages")
                ->valuedouble;
    cJSON_Delete(answer);
    strbuf_done(&batches);
    return after - before;
}

/** A batch is as many requests as it has members. */
Test(turns, members_of_batches_count)
{
    struct client greedy[GREEDY];
    int64_t taken;

    for (int i = 0; i < GREEDY; i++)
        client_open(&greedy[i], d.socket);
    taken = messages_before_answer(greedy, "SC_ERRNO", "");
    cr_assert_lt(taken, ANSWERED_WITHIN, "%lld messages came first", (long long)taken);
    for (int i = 0; i < GREEDY; i++) {
        client_expect_silence(&greedy[i]); /* all of them are carried out all the same */
        client_close(&greedy[i]);
    }
}

/** A request that is more work than others has a turn of its own. */
Test(turns, work_counts)
{
    enum { PER_TURN = 32 };
    struct client greedy[GREEDY];
    int64_t taken;

    for (int i = 0; i < GREEDY; i++)
        client_open(&greedy[i], d.socket);
    taken = messages_before_answer(greedy, "rpc.discover", ",\"id\":7");
    cr_assert_lt(taken, GREEDY * PER_TURN, "%lld documents came first", (long long)taken);
    for (int i = 0; i < GREEDY; i++)
        client_close(&greedy[i]);
}

/** A batch that is cut short by the end of its connection, of its session, or of the daemon. */
Test(turns, batches_end_with_their_connection)
{
    struct client greedy[GREEDY];

    for (int i = 0; i < GREEDY; i++)
        client_open(&greedy[i], d.socket);
    (void)messages_before_answer(greedy, "SC_ERRNO", ",\"id\":1");
    for (int i = 0; i < GREEDY / 2; i++)
        client_close(&greedy[i]);
    for (int i = GREEDY / 2; i < GREEDY; i++)
        client_half_close(&greedy[i]);
    for (int i = GREEDY / 2; i < GREEDY; i++) {
        for (int k = 0; k < BATCHES; k++) {
            cJSON *answers = client_json(&greedy[i]);

            cr_assert_eq(cJSON_GetArraySize(answers), MEMBERS);
            cJSON_Delete(answers);
        }
        client_expect_end(&greedy[i]);
        client_close(&greedy[i]);
    }
    daemon_await_stat(&d, "connections", 2);
}

Test(turns, a_stop_in_the_middle_of_batches)
{
    struct client greedy[GREEDY];

    for (int i = 0; i < GREEDY; i++)
        client_open(&greedy[i], d.socket);
    (void)messages_before_answer(greedy, "SC_ERRNO", ",\"id\":1");
    (void)kill(d.pid, SIGTERM);
    for (int i = 0; i < GREEDY; i++) {
        while (client_line(&greedy[i]) != NULL)
            continue;
        client_close(&greedy[i]);
    }
    cr_assert_eq(daemon_wait(&d), 0);
}
