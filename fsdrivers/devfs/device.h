/* SPDX-License-Identifier: MIT */
/*
 * The devices of a machine. devfs has only them, in one directory; ramfs has them beside files.
 *
 *     name      read                          write
 *     clock     the time: decimal ns since    discarded
 *               the epoch, and a newline
 *     console   as tty                        to the machine's console (env->console)
 *     full      zeros                         -ENOSPC
 *     null      end of file                   discarded
 *     random    random (env->random)          discarded
 *     tty       what was typed to the         to the machine's console (env->console)
 *               caller's session (env->input)
 *     zero      zeros                         discarded
 *
 * Console and tty are streams and open nonseekable. Each read of the clock from its start gets the
 * time anew. Their commands are those of schema/commands.def.
 */
#ifndef FSDRIVERS_DEVFS_DEVICE_H
#define FSDRIVERS_DEVFS_DEVICE_H

#include "fsdrivers/fsdriver.h"

enum { DEVICE_MODE = 0666 };

struct device {
    const char *name;
    uint32_t major, minor; /* Linux's numbers, for programs that check them */
    bool stream;
    int64_t (*read)(const struct fs_env *env, const struct fs_caller *who, struct fs_buf buf,
                    int64_t off);
    int64_t (*write)(const struct fs_env *env, const struct fs_caller *who, struct fs_bytes bytes);
    /* Whether read() would not answer -EAGAIN; NULL: it never does. */
    bool (*is_ready)(const struct fs_env *env, const struct fs_caller *who);
    /* As fs_ops.ioctl; NULL: it has no commands. */
    int (*command)(const struct fs_env *env, const struct fs_caller *who, uint32_t command,
                   struct fs_buf data);
};

/** The commands of all devices. */
extern const struct fs_command device_commands[];

/** All devices, by name. */
extern const struct device device_table[];
extern const size_t device_count;

/** A device's number, as in fs_stat.rdev. */
static inline uint64_t device_number(const struct device *dev)
{
    return ((uint64_t)dev->major << 8) | dev->minor;
}

/** fs_ops.ioctl of a device; NULL: of a file that is not one. */
int device_command(const struct device *dev, const struct fs_env *env, const struct fs_caller *who,
                   uint32_t command, struct fs_buf data);

/** Whether a read, or a write, would not block. */
bool device_is_ready(const struct device *dev, const struct fs_env *env,
                     const struct fs_caller *who, bool write);

#endif
