/* SPDX-License-Identifier: MIT */
/*
 * What one machine may hold: the only list of it. The JSON of machine.create and machine.info, the
 * configuration file and the kernel's checks come from these rows.
 *
 * MACHINE_LIMITS(LIMIT) expands to LIMIT(name, initial, ceiling, most, doc) for each; all are
 * positive:
 *
 *   initial  what a machine has when nobody says. It suits a class: a student's machine never meets
 *            it, and a hundred of such machines fit a host, but no machine alone can use a host up.
 *   ceiling  what a client may raise it to when the configuration does not name it; the daemon lowers
 *            some to what its host could serve (server/host/capacity.h).
 *   most     what the configuration may raise it to.
 */
#ifndef SCHEMA_MACHINE_LIMITS_H
#define SCHEMA_MACHINE_LIMITS_H

#include <stdint.h>

#define MACHINE_LIMITS(LIMIT)                                                                      \
    LIMIT(procs, 10000, 100000, INT32_MAX, "processes, ended ones not yet waited for too: EAGAIN") \
    LIMIT(fds, 1024, 65536, INT32_MAX, "handles of one process: EMFILE")                           \
    LIMIT(names, 256, 65536, INT32_MAX, "names in one process's namespace: EMFILE")                \
    LIMIT(regions, 4096, 65536, INT32_MAX, "memory regions of one process: ENOMEM")                \
    LIMIT(memory, INT64_C(1) << 30, INT64_C(64) << 30, INT64_MAX / 2,                              \
          "bytes one process may map: ENOMEM")                                                     \
    LIMIT(image, 64 << 20, 256 << 20, INT32_MAX,                                                   \
          "bytes of an executable, and so of what it loads: ENOEXEC")                              \
    LIMIT(all_fds, 100000, 1000000, INT32_MAX, "handles of all processes together: EMFILE")        \
    LIMIT(all_names, 100000, 1000000, INT32_MAX, "names in all namespaces together: EMFILE")       \
    LIMIT(all_memory, INT64_C(4) << 30, INT64_C(256) << 30, INT64_MAX / 2,                         \
          "bytes that all processes together may map: ENOMEM")                                     \
    LIMIT(all_args, 16 << 20, 256 << 20, INT64_MAX / 2,                                            \
          "bytes of all processes' arguments and environments: ENOMEM")                            \
    LIMIT(files, 50000, 500000, INT32_MAX, "open files, however many handles they have: EMFILE")   \
    LIMIT(labels, 16 << 20, 1 << 30, INT64_MAX / 2,                                                \
          "bytes of the names that open files were opened by: EMFILE")                             \
    LIMIT(nodes, 200000, 2000000, INT32_MAX,                                                       \
          "names of files in use, directories on the way to them included: ENOMEM")                \
    LIMIT(mapping, 256 << 20, INT64_C(4) << 30, INT64_MAX / 2,                                     \
          "bytes of one mapping of a file: ENOMEM")                                                \
    LIMIT(mapped, 256, 4096, INT32_MAX,                                                            \
          "files that are mapped; each takes a descriptor of the daemon: ENOMEM")                  \
    LIMIT(descriptors, 32768, 1 << 20, INT32_MAX,                                                  \
          "descriptors of the daemon that guests, mapped files and filesystems take; a host with " \
          "few lowers it: EAGAIN, ENOMEM, EMFILE")                                                 \
    LIMIT(channels, 4096, 65536, INT32_MAX, "channels: ENOMEM")                                    \
    LIMIT(queued, 64 << 20, 1 << 30, INT64_MAX / 2,                                                \
          "bytes that wait in channels and terminals: ENOMEM")                                     \
    LIMIT(views, 100000, 1000000, INT32_MAX, "views: EMFILE")                                      \
    LIMIT(mounts, 1024, 16384, INT32_MAX, "filesystems: EMFILE")                                   \
    LIMIT(listings, 64 << 20, 1 << 30, INT64_MAX / 2,                                              \
          "bytes that the listings of open directories may take: ENOMEM")                          \
    LIMIT(storage, INT64_C(1) << 30, INT64_C(64) << 30, INT64_MAX / 2,                             \
          "bytes that filesystems in memory may take together: ENOSPC")

/** A member of 0 means that nobody has said. */
struct machine_limits {
#define MACHINE_LIMIT(name, initial, ceiling, most, doc) uint64_t name;
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
};

#endif
