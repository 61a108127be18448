/* SPDX-License-Identifier: MIT */
#include "server/host/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PRIVATE_DIR_MODE = 0700, PRIVATE_FILE_MODE = 0600 };

/** Write which operation on @path failed to @error. Returns -@err. */
static int say(struct strbuf *error, int err, const char *path, const char *what)
{
    (void)strbuf_addf(error, "%s: %s", path, what);
    return -err;
}

static int say_errno(struct strbuf *error, const char *path)
{
    return say(error, errno, path, strerror(errno));
}

int make_private_dir(const char *path, struct strbuf *error)
{
    char *copy = strdup(path);
    struct stat st;
    int err = 0;

    if (copy == NULL)
        return say(error, ENOMEM, path, "out of memory");
    for (char *p = copy + 1; err == 0 && *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(copy, PRIVATE_DIR_MODE) < 0 && errno != EEXIST)
            err = say_errno(error, copy);
        *p = '/';
    }
    if (err == 0 && mkdir(copy, PRIVATE_DIR_MODE) < 0 && errno != EEXIST)
        err = say_errno(error, copy);
    if (err == 0 && stat(copy, &st) < 0)
        err = say_errno(error, copy);
    else if (err == 0 && !S_ISDIR(st.st_mode))
        err = say(error, ENOTDIR, copy, "not a directory");
    free(copy);
    return err;
}

/** Refuse a directory that other users may enter: they could connect. */
static int check_private(const char *dir, struct strbuf *error)
{
    struct stat st;

    if (stat(dir, &st) < 0)
        return say_errno(error, dir);
    if (!S_ISDIR(st.st_mode))
        return say(error, ENOTDIR, dir, "not a directory");
    if (st.st_uid != geteuid())
        return say(error, EPERM, dir,
                   "the socket's directory belongs to another user; choose another --socket");
    if ((st.st_mode & 077) != 0)
        return say(error, EPERM, dir,
                   "other users can enter the socket's directory; chmod 700 it, or choose another "
                   "--socket");
    return 0;
}

/** Create the directory of the socket, and check it. */
static int prepare_dir(const char *path, struct strbuf *error)
{
    char *copy = strdup(path);
    const char *dir;
    int err;

    if (copy == NULL)
        return say(error, ENOMEM, path, "out of memory");
    dir = dirname(copy);
    err = make_private_dir(dir, error);
    if (err == 0)
        err = check_private(dir, error);
    free(copy);
    return err;
}

static int say_running(const struct listen_socket *s, struct strbuf *error)
{
    char pid[32] = "";
    ssize_t got = pread(s->lock_fd, pid, sizeof(pid) - 1, 0);

    pid[got > 0 ? got : 0] = '\0';
    (void)strbuf_addf(error,
                      "%s: a daemon%s%s is already running there; stop it, or choose another "
                      "--socket",
                      s->path, pid[0] != '\0' ? " with pid " : "", pid);
    return -EADDRINUSE;
}

/** Take the lock beside the socket and write our pid into it. */
static int take_lock(struct listen_socket *s, struct strbuf *error)
{
    struct strbuf lock = STRBUF_INIT;
    char pid[32];
    int len = snprintf(pid, sizeof(pid), "%ld", (long)getpid());

    (void)strbuf_addf(&lock, "%s.lock", s->path);
    s->lock_fd =
        open(strbuf_str(&lock), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, PRIVATE_FILE_MODE);
    if (s->lock_fd < 0) {
        int err = say_errno(error, strbuf_str(&lock));

        strbuf_done(&lock);
        return err;
    }
    strbuf_done(&lock);
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? say_running(s, error) : say_errno(error, s->path);
    if (ftruncate(s->lock_fd, 0) < 0 || pwrite(s->lock_fd, pid, (size_t)len, 0) != len)
        return say_errno(error, s->path);
    return 0;
}

/** With the lock held, the socket's name is stale unless a daemon answers there. */
static int remove_stale(struct listen_socket *s, const struct sockaddr_un *addr,
                        struct strbuf *error)
{
    struct stat st;
    int fd;
    int connected;

    if (lstat(s->path, &st) < 0)
        return errno == ENOENT ? 0 : say_errno(error, s->path);
    if (!S_ISSOCK(st.st_mode))
        return say(error, EEXIST, s->path, "there is a file that is not a socket; remove it");
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return say_errno(error, s->path);
    connected = connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
    (void)close(fd);
    if (connected == 0)
        return say(error, EADDRINUSE, s->path, "another program listens there; stop it");
    if (unlink(s->path) < 0)
        return say_errno(error, s->path);
    return 0;
}

static int bind_socket(struct listen_socket *s, const struct sockaddr_un *addr,
                       struct strbuf *error)
{
    mode_t mask;
    int failed;

    s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0)
        return say_errno(error, s->path);
    mask = umask(0777 & ~PRIVATE_FILE_MODE);
    failed = bind(s->fd, (const struct sockaddr *)addr, sizeof(*addr));
    (void)umask(mask);
    return failed < 0 ? say_errno(error, s->path) : 0;
}

int listen_socket_open(struct listen_socket *s, const char *path, struct strbuf *error)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int err;

    *s = (struct listen_socket){.fd = -1, .lock_fd = -1};
    if (strlen(path) >= sizeof(addr.sun_path)) {
        (void)strbuf_addf(error,
                          "%s: a socket's path has at most %zu bytes, this one has %zu; "
                          "choose another --socket",
                          path, sizeof(addr.sun_path) - 1, strlen(path));
        return -ENAMETOOLONG;
    }
    (void)strcpy(addr.sun_path, path);
    s->path = strdup(path);
    if (s->path == NULL)
        return say(error, ENOMEM, path, "out of memory");
    err = prepare_dir(path, error);
    if (err == 0)
        err = take_lock(s, error);
    if (err == 0)
        err = remove_stale(s, &addr, error);
    if (err == 0)
        err = bind_socket(s, &addr, error);
    if (err < 0) {
        if (s->fd >= 0)
            (void)close(s->fd);
        if (s->lock_fd >= 0)
            (void)close(s->lock_fd);
        free(s->path);
    }
    return err;
}

void listen_socket_close(struct listen_socket *s)
{
    (void)unlink(s->path);
    if (s->fd >= 0)
        (void)close(s->fd);
    (void)close(s->lock_fd); /* not unlinked: two daemons could lock two files of that name */
    free(s->path);
}
