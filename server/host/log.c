/* SPDX-License-Identifier: MIT */
#include "server/host/log.h"

#include "server/base/strbuf.h"

#include <string.h>
#include <unistd.h>

static const char *const names[] = {"error", "warn", "info", "debug"};
static enum log_level max_level = LOG_INFO;

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

void log_line(enum log_level level, const char *fmt, ...)
{
    struct strbuf line = STRBUF_INIT;
    ssize_t written;
    va_list ap;

    if (level > max_level)
        return;
    (void)strbuf_addf(&line, "scboxd: %s: ", names[level]);
    va_start(ap, fmt);
    (void)strbuf_addv(&line, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == '\n')
            line.ptr[i] = ' ';
    }
    (void)strbuf_addc(&line, '\n');
    written = write(STDERR_FILENO, strbuf_str(&line), line.len); /* one write: lines never mix */
    (void)written; /* there is nowhere else to complain */
    strbuf_done(&line);
}
