/* SPDX-License-Identifier: MIT */
/* Splitting canonical paths. The core has checked them (fsdriver.h), so nothing here fails. */
#ifndef FSDRIVERS_FSPATH_H
#define FSDRIVERS_FSPATH_H

#include <stdbool.h>
#include <stddef.h>

/** A component of a path, or another name: bytes without NUL, borrowed from the path. */
struct fsname {
    const char *ptr;
    size_t len;
};

/**
 * Take the next component of a path.
 * @cursor   in: where to begin, at first the path itself; out: behind the component.
 * @out      the component.
 * Returns   whether there was one.
 */
bool fspath_next(const char **cursor, struct fsname *out);

/**
 * Split a path into its directory and its last component: "/a/b" into "/a" and "b", "/a" into ""
 * and "a", "/" into "" and an empty name.
 * @dir      the directory's bytes; of length 0 for the root.
 * @name     the last component.
 */
void fspath_split(const char *path, struct fsname *dir, struct fsname *name);

/** Whether @path names something below the directory @dir (and not @dir itself). */
bool fspath_below(const char *path, const char *dir);

/** Whether @path is "/". */
bool fspath_is_root(const char *path);

#endif
