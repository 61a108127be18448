/* SPDX-License-Identifier: MIT */
/*
 * JSON-RPC over a connection.
 *
 * A request lives in conn->requests from scbox_send() until its answer is taken by scbox_receive(), or,
 * once it was forgotten, until its answer comes. Messages are handled one at a time, in the order they came.
 */
#include "client/lib/clock.h"
#include "client/lib/conn.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct request *request_at(struct list *link)
{
    return container_of(link, struct request, link);
}

/** The request of an id, which JSON carries as a double. NULL: none. */
static struct request *request_find(const struct scbox_conn *conn, double id)
{
    for (struct list *i = conn->requests.next; i != &conn->requests; i = i->next) {
        if ((double)request_at(i)->id == id)
            return request_at(i);
    }
    return NULL;
}

static void request_free(struct request *r)
{
    list_del(&r->link);
    cJSON_Delete(r->answer);
    free(r);
}

void scbox_close(struct scbox_conn *conn)
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
    conn->on_event = fn;
    conn->user = user;
}

/** Write one message. @message borrowed. Returns 0 or -errno. */
static int write_message(struct scbox_conn *conn, const cJSON *message, struct scbox_error *error)
{
    char *text = scbox_json(message);
    size_t len;
    int err;

    if (text == NULL)
        return error_set(error, -ENOMEM, "out of memory");
    len = strlen(text);
    text[len] = '\n'; /* the line's end takes the place of the NUL */
    err = conn_write(conn, text, len + 1, error);
    free(text);
    return err;
}

/** Build a message without an id; NULL without memory. @params taken. */
static cJSON *message_new(const char *method, cJSON *params)
{
    cJSON *message = cJSON_CreateObject();

    if (message == NULL || cJSON_AddStringToObject(message, "jsonrpc", "2.0") == NULL ||
        cJSON_AddStringToObject(message, "method", method) == NULL ||
        (params != NULL && !cJSON_AddItemToObject(message, "params", params))) {
        cJSON_Delete(message);
        cJSON_Delete(params);
        return NULL;
    }
    return message;
}

int scbox_notify(struct scbox_conn *conn, const char *method, cJSON *params,
                 struct scbox_error *error)
{
    cJSON *message = message_new(method, params);
    int err;

    if (message == NULL)
        return error_set(error, -ENOMEM, "out of memory");
    err = write_message(conn, message, error);
    cJSON_Delete(message);
    return err;
}

int scbox_send(struct scbox_conn *conn, const char *method, cJSON *params, int64_t *out_id,
               struct scbox_error *error)
{
    cJSON *message = message_new(method, params);
    struct request *r = calloc(1, sizeof *r);
    int64_t id = conn->last_id + 1;
    int err = -ENOMEM;

    if (message == NULL || r == NULL ||
        cJSON_AddNumberToObject(message, "id", (double)id) == NULL) {
        error_set(error, err, "out of memory");
        goto out;
    }
    err = write_message(conn, message, error);
    if (err < 0)
        goto out;
    conn->last_id = id;
    r->id = id;
    list_append(&conn->requests, &r->link);
    r = NULL;
    *out_id = id;
out:
    cJSON_Delete(message);
    free(r);
    return err;
}

/** The newest request without an answer: an error without an id is about it. NULL: none. */
static struct request *newest_unanswered(const struct scbox_conn *conn)
{
    for (struct list *i = conn->requests.prev; i != &conn->requests; i = i->prev) {
        if (request_at(i)->answer == NULL)
            return request_at(i);
    }
    return NULL;
}

/** Put a message where it belongs. @message taken. Returns 0; -EPROTO when it belongs nowhere. */
static int handle_message(struct scbox_conn *conn, cJSON *message)
{
    const cJSON *method = cJSON_GetObjectItemCaseSensitive(message, "method");
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(message, "id");
    struct request *r;

    if (cJSON_IsString(method)) {
        if (conn->on_event != NULL)
            conn->on_event(conn->user, method->valuestring,
                           cJSON_GetObjectItemCaseSensitive(message, "params"));
        cJSON_Delete(message);
        return 0;
    }
    r = cJSON_IsNumber(id) ? request_find(conn, id->valuedouble) : newest_unanswered(conn);
    if (r == NULL || r->answer != NULL) {
        cJSON_Delete(message);
        return -EPROTO;
    }
    r->answer = message;
    if (r->forgotten)
        request_free(r);
    return 0;
}

/** Handle the first whole line that has come. Returns 1 when there was one, 0, or -errno. */
static int handle_line(struct scbox_conn *conn, struct scbox_error *error)
{
    size_t start = conn->taken;
    const char *end = NULL;
    cJSON *message;

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
    message = cJSON_ParseWithLength(conn->in.ptr + start, conn->taken - 1 - start);
    if (!cJSON_IsObject(message) || handle_message(conn, message) != 0) {
        if (!cJSON_IsObject(message))
            cJSON_Delete(message);
        (void)conn_break(conn, -EPROTO, NULL);
        return error_set(error, -EPROTO, "what the daemon sent is no JSON-RPC answer");
    }
    return 1;
}

int scbox_poll(struct scbox_conn *conn, int timeout_ms, struct scbox_error *error)
{
    int64_t deadline = clock_ms() + timeout_ms;

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
    int err = handle_lines(conn, error);

    if (err == 0)
        err = conn_read(conn, 0, error);
    if (err == -ETIMEDOUT || err == -EINTR)
        return 0;
    return err < 0 ? err : handle_lines(conn, error);
}

/** Take an answer apart and end its request. */
static int take_answer(struct request *r, cJSON **out_result, struct scbox_error *error)
{
    cJSON *failed = cJSON_GetObjectItemCaseSensitive(r->answer, "error");
    cJSON *result = cJSON_DetachItemFromObjectCaseSensitive(r->answer, "result");
    int outcome = SCBOX_OK;

    if (failed != NULL) {
        cJSON_Delete(result);
        outcome = error_take(error, failed);
    } else if (result == NULL) {
        outcome = error_set(error, -EPROTO, "the daemon's answer has no result");
    } else if (out_result != NULL) {
        *out_result = result;
    } else {
        cJSON_Delete(result);
    }
    request_free(r);
    return outcome;
}

/**
 * Handle messages until a request is answered. Events may come faster than they are handled, so a time that
 * is over ends this although there is always one more: the socket is read once more, and what has come
 * whole by then is handled.
 */
static int await_answer(struct scbox_conn *conn, const struct request *r, int timeout_ms,
                        struct scbox_error *error)
{
    int64_t deadline = clock_ms() + timeout_ms;
    bool last = false;

    while (r->answer == NULL) {
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

int scbox_receive(struct scbox_conn *conn, int64_t id, int timeout_ms, cJSON **out_result,
                  struct scbox_error *error)
{
    struct request *r = request_find(conn, (double)id);
    int err;

    if (r == NULL || r->forgotten)
        return error_set(error, -EINVAL, "no such request is in flight");
    err = await_answer(conn, r, timeout_ms, error);
    return err < 0 ? err : take_answer(r, out_result, error);
}

void scbox_forget(struct scbox_conn *conn, int64_t id)
{
    struct request *r = request_find(conn, (double)id);
    cJSON *params;

    if (r == NULL)
        return;
    if (r->answer != NULL) {
        request_free(r);
        return;
    }
    r->forgotten = true;
    params = cJSON_CreateObject();
    (void)cJSON_AddNumberToObject(params, "id", (double)id);
    (void)scbox_notify(conn, "$/cancelRequest", params, NULL);
}

int scbox_call(struct scbox_conn *conn, const char *method, cJSON *params, int timeout_ms,
               cJSON **out_result, struct scbox_error *error)
{
    int64_t id = 0;
    int err = scbox_send(conn, method, params, &id, error);

    if (err < 0)
        return err;
    err = scbox_receive(conn, id, timeout_ms, out_result, error);
    if (err == -ETIMEDOUT || err == -EINTR)
        scbox_forget(conn, id);
    return err;
}

int scbox_subscribe(struct scbox_conn *conn, const char *kinds, bool lossless, int timeout_ms,
                    struct scbox_error *error)
{
    cJSON *params = cJSON_CreateObject();
    cJSON *events = cJSON_AddArrayToObject(params, "events");

    while (*kinds != '\0') {
        size_t len = strcspn(kinds, " ,");
        char kind[16];

        if (len > 0 && len < sizeof kind) {
            memcpy(kind, kinds, len);
            kind[len] = '\0';
            (void)cJSON_AddItemToArray(events, cJSON_CreateString(kind));
        }
        kinds += len;
        kinds += strspn(kinds, " ,");
    }
    (void)cJSON_AddBoolToObject(params, "lossless", lossless);
    return scbox_call(conn, "trace.subscribe", params, timeout_ms, NULL, error);
}
