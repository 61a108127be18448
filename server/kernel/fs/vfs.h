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
 * A **mount** is one driver instance, shared by all views on it and all files opened through them;
 * it goes with the last of them. A **node** stands for a name in use: the root of a view or an open
 * file, and the directories above those. Nodes are what makes MOVE cheap and safe: moving a
 * directory re-hangs one node, and the paths of everything below follow. A **view** is what a name
 * in a namespace means: part of a mount, with a mask of rights that only shrinks from parent to
 * child. An **open file** is shared by every fd bound to it.
 *
 * The two ends of a channel are open files without a mount and a node: `end` says so.
 *
 * All four are reference-counted, belong to one machine and are counted in its census. None of them
 * knows processes: the caller is passed in, and so is where reasons go.
 *
 * Where the functions are: vfs_walk() and its like in walk.c; vfs_open() and what is done with open files
 * in open_file.c, but vfs_readdir() in listing.c; vfs_rename() in rename.c; vfs_truncate(), vfs_chmod(),
 * vfs_chown() and vfs_utimes() in attr.c; vfs_mode_names() in view.c; all other vfs_* in vfs.c.
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
    struct slow *slow;       /* owned; NULL when its slots never wait */
    struct away *away;       /* what the instance may ask for while it is on a worker; else NULL */
    uint64_t storage;        /* bytes that the instance has taken of the machine's */
    uint32_t descriptors;    /* likewise, of the daemon's */
    struct node *root;       /* the node of "/", lives as long as the mount */
    struct node_table nodes; /* all of them, the root too */
    struct timer commit_timer;  /* set while fs->pending, on the host's clock */
    struct timer tidy_timer;    /* set while fs->untidy, likewise */
    uint64_t changes;           /* mount_changed() so far */
    uint64_t changes_seen;      /* when tidy_timer was set */
    struct list link;           /* in machine->mounts */
    struct mapped_file *mapped; /* uthash by inode: files that processes have mapped */
    char *driver;               /* name it was made with, owned */
    char *opts;                 /* as it was made with, owned; NULL none */
    bool from_handle;           /* its image is read from an open file */
    int32_t maker;              /* pid that made it: FS_ADD_SRC asks */
    bool readonly;              /* every change is refused; stat.access tells it */
    const char *no_create, *no_move, *no_delete; /* as in fs_statfs; stat.access tells it, too */
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

/** How many views may stand above a view. Names that are gone keep the views above theirs alive, so
 * without a limit SUBFS and RM_FS in turn would grow a chain forever. */
enum { VIEW_DEPTH_MAX = 64 };

/** An entry of a listing. */
struct dir_entry {
    size_t name_off; /* in dir_snapshot.names */
    uint64_t size;
    uint32_t type; /* FT_* */
    uint32_t access;
};

/** A listing as READDIR gives it out: first the entries whose names fit a guest's dirent, so that
 * an entry has the same number on all gates. Its room is counted in machine->listings. */
struct dir_snapshot {
    struct dir_entry *at;
    size_t count;
    size_t cap;
    size_t guest_count; /* entries whose names have less than SC_DIR_MAX bytes */
    char *names;        /* each with a NUL */
    size_t names_size;
    size_t names_cap;
};

/** An open file: what an fd refers to. */
struct open_file {
    struct mount *mount;     /* NULL of a channel's end */
    struct node *node;       /* NULL of a channel's end */
    struct channel_end *end; /* of a channel's end, owned; else NULL */
    struct fs_file file;
    struct dir_snapshot listing; /* of the last READDIR 0 */
    bool listed;                 /* listing was taken */
    uint32_t mode;               /* FM_*: rights of the handle */
    uint32_t view_modes;         /* mask of the view it was opened through: stat.access */
    uint32_t refs;
    uint64_t ino;    /* of the file; 0 not asked for yet */
    int write_error; /* of mapped pages; for the next FSYNC of the handle */
    bool is_dir;
    char *label; /* "name:/path" as opened, for reasons and fd.list; owned */
};

/** A place: where a walk arrived. */
struct place {
    struct view *view;    /* borrowed from the namespace */
    struct fs_caller who; /* what is done there is checked against it */
    struct path path;     /* in the mount, canonical, links followed */
    bool asks_dir; /* what is or will be there must be a directory: a '/' at its end said so */
    bool exists;
    struct fs_stat stat; /* when it exists */
};

/** The caller of what the machine does by itself: storing mapped pages, committing, closing. */
extern const struct fs_caller vfs_nobody;

/**
 * Make what STAT, STAT_OPEN and READDIR tell of what the driver tells.
 * @m          borrowed, NULL of a channel; a read-only mount takes all changes out of access.
 * @view_modes FM_*; access is and-ed with it.
 * @out        all members are set.
 */
void vfs_stat(const struct mount *m, const struct fs_stat *in, uint32_t view_modes,
              struct sc_stat *out);

/** Where a driver instance comes from. */
struct mount_origin {
    struct machine *machine; /* outlives the mount */
    const char *driver;      /* the name it was made with */
    const char *opts;        /* and the options; NULL none */
    bool from_handle;        /* its image is read from an open file */
    int32_t maker;           /* pid of who makes it */
};

/**
 * Make a mount with a new instance of a driver.
 * @origin   borrowed for the call; its strings are copied.
 * @req      borrowed for the call, as the driver takes it.
 * @out      returned; mount_unref().
 * Returns   0; -ENOMEM, or what registry_open() answers.
 */
int mount_new(const struct mount_origin *origin, const struct fs_open *req, struct mount **out);

/** One more reference. Returns @m. */
struct mount *mount_ref(struct mount *m);

/** One reference less. The last, which no view or open file can be behind, destroys the driver
 * instance; what it could not store is told as EVENT_NOTE. NULL is fine. Returns NULL. */
struct mount *mount_unref(struct mount *m);

/**
 * Make a view.
 * @mount    referenced.
 * @root     referenced; a node of @mount.
 * @parent   referenced; the view it is taken from, or NULL of a new filesystem's first view.
 * @label    copied; the name it is made with, for reasons.
 * @ok_modes FM_*; nothing that @parent lacks (the caller saw to it).
 * @maker    pid of who makes it, for reasons.
 * @out      returned; view_unref().
 * Returns   0, -ENOMEM.
 */
int view_new(struct mount *mount, struct node *root, struct view *parent, struct sc_str label,
             uint32_t ok_modes, int32_t maker, struct view **out);

/** One more reference. Returns @v. */
struct view *view_ref(struct view *v);

/** One reference less; the last frees the view and drops its reference to its parent. NULL is fine.
 * Returns NULL. */
struct view *view_unref(struct view *v);

/**
 * Check a mask against a view.
 * @modes    FM_* that the view must have, all of them.
 * @why      gets the reasons of a refusal; or NULL.
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
 * Walk a canonical path of a view to a place; links are followed, inside the view, the last
 * component too. The last component may be missing (place.exists is false), directories before it
 * may not.
 * @v        borrowed as long as @out is used.
 * @path     borrowed; as path_split() gives it, relative to the view's root.
 * @who      must be let through the directories on the way, the view's root being the first.
 * @out      the place, its path links followed; undefined on failure.
 * @why      gets the reason of a refusal; or NULL.
 * Returns   0; -ENOENT a directory on the way is missing, -ENOTDIR it is none, or the last component is none and a
 *           trailing '/' asks for one, -EACCES it does not let @who pass, -ELOOP more than 40 links, -ENAMETOOLONG the path in the mount is, -EIO,
 *           -ENOMEM from the driver.
 * Source    POSIX.1-2017 4.13 pathname resolution; schema/abi.md, Names and paths.
 */
int vfs_walk(struct view *v, const struct path *path, const struct fs_caller *who,
             struct place *out, struct why *why);

/** vfs_walk() that demands the place to exist. Returns as vfs_walk(); -ENOENT it does not. */
int vfs_walk_existing(struct view *v, const struct path *path, const struct fs_caller *who,
                      struct place *out, struct why *why);

/** As vfs_walk(), but a link at the end is the place itself, not its target (DELETE, MOVE,
 * CREATE). */
int vfs_walk_nofollow(struct view *v, const struct path *path, const struct fs_caller *who,
                      struct place *out, struct why *why);

/** Whether a place may hold a file of @mode: 0, or -ENOTDIR when it asks for a directory. */
int vfs_check_dir(const struct place *at, uint32_t mode, struct why *why);

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

/*
 * Operations on places. The view's mask was checked by whoever calls; permission bits are checked
 * here, against place.who, and refused with -EACCES, or -EPERM where it takes the owner.
 */

/**
 * Open a place.
 * @at       a place, which may be missing when @mode has FM_CREATE.
 * @mode     FM_*; FM_CREATE and FM_TRUNC are carried out here, all others are the handle's rights.
 * @label    copied; "name:/path", for reasons.
 * @out      returned; open_file_unref().
 * Returns   0; -ENOENT missing without FM_CREATE, -EISDIR a directory and @mode not exactly
 *           FM_READDIR, -ENOTDIR FM_READDIR of anything else, -EACCES, -ENOMEM, or what the driver's
 *           mknod(), truncate(), open() or opendir() answers. What FM_CREATE made is gone again
 *           then; what FM_TRUNC cut stays cut.
 * Source    POSIX.1-2017 open(); schema/abi.md, OPEN.
 */
int vfs_open(struct place *at, uint32_t mode, struct sc_str label, struct why *why,
             struct open_file **out);

/** Create an empty regular file, which belongs to who asks, where a place has none. Returns as
 * vfs_create(). */
int vfs_make_file(struct place *at, struct why *why);

/**
 * Create an empty file or a directory; it belongs to who asks.
 * @at       a place that does not exist.
 * @type     FT_REGULAR, FT_DIR, or FT_FIFO where the driver has FS_CAP_FIFO.
 * Returns   0; -EINVAL another type, -EEXIST, -EACCES, or what the driver's mknod() or mkdir()
 *           answers.
 */
int vfs_create(struct place *at, uint32_t type, struct why *why);

/**
 * Delete a name: a file, a link itself, or an empty directory.
 * Returns   0; -ENOENT, -EACCES, -EPERM, -EBUSY it is open or the root of a view, or what the
 *           driver's unlink() or rmdir() answers (-ENOTEMPTY, -EROFS …).
 */
int vfs_delete(struct place *at, struct why *why);

/**
 * Give a name of a view another one of the same view, or swap the two. Open files and views at and
 * below either follow. Two names of one file stay as they are.
 * @from, @to  two places of one view, links not followed.
 * Returns   0; -ENOENT, -EACCES, -EPERM, -EBUSY one is the view's root, or @to would be replaced and
 *           is open or the root of a view, -EEXIST @to exists (NOREPLACE), -EINVAL @to is below
 *           @from or (EXCHANGE) @from below @to, -ENAMETOOLONG, -ENOMEM, -ENOTSUP, or what the
 *           driver's rename() answers. Nothing changed then.
 * Source    POSIX.1-2017 rename(); schema/abi.md, MOVE and RENAME.
 */
int vfs_rename(struct place *from, struct place *to, enum fs_rename_type type, struct why *why);

/**
 * Give a file a further name.
 * @from, @to  two places of one view, links not followed.
 * Returns   0; -ENOENT, -EEXIST, -EPERM @from is a directory, -EACCES, -ENOTSUP, or what the
 *           driver's link() answers.
 */
int vfs_link(struct place *from, struct place *to, struct why *why);

/**
 * Make a symbolic link, which belongs to who asks.
 * @at       a place that does not exist.
 * @target   borrowed; 1..FS_PATH_MAX bytes; not looked at.
 * Returns   0; -EEXIST, -EACCES, -ENOTSUP, or what the driver's symlink() answers.
 */
int vfs_symlink(struct place *at, const char *target, struct why *why);

/** Read where a link leads. @out gets the target, NUL-terminated. Returns 0; -ENOENT, -EINVAL no
 * link, -EIO. */
int vfs_readlink(struct place *at, char out[FS_PATH_MAX + 1], struct why *why);

/**
 * Change a file's size. The one way to do so by name: TRUNCATE and OPEN with FM_TRUNC.
 * @at       exists.
 * @size     bytes; what is added reads as zero.
 * Returns   0; -EISDIR, -EINVAL no regular file, -EFBIG, -EACCES, or what the driver's truncate()
 *           answers. Unless user 0 asks, the file loses its set-id bits.
 */
int vfs_truncate(struct place *at, uint64_t size, struct why *why);

/** Set the permission bits, 07777, of a place that exists; set-group-ID only for user 0 and members
 * of the file's group. Returns 0; -EPERM, -ENOTSUP, or what the driver's chmod() answers. */
int vfs_chmod(struct place *at, uint32_t mode, struct why *why);

/** Give a place that exists to @owner; CREDS_NONE leaves user or group. A file that is no directory
 * loses its set-id bits. Returns 0; -EPERM, -ENOTSUP, or what the driver's chown() answers. */
int vfs_chown(struct place *at, struct creds owner, struct why *why);

/** Set the times of a place that exists, ns since the epoch; INT64_MIN leaves one. Returns 0;
 * -EPERM, -ENOTSUP, or what the driver's utimens() answers. */
int vfs_utimes(struct place *at, int64_t atime, int64_t mtime, struct why *why);

/** -ENOENT and -EEXIST, with the reason. */
int vfs_is_missing(const struct place *at, struct why *why);
int vfs_is_there(const struct place *at, struct why *why);

/** Make an open file of a channel's end, which it closes with its last reference. @out returned;
 * open_file_unref(). -ENOMEM: the end is not closed. */
int open_file_of_end(struct machine *m, struct channel_end *end, uint32_t mode,
                     struct open_file **out);

/** One more reference. Returns @f. */
struct open_file *open_file_ref(struct open_file *f);

/** One reference less. The last closes the file in the driver, which can't fail; what a delayed
 * write failed of is told as EVENT_NOTE. NULL is fine. Returns NULL. */
struct open_file *open_file_unref(struct open_file *f);

/*
 * Operations on open files. The handle's rights (f->mode) were checked by whoever calls. @who is
 * whom the operation is for, vfs_nobody where no process asks.
 */

/**
 * Read content at a position.
 * @buf      borrowed; room for @len bytes, at most FS_IO_MAX.
 * @off      bytes from the start, >= 0; off + len fits. Ignored by streams.
 * Returns   bytes read, less than @len only at the end of the file, or what the driver's read()
 *           answers; of a channel as channel_read().
 */
int64_t vfs_read(struct open_file *f, const struct fs_caller *who, char *buf, size_t len,
                 int64_t off);

/**
 * Write content at a position, at the end with FM_APPEND; a hole before it reads as zero.
 * @buf      borrowed; @len bytes, at most FS_IO_MAX.
 * @off      bytes from the start, >= 0; off + len fits. Ignored by streams and with FM_APPEND.
 * @who      whose bytes they are: unless user 0's, a file loses its set-id bits.
 * Returns   @len, or what the driver's write() answers: then nothing was written; of a channel as
 *           channel_write().
 */
int64_t vfs_write(struct open_file *f, const struct fs_caller *who, const char *buf, size_t len,
                  int64_t off);

/** Before somebody changes a file otherwise than by vfs_write(): it loses its set-id bits, unless
 * @who is user 0. Returns 0, or what the driver's chmod() answers. */
int vfs_before_change(struct open_file *f, const struct fs_caller *who);

/** Whether a read, or a write, has its answer at once. */
bool vfs_is_ready(struct open_file *f, const struct fs_caller *who, bool write);

/**
 * Store what processes have changed in mappings of the file.
 * @at       0 at first; moves to where in the file it stopped.
 * @pages    that may be looked at; counts down to 0, where it stops.
 * Returns   0; 1 there may be more; or what the driver's getattr(), read() and write() answer: then
 *           it can be tried again.
 */
int vfs_write_back(struct open_file *f, uint64_t *at, size_t *pages);

/** The driver's status of an open file; of a channel's end a fifo with the bytes that can be read as
 * its size. Returns 0, or what the driver's getattr() answers. */
int vfs_fstat(struct open_file *f, const struct fs_caller *who, struct fs_stat *out);

/**
 * Give one entry of a directory's snapshot, which the first call takes, and each with @n == 0 anew.
 * @f        a directory.
 * @n        entry number, from 0; the same entry's on all gates.
 * @for_guest  entries whose names are too long for a guest's dirent are left out.
 * Returns   0; -ENOENT past the last entry, -ENOMEM past the machine's limit of listings or no
 *           memory, -ENAMETOOLONG, or what the driver's readdir() answers.
 */
int vfs_readdir(struct open_file *f, const struct fs_caller *who, uint32_t n, bool for_guest,
                struct why *why, struct sc_dirent *out);

/** Return when what was written to a file, or the names in a directory, are safe in the store.
 * @data_only only what is needed to read it back. @back what vfs_write_back() of it answered just
 * before, 0 or an error. Returns 0, what the driver's fsync() or fsyncdir() answers, @back, or, once,
 * what write-back answered when a mapping that was made through this handle went. */
int vfs_fsync(struct open_file *f, const struct fs_caller *who, bool data_only, int back);

/** Send a device a command. Returns its answer, >= 0; -ENOTTY it has no such command, -EIO. */
int64_t vfs_ioctl(struct open_file *f, const struct fs_caller *who, uint32_t command);

#endif
