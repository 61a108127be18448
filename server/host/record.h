/* SPDX-License-Identifier: MIT */
/* The files of --record (the daemon's answers) and --inputs (the log of inputs), a line each. */
#ifndef SERVER_HOST_RECORD_H
#define SERVER_HOST_RECORD_H

#include <stdbool.h>
#include <stddef.h>

/**
 * The name of the record: @option, else a file named by the process id in the directory
 * $SCBOXD_RECORD.
 * @option   --record of the command line, or NULL.
 * @out      returned, free(); NULL if neither is set.
 * Returns   0, -ENOMEM.
 */
int record_name(const char *option, char **out);

/** Open a file to append to, made if missing, emptied if @anew. Returns a descriptor, -errno. */
int record_open(const char *name, bool anew);

/** Append a line to a file called @what in the log. It is one write(), so lines of daemons that
 * share the file never mix. */
void record_line(int fd, const char *what, const char *line, size_t len);

#endif
