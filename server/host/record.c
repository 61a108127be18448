/* SPDX-License-Identifier: MIT */
#include "server/host/record.h"

#include "server/base/strbuf.h"
#include "server/host/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int record_name(const char *option, char **out)
{
    const char *dir = getenv("SCBOXD_RECORD");
    struct strbuf name = STRBUF_INIT;

    *out = NULL;
    if (option != NULL)
        (void)strbuf_adds(&name, option);
    else if (dir != NULL && *dir != '\0')
        (void)strbuf_addf(&name, "%s/%ld.jsonl", dir, (long)getpid());
    else
        return 0;
    *out = strbuf_take(&name);
    return *out != NULL ? 0 : -ENOMEM;
}

int record_open(const char *name, bool anew)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (anew ? O_TRUNC : 0), 0600);

    return fd >= 0 ? fd : -errno;
}

void record_line(int fd, const char *what, const char *line, size_t len)
{
    ssize_t written = write(fd, line, len);

    if (written != (ssize_t)len)
        log_line(LOG_WARN, "%s lacks a line: %s", what,
                 written < 0 ? strerror(errno) : "it was cut");
}
