/* SPDX-License-Identifier: MIT */
#include "server/base/hostfile.h"

#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { CREATE_TRIES = 100 };

void hostfiles_init(struct hostfiles *p)
{
    (void)pthread_mutex_init(&p->lock, NULL);
    list_init(&p->list);
}

/* ---- Claims ---- */

/* Keep the claims as they are. Harmless where there are none. */
static void lock(const struct hostfile *p)
{
    if (p->claims != NULL)
        (void)pthread_mutex_lock(&p->claims->lock);
}

static void unlock(const struct hostfile *p)
{
    if (p->claims != NULL)
        (void)pthread_mutex_unlock(&p->claims->lock);
}

static struct file_id id_of(const struct stat *st)
{
    return (struct file_id){st->st_dev, st->st_ino};
}

static bool same_file(struct file_id a, struct file_id b)
{
    return a.dev == b.dev && a.ino == b.ino;
}

/* Whether two claims are readers of one file under one name, which may share it. */
static bool same_name(const struct hostfile *a, const struct hostfile *b)
{
    struct stat of_a;
    struct stat of_b;

    return strcmp(a->name, b->name) == 0 && fstat(a->dir, &of_a) == 0 &&
           fstat(b->dir, &of_b) == 0 && same_file(id_of(&of_a), id_of(&of_b));
}

/* The suffix under which @p uses an inode, "" for the file itself; NULL if it does not. */
static const char *use_of(const struct hostfile *p, struct file_id id)
{
    if (p->file >= 0 && same_file(p->id, id))
        return "";
    for (size_t i = 0; i < HOSTFILE_BESIDE_MAX; i++) {
        if (p->beside[i].suffix[0] != '\0' && same_file(p->beside[i].id, id))
            return p->beside[i].suffix;
    }
    return NULL;
}

/* Whether @p may claim the file as @suffix beside the other claims. Returns 0, -EBUSY. */
static int check_free(const struct hostfile *p, const char *suffix, struct file_id id,
                      struct why *why)
{
    if (p->claims == NULL)
        return 0;
    for (const struct list *i = p->claims->list.next; i != &p->claims->list; i = i->next) {
        const struct hostfile *other = container_of(i, struct hostfile, link);
        const char *use = use_of(other, id);

        if (use == NULL)
            continue;
        if (strcmp(use, suffix) == 0 &&
            (other == p || (p->shared && other->shared && same_name(p, other))))
            continue;
        return why_add(why, -EBUSY, "%s%s is in use: it is the file %s%s of another filesystem",
                       p->path, suffix, other->path, use);
    }
    return 0;
}

bool hostfile_is_beneath(int dir, struct file_id top, const struct file_id *stop)
{
    int at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat here;
    struct stat above;
    bool found = at < 0 || fstat(at, &here) < 0; /* on error: beneath */

    for (int depth = 0; !found && !(found = same_file(id_of(&here), top)) &&
                        (stop == NULL || !same_file(id_of(&here), *stop));
         depth++) {
        int up = openat(at, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

        found = up < 0 || fstat(up, &above) < 0 || depth > PATH_MAX;
        (void)close(at);
        at = up;
        if (!found && same_file(id_of(&here), id_of(&above)))
            break;
        here = above;
    }
    if (at >= 0)
        (void)close(at);
    return found;
}

/* Whether @p is apart from all directories that are written to, and they from it. Returns 0, -EBUSY. */
static int check_apart(const struct hostfile *p, struct why *why)
{
    if (p->claims == NULL)
        return 0;
    for (const struct list *i = p->claims->list.next; i != &p->claims->list; i = i->next) {
        const struct hostfile *other = container_of(i, struct hostfile, link);

        if (other->directory && !other->shared && hostfile_is_beneath(p->dir, other->id, NULL))
            return why_add(why, -EBUSY, "%s is in %s, which another filesystem may change", p->path,
                           other->path);
        if (p->directory && !p->shared && hostfile_is_beneath(other->dir, p->id, NULL))
            return why_add(why, -EBUSY, "%s is in %s, and another filesystem uses it", other->path,
                           p->path);
    }
    return 0;
}

bool hostfile_holds(const struct hostfile *p, int dir)
{
    return p->directory && hostfile_is_beneath(dir, p->id, NULL);
}

/* ---- Finding ---- */

int hostfile_resolve(const char *path, char *out)
{
    char parent[PATH_MAX];
    struct stat st;
    char *slash;

    if (realpath(path, out) != NULL)
        return 0;
    if (errno != ENOENT || strlen(path) >= sizeof(parent))
        return -errno;
    (void)strcpy(parent, path);
    slash = strrchr(parent, '/');
    if (slash == NULL || strcmp(slash, "/.") == 0 || strcmp(slash, "/..") == 0 || slash[1] == '\0')
        return -ENOENT;
    *slash = '\0';
    if (realpath(slash == parent ? "/" : parent, out) == NULL)
        return -errno;
    if (strlen(out) + strlen(slash + 1) + 2 > PATH_MAX)
        return -ENAMETOOLONG;
    if (strcmp(out, "/") != 0)
        (void)strcat(out, "/");
    (void)strcat(out, slash + 1);
    return lstat(out, &st) == 0 ? -ELOOP : 0; /* a dangling link: opening would follow it */
}

static const char *name_in(const char *path)
{
    const char *name = strrchr(path, '/') + 1;

    return *name != '\0' ? name : ".";
}

/* Look at the file without opening it. */
static int look(struct hostfile *p, struct why *why)
{
    struct stat st;

    p->file = openat(p->dir, p->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (p->file < 0)
        return errno == ENOENT ? 0 : why_add(why, -errno, "%s: %s", p->path, strerror(errno));
    if (fstat(p->file, &st) < 0)
        return -errno;
    p->id = id_of(&st);
    if (S_ISLNK(st.st_mode)) /* it was not a link when the path was resolved */
        return why_add(why, -EBUSY, "%s is being renamed", p->path);
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return why_add(why, -ENOTBLK, "%s is neither a regular file nor a directory", p->path);
    p->directory = S_ISDIR(st.st_mode);
    return 0;
}

/* Claim what was found. Returns 0, -EBUSY. */
static int claim(struct hostfile *p, struct why *why)
{
    int err;

    if (p->claims == NULL)
        return 0;
    lock(p);
    err = p->file >= 0 ? check_free(p, "", p->id, why) : 0;
    if (err == 0)
        err = check_apart(p, why);
    if (err == 0)
        list_append(&p->claims->list, &p->link);
    unlock(p);
    return err;
}

int hostfile_at(int dir, const char *path, struct hostfiles *claims, bool shared,
                struct hostfile **out, struct why *why)
{
    struct hostfile *p = calloc(1, sizeof(*p));
    int err = 0;

    if (p == NULL) {
        (void)close(dir);
        return -ENOMEM;
    }
    *p = (struct hostfile){.dir = dir, .file = -1, .shared = shared, .claims = claims};
    list_init(&p->link);
    p->path = strdup(path);
    p->name = strdup(name_in(path));
    if (p->path == NULL || p->name == NULL)
        err = -ENOMEM;
    if (err == 0)
        err = look(p, why);
    if (err == 0)
        err = claim(p, why);
    if (err < 0) {
        hostfile_free(p);
        return err;
    }
    *out = p;
    return 0;
}

int hostfile_open(const char *path, struct hostfiles *claims, bool shared, struct hostfile **out,
                  struct why *why)
{
    char real[PATH_MAX];
    char parent[PATH_MAX];
    int err = hostfile_resolve(path, real);
    int dir;

    if (err < 0)
        return why_add(why, err, "%s: %s", path, strerror(-err));
    (void)strcpy(parent, real);
    *(strrchr(parent, '/') + 1) = '\0';
    dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return why_add(why, -errno, "%s: %s", parent, strerror(errno));
    return hostfile_at(dir, real, claims, shared, out, why);
}

/* ---- Using ---- */

void hostfile_fd_path(int fd, char *out)
{
    (void)snprintf(out, HOSTFILE_FD_PATH_SIZE, "/proc/self/fd/%d", fd);
}

/* Reopen the file of an O_PATH descriptor. Returns a descriptor, -errno. */
static int reopen(int fd, int flags)
{
    char path[HOSTFILE_FD_PATH_SIZE];
    int opened;

    hostfile_fd_path(fd, path);
    opened = open(path, (flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_CLOEXEC | O_NOCTTY);
    return opened >= 0 ? opened : -errno;
}

int hostfile_reopen(const struct hostfile *p, int flags)
{
    return p->file >= 0 ? reopen(p->file, flags) : -ENOENT;
}

int hostfile_access(const struct hostfile *p, int what)
{
    char path[HOSTFILE_FD_PATH_SIZE];

    hostfile_fd_path(p->file, path);
    return faccessat(AT_FDCWD, path, what, AT_EACCESS) == 0 ? 0 : -errno;
}

int hostfile_create(struct hostfile *p, mode_t mode, struct why *why)
{
    int fd = openat(p->dir, p->name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
                    mode);
    struct stat st;
    int file;

    if (fd < 0)
        return why_add(why, -errno, "%s: %s", p->path, strerror(errno));
    file = reopen(fd, O_PATH);
    (void)close(fd);
    if (file < 0)
        return why_add(why, file, "%s: /proc is needed: %s", p->path, strerror(-file));
    if (fstat(file, &st) < 0) {
        int err = -errno;

        (void)close(file);
        return err;
    }
    lock(p);
    p->file = file;
    p->id = id_of(&st);
    unlock(p);
    return 0;
}

void hostfile_remove(struct hostfile *p)
{
    struct stat st;

    if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && same_file(id_of(&st), p->id))
        (void)unlinkat(p->dir, p->name, 0);
}

/* ---- Side files ---- */

/* The name of a side file. Returned; free(); NULL without memory. */
static char *name_beside(const struct hostfile *p, const char *suffix)
{
    struct strbuf name = STRBUF_INIT;

    (void)strbuf_addf(&name, "%s%s", p->name, suffix);
    return strbuf_take(&name);
}

/* The entry of a suffix, or a free one, or NULL. */
static struct hostfile_side *slot_of(struct hostfile *p, const char *suffix)
{
    struct hostfile_side *unused = NULL;

    for (size_t i = 0; i < HOSTFILE_BESIDE_MAX; i++) {
        if (strcmp(p->beside[i].suffix, suffix) == 0)
            return &p->beside[i];
        if (unused == NULL && p->beside[i].suffix[0] == '\0')
            unused = &p->beside[i];
    }
    return unused;
}

/* Check a side file before it is opened, and claim it. Returns 0, -ENOTSUP, -EBUSY. */
static int claim_beside(struct hostfile *p, const char *suffix, int fd, struct why *why)
{
    struct hostfile_side *slot = slot_of(p, suffix); /* never NULL: the caller checked */
    struct stat st;
    int err;

    if (fstat(fd, &st) < 0)
        return -errno;
    if (!S_ISREG(st.st_mode))
        return why_add(why, -ENOTSUP, "%s%s is not a regular file", p->path, suffix);
    if (st.st_nlink > 1)
        return why_add(why, -EBUSY, "%s%s has other names: it may belong to something else",
                       p->path, suffix);
    lock(p);
    err = check_free(p, suffix, id_of(&st), why);
    if (err == 0) {
        (void)strcpy(slot->suffix, suffix);
        slot->id = id_of(&st);
    }
    unlock(p);
    return err;
}

/* Open an existing side file. Returns a descriptor, -ENOENT, other -errno. */
static int open_old(struct hostfile *p, const char *suffix, const char *name, int flags,
                    struct why *why)
{
    int seen = openat(p->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int fd;

    if (seen < 0)
        return -errno;
    fd = claim_beside(p, suffix, seen, why);
    if (fd == 0)
        fd = reopen(seen, flags);
    (void)close(seen);
    return fd;
}

/* Create a side file. Returns a descriptor, -EEXIST, other -errno. */
static int open_new(struct hostfile *p, const char *suffix, const char *name, int flags,
                    mode_t mode, struct why *why)
{
    int fd =
        openat(p->dir, name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode);
    int err;

    if (fd < 0)
        return -errno;
    err = claim_beside(p, suffix, fd, why);
    if (err == 0)
        return fd;
    (void)close(fd);
    return err;
}

int hostfile_open_beside(struct hostfile *p, const char *suffix, int flags, mode_t mode,
                         struct why *why)
{
    int fd = -EEXIST;
    char *name;

    if (slot_of(p, suffix) == NULL || strlen(suffix) > HOSTFILE_SUFFIX_MAX)
        return -EMFILE;
    name = name_beside(p, suffix);
    if (name == NULL)
        return -ENOMEM;
    for (int i = 0; fd == -EEXIST && i < CREATE_TRIES; i++) {
        fd = open_old(p, suffix, name, flags, why);
        if (fd == -ENOENT && (flags & O_CREAT) != 0)
            fd = open_new(p, suffix, name, flags, mode, why);
    }
    free(name);
    return fd == -EEXIST ? -EBUSY : fd;
}

int hostfile_stat_beside(const struct hostfile *p, const char *suffix, struct stat *out)
{
    char *name = name_beside(p, suffix);
    int err;

    if (name == NULL)
        return -ENOMEM;
    err = fstatat(p->dir, name, out, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
    free(name);
    return err;
}

bool hostfile_has_beside(const struct hostfile *p, const char *suffix)
{
    struct stat st;

    return hostfile_stat_beside(p, suffix, &st) == 0;
}

int hostfile_remove_beside(struct hostfile *p, const char *suffix, const struct stat *seen)
{
    char *name = name_beside(p, suffix);
    struct stat st;
    int err = name != NULL ? 0 : -ENOMEM;

    if (err == 0 && fstatat(p->dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        err = -errno;
    if (err == 0 && !same_file(id_of(&st), id_of(seen)))
        err = -EBUSY;
    if (err == 0 && unlinkat(p->dir, name, 0) < 0)
        err = -errno;
    if (err == 0)
        hostfile_forget_beside(p, suffix);
    free(name);
    return err;
}

void hostfile_forget_beside(struct hostfile *p, const char *suffix)
{
    struct hostfile_side *slot;

    lock(p);
    slot = slot_of(p, suffix);
    if (slot != NULL)
        slot->suffix[0] = '\0';
    unlock(p);
}

/* ---- Private files ---- */

/* Whether only this kernel changes the filesystem's files (no network filesystem). */
static bool is_local(int fd)
{
    static const int64_t local[] = {
        EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,    TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC,
        F2FS_SUPER_MAGIC, RAMFS_MAGIC,     0x2fc12fc1 /* ZFS */, 0xca451a4e /* bcachefs */};
    struct statfs st;

    if (fstatfs(fd, &st) < 0)
        return false;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        if ((int64_t)st.f_type == local[i])
            return true;
    }
    return false;
}

bool hostfile_is_private(int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0 && st.st_nlink == 1 && is_local(fd);
}

void hostfile_free(struct hostfile *p)
{
    if (p == NULL)
        return;
    lock(p);
    list_del(&p->link);
    unlock(p);
    if (p->file >= 0)
        (void)close(p->file);
    (void)close(p->dir);
    free(p->name);
    free(p->path);
    free(p);
}
