/* SPDX-License-Identifier: MIT */
/*
 * What a process can name: views by name (its namespace) and open files by number (its fds).
 *
 * Both are hash tables with a limit. OPEN never gives out a number twice: the next one is always
 * past every number used so far, so that a stale fd is EBADF and not somebody else's file.
 */
#ifndef SERVER_KERNEL_PROC_NS_H
#define SERVER_KERNEL_PROC_NS_H

#include "server/kernel/fs/vfs.h"

struct ns_entry;
struct fd_entry;
struct machine;

struct ns {
    struct machine *machine;
    struct ns_entry *names; /* uthash, in the order they were added */
    size_t count;
    size_t max;
};

struct fd_table {
    struct machine *machine;
    struct fd_entry *fds; /* uthash */
    size_t count;
    size_t max;
    size_t reserved; /* numbers without a file yet */
    int64_t next;    /* past INT32_MAX when all numbers were used */
};

/** Make an empty namespace of at most @max names. @m borrowed; its census counts the names. */
void ns_init(struct ns *ns, struct machine *m, size_t max);

/** Forget all names; it is empty and usable again. */
void ns_done(struct ns *ns);

/** The view of a name, borrowed. NULL when there is none. */
struct view *ns_find(const struct ns *ns, struct sc_str name);

/** The view of a name, borrowed; or -ENODEV, with the names there are as reason. */
int ns_get(const struct ns *ns, struct sc_str name, struct why *why, struct view **out);

/** Whether a name can be given to a view that is still to be made. Returns as ns_add(); -EMFILE past
 * the machine's limit of views, too. */
int ns_check_new(const struct ns *ns, struct sc_str name, struct why *why);

/** Give a view a name, copied; references the view. -EINVAL or -ENAMETOOLONG bad name, -EEXIST,
 * -EMFILE past the limit, -ENOMEM. */
int ns_add(struct ns *ns, struct sc_str name, struct view *view, struct why *why);

/** Forget a name; the view goes with its last reference. -ENODEV. */
int ns_remove(struct ns *ns, struct sc_str name);

/** Call @fn for each name in the order they were added; it may remove the one it is given. Stops at
 * a result other than 0 and returns it. @name is NUL-terminated. */
typedef int (*ns_each_fn)(void *user, struct sc_str name, struct view *view);
int ns_each(const struct ns *ns, ns_each_fn fn, void *user);

/** Make an empty table of at most @max handles. @m borrowed; its census counts the handles. */
void fd_table_init(struct fd_table *t, struct machine *m, size_t max);

/** Forget all handles; it is empty, and its numbers go on from where they were. */
void fd_table_done(struct fd_table *t);

/** The open file of an fd, borrowed; NULL when there is none. */
struct open_file *fd_find(const struct fd_table *t, int32_t fd);

/**
 * Reserve the next number, before the open file for it is made. Until fd_fill() it counts as
 * unused.
 * @out      borrowed from the table; fd_fill() or fd_give_up() must follow, before anything else.
 * Returns   0; -EMFILE past a limit, of handles or of open files, or past the last number,
 *           -ENOMEM.
 */
int fd_reserve(struct fd_table *t, struct why *why, struct fd_entry **out);

/** Put an open file behind a reserved number. @f is taken. Returns the number. */
int32_t fd_fill(struct fd_table *t, struct fd_entry *slot, struct open_file *f);

/** Give a reserved number back; it is the next one again. */
void fd_give_up(struct fd_table *t, struct fd_entry *slot);

/** Give an open file a certain number. -EINVAL below 1, -EEXIST, -EMFILE, -ENOMEM. */
int fd_add_at(struct fd_table *t, int32_t fd, struct open_file *f, struct why *why);

/** Forget a number; the file is closed with its last reference. -EBADF. */
int fd_remove(struct fd_table *t, int32_t fd);

/** Call @fn for each fd in the order they were added; it may remove the one it is given. Stops at a
 * result other than 0 and returns it. */
typedef int (*fd_each_fn)(void *user, int32_t fd, struct open_file *f);
int fd_each(const struct fd_table *t, fd_each_fn fn, void *user);

#endif
