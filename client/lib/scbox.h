/* SPDX-License-Identifier: MIT */
/*
 * libscbox: a client of scboxd in C.
 *
 * One connection, blocking calls, no threads and no callbacks but one for events. Requests and
 * answers are JSON-RPC 2.0; parameters and results are cJSON trees. Sample:
 *
 *     struct scbox_error why = SCBOX_ERROR_INIT;
 *     struct scbox_conn *conn;
 *     cJSON *result;
 *
 *     if (scbox_connect(NULL, &conn, &why) != 0)
 *         die(why.message);
 *     cJSON *params = cJSON_CreateObject();
 *     cJSON_AddStringToObject(params, "file", "root:/etc/passwd");
 *     cJSON_AddNumberToObject(params, "mode", FM_READ);
 *     if (scbox_call(conn, "SC_OPEN", params, SCBOX_FOREVER, &result, &why) == SCBOX_OK)
 *         … "fd" of result …; cJSON_Delete(result);
 *     else
 *         puts(why.message);          ENOENT
 *     scbox_error_done(&why);
 *     scbox_close(conn);
 *
 * A call that blocks in the simulated system (PROC_WAIT) need not block the client: scbox_send() it,
 * go on, and scbox_receive() its answer later. Answers may come in any order.
 *
 * Outcomes. Every function that talks to the daemon returns one of three kinds of value:
 *
 *     SCBOX_OK        the daemon answered with a result
 *     SCBOX_REFUSED   the daemon answered with an error; struct scbox_error holds it: a positive
 *                     errno of the simulated system, or a negative code of JSON-RPC
 *     -errno          there was no answer: -ETIMEDOUT, -ECONNREFUSED, -ECONNRESET (the daemon is
 *                     gone), -EPROTO (what came is no JSON-RPC), -EMSGSIZE, -ENOMEM …; the same
 *                     number and a sentence stand in struct scbox_error
 *
 * A signal ends a wait with -EINTR. After -ETIMEDOUT and -EINTR the wait can be taken up again; after the
 * others the connection can only be closed.
 */
#ifndef CLIENT_LIB_SCBOX_H
#define CLIENT_LIB_SCBOX_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SCBOX_OK = 0,
    SCBOX_REFUSED = 1,
    SCBOX_FOREVER = -1,                   /* a timeout that never comes */
    SCBOX_MESSAGE_MAX = 16 * 1024 * 1024, /* bytes of one incoming message: -EMSGSIZE */
    SCBOX_UNREAD_MAX = 64 * 1024 * 1024,  /* bytes stored while a request can't be written */
    SCBOX_TRANSFER_MAX = 256 * 1024,      /* bytes one READ or WRITE may carry */
};

/** Codes of errors that are no errno of the simulated system. */
enum scbox_code {
    SCBOX_E_PARSE = -32700,
    SCBOX_E_REQUEST = -32600,
    SCBOX_E_METHOD = -32601,
    SCBOX_E_PARAMS = -32602,
    SCBOX_E_INTERNAL = -32603,
    SCBOX_E_SESSION = -32001, /* no such session, or its process ended */
    SCBOX_E_TOO_LARGE = -32002,
    SCBOX_E_SHUTDOWN = -32003,
    SCBOX_E_BUSY = -32004, /* too many calls in flight */
    SCBOX_E_DENIED = -32005,
    SCBOX_E_CANCELLED = -32800,
};

/** Why something did not work. Initialise it once; every function replaces what it holds. */
struct scbox_error {
    int code;      /* positive errno, negative JSON-RPC code, or the -errno that was returned */
    char *message; /* owned; "ENOENT", or a sentence; NULL when nothing failed */
    cJSON *data;   /* owned; {syscall, arg, value, why, hint, text} of a call, or NULL */
};

#define SCBOX_ERROR_INIT                                                                           \
    {                                                                                              \
        0, NULL, NULL                                                                              \
    }

struct scbox_conn;

/**
 * A notification came (its params: {kind, pid, data …}). Called from inside any function that reads.
 * @params   borrowed for the callback. Must not use the connection.
 */
typedef void (*scbox_event_fn)(void *user, const char *method, const cJSON *params);

/** Forget what an error holds; it can be used again. */
void scbox_error_done(struct scbox_error *error);

/**
 * One line for people: "ENOENT: no such file or directory".
 * Returns   returned; free(); NULL without memory.
 */
char *scbox_error_line(const struct scbox_error *error);

/**
 * Where the daemon listens when nobody says otherwise: $SCBOX_SOCKET, else
 * $XDG_RUNTIME_DIR/scbox/scboxd.sock, else /tmp/scbox-UID/scboxd.sock.
 * @out      borrowed; @size bytes.
 * Returns   0; -ENAMETOOLONG.
 */
int scbox_default_socket(char *out, size_t size);

/**
 * Connect to a daemon.
 * @path     socket; NULL is scbox_default_socket().
 * @out      returned; scbox_close().
 * @error    may be NULL; else a sentence that says what, why and what to do.
 * Returns   0; -ENOENT, -ECONNREFUSED (nobody listens), -EACCES, -ENAMETOOLONG, -ENOMEM.
 */
int scbox_connect(const char *path, struct scbox_conn **out, struct scbox_error *error);

/** Close a connection, with everything that is still in flight. Accepts NULL. */
void scbox_close(struct scbox_conn *conn);

/** The socket, for a poll() of the caller's own: readable means scbox_poll(conn, 0) has work. */
int scbox_fd(const struct scbox_conn *conn);

/** Who gets notifications; NULL: they are dropped. */
void scbox_on_event(struct scbox_conn *conn, scbox_event_fn fn, void *user);

/**
 * Send a request.
 * @params   taken, always; NULL: none.
 * @out_id   names the request for scbox_receive().
 * Returns   0 or -errno.
 */
int scbox_send(struct scbox_conn *conn, const char *method, cJSON *params, int64_t *out_id,
               struct scbox_error *error);

/** Send a notification: a request nobody answers. @params taken. Returns 0 or -errno. */
int scbox_notify(struct scbox_conn *conn, const char *method, cJSON *params,
                 struct scbox_error *error);

/**
 * Wait for the answer of a request and take it. Meanwhile other answers are kept and events delivered.
 * @timeout_ms  0 looks only at what has arrived, SCBOX_FOREVER waits.
 * @out_result  may be NULL; else returned, cJSON_Delete(); untouched unless SCBOX_OK.
 * @error       may be NULL.
 * Returns      SCBOX_OK, SCBOX_REFUSED, -ETIMEDOUT or -EINTR (ask again), -EINVAL (no such request
 *              is in flight), or another -errno.
 */
int scbox_receive(struct scbox_conn *conn, int64_t id, int timeout_ms, cJSON **out_result,
                  struct scbox_error *error);

/** Cancel a request ($/cancelRequest) and drop its answer whenever it comes. */
void scbox_forget(struct scbox_conn *conn, int64_t id);

/**
 * Read what arrives, for at most @timeout_ms, until one message was handled: events are delivered,
 * answers kept for scbox_receive().
 * Returns   0 something was handled; -ETIMEDOUT nothing came; -EINTR; another -errno.
 */
int scbox_poll(struct scbox_conn *conn, int timeout_ms, struct scbox_error *error);

/**
 * Handle what has arrived, without waiting: the socket is read once, so that this ends however fast events
 * come. For callers that wait for scbox_fd() and other things.
 * Returns   0, or the -errno that broke the connection.
 */
int scbox_drain(struct scbox_conn *conn, struct scbox_error *error);

/**
 * scbox_send() and scbox_receive() in one. After -ETIMEDOUT and -EINTR the request is cancelled and
 * forgotten.
 * @params   taken, always; NULL: none.
 */
int scbox_call(struct scbox_conn *conn, const char *method, cJSON *params, int timeout_ms,
               cJSON **out_result, struct scbox_error *error);

/**
 * Ask for events of the session's machine.
 * @kinds    of "log", "console", "note", "proc", separated by blanks or commas.
 * @lossless the machine waits while this connection has too much to read; only for a caller that reads on, and
 *           whose machine it is.
 */
int scbox_subscribe(struct scbox_conn *conn, const char *kinds, bool lossless, int timeout_ms,
                    struct scbox_error *error);

/**
 * The bytes of a JSON object that carries {data, encoding?}: a READ's result, a log event; or of a path
 * or name that is no UTF-8: {base64}.
 * @out      returned; free(); NUL-terminated behind @out_len bytes.
 * Returns   0; -EINVAL when there is no such member or its base64 is wrong; -ENOMEM.
 */
int scbox_data(const cJSON *object, char **out, size_t *out_len);

/**
 * Add bytes to a request as "data" (or @member): as text where JSON can carry them, else base64 with
 * "encoding".
 * Returns   0 or -ENOMEM.
 */
int scbox_add_data(cJSON *params, const char *member, const void *bytes, size_t len);

/**
 * A JSON value as compact text, every whole number exact up to 2^53: cJSON alone rounds those of more
 * than 15 digits.
 * @value    NULL: the memory for it was missing.
 * Returns   returned; free(); NULL without memory.
 */
char *scbox_json(const cJSON *value);

#endif
