/* SPDX-License-Identifier: MIT */
/*
 * The driver contract: what a filesystem driver is given, and what it promises.
 *
 * A driver stores a tree of files somewhere: in memory, in an SQLite file, behind devices. It knows
 * nothing of processes, views, JSON or sockets, so one driver serves the daemon, a FUSE mount and
 * the tests. Its whole surface is `struct fs_driver` (how to make an instance) and `struct fs_ops`
 * (what an instance can do, fs_ops.h): one slot for each method of the interface it follows, the
 * helos `Filesystem` class. A file that does not call slots needs this header only.
 *
 * Life of an instance
 *
 *     registry_open("ramfs", &req, &fs)         find the driver, check its options, open the source,
 *                                               wrap the instance in `generic`
 *     fs->ops->mknod(fs, &who, "/a", S_IFREG | 0644)  any number of operations
 *     fs->ops->destroy(fs)                      frees everything; all files must be closed
 *
 * What the core promises to every slot
 *
 *   - Calls come from one thread at a time; with FS_CAP_BLOCKING not always from the same one.
 *   - A path is canonical and absolute: "/" or "/a/b", no empty, "." or ".." component, no trailing
 *     slash, at most FS_PATH_MAX bytes, components of at most FS_NAME_MAX bytes. Names are bytes, not
 *     text. A path is borrowed until the slot returns.
 *   - Every slot gets its caller (struct fs_caller). Permissions were checked, by view and by mode
 *     bits: a driver does not check its caller.
 *   - Creation flags never reach open(): the core calls mknod() first.
 *   - Offsets and lengths are non-negative and their sum fits int64_t.
 *
 * What a driver promises
 *
 *   - It returns 0 (transfers: a count) or -Exxx, Linux numbers. On failure nothing has changed and
 *     out-parameters are undefined.
 *   - It never follows symbolic links. A link in the middle of a path is -ELOOP, a link at the end
 *     is the link itself. The core follows links, inside the view they were found in.
 *   - Every operation that takes a path and a file works with either: `file` may be NULL although
 *     the file is open, and `path` may be NULL when `file` is given.
 *   - Unlinking or renaming over an open file keeps it readable and writable through its handles
 *     until the last close (POSIX.1-2017 unlink()).
 *   - An empty slot means -ENOSYS; `generic` fills them, so no caller tests a slot for NULL.
 *
 * Source: seeds of the project, the helos Filesystem class; POSIX.1-2017 where that is silent.
 */
#ifndef FSDRIVERS_FSDRIVER_H
#define FSDRIVERS_FSDRIVER_H

#include "server/base/why.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    FS_NAME_MAX = 255,         /* bytes of a component, without NUL */
    FS_PATH_MAX = 4095,        /* bytes of a path, without NUL */
    FS_IO_MAX = 1024 * 1024,   /* bytes of one read or write */
    FS_XATTR_NAME_MAX = 255,   /* bytes of an extended attribute's name, without NUL */
    FS_XATTR_SIZE_MAX = 65536, /* bytes of its value; a store may take less: -ENOSPC */
    FS_XATTR_LIST_MAX = 65536, /* bytes of the names of a file's attributes, each with its NUL */
    FS_COMMAND_MAX = 1024,     /* bytes that an ioctl command takes or stores */
};

/** Names of extended attributes begin with it: others are -ENOTSUP. */
#define FS_XATTR_NAMESPACE "user."

/* The mode bits of fs_stat.mode have the values of <sys/stat.h>, which POSIX leaves open and the
 * interface fixes: S_IFREG 0100000, S_IFDIR 0040000, S_IFLNK 0120000, S_IFCHR 0020000 … */

/** How a file is opened: fs_file.flags. Values are the interface's own; an unknown one is -EINVAL. */
enum fs_open_flag {
    FS_O_APPEND = 1 << 0,    /* every write goes to the end; the driver's */
    FS_O_ASYNC = 1 << 1,     /* signal-driven I/O: there are no signals, so -EINVAL */
    FS_O_CREAT = 1 << 2,     /* the core calls mknod() first: -EINVAL */
    FS_O_DIRECTORY = 1 << 3, /* fail if not a directory: open() of a file is -ENOTDIR */
    FS_O_DSYNC = 1 << 4,     /* data is durable when write() returns */
    FS_O_EXCL = 1 << 5,      /* as FS_O_CREAT: -EINVAL */
    FS_O_LARGEFILE = 1 << 6, /* implied: taken away */
    FS_O_NOCTTY = 1 << 7,    /* a driver has no processes: -EINVAL */
    FS_O_NOFOLLOW = 1 << 8,  /* implied, a link is -ELOOP: taken away */
    FS_O_NONBLOCK = 1 << 9,  /* the core answers -EAGAIN where it would wait for read() */
    FS_O_SYNC = 1 << 10,     /* data and metadata are durable when write() returns */
    FS_O_TRUNC = 1 << 11,    /* a regular file is empty when open() returns; whole if it fails */
    FS_O_RDONLY = 1 << 12,
    FS_O_WRONLY = 1 << 13, /* what handles are used for, the core checks */
    FS_O_RDWR = FS_O_RDONLY | FS_O_WRONLY,
    FS_O_EXEC = 1 << 14, /* to run it: -EACCES unless a regular file with an execute bit */
};

/* What `generic` does about these flags, no driver repeats. A driver sees: APPEND; SYNC and DSYNC, which
 * are kept without it; NONBLOCK; TRUNC, with FS_CAP_ATOMIC_TRUNC only (else truncate() comes first, and the
 * file may be empty though open() has failed); RDONLY, WRONLY and EXEC; of the others, DIRECTORY in
 * opendir(). lookup() takes no DIRECTORY, TRUNC and EXEC: -EINVAL. */

/** What an instance can do: fs.caps. */
enum fs_cap {
    FS_CAP_ATOMIC_TRUNC = 1 << 0, /* open() takes FS_O_TRUNC; else truncate() comes first */
    FS_CAP_EXPORT = 1 << 1,       /* lookup() finds files by their inode numbers */
    FS_CAP_NO_OPEN = 1 << 2,      /* open, close, opendir, closedir are never called, and every
                                     slot gets a path */
    FS_CAP_BLOCKING = 1 << 3,     /* slots may block: see FS_WOULD_WAIT */
    FS_CAP_SYMLINKS = 1 << 4,     /* the tree may hold symbolic links */
    FS_CAP_FIFO = 1 << 5,         /* mknod() takes S_IFIFO */
    FS_CAP_XATTR = 1 << 6,        /* extended attributes; without it their slots are -ENOTSUP */
    FS_CAP_RESERVE = 1 << 7,      /* fallocate() reserves storage; without it -ENOTSUP */
};

/**
 * A slot whose caller says `nowait`, and that would have to wait, answers this, having done nothing. It is
 * then called again without `nowait`, on a thread of the instance's own. Only with FS_CAP_BLOCKING: others
 * never see `nowait`. tidy(), destroy() and, of a driver that `waits`, open_source() are called on that
 * thread at once, poll() and add_source() never.
 *
 * Calls still come one at a time. A slot must not keep thread state (errno is one). On that thread
 * it may ask fs_env only for the time, random bytes, and room in memory: console() writes nothing,
 * and the others find nothing.
 */
enum { FS_WOULD_WAIT = -4096 };

/** Seconds that a slot may take on that thread (option timeout). After that the instance is broken:
 * all its slots answer -EIO, and the late answer is discarded. */
enum { FS_TIMEOUT_S = 30, FS_TIMEOUT_MAX_S = 3600 };

enum fs_rename_type {
    FS_RENAME_REPLACE = 0,   /* POSIX rename(): an existing target is replaced */
    FS_RENAME_NOREPLACE = 1, /* -EEXIST if the target exists */
    FS_RENAME_EXCHANGE = 2,  /* atomically swap two existing names */
};

/** Status of a file. Times are ns since the epoch. */
struct fs_stat {
    uint64_t ino;   /* never 0; stable while the file exists */
    uint32_t mode;  /* type and permission bits */
    uint32_t nlink; /* names of the file; directories: 2 + subdirectories */
    uint32_t uid;
    uint32_t gid;
    uint64_t rdev;   /* device number of device nodes, else 0 */
    uint64_t size;   /* bytes; of a link: length of its target */
    uint64_t blocks; /* 512-byte units of storage used, 0 for a hole */
    int64_t atime;
    int64_t mtime;
    int64_t ctime;
    int64_t btime;
};

/** Status of a filesystem. */
struct fs_statfs {
    uint64_t bytes_total;  /* 0: unlimited */
    uint64_t bytes_used;   /* sizes of all regular files together: what quotas count */
    uint64_t inodes_total; /* 0: unlimited */
    uint64_t inodes_used;  /* files, directories and links, without the root */
    bool readonly;
    /* Names can't be made, moved or removed (-EACCES): the option that would allow it, a static
     * string. NULL: they can. */
    const char *no_create, *no_move, *no_delete;
    char note[64]; /* a remark for people ("sync=none"), NUL-terminated, often "" */
};

/** An open file or directory. The core owns the struct; the driver owns `handle`. */
struct fs_file {
    uint32_t flags;   /* FS_O_*, set by the core before open() */
    bool nonseekable; /* set by open(): the file is a stream and offsets are ignored */
    uint64_t handle;  /* set by open() or opendir(); opaque to the core */
};

/** The caller that a slot acts for. Borrowed until the slot returns. */
struct fs_caller {
    int32_t pid;  /* 0: not a process, but the program that runs the instance */
    uint32_t uid; /* owner of what mknod(), mkdir() and symlink() make */
    uint32_t gid;
    bool nowait; /* the slot must not block: see FS_WOULD_WAIT */
};

/** Room for the bytes that read() stores. */
struct fs_buf {
    char *ptr;
    size_t len; /* 0..FS_IO_MAX */
};

/** The bytes that write() stores. */
struct fs_bytes {
    const char *ptr;
    size_t len; /* 0..FS_IO_MAX */
};

/** How setxattr() sets an attribute; values are Linux's. */
enum fs_xattr_flag {
    FS_XATTR_CREATE = 1 << 0,  /* -EEXIST if it exists */
    FS_XATTR_REPLACE = 1 << 1, /* -ENODATA if it does not */
};

/** What setxattr() sets. */
struct fs_xattr {
    const char *name; /* user.NAME: all other namespaces are -ENOTSUP */
    struct fs_bytes value;
    uint32_t flags; /* FS_XATTR_*, or 0 */
};

/** What fallocate() does with a range; values are Linux's. None of them: reserve storage, so that writing
 * there meets no -ENOSPC, and grow the file up to the end of the range. */
enum fs_space_flag {
    FS_SPACE_KEEP_SIZE = 1 << 0, /* do not grow it */
    FS_SPACE_PUNCH_HOLE =
        1 << 1, /* give the storage back, the range reads as zero; with KEEP_SIZE */
    FS_SPACE_ZERO_RANGE = 1 << 4, /* the range reads as zero, and its storage may be reserved */
};

/** The range of fallocate(). */
struct fs_space {
    int64_t off, len; /* bytes */
    uint32_t flags;   /* FS_SPACE_* */
};

/** What seek() looks for. */
enum fs_seek { FS_SEEK_DATA, FS_SEEK_HOLE };

/** A command of ioctl(). */
struct fs_command {
    uint32_t number;
    uint32_t in_size, out_size; /* bytes that it takes and stores; each at most FS_COMMAND_MAX */
    const char *name;           /* NULL ends a table */
};

/** The size of a terminal; all 0: unknown. */
struct fs_window {
    uint16_t rows, columns; /* in characters */
    uint16_t width, height; /* in pixels */
};

/** Called for each directory entry. A non-zero result stops the listing and is readdir()'s result.
 * @name  borrowed; one component, never "." or "..".
 * @stat  borrowed; all members valid; or NULL if the driver would have to look them up. */
typedef int (*fs_readdir_fn)(void *user, const char *name, const struct fs_stat *stat);

/** Called for each pid. A non-zero result stops the iteration and is each_proc()'s result. */
typedef int (*fs_proc_fn)(void *user, int32_t pid);

/**
 * The text about processes: one item a line, its words separated by one blank. In names and paths a
 * byte that is not a visible character is \xNN; so is '\', and, except in the last word of a line,
 * the blank. Numbers are decimal. New lines may be added at the end.
 */
enum fs_proc_item {
    FS_PROC_STATUS, /* pid, parent, state, return_code, uid, gid, names, fds, regions, memory, calls,
                         program, each with its value; program is missing until it runs one */
    FS_PROC_NAMES,  /* NAME DRIVER RIGHTS ROOT, in the order they were added; RIGHTS with ',' */
    FS_PROC_FDS,    /* FD RIGHTS NAME:/PATH as it was opened */
    FS_PROC_MAPS,   /* START-END in hex, rwx with - for what is not allowed, kind */
    FS_PROC_ARGS,   /* arg TEXT, then env NAME=VALUE */
    FS_PROC_CHILDREN, /* PID, in the order they were made */
    FS_PROC_MACHINE,  /* name, clock, now_ns, then counts, and limits as NAME_max */
    FS_PROC_ITEM_COUNT,
};

struct fs;
struct hostfile;
struct strbuf;

/** Requests of an instance to the program that runs it. All functions get @user; none is NULL. @who
 * is the caller of the slot that asks. */
struct fs_env {
    uint64_t (*now_ns)(void *user);                         /* ns since the epoch, for stamps */
    void (*random)(void *user, void *buf, size_t len);      /* fill with random bytes */
    void (*mix)(void *user, const void *bytes, size_t len); /* make the next ones depend on these */
    /* Write bytes to the caller's console. */
    void (*console)(void *user, const struct fs_caller *who, const char *bytes, size_t len);
    /* Take bytes typed to the caller's session: bytes, 0 at their end, -EAGAIN none yet. */
    int64_t (*input)(void *user, const struct fs_caller *who, char *buf, size_t len);
    /* Whether input() would not answer -EAGAIN. */
    bool (*input_ready)(void *user, const struct fs_caller *who);
    /* How many bytes input() would give. */
    size_t (*input_count)(void *user, const struct fs_caller *who);
    /* Get the size of the caller's terminal, or set it. */
    void (*window)(void *user, const struct fs_caller *who, struct fs_window *out);
    int (*set_window)(void *user, const struct fs_caller *who,
                      const struct fs_window *in); /* -EIO, -ENOMEM */
    /* Call @fn for each pid that the caller may see, its own included. Returns @fn's result. */
    int (*each_proc)(void *user, const struct fs_caller *who, fs_proc_fn fn, void *fn_user);
    /* Append an item of a process that the caller may see; with @pid 0 of the machine. Returns 0,
     * -ENOENT, -ENOMEM. */
    int (*proc_text)(void *user, const struct fs_caller *who, int32_t pid, enum fs_proc_item item,
                     struct strbuf *out);
    /** Count more bytes in memory. False past the limit: the slot answers -ENOSPC. */
    bool (*take)(void *user, uint64_t bytes);
    void (*give)(void *user, uint64_t bytes); /* give them back */
    /** Count descriptors of the daemon. Returns 0, or -EMFILE with the reason. */
    int (*take_descriptors)(void *user, uint32_t count, struct why *why);
    void (*give_descriptors)(void *user, uint32_t count); /* give them back */
    /**
     * Get a directory of the simulated system to stand on: an instance whose root it is. Only for drivers that
     * are `layered`, in open_source() and add_source().
     * @name   a name that the maker has; NULL: the handle of the request (fs_open.directory).
     * @write  it will be changed.
     * @out    borrowed until give_lower(). It has no destroy(), lookup(), ioctl(), add_source(), attributes and
     *         space: its slots are called by `generic` of the instance on it. Who gives it calls
     *         commit() and tidy() of what is below.
     * Returns 0; -ENODEV no such name; -EACCES the maker's view does not allow it; -ELOOP it stands on the
     *         instance itself; -EMFILE too many stand on each other; -ENOMEM. Each with a reason.
     */
    int (*lower)(void *user, const char *name, bool write, struct fs **out, struct why *why);
    void (*give_lower)(void *user, struct fs *lower);
    void *user;
};

/** Settings that `generic` applies to every driver; drivers ignore them. */
struct fs_config {
    bool setuid, setgid; /* every file shows uid / gid; chown() is never called */
    uint32_t uid, gid;
    bool setfmask, setdmask; /* clear these permission bits of files / directories */
    uint32_t fmask, dmask;
    bool readonly;         /* every change is -EROFS */
    uint64_t quota_bytes;  /* bytes the files may use, 0 = no limit; past it -EDQUOT */
    uint64_t quota_inodes; /* files and directories, 0 = no limit; past it -EDQUOT */
    uint32_t timeout_s;    /* seconds a slot may take, with FS_CAP_BLOCKING */
};

/** A handle of the simulated system as a source (MAKE_FS source_fd). Functions get @user, and @who,
 * the caller of the slot that needs the source. */
struct fs_source {
    /* Returns bytes, 0 at the end, -E. */
    int64_t (*read)(void *user, const struct fs_caller *who, void *buf, size_t len, int64_t off);
    /* Returns bytes, -E. */
    int64_t (*write)(void *user, const struct fs_caller *who, const void *buf, size_t len,
                     int64_t off);
    int64_t (*size)(void *user, const struct fs_caller *who); /* bytes, -E */
    void (*close)(void *user);                                /* give it back */
    void *user;
};

/** One option: key=value, or key alone (value ""). */
struct fs_opt {
    const char *key;
    const char *value;
};

/** An instance that is to be made on another thread, because its source may have to be waited for. */
struct fs_opening {
    /** Make it, and take @o. @why gets the reasons of a refusal. Returns as open_source(). */
    int (*open)(struct fs_opening *o, struct why *why, struct fs **out);
    /** Take @o, and do nothing. */
    void (*drop)(struct fs_opening *o);
    uint32_t timeout_s; /* that it may take */
};

/** A request to make an instance; everything in it is borrowed for the call, except as said. */
struct fs_open {
    /* "/path" local, a file or directory of the host: -ENOTBLK for anything else, before it is opened;
     * "//host/…" network: -ENOTSUP, as no driver is for these yet; other: the driver's own; NULL: none */
    const char *source;
    /* Find a local source among those that the maker may use; NULL: all that this process may use.
     * @out returned, hostfile_free(). Returns 0; -EACCES, other -errno of hostfile_open(). */
    int (*locate)(void *user, const char *source, bool readonly, struct hostfile **out,
                  struct why *why);
    void *locate_user;
    /* The file of a local source (open_source); taken on success: hostfile_free(). A driver opens
     * the host's files through it, never by @source. NULL for other sources. */
    struct hostfile *hostfile;
    /* A handle, or NULL; taken on success: the driver calls its close(). One that `copies` leaves it to the
     * maker. */
    const struct fs_source *handle;
    struct fs_copy
        *copy;      /* of the handle, for a driver that `copies` (open_source); taken on success */
    bool directory; /* the request has a handle of a directory instead: fs_env.lower() */
    const char *opts; /* "key=value,key" as the caller wrote it; NULL: none (registry_open) */
    const struct fs_opt *opt; /* the driver's own options, ended by a NULL key (open_source) */
    bool letters;             /* the options are a set of the driver's letters (open_source) */
    uint32_t timeout_s;       /* that opening, and each slot, may take (open_source) */
    bool readonly;            /* nothing will be changed: the store may be opened read-only */
    struct fs_caller who;     /* who makes it: the root of a new store belongs to them */
    const struct fs_env *env; /* copied by whoever keeps it */
    struct why *why;          /* reasons for a refusal; may be NULL */
    /* Where what is left to do goes when it may have to wait (registry_open, FS_WOULD_WAIT). All else was
     * checked then, and the source is found. NULL it may wait. */
    struct fs_opening **later;
};

struct fs_ops;

/** How to make instances of one kind of filesystem. */
struct fs_driver {
    const char *name;         /* exact, as in MAKE_FS */
    const char *alias;        /* a second name, or NULL */
    const char *letters;      /* its keys of one letter; under the alias also taken as one word, and
                                 * options of "" are then the empty set of them. Or NULL */
    const char *doc;          /* one line */
    bool readonly;            /* as if the option readonly were always given */
    const char *write_option; /* of its own options, one without which it is readonly; or NULL */
    bool uncounted;           /* it does not know what its files take: there can be no quota */
    bool layered;             /* it stands on directories of the simulated system: fs_env.lower() */
    bool stacks;              /* its instances take more sources: add_source() */
    const char *repeated;     /* of its own options, one that may be given several times; or NULL */
    bool waits;  /* open_source() may have to wait, and its instances have FS_CAP_BLOCKING */
    bool helper; /* each instance has a process of the host: the core limits them */
    bool copies; /* it `waits`, so it reads only a copy of a handle */
    uint32_t descriptors;      /* of the daemon, that an instance may hold: booked by `generic` */
    const struct fs_opt *opts; /* keys it knows, value = what they mean; ended by a NULL key */

    /**
     * Open a source and make an instance.
     * @req      borrowed; req->opt has only keys of @opts.
     * @out      returned; release with ops->destroy().
     * Returns   0; -EINVAL bad option value, -ENOENT, -ENOTBLK (registry_open), -EACCES, -EBUSY in use, -EROFS, -ENOSPC,
     *           -ENOTSUP a source of a form it does not take, -EIO damaged or foreign, -ENOMEM.
     *           Each refusal adds a sentence to req->why.
     */
    int (*open_source)(const struct fs_driver *driver, const struct fs_open *req, struct fs **out);
};

/** An instance. Drivers embed it as their first member and find themselves by container_of(). */
struct fs {
    const struct fs_ops *ops;
    const struct fs_driver *driver; /* borrowed, static */
    uint32_t caps;                  /* FS_CAP_* */
    bool pending;                   /* operations are gathered: call commit() within FS_COMMIT_MS */
    bool untidy;                    /* work was deferred: call tidy() after FS_TIDY_MS of quiet */
    const struct fs_command *commands; /* of ioctl(), ended by a NULL name; NULL: none; static */
    uint64_t quota_bytes; /* quota of its files that the store itself has; 0: no limit */
    uint32_t timeout_s;   /* seconds a slot may take; set by `generic` */
};

/** The row of a command; NULL: the instance has no such command. */
static inline const struct fs_command *fs_command_find(const struct fs *fs, uint32_t number)
{
    for (const struct fs_command *c = fs->commands; c != NULL && c->name != NULL; c++) {
        if (c->number == number)
            return c;
    }
    return NULL;
}

/** The bytes of a command's buffer. */
static inline size_t fs_command_size(const struct fs_command *c)
{
    return c->in_size > c->out_size ? c->in_size : c->out_size;
}

/** The owner calls commit() within this time after `pending` becomes true. */
enum { FS_COMMIT_MS = 5 };

/** The owner calls tidy() when `untidy` is true and nothing has changed for this time, and again
 * after this time while it stays true. */
enum { FS_TIDY_MS = 1000 };

/**
 * Make an instance by driver name: find the driver, split and check the options, open the source, wrap
 * it in `generic`. The type of registry_open(), so that the core need not know the registry.
 * Returns   as open_source(); -ENODEV no driver of this name; -EINVAL a key nobody knows (named in why);
 *           FS_WOULD_WAIT it may have to wait, and what is left to do is in @req->later.
 */
typedef int (*fs_open_fn)(const char *driver, const struct fs_open *req, struct fs **out);

/** Whether the driver of this name has a trait. The type of registry_waits() and registry_helps(). */
typedef bool (*fs_trait_fn)(const char *driver);

#endif
