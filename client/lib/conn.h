/* SPDX-License-Identifier: MIT */
/*
 * The inside of a connection: a socket, the bytes that came, the requests in flight.
 *
 *     conn.c         the socket: connect, write a line, read what is there
 *     request.c      JSON-RPC over it: send, receive, events
 *     typed.c        helpers of scbox_calls.c, which is generated
 *     wire.c         values of JSON, bytes among them
 *     error.c        struct scbox_error
 *     clock.c        the clock of timeouts
 *     scbox_cjson.c  the same for trees, not in the installed library
 */
#ifndef CLIENT_LIB_CONN_H
#define CLIENT_LIB_CONN_H

#include "client/lib/scbox.h"
#include "server/base/list.h"
#include "server/base/strbuf.h"

struct cJSON;

struct scbox_conn {
    int fd;
    int broken; /* -errno that ended the connection, 0 while it lives */
    int64_t last_id;
    struct strbuf in;        /* bytes of an incomplete line, and unread lines */
    size_t taken;            /* bytes at the start of `in` whose lines were handled */
    size_t searched;         /* bytes of `in`, from its start, with no end of line behind `taken` */
    struct list requests;    /* struct request, oldest first */
    scbox_event_fn on_event; /* NULL: nobody */
    void *user;
    void (*on_tree)(void *user, const char *method, const struct cJSON *params); /* scbox_cjson.c */
    void *tree_user;
    int32_t as;     /* the process of the calls; 0: the session's own */
    int timeout_ms; /* of these calls */
};

/** A request in flight, or answered and not yet taken. */
struct request {
    struct list link;
    int64_t id;
    bool answered;
    bool refused;   /* the answer is an error */
    bool forgotten; /* drop the answer when it comes */
    char *answer;   /* the result or error; NULL: the message had neither */
};

/**
 * Replace what @error holds by a -errno of our own, with a sentence. @error may be NULL.
 * Returns   @code, for tail calls.
 */
int error_set(struct scbox_error *error, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Take a JSON-RPC error object into @error, which may be NULL. @text taken. Returns
 * SCBOX_REFUSED. */
int error_take(struct scbox_error *error, char *text);

/** Whether the code is a -errno of the library: there was no answer. */
static inline bool error_is_ours(int code)
{
    return code < 0 && code > SCBOX_E_SESSION;
}

/** A connection over a socket that is connected. @fd taken, unless there is no memory: then it is
 * NULL. */
struct scbox_conn *conn_new(int fd);

/** Write all of a line, however long it takes the daemon to read it. Returns 0 or -errno. */
int conn_write(struct scbox_conn *conn, const char *line, size_t len, struct scbox_error *error);

/**
 * Wait for bytes and read them into conn->in.
 * Returns   0, -ETIMEDOUT, -EINTR, or the -errno that broke the connection.
 */
int conn_read(struct scbox_conn *conn, int timeout_ms, struct scbox_error *error);

/** Mark the connection as broken. Returns @err. */
int conn_break(struct scbox_conn *conn, int err, struct scbox_error *error);

/**
 * scbox_send() of params that need no check.
 * @params   NULL: none.
 * @out_id   NULL: it is a notification.
 */
int request_send(struct scbox_conn *conn, const char *method, const char *params, int64_t *out_id,
                 struct scbox_error *error);

/** What is behind request_send() in scbox_call(): wait, and forget the request when no answer
 * comes in time. */
int request_await(struct scbox_conn *conn, int64_t id, int timeout_ms, char **out_result,
                  struct scbox_error *error);

#endif
