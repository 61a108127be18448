/* SPDX-License-Identifier: MIT */
/*
 * Making filesystems: a driver gets what it may use of the machine (fs_env), and its instance gets
 * a mount, a view of all of it, and a name. What MAKE_FS and machine_mount() share.
 */
#ifndef SERVER_KERNEL_FS_MAKE_FS_H
#define SERVER_KERNEL_FS_MAKE_FS_H

#include "server/kernel/proc/proc.h"

/** Which files of the host somebody may make filesystems from. */
enum sources {
    SOURCES_NONE,
    SOURCES_CONFIGURED, /* those that the daemon's configuration allows */
    SOURCES_ANY,
};

/** What it takes to make a filesystem and name it. */
struct fs_spec {
    struct proc *proc; /* gets the name, and owns what is made now */
    struct sc_str name;
    const char *driver;
    const char *opts;         /* "key=value,key"; NULL none */
    struct open_file *source; /* what its image is read from; referenced; or NULL */
    enum sources sources;     /* what "source=" in @opts may name */
    struct why *why;          /* gets the reasons of a refusal; or NULL */
};

/** Make a filesystem and name it. @spec borrowed; ns_check_new() took its name. Returns as
 * SC_MAKE_FS. */
int make_fs(struct fs_spec *spec);

#endif
