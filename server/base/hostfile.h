/* SPDX-License-Identifier: MIT */
/*
 * A file of the host that somebody named by a path, looked up once.
 *
 * A path that is looked up twice may lead elsewhere the second time. So it is looked up once, into
 * descriptors: the directory, a name in it, and the file itself if there is one. Everything after
 * that goes through them. Both descriptors are O_PATH: the file was not opened, so nothing can have
 * waited or have had an effect, and closing one drops no POSIX lock of this process.
 *
 *     err = hostfile_open("/srv/x.db", &claims, false, &f, why);    looked up, judged, claimed
 *     if (err == 0 && f->file < 0)
 *         err = hostfile_create(f, 0600, why);                      a new file, never a link's target
 *     fd = hostfile_reopen(f, O_RDWR);                              that very file
 *     fd = hostfile_open_beside(f, "-wal", O_RDWR | O_CREAT, 0600, why);
 *     ...
 *     hostfile_free(f);                                             the claims end
 *
 * **Claims.** `struct hostfiles` knows the inode of every file that is in use, side files included.
 * A file is used once, whatever name it has. Several readers may share a file under one name.
 *
 * The directory stays the same for as long as the hostfile lives. Somebody who may rename that
 * directory can move it, with its content: they get nothing that they could not write before.
 */
#ifndef SERVER_BASE_HOSTFILE_H
#define SERVER_BASE_HOSTFILE_H

#include "server/base/list.h"
#include "server/base/why.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/** What a file is, whatever its name. */
struct file_id {
    dev_t dev;
    ino_t ino;
};

enum {
    HOSTFILE_BESIDE_MAX = 4,  /* side files of one file */
    HOSTFILE_SUFFIX_MAX = 15, /* bytes of what their names end in */
};

/** A side file in use; its suffix is "" when there is none. */
struct hostfile_side {
    char suffix[HOSTFILE_SUFFIX_MAX + 1];
    struct file_id id;
};

struct hostfile {
    int dir;    /* O_PATH; the directory */
    int file;   /* O_PATH; a regular file or a directory; -1: there is none yet */
    char *name; /* owned; in the directory, "." for the directory itself */
    char *path; /* owned; absolute and without links, as it was found: for people */
    bool shared;
    struct file_id id; /* of @file */
    struct hostfile_side beside[HOSTFILE_BESIDE_MAX];
    struct hostfiles *claims; /* where the claims are; or NULL: nowhere */
    struct list link;
};

/** The claims of one daemon. */
struct hostfiles {
    struct list list; /* struct hostfile.link */
};

void hostfiles_init(struct hostfiles *p);

/**
 * Find the path without links of a file that need not exist, in a directory that must.
 * @out      PATH_MAX bytes. What it says may be wrong at once: only hostfile_at() makes it true.
 * Returns   0; -ENOENT, -ENOTDIR, -EACCES, -ENAMETOOLONG, -ELOOP also for a link to nowhere.
 */
int hostfile_resolve(const char *path, char *out);

/**
 * Make one of a directory and a name in it. No link is followed.
 * @dir      O_PATH; taken, on failure too.
 * @path     borrowed; as hostfile_resolve() found it; its last component is the name.
 * @claims   where it is claimed; borrowed; or NULL.
 * @shared   for reading only: others may do so too.
 * @out      returned; hostfile_free().
 * Returns   0; -ENOTSUP neither a regular file nor a directory, -EBUSY in use (@why names the
 *           holder) or renamed meanwhile, -EACCES, -ENAMETOOLONG, -ENOMEM, -EMFILE.
 */
int hostfile_at(int dir, const char *path, struct hostfiles *claims, bool shared,
                struct hostfile **out, struct why *why);

/** hostfile_resolve() and hostfile_at() for a path that needs no limits. Returns as both. */
int hostfile_open(const char *path, struct hostfiles *claims, bool shared, struct hostfile **out,
                  struct why *why);

/**
 * Make the file, empty. It must not be there.
 * Returns   0; -EEXIST, -EACCES, -EROFS, -ENOSPC, -EDQUOT, -ENOMEM.
 */
int hostfile_create(struct hostfile *p, mode_t mode, struct why *why);

/** Take back hostfile_create(), unless the name is another file's by now. */
void hostfile_remove(struct hostfile *p);

/** Whether this process may read (R_OK), write (W_OK) the file. Returns 0, -EACCES, -EROFS, -errno. */
int hostfile_access(const struct hostfile *p, int what);

/** Open the file. @flags of open(). Returns a descriptor, or -errno. */
int hostfile_reopen(const struct hostfile *p, int flags);

/**
 * Open a side file, whose name is the file's with a suffix, and claim it.
 * @flags    of open(), O_CREAT among them.
 * Returns   a descriptor; -ENOENT, -EBUSY it has other names or is in use as something else,
 *           -ENOTSUP no regular file, -EMFILE past HOSTFILE_BESIDE_MAX or HOSTFILE_SUFFIX_MAX, other
 *           -errno of open().
 */
int hostfile_open_beside(struct hostfile *p, const char *suffix, int flags, mode_t mode,
                         struct why *why);

/** Whether the directory has the name of a side file. */
bool hostfile_has_beside(const struct hostfile *p, const char *suffix);

/** What the name of a side file stands for; no link is followed. Returns 0, -ENOENT, other -errno. */
int hostfile_stat_beside(const struct hostfile *p, const char *suffix, struct stat *out);

/**
 * Remove the name of a side file, and its claim, if it still is the file that was looked at.
 * Returns   0, -EBUSY it is another by now, other -errno.
 */
int hostfile_remove_beside(struct hostfile *p, const char *suffix, const struct stat *seen);

/** A side file was removed: its inode may become another file's. */
void hostfile_forget_beside(struct hostfile *p, const char *suffix);

/**
 * Whether nobody but this process's user (and root) can write to a file or cut it short: what may
 * be mapped into memory without a SIGBUS in store.
 * @fd       any descriptor of it, O_PATH too.
 */
bool hostfile_is_private(int fd);

/** End the claims and close. NULL is ignored. */
void hostfile_free(struct hostfile *p);

#endif
