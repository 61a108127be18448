/* SPDX-License-Identifier: MIT */
#include "server/host/log.h"

#include "server/base/strbuf.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *const names[] = {"error", "warn", "info", "debug"};
static enum log_level max_level = LOG_INFO;
static unsigned long lost; /* lines lost since the last one that was written */

void log_set_level(enum log_level level)
{
    max_level = level;
}

int log_level_by_name(const char *name)
{
    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++) {
        if (strcmp(names[i], name) == 0)
            return i;
    }
    return -1;
}

/**
 * Write a line if stderr has room for it now. stderr may be shared, so O_NONBLOCK must not be set
 * on it: poll() asks first. A socket with room for less than a line would still block, but send()
 * has MSG_DONTWAIT. Returns whether the line is out.
 */
static bool write_now(const char *line, size_t len)
{
    struct pollfd room = {STDERR_FILENO, POLLOUT, 0};
    ssize_t written;

    if (poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0)
        return false;
    written = send(STDERR_FILENO, line, len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (written < 0 && errno == ENOTSOCK)
        written = write(STDERR_FILENO, line, len); /* one write: lines never mix */
    return written >= 0;
}

/** Write how many lines were lost here. Returns false if there was no room for that either. */
static bool report_lost(void)
{
    char line[128];
    int len;

    if (lost == 0)
        return true;
    len = snprintf(line, sizeof(line), "scboxd: warn: %lu lines were lost: no room\n", lost);
    if (!write_now(line, (size_t)len))
        return false;
    lost = 0;
    return true;
}

/** Make one line of a text: replace its line ends, and cut it to size. Returns its length. */
static size_t fit(char *text, size_t len)
{
    len = len < LOG_LINE_MAX ? len : LOG_LINE_MAX - 1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            text[i] = ' ';
    }
    text[len] = '\n';
    return len + 1;
}

void log_line(enum log_level level, const char *fmt, ...)
{
    struct strbuf line = STRBUF_INIT;
    va_list ap;

    if (level > max_level)
        return;
    (void)strbuf_addf(&line, "scboxd: %s: ", names[level]);
    va_start(ap, fmt);
    (void)strbuf_addv(&line, fmt, ap);
    va_end(ap);
    if (line.len == 0 || !report_lost() || !write_now(line.ptr, fit(line.ptr, line.len)))
        lost++;
    strbuf_done(&line);
}
