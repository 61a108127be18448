/* SPDX-License-Identifier: MIT */
/*
 * JSON-RPC over a connection.
 *
 * A request lives in conn->requests from scbox_send() until its answer is taken by
 * scbox_receive(), or, once it was forgotten, until its answer comes. Messages are handled one at
 * a time, in the order they came.
 */
#include "client/lib/clock.h"
#include "client/lib/conn.h"
#include "client/lib/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct request *request_at(struct list *link)
{
    return container_of(link, struct request, link);
}

/** The request of an id. NULL: none. */
static struct request *request_find(const struct scbox_conn *conn, int64_t id)
{
    for (struct list *i = conn->requests.next; i != &conn->requests; i = i->next) {
        if (request_at(i)->id == id)
            return request_at(i);
    }
    return NULL;
}

static void request_free(struct request *r)
{
    list_del(&r->link);
    free(r->answer);
    free(r);
}

void scbox_disconnect(struct scbox_conn *conn)
{
    if (conn == NULL)
        return;
    while (!list_empty(&conn->requests))
        request_free(request_at(conn->requests.next));
    strbuf_done(&conn->in);
    (void)close(conn->fd);
    free(conn);
}

void scbox_on_event(struct scbox_conn *conn, scbox_event_fn fn, void *user)
{
    if (conn == NULL)
        return;
    conn->on_event = fn;
    conn->user = user;
}

/* ---- sending ---- */

/** Write one message. @params NULL: none; @id 0: none. Returns 0 or -errno. */
static int write_message(struct scbox_conn *conn, const char *method, const char *params,
                         int64_t id, struct scbox_error *error)
{
    struct strbuf line = STRBUF_INIT;
    int err;

    (void)strbuf_adds(&line, "{\"jsonrpc\":\"2.0\",\"method\":");
    wire_add_string(&line, method, strlen(method));
    if (params != NULL)
        (void)strbuf_addf(&line, ",\"params\":%s", params);
    if (id != 0)
        (void)strbuf_addf(&line, ",\"id\":%" PRId64, id);
    (void)strbuf_adds(&line, "}\n");
    if (strbuf_failed(&line))
        err = error_set(error, -ENOMEM, "out of memory");
    else
        err = conn_write(conn, line.ptr, line.len, error);
    strbuf_done(&line);
    return err;
}

int request_send(struct scbox_conn *conn, const char *method, const char *params, int64_t *out_id,
                 struct scbox_error *error)
{
    struct request *r;
    int64_t id = conn->last_id + 1;
    int err;

    if (out_id == NULL)
        return write_message(conn, method, params, 0, error);
    r = calloc(1, sizeof *r);
    if (r == NULL)
        return error_set(error, -ENOMEM, "out of memory");
    err = write_message(conn, method, params, id, error);
    if (err < 0) {
        free(r);
        return err;
    }
    conn->last_id = id;
    r->id = id;
    list_append(&conn->requests, &r->link);
    *out_id = id;
    return 0;
}

/** Check params and the connection before sending. Returns 0 or -errno. */
static int check_request(const struct scbox_conn *conn, const char *method, const char *params,
                         struct scbox_error *error)
{
    struct json_doc doc = JSON_DOC_INIT;
    struct json_error why;
    int err = 0;

    if (conn == NULL || method == NULL)
        return error_set(error, -EINVAL, "no %s: it is NULL",
                         conn == NULL ? "connection" : "method");
    if (params == NULL)
        return 0;
    err = wire_read(&doc, params, strlen(params), &why);
    if (err == -ENOMEM)
        error_set(error, err, "out of memory");
    else if (err < 0)
        err = error_set(error, -EINVAL, "params of %s are no JSON: %s, at byte %zu", method,
                        why.what, why.at);
    else if (json_kind(&doc, 0) != JSON_OBJECT && json_kind(&doc, 0) != JSON_ARRAY)
        err = error_set(error, -EINVAL, "params of %s are neither an object nor an array", method);
    json_doc_done(&doc);
    return err;
}

/** Send what a caller wrote, on one line: in JSON, ends of lines stand between values only. */
static int send_checked(struct scbox_conn *conn, const char *method, const char *params,
                        int64_t *out_id, struct scbox_error *error)
{
    int err = check_request(conn, method, params, error);
    char *line = NULL;

    if (err < 0)
        return err;
    if (params != NULL) {
        line = strdup(params);
        if (line == NULL)
            return error_set(error, -ENOMEM, "out of memory");
        for (char *p = line; (p = strpbrk(p, "\r\n")) != NULL;)
            *p = ' ';
    }
    err = request_send(conn, method, line, out_id, error);
    free(line);
    return err;
}

int scbox_send(struct scbox_conn *conn, const char *method, const char *params, int64_t *out_id,
               struct scbox_error *error)
{
    if (out_id == NULL)
        return error_set(error, -EINVAL, "there is nowhere to put the request's id: it is NULL");
    return send_checked(conn, method, params, out_id, error);
}

int scbox_notify(struct scbox_conn *conn, const char *method, const char *params,
                 struct scbox_error *error)
{
    return send_checked(conn, method, params, NULL, error);
}

/* ---- receiving ---- */

/** The newest request without an answer: an error without an id is about it. NULL: none. */
static struct request *newest_unanswered(const struct scbox_conn *conn)
{
    for (struct list *i = conn->requests.prev; i != &conn->requests; i = i->prev) {
        if (!request_at(i)->answered)
            return request_at(i);
    }
    return NULL;
}

/** Call the callback for a notification. Returns 0 or -ENOMEM. */
static int deliver(struct scbox_conn *conn, const struct json_doc *doc, uint32_t method)
{
    uint32_t params = json_get(doc, 0, "params");
    char *name = NULL;
    char *text = NULL;
    size_t len;
    int err;

    if (conn->on_event == NULL)
        return 0;
    err = wire_string(doc, method, &name, &len);
    if (err == 0 && params != 0) {
        text = wire_text(doc, params);
        err = text != NULL ? 0 : -ENOMEM;
    }
    if (err == 0)
        conn->on_event(conn->user, name, text);
    free(text);
    free(name);
    return err;
}

/** The request that an answer is for; NULL: none. */
static struct request *whose_answer(const struct scbox_conn *conn, const struct json_doc *doc)
{
    uint32_t id = json_get(doc, 0, "id");
    struct request *r;
    int64_t number;

    if (id == 0 || json_kind(doc, id) != JSON_NUMBER)
        return newest_unanswered(conn);
    r = wire_int(doc, id, &number) == 0 ? request_find(conn, number) : NULL;
    return r != NULL && !r->answered ? r : NULL;
}

/** Handle a message. Returns 0; -EPROTO: nothing expects it; -ENOMEM. */
static int handle_message(struct scbox_conn *conn, const struct json_doc *doc)
{
    uint32_t method = json_kind(doc, 0) == JSON_OBJECT ? json_get(doc, 0, "method") : 0;
    uint32_t value;
    struct request *r;

    if (json_kind(doc, 0) != JSON_OBJECT)
        return -EPROTO;
    if (method != 0 && json_kind(doc, method) == JSON_STRING)
        return deliver(conn, doc, method);
    r = whose_answer(conn, doc);
    if (r == NULL)
        return -EPROTO;
    if (r->forgotten) {
        request_free(r);
        return 0;
    }
    value = json_get(doc, 0, "error");
    r->refused = value != 0;
    if (value == 0)
        value = json_get(doc, 0, "result");
    if (value != 0)
        r->answer = wire_text(doc, value);
    if (value != 0 && r->answer == NULL)
        return -ENOMEM;
    r->answered = true;
    return 0;
}

/** Read a line and handle it. Returns 0 or the -errno that broke the connection. */
static int take_line(struct scbox_conn *conn, const char *line, size_t len,
                     struct scbox_error *error)
{
    struct json_doc doc = JSON_DOC_INIT;
    struct json_error why;
    int err = wire_read(&doc, line, len, &why);

    if (err == 0)
        err = handle_message(conn, &doc);
    json_doc_done(&doc);
    if (err < 0)
        return conn_break(conn, err == -ENOMEM ? err : -EPROTO, error);
    return 0;
}

/** Handle the first whole line that has come. Returns 1 when there was one, 0, or -errno. */
static int handle_line(struct scbox_conn *conn, struct scbox_error *error)
{
    size_t start = conn->taken;
    const char *end = NULL;
    int err;

    if (conn->in.len > conn->searched)
        end = memchr(conn->in.ptr + conn->searched, '\n', conn->in.len - conn->searched);
    if ((end != NULL ? (size_t)(end - conn->in.ptr) : conn->in.len) - start > SCBOX_MESSAGE_MAX)
        return conn_break(conn, -EMSGSIZE, error);
    if (end == NULL) {
        conn->searched = conn->in.len;
        return 0;
    }
    conn->taken = (size_t)(end - conn->in.ptr) + 1;
    conn->searched = conn->taken;
    err = take_line(conn, conn->in.ptr + start, conn->taken - 1 - start, error);
    return err < 0 ? err : 1;
}

int scbox_poll(struct scbox_conn *conn, int timeout_ms, struct scbox_error *error)
{
    int64_t deadline = clock_ms() + timeout_ms;

    if (conn == NULL)
        return error_set(error, -EINVAL, "no connection: it is NULL");
    for (;;) {
        int done = handle_line(conn, error);
        int64_t left = deadline - clock_ms();

        if (done != 0)
            return done < 0 ? done : 0;
        if (timeout_ms == SCBOX_FOREVER)
            left = SCBOX_FOREVER;
        else if (left < 0)
            left = 0;
        done = conn_read(conn, (int)left, error);
        if (done < 0)
            return done;
    }
}

/** Handle every whole line that has come. Returns 0 or -errno. */
static int handle_lines(struct scbox_conn *conn, struct scbox_error *error)
{
    int done;

    do
        done = handle_line(conn, error);
    while (done > 0);
    return done;
}

int scbox_drain(struct scbox_conn *conn, struct scbox_error *error)
{
    int err;

    if (conn == NULL)
        return error_set(error, -EINVAL, "no connection: it is NULL");
    err = handle_lines(conn, error);
    if (err == 0)
        err = conn_read(conn, 0, error);
    if (err == -ETIMEDOUT || err == -EINTR)
        return 0;
    return err < 0 ? err : handle_lines(conn, error);
}

/** Take an answer and end its request. */
static int take_answer(struct request *r, char **out_result, struct scbox_error *error)
{
    char *answer = r->answer;
    bool refused = r->refused;

    r->answer = NULL;
    request_free(r);
    if (answer == NULL)
        return error_set(error, -EBADMSG, "the daemon's answer has no result");
    if (refused)
        return error_take(error, answer);
    if (out_result != NULL)
        *out_result = answer;
    else
        free(answer);
    return SCBOX_OK;
}

/**
 * Handle messages until a request is answered. Events may come faster than they are handled, so a
 * time that is over ends this although there is always one more: the socket is read once more, and
 * what has come whole by then is handled.
 */
static int await_answer(struct scbox_conn *conn, const struct request *r, int timeout_ms,
                        struct scbox_error *error)
{
    int64_t deadline = clock_ms() + timeout_ms;
    bool last = false;

    while (!r->answered) {
        int done = handle_line(conn, error);
        int64_t left = timeout_ms == SCBOX_FOREVER ? INT_MAX : deadline - clock_ms();

        if (done < 0)
            return done;
        if (done > 0)
            continue;
        if (last)
            return error_set(error, -ETIMEDOUT, "no answer in time");
        last = left <= 0;
        done = conn_read(conn,
                         timeout_ms == SCBOX_FOREVER ? SCBOX_FOREVER
                         : last                      ? 0
                                                     : (int)left,
                         error);
        if (done < 0)
            return done;
    }
    return 0;
}

int scbox_receive(struct scbox_conn *conn, int64_t id, int timeout_ms, char **out_result,
                  struct scbox_error *error)
{
    struct request *r = conn != NULL ? request_find(conn, id) : NULL;
    int err;

    if (r == NULL || r->forgotten)
        return error_set(error, -EINVAL, "no such request is in flight");
    err = await_answer(conn, r, timeout_ms, error);
    return err < 0 ? err : take_answer(r, out_result, error);
}

void scbox_forget(struct scbox_conn *conn, int64_t id)
{
    struct request *r = conn != NULL ? request_find(conn, id) : NULL;
    char params[48];

    if (r == NULL)
        return;
    if (r->answered) {
        request_free(r);
        return;
    }
    r->forgotten = true;
    (void)snprintf(params, sizeof params, "{\"id\":%" PRId64 "}", id);
    (void)request_send(conn, "$/cancelRequest", params, NULL, NULL);
}

int request_await(struct scbox_conn *conn, int64_t id, int timeout_ms, char **out_result,
                  struct scbox_error *error)
{
    int err = scbox_receive(conn, id, timeout_ms, out_result, error);

    if (err == -ETIMEDOUT || err == -EINTR)
        scbox_forget(conn, id);
    return err;
}

int scbox_call(struct scbox_conn *conn, const char *method, const char *params, int timeout_ms,
               char **out_result, struct scbox_error *error)
{
    int64_t id = 0;
    int err = scbox_send(conn, method, params, &id, error);

    return err < 0 ? err : request_await(conn, id, timeout_ms, out_result, error);
}

int scbox_subscribe(struct scbox_conn *conn, const char *kinds, bool lossless, int timeout_ms,
                    struct scbox_error *error)
{
    struct strbuf params = STRBUF_INIT;
    const char *comma = "";
    int64_t id = 0;
    int err;

    if (conn == NULL || kinds == NULL)
        return error_set(error, -EINVAL, "no %s: it is NULL",
                         conn == NULL ? "connection" : "kinds of events");
    (void)strbuf_adds(&params, "{\"events\":[");
    for (kinds += strspn(kinds, " ,"); *kinds != '\0'; kinds += strspn(kinds, " ,")) {
        size_t len = strcspn(kinds, " ,");

        (void)strbuf_adds(&params, comma);
        comma = ",";
        wire_add_string(&params, kinds, len);
        kinds += len;
    }
    (void)strbuf_addf(&params, "],\"lossless\":%s}", lossless ? "true" : "false");
    if (strbuf_failed(&params))
        err = error_set(error, -ENOMEM, "out of memory");
    else
        err = request_send(conn, "trace.subscribe", params.ptr, &id, error);
    strbuf_done(&params);
    return err < 0 ? err : request_await(conn, id, timeout_ms, NULL, error);
}
