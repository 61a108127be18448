/* SPDX-License-Identifier: MIT */
/*
 * Making filesystems, for MAKE_FS and machine_mount(): the driver gets its view of the machine
 * (fs_env), and its instance gets a mount, a view of all of it, and a name.
 */
#ifndef SERVER_KERNEL_FS_MAKE_FS_H
#define SERVER_KERNEL_FS_MAKE_FS_H

#include "server/kernel/proc/proc.h"

/** The files of the host that the caller may make filesystems from. */
enum sources {
    SOURCES_NONE,
    SOURCES_CONFIGURED, /* those that the configuration allows */
    SOURCES_ANY,
};

/** A filesystem to be made and named. */
struct fs_spec {
    struct proc *proc; /* gets the name; owner of the new filesystem */
    struct sc_str name;
    const char *driver;
    const char *opts;         /* "key=value,key"; NULL: none */
    struct open_file *source; /* holds the image; referenced; or NULL */
    enum sources sources;     /* what "source=" in @opts may name */
    struct why *why;          /* receives the reasons of a refusal; or NULL */
};

/** Make a filesystem and name it. @spec borrowed; ns_check_new() accepted its name. Returns as
 * SC_MAKE_FS. */
int make_fs(struct fs_spec *spec);

#endif
