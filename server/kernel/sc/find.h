/* SPDX-License-Identifier: MIT */
/*
 * What handlers look up: from the arguments of a call to views, places and open files of its caller,
 * with the rights they need checked. Every refusal leaves its reason in the call.
 */
#ifndef SERVER_KERNEL_SC_FIND_H
#define SERVER_KERNEL_SC_FIND_H

#include "server/kernel/call/call.h"
#include "server/kernel/fs/vfs.h"

/** Split name:/path and find the caller's view. Returns as path_split(); -ENODEV. */
int find_view(struct call *call, struct sc_str file, struct view **view, struct path *path);

/** An existing file, links followed, in a view that has the right to @mode (FM_*). Returns as
 * find_view(), view_allows() and vfs_walk_existing(). */
int find_place(struct call *call, struct sc_str file, uint32_t mode, struct place *at);

/** A name that may be free, a link at its end being what is meant. Otherwise as find_place(). */
int find_name(struct call *call, struct sc_str file, uint32_t mode, struct place *at);

/**
 * Check the rights of the view that @file was found in by find_view(). A refusal tells what the
 * view is called by who made it, when the caller calls it otherwise. Returns 0 or -EACCES.
 */
int find_rights(struct call *call, struct sc_str file, const struct view *view, uint32_t mode);

/** Two names of one view. Returns as find_name(); -EXDEV. */
int find_two_names(struct call *call, const struct sc_str file[2], uint32_t mode,
                   struct place at[2]);

/** The caller's direct child of a pid; or -ESRCH. @out borrowed. */
int find_child(struct call *call, int32_t pid, struct proc **out);

/** find_child() that has not ended: only those are given names and handles. */
int find_live_child(struct call *call, int32_t pid, struct proc **out);

/** The open file of an fd that has the right which the call's row needs; or -EBADF. @out borrowed. */
int find_file(struct call *call, int32_t fd, struct open_file **out);

#endif
