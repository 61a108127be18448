/* SPDX-License-Identifier: MIT */
/*
 * Lookups for handlers: from the arguments of a call to views, places and open files of its caller,
 * with their rights checked. Every refusal adds its reason to the call.
 */
#ifndef SERVER_KERNEL_SC_FIND_H
#define SERVER_KERNEL_SC_FIND_H

#include "server/kernel/call/call.h"
#include "server/kernel/fs/vfs.h"

/** Split name:/path and find the caller's view. Returns as path_split(); -ENODEV. */
int find_view(struct call *call, struct sc_str file, struct view **view, struct path *path);

/** Find an existing file, links followed, in a view with the rights @mode (FM_*). Returns as
 * find_view(), view_allows() and vfs_walk_existing(). */
int find_place(struct call *call, struct sc_str file, uint32_t mode, struct place *at);

/** Find a name, which may be free; a link at its end is not followed. Otherwise as find_place(). */
int find_name(struct call *call, struct sc_str file, uint32_t mode, struct place *at);

/**
 * Check the rights of the view that find_view() found for @file. A refusal has the name that the
 * view's maker uses, if the caller's differs. Returns 0 or -EACCES.
 */
int find_rights(struct call *call, struct sc_str file, const struct view *view, uint32_t mode);

/** Find two names of one view. Returns as find_name(); -EXDEV. */
int find_two_names(struct call *call, const struct sc_str file[2], uint32_t mode,
                   struct place at[2]);

/** Find the caller's direct child by pid; or -ESRCH. @out borrowed. */
int find_child(struct call *call, int32_t pid, struct proc **out);

/** find_child() that has not ended: only such a child gets names and handles. */
int find_live_child(struct call *call, int32_t pid, struct proc **out);

/** The open file of an fd that has the right which the call's row needs; or -EBADF. @out borrowed. */
int find_file(struct call *call, int32_t fd, struct open_file **out);

#endif
