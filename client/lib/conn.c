/* SPDX-License-Identifier: MIT */
#include "client/lib/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    READ_SIZE = 64 * 1024,
    WRITE_TIMEOUT_MS = 30 * 1000, /* a daemon that reads nothing for so long is given up:
                                     -ECONNABORTED */
};

const char *scbox_version(void)
{
    return SCBOX_VERSION;
}

int scbox_default_socket(char *out, size_t size)
{
    const char *path = getenv("SCBOX_SOCKET");
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int len;

    if (out == NULL)
        return -EINVAL;
    if (path != NULL && path[0] != '\0')
        len = snprintf(out, size, "%s", path);
    else if (runtime != NULL && runtime[0] != '\0')
        len = snprintf(out, size, "%s/scbox/scboxd.sock", runtime);
    else
        len = snprintf(out, size, "/tmp/scbox-%lu/scboxd.sock", (unsigned long)getuid());
    return len >= 0 && (size_t)len < size ? 0 : -ENAMETOOLONG;
}

/** Set why a socket could not be connected, and what to do. Returns @err. */
static int connect_error(struct scbox_error *error, const char *path, int err)
{
    switch (err) {
    case -ENOENT:
        return error_set(error, err, "no daemon at %s: the socket does not exist; start scboxd",
                         path);
    case -ECONNREFUSED:
        return error_set(error, err, "no daemon at %s: it no longer listens there; start scboxd",
                         path);
    case -EACCES:
        return error_set(error, err,
                         "permission to use the socket %s was denied: it belongs to another user",
                         path);
    default:
        return error_set(error, err, "can't connect to %s: %s", path, strerror(-err));
    }
}

/** Connect a new socket. @out_fd returned; close(). Returns 0 or -errno. */
static int connect_socket(const char *path, int *out_fd, struct scbox_error *error)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd;

    if (strlen(path) >= sizeof addr.sun_path)
        return error_set(error, -ENAMETOOLONG,
                         "the socket path %s is too long: %zu bytes, a socket may have %zu; "
                         "choose a shorter one with --socket",
                         path, strlen(path), sizeof addr.sun_path - 1);
    memcpy(addr.sun_path, path, strlen(path));
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return connect_error(error, path, -errno);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) != 0) {
        int err = -errno;

        (void)close(fd);
        return connect_error(error, path, err);
    }
    *out_fd = fd;
    return 0;
}

struct scbox_conn *conn_new(int fd)
{
    struct scbox_conn *conn = calloc(1, sizeof *conn);

    if (conn == NULL)
        return NULL;
    conn->fd = fd;
    conn->timeout_ms = SCBOX_FOREVER;
    list_init(&conn->requests);
    return conn;
}

int scbox_connect(const char *path, struct scbox_conn **out, struct scbox_error *error)
{
    char standard[4096];
    struct scbox_conn *conn;
    int fd = -1;
    int err;

    if (out == NULL)
        return error_set(error, -EINVAL, "there is nowhere to put the connection: out is NULL");
    if (path == NULL && scbox_default_socket(standard, sizeof standard) != 0)
        return error_set(error, -ENAMETOOLONG, "the socket path is too long; set SCBOX_SOCKET");
    err = connect_socket(path != NULL ? path : standard, &fd, error);
    if (err < 0)
        return err;
    conn = conn_new(fd);
    if (conn == NULL) {
        (void)close(fd);
        return error_set(error, -ENOMEM, "out of memory");
    }
    *out = conn;
    return 0;
}

int scbox_fd(const struct scbox_conn *conn)
{
    return conn != NULL ? conn->fd : -EINVAL;
}

int32_t scbox_act_as(struct scbox_conn *conn, int32_t pid)
{
    int32_t before = conn != NULL ? conn->as : 0;

    if (conn != NULL)
        conn->as = pid;
    return before;
}

void scbox_set_timeout(struct scbox_conn *conn, int timeout_ms)
{
    if (conn != NULL)
        conn->timeout_ms = timeout_ms;
}

int conn_break(struct scbox_conn *conn, int err, struct scbox_error *error)
{
    if (conn->broken == 0)
        conn->broken = err;
    if (err == -EPROTO)
        return error_set(error, err, "the daemon sent something else than a JSON-RPC answer");
    if (err == -ECONNRESET || err == -EPIPE)
        return error_set(error, err, "the daemon closed the connection");
    if (err == -ECONNABORTED)
        return error_set(error, err, "the daemon has read nothing for %d s",
                         WRITE_TIMEOUT_MS / 1000);
    if (err == -EMSGSIZE)
        return error_set(error, err, "the daemon sent a message of more than %d bytes",
                         SCBOX_MESSAGE_MAX);
    return error_set(error, err, "the connection to the daemon failed: %s", strerror(-err));
}

/** Read the socket's bytes into conn->in. Returns 0, -EAGAIN, or the -errno that broke it. */
static int take_bytes(struct scbox_conn *conn, struct scbox_error *error)
{
    ssize_t got;

    strbuf_drop(&conn->in, conn->taken);
    conn->searched -= conn->taken;
    conn->taken = 0;
    if (strbuf_reserve(&conn->in, READ_SIZE) < 0)
        return conn_break(conn, -ENOMEM, error);
    got = recv(conn->fd, conn->in.ptr + conn->in.len, READ_SIZE, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return -EAGAIN;
    if (got < 0)
        return conn_break(conn, -errno, error);
    if (got == 0)
        return conn_break(conn, -ECONNRESET, error);
    conn->in.len += (size_t)got;
    conn->in.ptr[conn->in.len] = '\0';
    return 0;
}

int conn_read(struct scbox_conn *conn, int timeout_ms, struct scbox_error *error)
{
    struct pollfd pfd = {.fd = conn->fd, .events = POLLIN};
    int ready;

    if (conn->broken != 0)
        return conn_break(conn, conn->broken, error);
    ready = poll(&pfd, 1, timeout_ms);
    if (ready < 0 && errno == EINTR)
        return error_set(error, -EINTR, "interrupted");
    if (ready < 0)
        return conn_break(conn, -errno, error);
    if (ready == 0)
        return error_set(error, -ETIMEDOUT, "no answer in time");
    if (take_bytes(conn, error) == 0 || conn->broken == 0)
        return 0;
    return conn->broken;
}

/**
 * Wait until the socket takes bytes. What the daemon sends meanwhile is stored, up to
 * SCBOX_UNREAD_MAX bytes: then the daemon has to read first. Returns 0 or -errno.
 */
static int wait_writable(struct scbox_conn *conn, struct scbox_error *error)
{
    bool full = conn->in.len - conn->taken >= SCBOX_UNREAD_MAX;
    struct pollfd pfd = {.fd = conn->fd, .events = (short)(full ? POLLOUT : POLLIN | POLLOUT)};
    int ready = poll(&pfd, 1, WRITE_TIMEOUT_MS);

    if (ready < 0 && errno != EINTR)
        return conn_break(conn, -errno, error);
    if (ready == 0)
        return conn_break(conn, -ECONNABORTED, error);
    if (ready > 0 && (pfd.revents & POLLIN) != 0 && take_bytes(conn, error) != 0)
        return conn->broken;
    return 0;
}

int conn_write(struct scbox_conn *conn, const char *line, size_t len, struct scbox_error *error)
{
    while (len > 0) {
        ssize_t sent;

        if (conn->broken != 0)
            return conn_break(conn, conn->broken, error);
        sent = send(conn->fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            line += sent;
            len -= (size_t)sent;
        } else if (errno == EAGAIN || errno == EINTR) {
            int err = wait_writable(conn, error);

            if (err < 0)
                return err;
        } else {
            return conn_break(conn, -errno, error);
        }
    }
    return 0;
}
