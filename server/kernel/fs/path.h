/* SPDX-License-Identifier: MIT */
/*
 * The edge where "name:/path" becomes the name of a view and a canonical path.
 *
 *     "root:/a/b"  ->  name "root", path "/a/b"        "root:a" -> "/a"        "root:" -> "/"
 *     "root:/a/b/" ->  the same path; its trailing '/' asks for a directory
 *
 * No code behind this edge parses paths again: drivers and the core rely on the canonical form.
 */
#ifndef SERVER_KERNEL_FS_PATH_H
#define SERVER_KERNEL_FS_PATH_H

#include "fsdrivers/fsdriver.h"
#include "schema/calls.h"
#include "server/base/why.h"

/** A canonical absolute path: "/" or "/a/b". */
struct path {
    size_t len;
    bool asks_dir;             /* written with a '/' behind its last component */
    char str[FS_PATH_MAX + 1]; /* NUL-terminated */
};

/**
 * Split name:/path.
 * @in       borrowed.
 * @name     set to the part of @in before the first ':', perhaps empty.
 * @path     filled with the canonical path.
 * Returns   0; -EINVAL no ':', bad name, empty component, "." or "..", NUL byte;
 *           -ENAMETOOLONG a component above SC_COMPONENT_MAX, a name above SC_NAME_MAX, a path
 *           above FS_PATH_MAX.
 */
int path_split(struct sc_str in, struct sc_str *name, struct path *path, struct why *why);

/** Check a view name: 1..SC_NAME_MAX bytes, no ':', '/', NUL. Returns 0, -EINVAL, -ENAMETOOLONG. */
int path_check_name(struct sc_str name, struct why *why);

/** Canonicalise a path without a name (SUBFS root). Returns as path_split(). */
int path_parse(struct sc_str in, struct path *path, struct why *why);

/** Append a canonical path: "/a" and "/b" make "/a/b". -ENAMETOOLONG. */
int path_join(struct path *p, const char *tail, size_t tail_len);

/** Append one component. -ENAMETOOLONG. */
int path_push(struct path *p, const char *name, size_t len);

/** Remove the last component; "/" stays "/". */
void path_pop(struct path *p);

/** The last component, "" for the root. Borrowed from @p. */
const char *path_base(const struct path *p);

/** Set the path to "/". */
void path_set_root(struct path *p);

#endif
