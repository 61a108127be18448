/* SPDX-License-Identifier: MIT */
/*
 * The supervisor of a private daemon.
 *
 *     STARTING --"scboxd ready"--> SERVING --release byte--> RELEASED
 *        |  \                        |   \                      |
 *        |   +-----life pipe ends----+----> stop the daemon     |
 *        +---------daemon ends-------+--------------------------+--> leave the roster, wait for the life
 *                                                                    pipe's end, remove the directory, exit
 *
 * The directory outlives the daemon until the command closes the life pipe, so that the command
 * can read the log of a daemon that could not start.
 */
#include "client/cli/reach/supervisor.h"

#include "client/cli/base/host_file.h"
#include "client/lib/clock.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    START_MS = 10000,           /* scboxd must be ready within this time */
    STOP_MS = 6000,             /* it promises to stop within 5 s of SIGTERM */
    LOG_MAX = 16 * 1024 * 1024, /* bytes of the log; the line at the limit is completed */
    LINE_MAX_BYTES = 64 * 1024, /* bytes of a line that may be the ready line */
    WALK_FDS = 16,              /* directories that nftw() keeps open */
};

static const char ready_line[] = "scboxd ready";

struct watch {
    const struct supervisor *k;
    struct strbuf line; /* the log's last, incomplete line */
    int life_fd;        /* -1 once it has ended */
    int log_in;         /* the daemon's stderr; -1 once it has ended */
    int log_out;        /* the log file */
    int pidfd;
    pid_t pid;
    size_t log_size; /* bytes in the log file */
    bool told;       /* the status was sent */
    bool released;   /* the daemon may outlive the command */
};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk)
{
    (void)st;
    (void)type;
    (void)walk;
    (void)remove(path);
    return 0;
}

static void tell(struct watch *w, int status)
{
    if (w->told)
        return;
    w->told = true;
    (void)!write(w->k->status_fd, &status, sizeof status);
    close(w->k->status_fd);
}

/* Close all descriptors of the command except two, and leave its terminal. */
static void detach(struct supervisor *k)
{
    int life = fcntl(k->life_fd, F_DUPFD, 16);
    int status = fcntl(k->status_fd, F_DUPFD, 16);
    int null = host_null();

    (void)setsid();
    (void)prctl(PR_SET_NAME, "scbox-supervisor");
    for (int fd = 0; fd <= 2; fd++)
        (void)dup2(null, fd);
    k->life_fd = dup2(life, 3);
    k->status_fd = dup2(status, 4);
    (void)close_range(5, ~0U, 0);
    (void)fcntl(3, F_SETFD, FD_CLOEXEC);
    (void)fcntl(4, F_SETFD, FD_CLOEXEC);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

/* In the child that becomes scboxd. */
_Noreturn static void become_daemon(const struct supervisor *k, int log_fd, pid_t supervisor)
{
    sigset_t none;

    (void)dup2(log_fd, STDERR_FILENO);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != supervisor)
        _exit(1);
    execv(k->program, k->argv);
    dprintf(STDERR_FILENO, "%s: %s\n", k->program, strerror(errno));
    _exit(127);
}

/* Start the daemon with its stderr on a pipe. Returns 0 or -errno. */
static int start(struct watch *w)
{
    pid_t supervisor = getpid();
    int log[2];

    w->log_out = host_create(w->k->log, HOST_APPEND, NULL);
    if (w->log_out < 0)
        return w->log_out;
    if (pipe2(log, O_CLOEXEC) < 0)
        return -errno;
    w->pid = fork();
    if (w->pid < 0)
        return -errno;
    if (w->pid == 0)
        become_daemon(w->k, log[1], supervisor);
    close(log[1]);
    w->log_in = log[0];
    w->pidfd = pidfd_open(w->pid, 0);
    return w->pidfd < 0 ? -errno : 0;
}

/* Look for the ready line among complete lines. */
static void scan_lines(struct watch *w)
{
    const char *line = strbuf_str(&w->line);
    const char *last = line + w->line.len;
    const char *end = NULL;

    while ((end = memchr(line, '\n', (size_t)(last - line))) != NULL) {
        if (strncmp(line, ready_line, strlen(ready_line)) == 0)
            tell(w, 0);
        line = end + 1;
    }
    strbuf_drop(&w->line, (size_t)(line - strbuf_str(&w->line)));
    if (w->line.len > LINE_MAX_BYTES) /* not the ready line */
        strbuf_reset(&w->line);
}

/* Write to the log. A full log is emptied at the begin of a line, so that its last line is
 * complete. */
static void keep_log(struct watch *w, const char *bytes, size_t len)
{
    const char *end = memchr(bytes, '\n', len);
    size_t rest = end != NULL ? len - (size_t)(end + 1 - bytes) : 0;
    bool late = w->log_size + len > LOG_MAX + LINE_MAX_BYTES;

    if (w->log_size + len > LOG_MAX && (rest > 0 || late) && ftruncate(w->log_out, 0) == 0) {
        w->log_size = 0;
        bytes += rest > 0 ? len - rest : 0;
        len = rest > 0 ? rest : len;
    }
    w->log_size += len;
    (void)!write(w->log_out, bytes, len);
}

static void copy_log(struct watch *w)
{
    char buf[4096];
    ssize_t got = read(w->log_in, buf, sizeof buf);

    if (got <= 0) {
        close(w->log_in);
        w->log_in = -1;
        return;
    }
    keep_log(w, buf, (size_t)got);
    if (w->told)
        return;
    (void)strbuf_add(&w->line, buf, (size_t)got);
    scan_lines(w);
}

static void read_life(struct watch *w)
{
    char byte = 0;

    if (read(w->life_fd, &byte, 1) == 1) {
        w->released = w->released || byte == SUPERVISOR_RELEASE;
        return;
    }
    close(w->life_fd);
    w->life_fd = -1;
}

enum news { NEWS_NONE, NEWS_SOME, NEWS_ENDED };

/* Wait for an event. Returns whether there was none in time, one, or the end of the daemon. */
static enum news step(struct watch *w, int timeout_ms)
{
    struct pollfd fds[3] = {
        {.fd = w->log_in, .events = POLLIN},
        {.fd = w->pidfd, .events = POLLIN},
        {.fd = w->life_fd, .events = POLLIN},
    };

    if (poll(fds, 3, timeout_ms) == 0)
        return NEWS_NONE;
    if (fds[2].revents != 0)
        read_life(w);
    if (fds[0].revents != 0) {
        copy_log(w);
        return NEWS_SOME; /* its output precedes its end */
    }
    return fds[1].revents != 0 ? NEWS_ENDED : NEWS_SOME;
}

/* Run until the daemon has ended by itself (true), or must end. */
static bool watch_daemon(struct watch *w)
{
    while (w->life_fd >= 0 || w->released) {
        enum news news = step(w, w->told ? -1 : START_MS);

        if (news == NEWS_ENDED)
            return true;
        if (news == NEWS_NONE)
            tell(w, -ETIMEDOUT);
    }
    return false;
}

static void stop_daemon(struct watch *w)
{
    int64_t deadline = clock_ms() + STOP_MS;

    (void)kill(w->pid, SIGTERM);
    for (int64_t now = clock_ms(); now < deadline; now = clock_ms()) {
        if (step(w, (int)(deadline - now)) == NEWS_ENDED)
            return;
    }
    (void)kill(w->pid, SIGKILL);
}

_Noreturn void supervisor_main(const struct supervisor *k)
{
    struct supervisor own = *k;
    struct watch w = {
        .k = &own, .line = STRBUF_INIT, .log_in = -1, .log_out = -1, .pidfd = -1, .pid = -1};
    int err = 0;

    detach(&own);
    w.life_fd = own.life_fd;
    err = start(&w);
    if (err < 0)
        tell(&w, err);
    else if (!watch_daemon(&w))
        stop_daemon(&w);
    if (w.pid > 0)
        (void)waitpid(w.pid, NULL, 0);
    if (own.entry != NULL)
        (void)unlink(own.entry);
    tell(&w, -ECHILD);
    while (w.life_fd >= 0)
        read_life(&w);
    (void)nftw(own.dir, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}
