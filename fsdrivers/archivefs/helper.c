/* SPDX-License-Identifier: MIT */
#include "fsdrivers/archivefs/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/** Descriptors of the helper from this on are closed. Sanitizers need stderr for their reports. */
#ifdef SCBOX_SANITIZED
enum { CLOSED_FROM = 3 };
#else
enum { CLOSED_FROM = 1 };
#endif

enum { TICK_MS = 50, MS_PER_S = 1000, NS_PER_MS = 1000000 };

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

int64_t helper_deadline(int64_t ms)
{
    return now_ms() + ms;
}

/* ---- Starting ---- */

/** Find the helper: beside this program, or where it is installed. @out PATH_MAX bytes. Returns 0; -ENOENT. */
static int find_program(char *out)
{
    static const char *const places[] = {"scbox-archive", SCBOX_ARCHIVE_PATH};
    char self[PATH_MAX];
    const ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (len <= 0)
        return -ENOENT;
    self[len] = '\0';
    slash = strrchr(self, '/');
    if (slash == NULL)
        return -ENOENT;
    *slash = '\0';
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (snprintf(out, PATH_MAX, "%s/%s", self, places[i]) < PATH_MAX && access(out, X_OK) == 0)
            return 0;
    }
    return -ENOENT;
}

/** Nothing of this process reaches the helper but the socket, which becomes its descriptor 0. */
static int spawn(const char *program, int socket, pid_t *out)
{
    char name[] = "scbox-archive";
    char utc[] = "TZ=UTC0"; /* times of zip files are local ones */
    char utf8[] = "LC_ALL=C.UTF-8";
    char *const argv[] = {name, NULL};
    char *const envp[] = {utc, utf8, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    sigset_t all;
    int err;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    err = posix_spawnattr_init(&attr);
    if (err != 0)
        return -err;
    err = posix_spawn_file_actions_init(&actions);
    if (err != 0) {
        (void)posix_spawnattr_destroy(&attr);
        return -err;
    }
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    (void)posix_spawnattr_setsigmask(&attr, &none);
    (void)posix_spawnattr_setsigdefault(&attr, &all);
    err = posix_spawn_file_actions_adddup2(&actions, socket, 0);
    if (err == 0)
        err = posix_spawn_file_actions_addclosefrom_np(&actions, CLOSED_FROM);
    if (err == 0)
        err = posix_spawn(out, program, &actions, &attr, argv, envp);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attr);
    return -err;
}

/** Wait for the helper's first words. */
static int await_hello(struct helper *c, struct helper_packet *packet, int64_t deadline,
                       struct why *why)
{
    const int err = helper_next(c, deadline, packet);

    if (err == 0 && packet->head.kind == WIRE_HELLO && packet->head.more == WIRE_VERSION)
        return 0;
    if (err == 0 && packet->head.kind == WIRE_DONE)
        return why_add(why, -EIO, "the helper of archivefs could not give up its rights: %s",
                       strerror(packet->head.err < 0 && packet->head.err > -4096 ? -packet->head.err
                                                                                 : EPROTO));
    return why_add(why, -EIO, "the helper of archivefs %s",
                   err == 0            ? "is of another version than scboxd"
                   : err == -ETIMEDOUT ? "did not start in time"
                                       : "ended at its start");
}

int helper_start(struct helper *out, struct helper_packet *packet, int64_t deadline,
                 struct why *why)
{
    char program[PATH_MAX];
    int ends[2];
    int err;

    *out = (struct helper){.fd = -1};
    if (find_program(program) < 0)
        return why_add(why, -EIO, "scbox-archive, the helper of archivefs, is not installed");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return why_add(why, errno == EMFILE || errno == ENFILE ? -EMFILE : -ENOMEM,
                       "the helper of archivefs gets no socket: %s", strerror(errno));
    err = spawn(program, ends[1], &out->pid);
    (void)close(ends[1]);
    out->fd = ends[0];
    if (err < 0) {
        out->pid = 0;
        (void)why_add(why, err, "the helper of archivefs can't be started: %s", strerror(-err));
        err = -EIO;
    } else {
        err = await_hello(out, packet, deadline, why);
    }
    if (err < 0)
        (void)helper_kill(out);
    return err;
}

/* ---- The end ---- */

int helper_kill(struct helper *c)
{
    if (c->fd >= 0)
        (void)close(c->fd);
    c->fd = -1;
    if (c->pid > 0) {
        (void)kill(c->pid, SIGKILL);
        while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    c->pid = 0;
    return -EIO;
}

/* ---- Asking ---- */

int helper_ask(struct helper *c, struct wire_ask *ask, int fd)
{
    ask->seq = ++c->seq;
    atomic_store(&c->interrupted, false);
    return helper_tell(c, ask, fd);
}

int helper_tell(struct helper *c, const struct wire_ask *more, int fd)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.bytes = {0}};
    struct wire_ask ask = *more;
    struct iovec bytes = {&ask, sizeof(ask)};
    struct msghdr msg = {.msg_iov = &bytes, .msg_iovlen = 1};

    if (c->fd < 0)
        return -EIO;
    if (fd >= 0) {
        struct cmsghdr *head;

        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
        head = CMSG_FIRSTHDR(&msg);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    }
    while (sendmsg(c->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EAGAIN) /* it has not yet answered what others asked and gave up */
            return -EIO;
        if (errno != EINTR)
            return helper_kill(c);
    }
    return 0;
}

/** Wait until there is something to read. */
static int await(struct helper *c, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        const int64_t left = deadline - now_ms();
        int n;

        if (atomic_load(&c->interrupted))
            return -EINTR;
        if (left <= 0)
            return -ETIMEDOUT;
        n = poll(&p, 1, left < TICK_MS ? (int)left : TICK_MS);
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -EIO;
    }
}

int helper_next(struct helper *c, int64_t deadline, struct helper_packet *out)
{
    struct iovec parts[] = {{&out->head, sizeof(out->head)}, {out->bytes, sizeof(out->bytes)}};
    struct msghdr msg = {.msg_iov = parts, .msg_iovlen = 2};
    ssize_t got;

    do {
        const int err = c->fd >= 0 ? await(c, deadline) : -EIO;

        if (err < 0)
            return err;
        got = recvmsg(c->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            out->head.seq = c->seq + 1;
            continue;
        }
        if (got < (ssize_t)sizeof(out->head) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
            return helper_kill(c);
    } while (out->head.seq != c->seq);
    out->len = (size_t)got - sizeof(out->head);
    return 0;
}
