/* SPDX-License-Identifier: MIT */
/*
 * libscbox: a client of scboxd in C.
 *
 * One connection, blocking calls, no threads, and one callback, for events. A system call of
 * the simulated system is a function of scbox_calls.h; everything else the daemon does is reached
 * by scbox_call(), whose parameters and results are JSON text. Sample:
 *
 *     #include <scbox.h>
 *     #include <scbox_calls.h>
 *
 *     struct scbox_error error = SCBOX_ERROR_INIT;
 *     struct scbox_conn *conn = NULL;
 *     char *result = NULL;
 *     int32_t fd;
 *
 *     if (scbox_connect(NULL, &conn, &error) != 0 ||
 *         scbox_call(conn, "server.info", NULL, SCBOX_FOREVER, &result, &error) != 0 ||
 *         scbox_open(conn, "root:/letter", SCBOX_FM_READ, &fd, &error) != 0)
 *         fprintf(stderr, "%s: %s\n", error.name, error.reason);
 *     free(result);
 *     scbox_error_done(&error);
 *     scbox_disconnect(conn);
 *
 * Build it with:  cc letter.c $(pkg-config --cflags --libs scbox)
 *
 * Outcomes. Every function that talks to the daemon returns one of three kinds of value:
 *
 *     SCBOX_OK        0: the daemon answered with a result
 *     SCBOX_REFUSED   1: the daemon answered with an error; struct scbox_error holds it: a positive
 *                     errno of the simulated system (Linux numbers), or a negative code of JSON-RPC
 *     -errno          there was no proper answer; the same number, its name and a sentence stand
 *                     in struct scbox_error:
 *                       -EINVAL               an argument is NULL or not JSON; nothing was sent
 *                       -ETIMEDOUT, -EINTR    no answer in time, or a signal came first
 *                       -EBADMSG              an answer without a result, or with an improper one
 *                       -ECONNRESET, -EPIPE   the daemon has ended
 *                       -ECONNABORTED         it has read nothing for 30 s
 *                       -EPROTO, -EMSGSIZE    its message is not JSON-RPC, or too long
 *                       -ENOMEM               no memory
 *
 * Out parameters keep their value unless the function returns 0. After -EINVAL, -ETIMEDOUT, -EINTR
 * and -EBADMSG the connection can be used as before; after the others it can only be closed.
 *
 * Processes. The first SC_* call of a connection makes a process for it, unless "session.open" has.
 * Calls act as that process, or as one below it: scbox_act_as().
 *
 * Late answers. A call that blocks in the simulated system (PROC_WAIT) need not block the client:
 * scbox_send() it, and scbox_receive() its answer later. Answers may come in any order.
 *
 * Ownership. Parameters are borrowed for the call. What a function returns through a char ** is the
 * caller's and released with free().
 *
 * Threads. The library has no global state: threads may use different connections at the same time.
 * One connection, and one struct scbox_error, is used by one thread at a time. scbox_connect()
 * without a path and scbox_default_socket() read the environment. No signal is raised: a lost
 * daemon is an error, never SIGPIPE.
 */
#ifndef SCBOX_H
#define SCBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef SCBOX_API
#define SCBOX_API __attribute__((visibility("default")))
#endif

enum {
    SCBOX_OK = 0,
    SCBOX_REFUSED = 1,
    SCBOX_FOREVER = -1,                   /* no timeout */
    SCBOX_MESSAGE_MAX = 16 * 1024 * 1024, /* bytes of one incoming message: -EMSGSIZE */
    SCBOX_NESTING_MAX = 1000,             /* nesting of arrays and objects, in both directions */
    SCBOX_UNREAD_MAX = 64 * 1024 * 1024,  /* bytes stored while a request can't be written */
    SCBOX_TRANSFER_MAX = 256 * 1024,      /* bytes one READ or WRITE may carry */
};

/** Codes of errors that are not an errno of the simulated system. */
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
    SCBOX_E_ANSWER = -32006, /* the result is longer than the daemon's limit */
    SCBOX_E_CANCELLED = -32800,
};

/**
 * Why a function failed. Initialise it once; each failing function replaces its content.
 * It owns its texts, which are NULL before a failure, or without memory for them.
 */
struct scbox_error {
    int code;     /* positive errno, negative JSON-RPC code, or the -errno that was returned */
    char *name;   /* "ENOENT", or what JSON-RPC calls it: "Invalid params" */
    char *reason; /* sentences for people: who refused, what, and why */
    char *hint;   /* what to try next; NULL: unknown */
    char *data;   /* JSON: {syscall, arg, value, why, hint, text} of a refusal, or NULL */
};

#define SCBOX_ERROR_INIT                                                                           \
    {                                                                                              \
        0, NULL, NULL, NULL, NULL                                                                  \
    }

struct scbox_conn;

/**
 * Called for each notification (its params: {kind, pid, data …}), from inside any function that
 * reads.
 * @method   borrowed for the callback; "event".
 * @params   borrowed for the callback; JSON text, NULL when there are none.
 * The callback must not use the connection.
 */
typedef void (*scbox_event_fn)(void *user, const char *method, const char *params);

/** The version of the library that runs, "0.1.0"; static. */
SCBOX_API const char *scbox_version(void);

/** Free the content of an error; it can be used again. Accepts NULL. */
SCBOX_API void scbox_error_done(struct scbox_error *error);

/**
 * One line for people: "ENOENT: no such file or directory", or the reason where no daemon answered.
 * Returns   returned; free(); NULL without memory.
 */
SCBOX_API char *scbox_error_line(const struct scbox_error *error);

/**
 * The daemon's default socket: $SCBOX_SOCKET, else
 * $XDG_RUNTIME_DIR/scbox/scboxd.sock, else /tmp/scbox-UID/scboxd.sock.
 * @out      borrowed; @size bytes; a NUL ends it.
 * Returns   0; -ENAMETOOLONG, -EINVAL.
 */
SCBOX_API int scbox_default_socket(char *out, size_t size);

/**
 * Connect to a daemon.
 * @path     socket; NULL is scbox_default_socket().
 * @out      returned; scbox_disconnect().
 * @error    may be NULL, here and everywhere.
 * Returns   0; -ENOENT, -ECONNREFUSED (nobody listens), -EACCES, -ENAMETOOLONG, -EINVAL, -EMFILE,
 *           -ENOMEM.
 */
SCBOX_API int scbox_connect(const char *path, struct scbox_conn **out, struct scbox_error *error);

/** Close a connection, with everything that is still in flight. Accepts NULL. */
SCBOX_API void scbox_disconnect(struct scbox_conn *conn);

/**
 * The socket, for a poll() of the caller's own: readable means scbox_poll(conn, 0) has work.
 * Returns   a descriptor, which stays the connection's; -EINVAL of NULL.
 */
SCBOX_API int scbox_fd(const struct scbox_conn *conn);

/** Set the callback for notifications; NULL: they are dropped. */
SCBOX_API void scbox_on_event(struct scbox_conn *conn, scbox_event_fn fn, void *user);

/**
 * Choose the process that makes the calls of scbox_calls.h, from the next one on.
 * @pid      below the session's own, and driven by the session ("proc.drive"); 0, as it is at
 *           first: the session's own process.
 * Returns   the pid it was before; 0 of NULL.
 */
SCBOX_API int32_t scbox_act_as(struct scbox_conn *conn, int32_t pid);

/**
 * Choose how long the calls of scbox_calls.h wait for their answers.
 * @timeout_ms  milliseconds, 0 or more; SCBOX_FOREVER, as it is at first.
 */
SCBOX_API void scbox_set_timeout(struct scbox_conn *conn, int timeout_ms);

/**
 * Send a request.
 * @method   "SC_OPEN", "session.open" …
 * @params   one JSON object or array; NULL: none. Sent as it is written, so that numbers stay
 *           exact.
 * @out_id   names the request for scbox_receive().
 * Returns   0 or -errno; -EINVAL: @params is not JSON; the error has the place.
 */
SCBOX_API int scbox_send(struct scbox_conn *conn, const char *method, const char *params,
                         int64_t *out_id, struct scbox_error *error);

/** Send a notification: a request without an answer. As scbox_send(). */
SCBOX_API int scbox_notify(struct scbox_conn *conn, const char *method, const char *params,
                           struct scbox_error *error);

/**
 * Wait for the answer of a request and take it. Meanwhile other answers are kept and events
 * delivered.
 * @timeout_ms  0 looks only at what has arrived, SCBOX_FOREVER waits.
 * @out_result  may be NULL; else returned, free(): JSON text as the daemon wrote it.
 * Returns      SCBOX_OK, SCBOX_REFUSED, -ETIMEDOUT or -EINTR (ask again), -EINVAL (no such request
 *              is in flight), or another -errno.
 */
SCBOX_API int scbox_receive(struct scbox_conn *conn, int64_t id, int timeout_ms, char **out_result,
                            struct scbox_error *error);

/** Cancel a request ($/cancelRequest) and drop its answer whenever it comes. */
SCBOX_API void scbox_forget(struct scbox_conn *conn, int64_t id);

/**
 * Read what arrives, for at most @timeout_ms, until one message was handled: events are delivered,
 * answers kept for scbox_receive().
 * Returns   0 something was handled; -ETIMEDOUT nothing came; -EINTR; another -errno.
 */
SCBOX_API int scbox_poll(struct scbox_conn *conn, int timeout_ms, struct scbox_error *error);

/**
 * Handle what has arrived, without waiting: the socket is read once, so that this ends however fast
 * events come. For callers that wait for scbox_fd() and other things.
 * Returns   0, or the -errno that broke the connection.
 */
SCBOX_API int scbox_drain(struct scbox_conn *conn, struct scbox_error *error);

/**
 * scbox_send() and scbox_receive() in one. After -ETIMEDOUT and -EINTR the request is cancelled and
 * forgotten.
 */
SCBOX_API int scbox_call(struct scbox_conn *conn, const char *method, const char *params,
                         int timeout_ms, char **out_result, struct scbox_error *error);

/**
 * Ask for events of the session's machine.
 * @kinds    words of trace.subscribe, as "log" or "proc", separated by blanks or commas.
 * @lossless the machine waits while this connection has too much to read; only for a caller that
 *           reads on, and whose machine it is.
 */
SCBOX_API int scbox_subscribe(struct scbox_conn *conn, const char *kinds, bool lossless,
                              int timeout_ms, struct scbox_error *error);

/**
 * The bytes of a JSON object that carries {data, encoding?}: a READ's result, the params of a log
 * event; or of a path or name that is not UTF-8: {base64}.
 * @object   JSON text.
 * @out      returned; free(); NUL-terminated behind @out_len bytes.
 * Returns   0; -EINVAL when there is no such member, its base64 is wrong, or @object is not JSON;
 *           -ENOMEM.
 */
SCBOX_API int scbox_data(const char *object, char **out, size_t *out_len);

#ifdef __cplusplus
}
#endif
#endif
