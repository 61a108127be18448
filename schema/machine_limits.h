/* SPDX-License-Identifier: MIT */
/*
 * The limits of one machine. This is the only list of them: the JSON of machine.create and
 * machine.info, the configuration file and the kernel's checks use these rows.
 *
 * MACHINE_LIMITS(LIMIT) expands to LIMIT(name, initial, ceiling, most, doc) for each; all are
 * positive:
 *
 *   initial  a machine's limit unless one is given. It suits a class: a student's machine never
 *            reaches it, a hundred such machines fit a host, and none alone can exhaust it.
 *   ceiling  the most a client may set, unless the configuration sets the limit; the daemon lowers
 *            some to what its host can serve (server/host/capacity.h).
 *   most     the most the configuration may set.
 */
#ifndef SCHEMA_MACHINE_LIMITS_H
#define SCHEMA_MACHINE_LIMITS_H

#include <stdint.h>

#define MACHINE_LIMITS(LIMIT)                                                                      \
    LIMIT(procs, 10000, 100000, INT32_MAX,                                                         \
          "processes, including ended ones not yet waited for: EAGAIN")                            \
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
    LIMIT(helpers, 16, 256, INT32_MAX, "filesystems with a process of the host: EMFILE")           \
    LIMIT(listings, 64 << 20, 1 << 30, INT64_MAX / 2,                                              \
          "bytes that the listings of open directories may take: ENOMEM")                          \
    LIMIT(storage, INT64_C(1) << 30, INT64_C(64) << 30, INT64_MAX / 2,                             \
          "bytes that filesystems in memory may take together: ENOSPC")

/** Limits of a machine; 0: not set. */
struct machine_limits {
#define MACHINE_LIMIT(name, initial, ceiling, most, doc) uint64_t name;
    MACHINE_LIMITS(MACHINE_LIMIT)
#undef MACHINE_LIMIT
};

#endif
