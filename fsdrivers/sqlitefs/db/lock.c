/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/db/lock.h"

#include "fsdrivers/sqlitefs/db/vfs.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOLDER_SIZE = 16 };

/* Whether the name still belongs to the locked file: its last holder may have removed it. */
static bool still_there(const struct hostfile *hostfile, int fd)
{
    struct stat by_name;
    struct stat by_fd;
    struct strbuf name = STRBUF_INIT;
    bool there;

    (void)strbuf_addf(&name, "%s" VFS_LOCK, hostfile->name);
    there = fstatat(hostfile->dir, strbuf_str(&name), &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
            fstat(fd, &by_fd) == 0 && by_name.st_ino == by_fd.st_ino &&
            by_name.st_dev == by_fd.st_dev;
    strbuf_done(&name);
    return there;
}

/* Read the holder of a lock. Returns 0; -EBUSY the file has foreign content. */
static int read_holder(int fd, char holder[HOLDER_SIZE])
{
    ssize_t len = pread(fd, holder, HOLDER_SIZE - 1, 0);
    size_t digits;

    holder[len > 0 ? len : 0] = '\0';
    digits = strspn(holder, "0123456789");
    if (len == HOLDER_SIZE - 1 || (holder[digits] != '\0' && strcmp(holder + digits, "\n") != 0))
        return -EBUSY;
    holder[digits] = '\0';
    return 0;
}

static int held(const struct hostfile *hostfile, int fd, struct why *why)
{
    char holder[HOLDER_SIZE];

    if (read_holder(fd, holder) < 0 || holder[0] == '\0')
        (void)strcpy(holder, "(unknown)");
    return why_add(why, -EBUSY, "%s is in use by process %s", hostfile->path, holder);
}

/* Open the lock's file; one that another sharer made need not be writable. */
static int open_file(struct hostfile *hostfile, bool shared, struct why *why)
{
    int fd = hostfile_open_beside(hostfile, VFS_LOCK, O_RDWR | O_CREAT, 0644, why);

    if (shared && (fd == -EACCES || fd == -EROFS)) {
        int readable = hostfile_open_beside(hostfile, VFS_LOCK, O_RDONLY, 0, NULL);

        return readable >= 0 ? readable : fd;
    }
    return fd;
}

/* Try to lock the file. Returns 0, -EAGAIN it was removed meanwhile, -EBUSY, other -errno. */
static int try_lock(struct hostfile *hostfile, bool shared, int *out, struct why *why)
{
    int fd = open_file(hostfile, shared, why);
    char holder[HOLDER_SIZE];
    int err = 0;

    if (fd < 0)
        return why_add(why, fd, "%s" VFS_LOCK ": %s", hostfile->path, strerror(-fd));
    if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0)
        err = errno == EWOULDBLOCK ? held(hostfile, fd, why) : -errno;
    else if (!still_there(hostfile, fd))
        err = -EAGAIN;
    else if (read_holder(fd, holder) < 0)
        err = why_add(why, -EBUSY, "%s" VFS_LOCK " has foreign content: remove or rename it",
                      hostfile->path);
    if (err < 0) {
        (void)close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

int lock_take(struct hostfile *hostfile, bool shared, struct lock *out, struct why *why)
{
    struct lock l = {.fd = -1, .hostfile = hostfile};
    char pid[HOLDER_SIZE];
    int len;
    int err;

    do {
        err = try_lock(hostfile, shared, &l.fd, why);
    } while (err == -EAGAIN);
    if (err < 0)
        return err;
    len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (ftruncate(l.fd, 0) < 0 || pwrite(l.fd, pid, (size_t)len, 0) != len)
        (void)0; /* the id is only for people: the lock holds without it */
    *out = l;
    return 0;
}

void lock_release(struct lock *l)
{
    struct strbuf name = STRBUF_INIT;

    if (l->fd < 0)
        return;
    (void)strbuf_addf(&name, "%s" VFS_LOCK, l->hostfile->name);
    if (!strbuf_failed(&name) && flock(l->fd, LOCK_EX | LOCK_NB) == 0 &&
        still_there(l->hostfile, l->fd))
        (void)unlinkat(l->hostfile->dir, strbuf_str(&name), 0);
    strbuf_done(&name);
    (void)close(l->fd);
    *l = (struct lock)LOCK_INIT;
}
