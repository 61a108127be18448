/* SPDX-License-Identifier: MIT */
/*
 * The VFS: mounts, the nodes in use, views, open files, and the walk from a path to a driver.
 *
 *     view "home"  { mount, root node "/home", mask READ|READDIR, parent view "root" }
 *          |                 |
 *          |               node "/home" -> node "/"         (only names in use have nodes)
 *          v                                    |
 *     mount { driver instance, nodes in use }      open file { mount, node, handle, rights }
 *
 * A **mount** is one driver instance, shared by all views of it and all files opened through them;
 * it is freed with the last of them. A **node** stands for a name in use: the root of a view or an
 * open file, and the directories above those. Nodes make MOVE cheap and safe: moving a directory
 * re-hangs one node, and the paths of everything below follow. A **view** is what a name in a
 * namespace means: part of a mount, with a mask of rights that only shrinks from parent to child.
 * An **open file** is shared by every fd bound to it.
 *
 * The two ends of a channel are open files without a mount and a node; `end` is set instead.
 *
 * All four are reference-counted, belong to one machine and are counted in its census. None of them
 * knows processes: callers pass who they act for, and where reasons are added.
 *
 * vfs_walk() and its like are in walk.c; vfs_open() and what is done with open files in open_file.c, but
 * vfs_readdir() in listing.c; vfs_rename() in rename.c; vfs_truncate(), vfs_chmod(), vfs_chown() and
 * vfs_utimes() in attr.c; vfs_mode_names() in view.c; all other vfs_* in vfs.c.
 */
#ifndef SERVER_KERNEL_FS_VFS_H
#define SERVER_KERNEL_FS_VFS_H

#include "fsdrivers/fsdriver.h"
#include "schema/calls.h"
#include "server/base/list.h"
#include "server/base/why.h"
#include "server/kernel/creds.h"
#include "server/kernel/fs/path.h"
#include "server/kernel/hash.h"
#include "server/kernel/timer.h"

#include <stdbool.h>
#include <stdint.h>

struct channel_end;
struct machine;
struct mapped_file;
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
    struct fs *fs;           /* owned */
    struct slow *slow;       /* owned; NULL: its slots never block */
    struct away *away;       /* the worker's copy of the machine's state, while on it; else NULL */
    uint64_t storage;        /* bytes of the machine's that the instance has taken */
    uint32_t descriptors;    /* the daemon's descriptors that it has taken */
    struct node *root;       /* the node of "/", kept as long as the mount */
    struct node_table nodes; /* all of them, the root included */
    struct timer commit_timer;    /* set while fs->pending, on the host's clock */
    struct timer tidy_timer;      /* set while fs->untidy, likewise */
    uint64_t changes;             /* calls of mount_changed() */
    uint64_t changes_seen;        /* as of when tidy_timer was set */
    struct list link;             /* in machine->mounts */
    struct mapped_file *mapped;   /* uthash by inode: files that processes have mapped */
    char *driver;                 /* its driver's name, owned */
    const struct fs_driver *kind; /* static */
    char *opts;                   /* its options, owned; NULL: none */
    bool from_handle;             /* its image is read from an open file */
    struct open_file *offered;    /* while it takes a directory by handle: that; else NULL */
    uint32_t stood_on;            /* mounts that stand on it, once for each source and layer */
    uint32_t depth;               /* of the mounts that it stands on, one on the other */
    int32_t maker;                /* pid that made it; for FS_ADD_SRC */
    bool readonly;                /* every change is refused; stat.access says so */
    const char *no_create, *no_move, *no_delete; /* as in fs_statfs; stat.access says so, too */
    uint32_t refs;
};

/** A name in use. */
struct node {
    struct mount *mount;
    struct node *parent; /* referenced; NULL of the root */
    struct node *next;   /* in its chain of mount->nodes */
    char *name;          /* owned, NUL-terminated; "" of the root */
    uint64_t id;         /* never reused in a mount; the table's key for its children */
    uint32_t refs;
    uint32_t open_count; /* open files on it */
    uint32_t root_count; /* views whose root it is */
};

/** What a name in a namespace means. */
struct view {
    struct mount *mount;
    struct node *root;
    struct view *parent; /* referenced; the view it was made from; NULL for MAKE_FS's */
    char *label;         /* the name it was made with, for reasons; owned */
    int32_t maker;       /* pid that made it */
    uint32_t type;       /* FT_*: of the root when the view was made */
    uint32_t ok_modes;
    uint32_t depth; /* number of views above it */
    uint32_t refs;
};

/** The most mounts that a mount may stand on, one on the other: each takes some of the machine's stack. */
enum { MOUNT_DEPTH_MAX = 4 };

/** The most views above a view. A view keeps its ancestors alive even when their names are removed,
 * so without a limit SUBFS and RM_FS in turn would grow a chain for ever. */
enum { VIEW_DEPTH_MAX = 64 };

/** An entry of a listing. */
struct dir_entry {
    size_t name_off; /* in dir_snapshot.names */
    uint64_t size;
    uint32_t type; /* FT_* */
    uint32_t access;
};

/** A listing for READDIR: first the entries whose names fit a guest's dirent, so that an entry has
 * the same number on all gates. Its memory is counted in machine->listings. */
struct dir_snapshot {
    struct dir_entry *at;
    size_t count;
    size_t cap;
    size_t guest_count; /* entries whose names are shorter than SC_DIR_MAX */
    char *names;        /* each with a NUL */
    size_t names_size;
    size_t names_cap;
};

/** An open file: what an fd refers to. */
struct open_file {
    struct mount *mount;     /* NULL for a channel's end */
    struct node *node;       /* NULL for a channel's end */
    struct channel_end *end; /* owned; set only for a channel's end */
    struct fs_file file;
    struct dir_snapshot listing; /* of the last READDIR 0 */
    bool listed;                 /* listing is valid */
    uint32_t mode;               /* FM_*: rights of the handle */
    uint32_t view_modes;         /* mask of the view it was opened through, for stat.access */
    uint32_t refs;
    uint64_t ino;    /* of the file; 0: not read yet */
    int write_error; /* of mapped pages; the next FSYNC of the handle returns it */
    bool is_dir;
    char *label; /* "name:/path" as opened, for reasons and fd.list; owned */
};

/** A place: where a walk arrived. */
struct place {
    struct view *view;    /* borrowed from the namespace */
    struct fs_caller who; /* the caller, whose permissions count there */
    struct path path;     /* in the mount, canonical, links followed */
    bool asks_dir;        /* a trailing '/' demands a directory here */
    bool exists;
    struct fs_stat stat; /* set if it exists */
};

/** The caller of the machine's own work: storing mapped pages, committing, closing. */
extern const struct fs_caller vfs_nobody;

/**
 * Convert a driver's status to that of STAT, STAT_OPEN and READDIR.
 * @m          borrowed, NULL for a channel; a read-only mount has no changes in access.
 * @view_modes FM_*; access is and-ed with it.
 * @out        all members are set.
 */
void vfs_stat(const struct mount *m, const struct fs_stat *in, uint32_t view_modes,
              struct sc_stat *out);

/** The origin of a driver instance. */
struct mount_origin {
    struct machine *machine;  /* outlives the mount */
    const char *driver;       /* name of the driver */
    const char *opts;         /* its options; NULL: none */
    struct open_file *source; /* that its image is read from, or a directory; NULL: none */
    int32_t maker;            /* pid that makes it */
};

/**
 * Make a mount with a new instance of a driver.
 * @origin   borrowed for the call; its strings are copied.
 * @req      borrowed for the call, as the driver takes it.
 * @out      returned; mount_unref().
 * Returns   0; -ENOMEM, other -errno of registry_open().
 */
int mount_new(const struct mount_origin *origin, const struct fs_open *req, struct mount **out);

/** One more reference. Returns @m. */
struct mount *mount_ref(struct mount *m);

/** Drop a reference. The last one, after all views and open files, destroys the driver instance;
 * what it could not store is reported as EVENT_NOTE. NULL is ignored. Returns NULL. */
struct mount *mount_unref(struct mount *m);

/**
 * Make a view.
 * @mount    referenced.
 * @root     referenced; a node of @mount. It is a directory unless the caller sets view.type.
 * @parent   referenced; the view it is made from, or NULL for a filesystem's first view.
 * @label    copied; the name it is made with, for reasons.
 * @ok_modes FM_*; a subset of @parent's (the caller checked).
 * @maker    pid that makes it, for reasons.
 * @out      returned; view_unref().
 * Returns   0, -ENOMEM.
 */
int view_new(struct mount *mount, struct node *root, struct view *parent, struct sc_str label,
             uint32_t ok_modes, int32_t maker, struct view **out);

/** One more reference. Returns @v. */
struct view *view_ref(struct view *v);

/** Drop a reference. The last one frees the view and drops its reference to its parent. NULL is
 * ignored. Returns NULL. */
struct view *view_unref(struct view *v);

/**
 * Check a mask against a view.
 * @modes    FM_*; the view must have all of them.
 * @why      receives the reasons of a refusal; or NULL.
 * Returns   0; -EACCES with the reasons: the view, the missing bits, and, up the chain of parents,
 *           the view that removed each of them.
 */
int view_allows(const struct view *v, uint32_t modes, struct why *why);

/** A view's root path in its mount ("/home"). Returns 0, -ENAMETOOLONG. */
int view_root_path(const struct view *v, struct path *out);

/** The names of a mask's bits, joined with ',' ("READ,WRITE"), "nothing" for 0. @out has
 * VFS_MODES_MAX bytes. Returns @out. */
enum { VFS_MODES_MAX = 128 };
const char *vfs_mode_names(uint32_t modes, char *out);

/**
 * Walk a canonical path from a view's root to a place. Links are followed inside the view, at the
 * last component too. The last component may be missing (place.exists is false), the directories
 * before it may not.
 * @v        borrowed while @out is used.
 * @path     borrowed; from path_split(), relative to the view's root.
 * @who      needs execute permission on the directories on the way, from the view's root on.
 * @out      the place, its path links followed; undefined on failure.
 * @why      receives the reason of a refusal; or NULL.
 * Returns   0; -ENOENT a directory on the way is missing; -ENOTDIR it is not a directory, or the
 *           last component is not one and a trailing '/' asks for one; -EACCES @who may not pass;
 *           -ELOOP more than 40 links; -ENAMETOOLONG the path in the mount; -EIO, -ENOMEM from the
 *           driver.
 * Source    POSIX.1-2017 4.13 pathname resolution; schema/abi.md, Names and paths.
 */
int vfs_walk(struct view *v, const struct path *path, const struct fs_caller *who,
             struct place *out, struct why *why);

/** vfs_walk() to a place that must exist. Returns as vfs_walk(); -ENOENT it does not. */
int vfs_walk_existing(struct view *v, const struct path *path, const struct fs_caller *who,
                      struct place *out, struct why *why);

/** vfs_walk() that does not follow a link at the end: the place is the link itself (DELETE, MOVE,
 * CREATE). */
int vfs_walk_nofollow(struct view *v, const struct path *path, const struct fs_caller *who,
                      struct place *out, struct why *why);

/** Check that a place may hold a file of @mode: 0; -ENOTDIR it demands a directory. */
int vfs_check_dir(const struct place *at, uint32_t mode, struct why *why);

/**
 * Make a view whose root is a place (SUBFS).
 * @at       an existing place, file or directory.
 * @label    copied; the name it is made with.
 * @ok_modes FM_*; and-ed with the mask of the place's view.
 * @maker    pid that makes it, for reasons.
 * @out      returned; view_unref().
 * Returns   0; -EMFILE past VIEW_DEPTH_MAX, -ENOMEM.
 */
int vfs_subview(const struct place *at, struct sc_str label, uint32_t ok_modes, int32_t maker,
                struct why *why, struct view **out);

/*
 * Operations on places. Callers have checked the view's mask; permission bits are checked here,
 * against place.who, and refused with -EACCES, or -EPERM if only the owner may.
 */

/**
 * Open a place.
 * @at       a place; it may be missing if @mode has FM_CREATE.
 * @mode     FM_*; FM_CREATE and FM_TRUNC are carried out here, the others are the handle's rights.
 * @label    copied; "name:/path", for reasons.
 * @out      returned; open_file_unref().
 * Returns   0; -ENOENT missing without FM_CREATE, -EISDIR a directory and @mode not exactly
 *           FM_READDIR, -ENOTDIR FM_READDIR of anything else, -EACCES, -ENOMEM, other -errno of the
 *           driver's mknod(), truncate(), open() or opendir(). On failure a file that FM_CREATE
 *           made is removed again; what FM_TRUNC does then, the driver decides (FS_CAP_ATOMIC_TRUNC).
 * Source    POSIX.1-2017 open(); schema/abi.md, OPEN.
 */
int vfs_open(struct place *at, uint32_t mode, struct sc_str label, struct why *why,
             struct open_file **out);

/** Create an empty regular file, owned by the caller, at a place that does not exist. Returns as
 * vfs_create(). */
int vfs_make_file(struct place *at, struct why *why);

/**
 * Create an empty file or a directory, owned by the caller.
 * @at       a place that does not exist.
 * @type     FT_REGULAR, FT_DIR, or FT_FIFO if the driver has FS_CAP_FIFO.
 * Returns   0; -EINVAL another type, -EEXIST, -EACCES, other -errno of the driver's mknod() or
 *           mkdir().
 */
int vfs_create(struct place *at, uint32_t type, struct why *why);

/**
 * Delete a name: a file, a link itself, or an empty directory.
 * Returns   0; -ENOENT, -EACCES, -EPERM, -EBUSY it is open or the root of a view, other -errno of
 *           the driver's unlink() or rmdir() (-ENOTEMPTY, -EROFS …).
 */
int vfs_delete(struct place *at, struct why *why);

/**
 * Rename a file within a view, or swap two names. Open files and views at and below both follow.
 * Two names of one file are left alone.
 * @from, @to  two places of one view, links not followed.
 * Returns   0; -ENOENT, -EACCES, -EPERM, -EBUSY one is the view's root, or @to would be replaced
 *           and is open or the root of a view, -EEXIST @to exists (NOREPLACE), -EINVAL @to is below
 *           @from or (EXCHANGE) @from below @to, -ENAMETOOLONG, -ENOMEM, -ENOTSUP, other -errno of
 *           the driver's rename(). On failure nothing has changed.
 * Source    POSIX.1-2017 rename(); schema/abi.md, MOVE and RENAME.
 */
int vfs_rename(struct place *from, struct place *to, enum fs_rename_type type, struct why *why);

/**
 * Give a file another name (a hard link).
 * @from, @to  two places of one view, links not followed.
 * Returns   0; -ENOENT, -EEXIST, -EPERM @from is a directory, -EACCES, -ENOTSUP, other -errno of
 *           the driver's link().
 */
int vfs_link(struct place *from, struct place *to, struct why *why);

/**
 * Make a symbolic link, owned by the caller.
 * @at       a place that does not exist.
 * @target   borrowed; 1..FS_PATH_MAX bytes; not interpreted.
 * Returns   0; -EEXIST, -EACCES, -ENOTSUP, other -errno of the driver's symlink().
 */
int vfs_symlink(struct place *at, const char *target, struct why *why);

/** Read the target of a link into @out, NUL-terminated. Returns 0; -ENOENT, -EINVAL not a link,
 * -EIO. */
int vfs_readlink(struct place *at, char out[FS_PATH_MAX + 1], struct why *why);

/**
 * Change a file's size, by name: TRUNCATE, and OPEN with FM_TRUNC.
 * @at       exists.
 * @size     bytes; added ones read as zero.
 * Returns   0; -EISDIR, -EINVAL not a regular file, -EFBIG, -EACCES, other -errno of the driver's
 *           truncate(). Unless the caller is user 0, the file loses its set-id bits.
 */
int vfs_truncate(struct place *at, uint64_t size, struct why *why);

/** Set the permission bits, 07777, of an existing place; set-group-ID only for user 0 and members
 * of the file's group. Returns 0; -EPERM, -ENOTSUP, other -errno of the driver's chmod(). */
int vfs_chmod(struct place *at, uint32_t mode, struct why *why);

/** Change the owner of an existing place; CREDS_NONE keeps user or group. A file other than a
 * directory loses its set-id bits. Returns 0; -EPERM, -ENOTSUP, other -errno of the driver's
 * chown(). */
int vfs_chown(struct place *at, struct creds owner, struct why *why);

/** Set the times of an existing place, ns since the epoch; INT64_MIN keeps one. Returns 0; -EPERM,
 * -ENOTSUP, other -errno of the driver's utimens(). */
int vfs_utimes(struct place *at, int64_t atime, int64_t mtime, struct why *why);

/** Add the reason. Return -ENOENT and -EEXIST. */
int vfs_refuse_missing(const struct place *at, struct why *why);
int vfs_refuse_existing(const struct place *at, struct why *why);

/** Make an open file of a channel's end, which it closes with its last reference. @out returned;
 * open_file_unref(). -ENOMEM: the end stays open. */
int open_file_of_end(struct machine *m, struct channel_end *end, uint32_t mode,
                     struct open_file **out);

/** One more reference. Returns @f. */
struct open_file *open_file_ref(struct open_file *f);

/** Drop a reference. The last one closes the file in the driver, which can't fail; an error of a
 * delayed write is reported as EVENT_NOTE. NULL is ignored. Returns NULL. */
struct open_file *open_file_unref(struct open_file *f);

/*
 * Operations on open files. Callers have checked the handle's rights (f->mode). @who is the caller
 * they are for, vfs_nobody if it is not a process.
 */

/**
 * Read content at a position.
 * @buf      borrowed; room for @len bytes, at most FS_IO_MAX.
 * @off      bytes from the start, >= 0; off + len fits. Ignored by streams.
 * Returns   bytes read, less than @len only at the end of the file; -errno of the driver's read();
 *           for a channel as channel_read().
 */
int64_t vfs_read(struct open_file *f, const struct fs_caller *who, char *buf, size_t len,
                 int64_t off);

/**
 * Write content at a position, or at the end with FM_APPEND; a hole before it reads as zero.
 * @buf      borrowed; @len bytes, at most FS_IO_MAX.
 * @off      bytes from the start, >= 0; off + len fits. Ignored by streams and with FM_APPEND.
 * @who      the writer: unless it is user 0, the file loses its set-id bits.
 * Returns   @len; -errno of the driver's write(): nothing was written; for a channel as
 *           channel_write().
 */
int64_t vfs_write(struct open_file *f, const struct fs_caller *who, const char *buf, size_t len,
                  int64_t off);

/** Call this before a file is changed other than by vfs_write(): it loses its set-id bits unless
 * @who is user 0. Returns 0, -errno of the driver's chmod(). */
int vfs_before_change(struct open_file *f, const struct fs_caller *who);

/** Whether a read, or a write, would not wait. */
bool vfs_is_ready(struct open_file *f, const struct fs_caller *who, bool write);

/**
 * Store the changed pages of the file's mappings.
 * @at       0 at first; set to the position in the file where it stopped.
 * @pages    the most pages to look at; counted down, and it stops at 0.
 * Returns   0; 1 there may be more; -errno of the driver's getattr(), read() or write(): it can be
 *           tried again.
 */
int vfs_write_back(struct open_file *f, uint64_t *at, size_t *pages);

/** The driver's status of an open file; a channel's end is a FIFO, whose size is the number of
 * bytes to be read. Returns 0, -errno of the driver's getattr(). */
int vfs_fstat(struct open_file *f, const struct fs_caller *who, struct fs_stat *out);

/**
 * Get one entry of a directory's listing. The first call, and each with @n == 0, makes the listing.
 * @f        a directory.
 * @n        entry number, from 0; the same on all gates.
 * @for_guest  omit entries whose names are too long for a guest's dirent.
 * Returns   0; -ENOENT past the last entry, -ENOMEM no memory or past the machine's limit of
 *           listings, -ENAMETOOLONG, other -errno of the driver's readdir().
 */
int vfs_readdir(struct open_file *f, const struct fs_caller *who, uint32_t n, bool for_guest,
                struct why *why, struct sc_dirent *out);

/** Return when the content of a file, or the names in a directory, are safe in the store.
 * @data_only: only what is needed to read them back. @back: the answer of a vfs_write_back() just
 * before, 0 or an error. Returns 0; -errno of the driver's fsync() or fsyncdir(); @back; or, once,
 * the write-back error of a mapping that was made through this handle and is freed. */
int vfs_fsync(struct open_file *f, const struct fs_caller *who, bool data_only, int back);

/** Send a command to a device, with the buffer that fs_command_find() says it has. Returns its answer,
 * >= 0; -ENOTTY no such command, -EIO. */
int64_t vfs_ioctl(struct open_file *f, const struct fs_caller *who, uint32_t command,
                  struct fs_buf data);

#endif
