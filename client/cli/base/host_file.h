/* SPDX-License-Identifier: MIT */
/*
 * Files of this host: the only place where client/cli opens one.
 *
 * Nothing here waits for another process. What is opened is opened without waiting (a FIFO without a
 * partner, a device), looked at, and refused in words unless its kind is wanted:
 *
 *     reading      regular files; directories where HOST_DIR says so
 *     writing      new or emptied regular files; for streams (HOST_STREAM) also devices, terminals, and
 *                  FIFOs that somebody reads
 *
 * stdin, stdout and stderr are open already and do not come through here.
 */
#ifndef CLIENT_CLI_BASE_HOST_FILE_H
#define CLIENT_CLI_BASE_HOST_FILE_H

#include "server/base/strbuf.h"
#include "server/base/why.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

enum {
    HOST_DIR = 1,             /* reading: a directory will do, too */
    HOST_NEW = 2,             /* writing: there must be no such file */
    HOST_APPEND = 4,          /* writing: behind what is there, for its owner alone */
    HOST_STREAM = 8,          /* writing: what is no regular file will do, too */
    HOST_LEVELS_MAX = 16,     /* directories inside each other that host_walk() enters */
    HOST_ENTRIES_MAX = 50000, /* entries that host_walk() looks at */
};

/* The problem of a link to a directory that contains it. */
#define HOST_LOOP "it links to a directory above it"

/* Bytes of one file that is copied into a machine. */
#define HOST_COPY_MAX (INT64_C(4) << 30)

/**
 * Open a file to read it.
 * @max      bytes it may have; below 0: any number.
 * @flags    0 or HOST_DIR.
 * @st       may be NULL; else filled on success.
 * @why      may be NULL; gets one sentence about what is wrong, without the path.
 * Returns   a descriptor; close(); or -errno: -EINVAL for a kind that is not read, -EISDIR, -EFBIG.
 */
int host_open(const char *path, int64_t max, int flags, struct stat *st, struct why *why);

/**
 * Read all of a regular file.
 * @out      appended to; may hold a part after an error.
 * Returns   0; -errno as host_open(); -ENOMEM.
 */
int host_read(const char *path, size_t max, struct strbuf *out, struct why *why);

/** The last @max bytes of a regular file, appended to @out. As host_read(). */
int host_read_end(const char *path, size_t max, struct strbuf *out);

/** Open a file to write it; flags HOST_NEW, HOST_APPEND, HOST_STREAM. As host_open(). */
int host_create(const char *path, int flags, struct why *why);

/** host_create() as a stream; fclose(). Returns 0 or -errno. */
int host_create_stream(const char *path, int flags, FILE **out, struct why *why);

/** Open a directory; closedir(). NULL: it is none, or can't be read. */
DIR *host_dir(const char *path);

/** /dev/null, to read and to write; close(); -errno. */
int host_null(void);

/** The first sentence of @why, for messages. */
const char *host_reason(const struct why *why);

/**
 * What host_walk() has found.
 * @path     DIR/NAME; taken by nobody: borrowed for the call.
 * @problem  NULL: a regular file. Else why the entry is passed over, in words.
 * Returns   0; another value ends the walk, which returns it.
 */
typedef int (*host_found_fn)(void *user, const char *path, const char *problem);

/**
 * Walk through a directory and those below it. Names that begin with '.' are passed over in silence; links
 * are followed, except to a directory that the walk is in.
 * Returns   0; what @fn returned; -errno of the directory itself; -ELOOP for more than HOST_LEVELS_MAX
 *           levels and -E2BIG for more than HOST_ENTRIES_MAX entries, with @why.
 */
int host_walk(const char *dir, host_found_fn fn, void *user, struct why *why);

/** Whether @st is one of the @count directories that lead to it. */
bool host_is_loop(const struct stat *above, size_t count, const struct stat *st);

#endif
