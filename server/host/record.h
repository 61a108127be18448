/* SPDX-License-Identifier: MIT */
/* The files that --record and --inputs name: what the daemon answered, and what machines were told; a line each. */
#ifndef SERVER_HOST_RECORD_H
#define SERVER_HOST_RECORD_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Where to record: @option, or else, when $SCBOXD_RECORD names a directory, a file in it with the
 * process's id for a name.
 * @option   --record of the command line, or NULL.
 * @out      returned, free(); NULL when nothing shall be recorded.
 * Returns   0, -ENOMEM.
 */
int record_name(const char *option, char **out);

/** Open the file at its end, or with @anew empty; made when missing. Returns its descriptor, or -errno. */
int record_open(const char *name, bool anew);

/** Append one line to a file, @what. One write: lines of daemons that share it never mix. */
void record_line(int fd, const char *what, const char *line, size_t len);

#endif
