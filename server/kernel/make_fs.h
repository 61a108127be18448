/* SPDX-License-Identifier: MIT */
/*
 * Making filesystems: a driver gets what it may use of the machine (fs_env), and its instance gets
 * a mount, a view of all of it, and a name. What MAKE_FS and machine_mount() share.
 */
#ifndef SERVER_KERNEL_MAKE_FS_H
#define SERVER_KERNEL_MAKE_FS_H

#include "server/kernel/proc.h"

/** What it takes to make a filesystem and name it. */
struct fs_wish {
    struct proc *proc; /* gets the name; whom it is made for */
    struct sc_str name;
    const char *driver;
    const char *opts;
    struct open_file *source; /* or NULL */
    struct why *why;
};

/** Make a filesystem and name it. @w borrowed; ns_check_new() took its name. Returns as SC_MAKE_FS. */
int make_fs(const struct fs_wish *w);

#endif
