/* SPDX-License-Identifier: MIT */
/*
 * The VFS: mounts, the nodes in use, views, open files, and the walk from a path to a driver.
 *
 *     view "home"  { mount, root node "/home", mask READ|READDIR, parent view "root" }
 *          |                 |
 *          |               node "/home" -> node "/"         (only names in use have nodes)
 *          v                                    |
 *     mount { driver instance, tree of nodes in use }        open file { mount, node, handle, rights }
 *
 * A **mount** is one driver instance, shared by all views on it and all files opened through them; it goes with
 * the last of them. A **node** stands for a name in use: the root of a view or an open file, and the directories
 * above those. Nodes are what makes MOVE cheap and safe: moving a directory re-hangs one node, and the
 * paths of everything below follow. A **view** is what a name in a namespace means: part of a mount, with a
 * mask of rights that only shrinks from parent to child. An **open file** is shared by every fd bound to it.
 *
 * All four are reference-counted, belong to one machine and are counted in its census. None of them knows
 * processes: credentials and reasons are passed in.
 */
#ifndef SERVER_KERNEL_VFS_H
#define SERVER_KERNEL_VFS_H

#include "fsdrivers/fsdriver.h"
#include "schema/calls.h"
#include "server/base/list.h"
#include "server/base/why.h"
#include "server/kernel/hash.h"
#include "server/kernel/path.h"
#include "server/kernel/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct machine;
struct node;

/** The nodes of a mount by parent and name: chains of struct node.next. */
struct node_table {
    struct node **chain;
    size_t chain_count; /* a power of two */
    size_t count;
    uint64_t next_id;
};

/** One driver instance. */
struct mount {
    struct machine *machine;
    struct fs *fs;             /* owned */
    struct node *root;         /* the node of "/", lives as long as the mount */
    struct node_table nodes;   /* all of them, the root too */
    struct timer commit_timer; /* set while fs->pending, on the host's clock */
    struct list link;          /* in machine->mounts */
    char *driver;              /* name it was made with, owned */
    int32_t maker;             /* pid that made it: FS_ADD_SRC asks */
    bool readonly;             /* every change is refused; stat.access tells it */
    uint32_t refs;
};

/** A name in use. */
struct node {
    struct mount *mount;
    struct node *parent; /* referenced; NULL of the root */
    struct node *next;   /* in its chain of mount->nodes */
    char *name;          /* owned, NUL-terminated; "" of the root */
    uint64_t id;         /* never used twice in a mount; what its children are found by */
    uint32_t refs;
    uint32_t open_count; /* open files on it */
    uint32_t root_count; /* views whose root it is */
};

/** What a name in a namespace means. */
struct view {
    struct mount *mount;
    struct node *root;
    struct view *parent; /* referenced: whom its mask was taken from; NULL of MAKE_FS's */
    char *label;         /* name it was made with, for reasons; owned */
    int32_t maker;       /* pid that made it */
    uint32_t ok_modes;
    uint32_t depth; /* views above it */
    uint32_t refs;
};

/** How many views may stand above a view. Names that are gone keep the views above theirs alive, so without
 * a limit SUBFS and RM_FS in turn would grow a chain forever. */
enum { VIEW_DEPTH_MAX = 64 };

/** A listing as READDIR gives it out. */
struct dir_snapshot {
    struct sc_dirent *at;
    size_t count;
};

/** An open file: what an fd refers to. */
struct open_file {
    struct mount *mount;
    struct node *node;
    struct fs_file file;
    struct dir_snapshot listing; /* of the last READDIR 0 */
    bool listed;                 /* listing was taken */
    uint32_t mode;               /* FM_*: rights of the handle */
    uint32_t view_modes;         /* mask of the view it was opened through: stat.access */
    uint32_t refs;
    bool is_dir;
    char *label; /* "name:/path" as opened, for reasons and fd.list; owned */
};

/** A place: where a walk arrived. */
struct place {
    struct view *view; /* borrowed from the namespace */
    struct path path;  /* in the mount, canonical, links followed */
    bool exists;
    struct fs_stat stat; /* when it exists */
};

/** The stat calls give: type, access (masked by @view_modes) and size. */
void vfs_stat(const struct mount *m, const struct fs_stat *in, uint32_t view_modes,
              struct sc_stat *out);

/**
 * Wrap a driver instance.
 * @fs       taken on success.
 * @out      returned; mount_unref().
 * Returns   0, -ENOMEM.
 */
int mount_new(struct machine *m, struct fs *fs, const char *driver, int32_t maker,
              struct mount **out);
struct mount *mount_ref(struct mount *m);
struct mount *mount_unref(struct mount *m);

/**
 * Make a view.
 * @root     referenced; a node of @mount.
 * @parent   referenced; or NULL.
 * Returns   0, -ENOMEM.
 */
int view_new(struct mount *mount, struct node *root, struct view *parent, struct sc_str label,
             uint32_t ok_modes, int32_t maker, struct view **out);
struct view *view_ref(struct view *v);
struct view *view_unref(struct view *v);

/**
 * Check a mask against a view.
 * Returns   0, or -EACCES with the reasons: the view, the missing bits, and up the chain of parents
 *           the view that took each of them away.
 */
int view_allows(const struct view *v, uint32_t modes, struct why *why);

/** A view's root path in its mount ("/home"). Returns 0, -ENAMETOOLONG. */
int view_root_path(const struct view *v, struct path *out);

/** The names of a mask's bits, joined with ',' ("READ,WRITE"), "nothing" for 0. @out has room for
 * VFS_MODES_MAX bytes. Returns @out. */
enum { VFS_MODES_MAX = 128 };
const char *vfs_mode_names(uint32_t modes, char *out);

/**
 * Walk a canonical path of a view to a place; links are followed, inside the view, the last component
 * too. The last component may be missing (place.exists is false), directories before it may not.
 * Returns   0; -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -EIO.
 */
int vfs_walk(struct view *v, const struct path *path, struct place *out, struct why *why);

/** vfs_walk() that demands the place to exist. -ENOENT. */
int vfs_walk_existing(struct view *v, const struct path *path, struct place *out, struct why *why);

/** As vfs_walk(), but a link at the end is the place itself (DELETE, MOVE, CREATE). */
int vfs_walk_nofollow(struct view *v, const struct path *path, struct place *out, struct why *why);

/**
 * Make a view whose root is a place (SUBFS).
 * @at       an existing place, file or directory.
 * @label    copied; the name it is made with.
 * @ok_modes FM_*; what the place's own view lacks stays lacking.
 * @maker    pid of who makes it, for reasons.
 * @out      returned; view_unref().
 * Returns   0; -EMFILE past VIEW_DEPTH_MAX, -ENOMEM.
 */
int vfs_subview(const struct place *at, struct sc_str label, uint32_t ok_modes, int32_t maker,
                struct why *why, struct view **out);

/**
 * Open a place. All rights were checked.
 * @mode     FM_*; FM_CREATE and FM_TRUNC are carried out here.
 * @label    copied, for reasons.
 * @out      returned; open_file_unref().
 * Returns   0 or what the driver answers; -EISDIR, -ENOTDIR, -ENOMEM.
 */
int vfs_open(struct place *at, uint32_t mode, struct sc_str label, struct open_file **out);

/** Create a regular file or directory. -EEXIST, -EINVAL another type, or what the driver answers. */
int vfs_create(struct place *at, uint32_t type, struct why *why);

/** Delete a file or empty directory. -EBUSY open or root of a view, or what the driver answers. */
int vfs_delete(struct place *at, struct why *why);

/** Move a name in one mount. -EEXIST, -EBUSY the view's root, -EINVAL into itself, or the driver's. */
int vfs_move(struct place *from, struct place *to, struct why *why);

struct open_file *open_file_ref(struct open_file *f);
struct open_file *open_file_unref(struct open_file *f);

/** Read at most @len bytes at @off. Returns the count or -errno. */
int64_t vfs_read(struct open_file *f, char *buf, size_t len, int64_t off);

/** Write @len bytes at @off. Returns the count or -errno. */
int64_t vfs_write(struct open_file *f, const char *buf, size_t len, int64_t off);

int vfs_fstat(struct open_file *f, struct fs_stat *out);

/** Entry @n of the snapshot; @n == 0 takes a new one. Returns 0, -ENOENT past the end, -errno. */
int vfs_readdir(struct open_file *f, uint32_t n, struct sc_dirent *out);

int64_t vfs_ioctl(struct open_file *f, uint32_t command);

#endif
