/* SPDX-License-Identifier: MIT */
/* libscbox where the N-th allocation fails, for each N: -ENOMEM, nothing lost, results left alone. */
#include "client/lib/conn.h"
#include "client/lib/scbox_calls.h"
#include "tests/contract/alloc.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(client_oom, .timeout = 50);

/** What the daemon answers to the steps below. */
static const char answers[] =
    "{\"method\":\"event\",\"params\":{\"data\":\"/w==\",\"encoding\":\"base64\"}}\n"
    "{\"id\":1,\"result\":{\"n\":1}}\n"
    "{\"id\":2,\"error\":{\"code\":2,\"message\":\"ENOENT\",\"data\":{\"why\":[\"a\",\"b\"],"
    "\"hint\":\"h\","
    "\"text\":\"t\"}}}\n"
    "{\"id\":3,\"result\":null}\n"
    "{\"id\":4,\"result\":{\"name\":{\"base64\":\"/"
    "w==\"},\"driver\":\"ramfs\",\"ok_modes\":[\"READ\"],"
    "\"root\":\"/\"}}\n"
    "{\"id\":5,\"result\":{\"data\":\"/wA=\",\"encoding\":\"base64\"}}\n"
    "{\"id\":6,\"result\":null}\n"
    "{\"id\":7,\"result\":null}\n";

static struct scbox_error error;

static void on_event(void *user, const char *method, const char *params)
{
    char *bytes = NULL;
    size_t len = 0;
    int err = scbox_data(params, &bytes, &len);

    (void)user;
    cr_assert_str_eq(method, "event");
    cr_assert(err == 0 || err == -ENOMEM);
    free(bytes);
}

static int by_text(struct scbox_conn *conn)
{
    char *result = NULL;
    int status = scbox_call(conn, "a", "{\"x\":\n1}", 0, &result, &error);

    cr_assert_eq(result != NULL, status == SCBOX_OK);
    free(result);
    return status;
}

/** Refused, as it should be: SCBOX_OK. */
static int be_refused(struct scbox_conn *conn)
{
    int32_t fd = 7;
    int status = scbox_open(conn, "a:/\xFF", 1, &fd, &error);

    free(scbox_error_line(&error));
    cr_assert_eq(fd, 7);
    return status == SCBOX_REFUSED ? SCBOX_OK : status;
}

static int subscribe(struct scbox_conn *conn)
{
    return scbox_subscribe(conn, "log proc", false, 0, &error);
}

static int entry(struct scbox_conn *conn)
{
    struct scbox_fs_entry out = {.name = "x"};
    int status = scbox_fs_enum(conn, 0, &out, &error);

    cr_assert_str_eq(out.name, status == SCBOX_OK ? "\xFF" : "x");
    return status;
}

static int bytes(struct scbox_conn *conn)
{
    char buf[2] = "x";
    int status = scbox_read(conn, 1, 0, sizeof buf, buf, NULL, &error);

    cr_assert_eq(buf[0], status == SCBOX_OK ? '\xFF' : 'x');
    return status;
}

static int arguments(struct scbox_conn *conn)
{
    static const char *const argv[] = {"a", "b", NULL};

    return scbox_set_args(conn, 3, argv, argv, &error);
}

static int write_bytes(struct scbox_conn *conn)
{
    return scbox_dbg_print(conn, "\xFF", 1, &error);
}

static int (*const steps[])(struct scbox_conn *) = {by_text, be_refused, subscribe,  entry,
                                                    bytes,   arguments,  write_bytes};

/** All steps up to the one that lacks memory. Returns whether there was one. */
static bool play(struct scbox_conn *conn)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        int status = steps[i](conn);

        cr_assert(status == SCBOX_OK || status == -ENOMEM, "step %zu: %d", i, status);
        if (status != SCBOX_OK)
            return true;
    }
    return false;
}

/** One connection and all answers, with the allocation behind the next @count refused. */
static bool try_with(long count)
{
    struct scbox_conn *conn;
    long live = alloc_live();
    bool lacking = true;
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    cr_assert_eq(write(ends[1], answers, strlen(answers)), (ssize_t)strlen(answers));
    alloc_fail_after(count);
    conn = conn_new(ends[0]);
    if (conn != NULL) {
        scbox_on_event(conn, on_event, NULL);
        scbox_set_timeout(conn, 0);
        lacking = play(conn);
    }
    alloc_fail_after(-1);
    scbox_disconnect(conn);
    if (conn == NULL)
        (void)close(ends[0]);
    (void)close(ends[1]);
    scbox_error_done(&error);
    cr_assert_eq(alloc_live(), live, "allocation %ld: blocks were lost", count);
    return lacking;
}

Test(client_oom, each_allocation_may_fail)
{
    long last_lacking = 0;
    enum { MORE = 200 }; /* allocations than any run makes that only the texts of an error lack */

    for (long count = 0; count < last_lacking + MORE; count++) {
        if (try_with(count))
            last_lacking = count;
    }
    cr_assert_gt(last_lacking, 30);
}
