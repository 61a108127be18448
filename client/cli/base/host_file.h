/* SPDX-License-Identifier: MIT */
/*
 * Files of this host: the only place where client/cli opens one.
 *
 * Nothing here waits for another process, as at a FIFO or a device. A file is opened without
 * waiting, checked, and refused with a reason unless its kind is allowed:
 *
 *     reading      regular files; directories with HOST_DIR
 *     writing      new or emptied regular files; for streams (HOST_STREAM) also devices, terminals, and
 *                  FIFOs with a reader
 *
 * stdin, stdout and stderr are not opened here.
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
    HOST_DIR = 1,             /* reading: directories are allowed, too */
    HOST_NEW = 2,             /* writing: the file must not exist */
    HOST_APPEND = 4,          /* writing: append; a new file is private to its owner */
    HOST_STREAM = 8,          /* writing: other files than regular ones are allowed, too */
    HOST_LEVELS_MAX = 16,     /* nested directories that host_walk() enters */
    HOST_ENTRIES_MAX = 50000, /* entries that host_walk() reads */
};

/* The problem of a link to a directory that contains it. */
#define HOST_LOOP "it links to a directory above it"

/* Bytes of one file that is copied into a machine. */
#define HOST_COPY_MAX (INT64_C(4) << 30)

/**
 * Open a file to read it.
 * @max      its most bytes; below 0: no limit.
 * @flags    0 or HOST_DIR.
 * @st       may be NULL; else filled on success.
 * @why      may be NULL; receives one sentence, without the path.
 * Returns   a descriptor; close(); or -errno: -EINVAL for a kind that is not allowed, -EISDIR, -EFBIG.
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

/** Open a directory; closedir(). NULL: it is not a directory, or can't be read. */
DIR *host_dir(const char *path);

/** /dev/null, to read and to write; close(); -errno. */
int host_null(void);

/** The first sentence of @why, for messages. */
const char *host_reason(const struct why *why);

/**
 * Called by host_walk() for each entry.
 * @path     DIR/NAME; borrowed for the call.
 * @problem  NULL: a regular file. Otherwise why the entry is ignored.
 * Returns   0; another value ends the walk, which returns it.
 */
typedef int (*host_found_fn)(void *user, const char *path, const char *problem);

/**
 * Walk through a directory and those below it. Names that begin with '.' are skipped; links are
 * followed, except to a directory that the walk is in.
 * Returns   0; the result of @fn; -errno of the directory itself; -ELOOP for more than HOST_LEVELS_MAX
 *           levels and -E2BIG for more than HOST_ENTRIES_MAX entries, with @why.
 */
int host_walk(const char *dir, host_found_fn fn, void *user, struct why *why);

/** Whether @st is one of @count directories above it. */
bool host_is_loop(const struct stat *above, size_t count, const struct stat *st);

#endif
