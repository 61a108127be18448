/* SPDX-License-Identifier: MIT */
#include "fsdrivers/sqlitefs/lock.h"

#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whether the path still names the file that was locked: its last holder may have removed it
 * since. */
static bool still_there(const char *path, int fd)
{
    struct stat by_path;
    struct stat by_fd;

    return stat(path, &by_path) == 0 && fstat(fd, &by_fd) == 0 && by_path.st_ino == by_fd.st_ino &&
           by_path.st_dev == by_fd.st_dev;
}

static int held(const char *database, int fd, struct why *why)
{
    char holder[16] = "";
    ssize_t len = pread(fd, holder, sizeof(holder) - 1, 0);

    if (len > 0)
        holder[strcspn(holder, "\n")] = '\0';
    return why_add(why, -EBUSY, "%s is in use by process %s", database,
                   holder[0] != '\0' ? holder : "(unknown)");
}

/* Open the lock's file, which sharers may find made by somebody else, and need not write. */
static int open_file(const char *path, bool shared)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0 && shared && (errno == EACCES || errno == EROFS)) {
        int err = errno;

        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        errno = err;
    }
    return fd;
}

/* Lock the file once. Returns 0, -EAGAIN the file went away meanwhile, -EBUSY, other -errno. */
static int try_lock(const char *database, const char *path, bool shared, int *out, struct why *why)
{
    int fd = open_file(path, shared);
    int err = 0;

    if (fd < 0)
        return why_add(why, -errno, "%s: %s", path, strerror(errno));
    if (flock(fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) < 0)
        err = errno == EWOULDBLOCK ? held(database, fd, why) : -errno;
    else if (!still_there(path, fd))
        err = -EAGAIN;
    if (err < 0) {
        (void)close(fd);
        return err;
    }
    *out = fd;
    return 0;
}

int lock_take(const char *database, bool shared, struct lock *out, struct why *why)
{
    struct strbuf path = STRBUF_INIT;
    struct lock l = LOCK_INIT;
    char pid[16];
    int len;
    int err;

    (void)strbuf_addf(&path, "%s-lock", database);
    l.path = strbuf_take(&path);
    if (l.path == NULL)
        return -ENOMEM;
    do {
        err = try_lock(database, l.path, shared, &l.fd, why);
    } while (err == -EAGAIN);
    if (err < 0) {
        free(l.path);
        return err;
    }
    len = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (ftruncate(l.fd, 0) < 0 || pwrite(l.fd, pid, (size_t)len, 0) != len)
        (void)0; /* the id is for people only: the lock holds without it */
    *out = l;
    return 0;
}

void lock_release(struct lock *l)
{
    if (l->fd < 0)
        return;
    if (flock(l->fd, LOCK_EX | LOCK_NB) == 0)
        (void)unlink(l->path);
    (void)close(l->fd);
    free(l->path);
    *l = (struct lock)LOCK_INIT;
}
