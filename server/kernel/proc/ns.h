/* SPDX-License-Identifier: MIT */
/*
 * What a process can refer to: views by name (its namespace) and open files by number (its fds).
 *
 * Both are hash tables with a limit. OPEN never reuses a number: the next one is past every number
 * used so far, so a stale fd is EBADF and never another file.
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
    size_t reserved; /* numbers that have no file yet */
    int64_t next;    /* past INT32_MAX once all numbers were used */
};

/** Make an empty namespace of at most @max names. @m borrowed; its census counts them. */
void ns_init(struct ns *ns, struct machine *m, size_t max);

/** Remove all names. The namespace is empty and usable again. */
void ns_done(struct ns *ns);

/** The view of a name, borrowed; NULL: none. */
struct view *ns_find(const struct ns *ns, struct sc_str name);

/** The view of a name, borrowed; or -ENODEV, with the existing names as the reason. */
int ns_get(const struct ns *ns, struct sc_str name, struct why *why, struct view **out);

/** Check that a new view could be given the name. Returns as ns_add(); -EMFILE also past the
 * machine's limit of views. */
int ns_check_new(const struct ns *ns, struct sc_str name, struct why *why);

/** Name a view. @name is copied, @view referenced. -EINVAL or -ENAMETOOLONG bad name, -EEXIST,
 * -EMFILE past the limit, -ENOMEM. */
int ns_add(struct ns *ns, struct sc_str name, struct view *view, struct why *why);

/** Remove a name and its reference to the view. -ENODEV. */
int ns_remove(struct ns *ns, struct sc_str name);

/** Call @fn for each name in the order they were added; it may remove that name. A non-zero result
 * stops the iteration and is returned. @name is NUL-terminated. */
typedef int (*ns_each_fn)(void *user, struct sc_str name, struct view *view);
int ns_each(const struct ns *ns, ns_each_fn fn, void *user);

/** Make an empty table of at most @max handles. @m borrowed; its census counts them. */
void fd_table_init(struct fd_table *t, struct machine *m, size_t max);

/** Close all handles. The table is empty; numbers are still not reused. */
void fd_table_done(struct fd_table *t);

/** The open file of an fd, borrowed; NULL: none. */
struct open_file *fd_find(const struct fd_table *t, int32_t fd);

/**
 * Reserve the next number, before its open file is made. Until fd_fill() it counts as unused.
 * @out      borrowed from the table; fd_fill() or fd_give_up() must be the next call.
 * Returns   0; -EMFILE past a limit, of handles or of open files, or past the last number,
 *           -ENOMEM.
 */
int fd_reserve(struct fd_table *t, struct why *why, struct fd_entry **out);

/** Give a reserved number its open file. @f is taken. Returns the number. */
int32_t fd_fill(struct fd_table *t, struct fd_entry *slot, struct open_file *f);

/** Release a reserved number; it is the next one again. */
void fd_give_up(struct fd_table *t, struct fd_entry *slot);

/** Give an open file a given number. -EINVAL below 1, -EEXIST, -EMFILE, -ENOMEM. */
int fd_add_at(struct fd_table *t, int32_t fd, struct open_file *f, struct why *why);

/** Remove a number and its reference to the open file. -EBADF. */
int fd_remove(struct fd_table *t, int32_t fd);

/** Call @fn for each fd in the order they were added; it may remove that fd. A non-zero result
 * stops the iteration and is returned. */
typedef int (*fd_each_fn)(void *user, int32_t fd, struct open_file *f);
int fd_each(const struct fd_table *t, fd_each_fn fn, void *user);

#endif
