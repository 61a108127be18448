/* SPDX-License-Identifier: MIT */
/* What a daemon sends to libscbox: its lines, answers of calls in structs, buffers and names, and refusals. */
#include "client/lib/conn.h"
#include "client/lib/scbox_calls.h"
#include "server/base/check.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Every outcome is one of the three that there are, and a failure is told. */
static void check_outcome(int outcome, const struct scbox_error *error)
{
    char *line;

    if (outcome == SCBOX_OK)
        return;
    CHECK(outcome == SCBOX_REFUSED || (outcome < 0 && outcome == error->code));
    CHECK(error->name != NULL && error->reason != NULL);
    line = scbox_error_line(error);
    CHECK(line != NULL && line[0] != '\0');
    free(line);
}

static void on_event(void *user, const char *method, const char *params)
{
    char *bytes = NULL;
    size_t len = 0;

    (void)user;
    CHECK(method != NULL);
    if (params != NULL && scbox_data(params, &bytes, &len) == 0)
        CHECK(bytes[len] == '\0');
    free(bytes);
}

/** One call of each form. */
static void make_calls(struct scbox_conn *conn, struct scbox_error *error)
{
    struct scbox_stat stat;
    struct scbox_fs_entry entry;
    struct scbox_proc_status status;
    char buf[8];
    size_t len = 0;
    int outcome;

    outcome = scbox_stat(conn, "a:/", &stat, error);
    check_outcome(outcome, error);
    outcome = scbox_read(conn, 1, 0, sizeof buf, buf, &len, error);
    check_outcome(outcome, error);
    CHECK(len <= sizeof buf);
    outcome = scbox_readlink(conn, "a:/", sizeof buf, buf, &len, NULL, error);
    check_outcome(outcome, error);
    CHECK(len <= sizeof buf);
    outcome = scbox_fs_enum(conn, 0, &entry, error);
    check_outcome(outcome, error);
    CHECK(outcome != SCBOX_OK || strlen(entry.root) < sizeof entry.root);
    outcome = scbox_proc_status(conn, 1, &status, error);
    check_outcome(outcome, error);
}

/** The rest of what came, as anybody reads it. */
static void read_on(struct scbox_conn *conn, struct scbox_error *error)
{
    char *result = NULL;

    check_outcome(scbox_call(conn, "a", NULL, 0, &result, error), error);
    free(result);
    while (scbox_poll(conn, 0, error) == 0)
        continue;
    check_outcome(scbox_drain(conn, error), error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct scbox_conn *conn;
    int ends[2];

    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    CHECK(send(ends[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
    conn = conn_new(ends[0]);
    CHECK(conn != NULL);
    scbox_on_event(conn, on_event, NULL);
    scbox_set_timeout(conn, 0);
    make_calls(conn, &error);
    read_on(conn, &error);
    scbox_error_done(&error);
    scbox_disconnect(conn);
    (void)close(ends[1]);
    return 0;
}
