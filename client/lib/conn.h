/* SPDX-License-Identifier: MIT */
/*
 * The inside of a connection: a socket, the bytes that came, the requests in flight.
 *
 *     conn.c      the socket: connect, write a line, read what is there
 *     request.c   JSON-RPC over it: send, receive, events
 *     error.c     struct scbox_error
 *     data.c      bytes and exact numbers in JSON
 *     clock.c     the time that waits are measured by
 */
#ifndef CLIENT_LIB_CONN_H
#define CLIENT_LIB_CONN_H

#include "client/lib/scbox.h"
#include "server/base/list.h"
#include "server/base/strbuf.h"

struct scbox_conn {
    int fd;
    int broken; /* -errno that ended the connection, 0 while it lives */
    int64_t last_id;
    struct strbuf in;        /* bytes that are no whole line yet, and lines not looked at yet */
    size_t taken;            /* bytes at the start of `in` whose lines were handled */
    size_t searched;         /* bytes of `in`, from its start, with no end of line behind `taken` */
    struct list requests;    /* struct request, oldest first */
    scbox_event_fn on_event; /* NULL: nobody */
    void *user;
};

/** A request in flight, or answered and not yet taken. */
struct request {
    struct list link;
    int64_t id;
    cJSON *answer;  /* the whole message; NULL until it came */
    bool forgotten; /* drop the answer when it comes */
};

/**
 * Replace what @error holds. @error may be NULL.
 * Returns   @code, for tail calls.
 */
int error_set(struct scbox_error *error, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** Take a JSON-RPC error object into @error, which may be NULL. Returns SCBOX_REFUSED. */
int error_take(struct scbox_error *error, cJSON *object);

/** Write all of a line, however long it takes the daemon to read it. Returns 0 or -errno. */
int conn_write(struct scbox_conn *conn, const char *line, size_t len, struct scbox_error *error);

/**
 * Wait for bytes and read them into conn->in.
 * Returns   0, -ETIMEDOUT, -EINTR, or the -errno that broke the connection.
 */
int conn_read(struct scbox_conn *conn, int timeout_ms, struct scbox_error *error);

/** Remember that the connection is over and why. Returns @err. */
int conn_break(struct scbox_conn *conn, int err, struct scbox_error *error);

#endif
