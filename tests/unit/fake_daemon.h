/* SPDX-License-Identifier: MIT */
/* A daemon of the test's own: a listening socket, a connection to it, and bytes written by hand. */
#ifndef TESTS_UNIT_FAKE_DAEMON_H
#define TESTS_UNIT_FAKE_DAEMON_H

#include "client/lib/scbox.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char dir[] = "/tmp/scbox-test-XXXXXX";
static char path[64];
static int listener = -1;
static int daemon_fd = -1; /* the daemon's end of the connection */
static struct scbox_conn *conn;
static struct scbox_error error;

static void fake_start(void)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};

    cr_assert_not_null(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/s", dir);
    memcpy(addr.sun_path, path, strlen(path));
    listener = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert_eq(bind(listener, (struct sockaddr *)&addr, sizeof addr), 0);
    cr_assert_eq(listen(listener, 1), 0);
    cr_assert_eq(scbox_connect(path, &conn, &error), 0);
    daemon_fd = accept(listener, NULL, NULL);
}

static void fake_stop(void)
{
    scbox_disconnect(conn);
    scbox_error_done(&error);
    if (daemon_fd >= 0)
        (void)close(daemon_fd);
    (void)close(listener);
    (void)unlink(path);
    (void)rmdir(dir);
}

/** Write bytes as the daemon. */
static void say(const char *text)
{
    cr_assert_eq(write(daemon_fd, text, strlen(text)), (ssize_t)strlen(text));
}

/** What the client has sent; a static buffer. */
static const char *heard(void)
{
    static char text[4096];
    ssize_t got = read(daemon_fd, text, sizeof text - 1);

    text[got > 0 ? got : 0] = '\0';
    return text;
}

#endif
