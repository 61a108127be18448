/* SPDX-License-Identifier: MIT */
/*
 * A file of the host, named by a path that is looked up once.
 *
 * A path that is looked up twice may lead elsewhere the second time. So it is resolved once, to
 * descriptors: the directory, a name in it, and the file itself if it exists. Everything after that
 * uses them. Both are O_PATH: nothing was opened, so nothing blocked or had a side effect, and
 * closing one drops no POSIX lock of this process.
 *
 *     err = hostfile_open("/srv/x.db", &claims, false, &f, why);    looked up, judged, claimed
 *     if (err == 0 && f->file < 0)
 *         err = hostfile_create(f, 0600, why);                      a new file, no link followed
 *     fd = hostfile_reopen(f, O_RDWR);                              that very file
 *     fd = hostfile_open_beside(f, "-wal", O_RDWR | O_CREAT, 0600, why);
 *     ...
 *     hostfile_free(f);                                             the claims end
 *
 * **Claims.** `struct hostfiles` knows the inode of every file in use, side files included. A file
 * is used once, under whatever name. Several readers may share a file under one name. A directory that
 * is claimed for writing is claimed with all that lies beneath it: its user could truncate what another
 * one has mapped. Claims are made and ended on any thread.
 *
 * The directory stays the same while the hostfile lives. A user who may rename that directory can
 * move it with its content, but gains no write access by that.
 */
#ifndef SERVER_BASE_HOSTFILE_H
#define SERVER_BASE_HOSTFILE_H

#include "server/base/list.h"
#include "server/base/why.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/** The identity of a file, independent of its names. */
struct file_id {
    dev_t dev;
    ino_t ino;
};

enum {
    HOSTFILE_BESIDE_MAX = 4,  /* side files of one file */
    HOSTFILE_SUFFIX_MAX = 15, /* bytes of a side file's suffix */
    HOSTFILE_FD_PATH_SIZE = 32,
};

/** A side file in use; suffix "" marks a free entry. */
struct hostfile_side {
    char suffix[HOSTFILE_SUFFIX_MAX + 1];
    struct file_id id;
};

struct hostfile {
    int dir;    /* O_PATH; the directory */
    int file;   /* O_PATH; a regular file or a directory; -1: it does not exist yet */
    char *name; /* owned; in the directory, "." for the directory itself */
    char *path; /* owned; absolute and without links, as it was resolved; for messages */
    bool shared;
    bool directory;
    struct file_id id; /* of @file */
    struct hostfile_side beside[HOSTFILE_BESIDE_MAX];
    struct hostfiles *claims; /* borrowed; NULL: not claimed */
    struct list link;
};

/** The claims of one daemon. */
struct hostfiles {
    pthread_mutex_t lock;
    struct list list; /* struct hostfile.link */
};

void hostfiles_init(struct hostfiles *p);

/**
 * Resolve the links of a path. The directory must exist, the file need not.
 * @out      PATH_MAX bytes. It can be out of date at once; only hostfile_at() pins it.
 * Returns   0; -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, -ELOOP (also for a dangling link).
 */
int hostfile_resolve(const char *path, char *out);

/**
 * Make a hostfile from a directory and a name in it. No link is followed.
 * @dir      O_PATH; taken, on failure too.
 * @path     borrowed; as hostfile_resolve() found it; its last component is the name.
 * @claims   borrowed, must outlive it; NULL: do not claim.
 * @shared   for reading only: other readers may share it.
 * @out      returned; hostfile_free().
 * Returns   0; -ENOTBLK neither a regular file nor a directory, -EBUSY in use (@why names the
 *           holder), beneath a directory that is, or renamed meanwhile, -EACCES, -ENAMETOOLONG, -ENOMEM, -EMFILE.
 */
int hostfile_at(int dir, const char *path, struct hostfiles *claims, bool shared,
                struct hostfile **out, struct why *why);

/** hostfile_resolve() and hostfile_at(), without a check where the path leads. Returns as both. */
int hostfile_open(const char *path, struct hostfiles *claims, bool shared, struct hostfile **out,
                  struct why *why);

/**
 * Create the file, empty. It must not exist.
 * Returns   0; -EEXIST, -EACCES, -EROFS, -ENOSPC, -EDQUOT, -ENOMEM.
 */
int hostfile_create(struct hostfile *p, mode_t mode, struct why *why);

/** Undo hostfile_create(), unless the name now belongs to another file. */
void hostfile_remove(struct hostfile *p);

/** Check access for this process. @what R_OK, W_OK. Returns 0, -EACCES, -EROFS, other -errno. */
int hostfile_access(const struct hostfile *p, int what);

/** Open the file. @flags as for open(). Returns a descriptor, or -errno. */
int hostfile_reopen(const struct hostfile *p, int flags);

/**
 * Open a side file, named as the file plus a suffix, and claim it.
 * @flags    as for open(); O_CREAT is allowed.
 * Returns   a descriptor; -ENOENT; -EBUSY if it has other links or another claim; -ENOTSUP if it is
 *           not a regular file; -EMFILE past HOSTFILE_BESIDE_MAX or HOSTFILE_SUFFIX_MAX; other
 *           -errno of open().
 */
int hostfile_open_beside(struct hostfile *p, const char *suffix, int flags, mode_t mode,
                         struct why *why);

/** Whether the side file exists. */
bool hostfile_has_beside(const struct hostfile *p, const char *suffix);

/** lstat() of a side file. Returns 0, -ENOENT, other -errno. */
int hostfile_stat_beside(const struct hostfile *p, const char *suffix, struct stat *out);

/**
 * Remove a side file and its claim, if the name still belongs to the file in @seen.
 * Returns   0; -EBUSY it is another file now; other -errno.
 */
int hostfile_remove_beside(struct hostfile *p, const char *suffix, const struct stat *seen);

/** Drop the claim of a removed side file: its inode can become another file's. */
void hostfile_forget_beside(struct hostfile *p, const char *suffix);

/**
 * Whether only this process's user (and root) can write or truncate a file. Only such a file may be
 * mapped: no one else can cause a SIGBUS.
 * @fd       any descriptor of it; O_PATH is enough.
 */
bool hostfile_is_private(int fd);

/**
 * Whether a directory is @top or lies beneath it.
 * @dir      O_PATH; borrowed.
 * @stop     where the walk up ends; NULL: at the host's root.
 * Returns   true also when that can't be determined.
 */
bool hostfile_is_beneath(int dir, struct file_id top, const struct file_id *stop);

/** Write a path that names the file of a descriptor, O_PATH too. @out HOSTFILE_FD_PATH_SIZE bytes. */
void hostfile_fd_path(int fd, char *out);

/** Whether it is a directory that is @dir, or that @dir lies beneath. @dir O_PATH. */
bool hostfile_holds(const struct hostfile *p, int dir);

/** End the claims and close. NULL is ignored. */
/** Drop the claims and close. NULL is ignored. */
void hostfile_free(struct hostfile *p);

#endif
