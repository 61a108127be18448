/* SPDX-License-Identifier: MIT */
/* The command's side of a private daemon: find scboxd, make the directory, start the supervisor. */
#include "client/cli/reach/daemon.h"

#include "client/cli/base/host_file.h"
#include "client/cli/reach/roster.h"
#include "client/cli/reach/supervisor.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

struct daemon {
    char *program;
    char *dir;
    char *socket;
    char *log;
    char *entry;    /* in the roster; NULL: none */
    char *unlisted; /* why it is not in the roster, though it should be */
    pid_t supervisor;
    int life_fd; /* open while the daemon should run */
};

enum { LAST_WORDS_MAX = 4096 }; /* bytes at the end of its log that are searched */

static const char socket_name[] = "/scboxd.sock";
static const char dir_template[] = "/scbox-XXXXXX";

/* DIR/scboxd. NULL: it can't be run. */
static char *runnable(const char *dir, size_t len)
{
    char *path = NULL;

    if (len == 0 || asprintf(&path, "%.*s/scboxd", (int)len, dir) < 0)
        return NULL;
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

/* Beside this program first: a build tree must not run the installed daemon. */
static char *find_program(void)
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self);
    const char *slash = len > 0 ? memrchr(self, '/', (size_t)len) : NULL;
    char *found = slash != NULL ? runnable(self, (size_t)(slash - self)) : NULL;
    const char *dirs = getenv("PATH");

    while (found == NULL && dirs != NULL && *dirs != '\0') {
        size_t part = strcspn(dirs, ":");

        found = runnable(dirs, part);
        dirs += part + (dirs[part] == ':');
    }
    return found;
}

/* Make a private directory with a path short enough for a socket's address. */
static char *make_dir(void)
{
    const char *tmp = getenv("TMPDIR");
    size_t room = sizeof((struct sockaddr_un *)NULL)->sun_path;
    char *dir = NULL;

    if (tmp == NULL || tmp[0] != '/' ||
        strlen(tmp) + sizeof dir_template + sizeof socket_name > room || access(tmp, W_OK) != 0)
        tmp = "/tmp";
    if (asprintf(&dir, "%s%s", tmp, dir_template) < 0)
        return NULL;
    if (mkdtemp(dir) != NULL)
        return dir;
    free(dir);
    return NULL;
}

static int name_paths(struct daemon *d, struct why *why)
{
    d->program = find_program();
    if (d->program == NULL)
        return why_add(why, -ENOENT,
                       "scboxd is neither beside this program nor in PATH: build or install it");
    d->dir = make_dir();
    if (d->dir == NULL)
        return why_add(why, -errno, "can't make a temporary directory: %s; set TMPDIR",
                       strerror(errno));
    if (asprintf(&d->socket, "%s%s", d->dir, socket_name) < 0) {
        d->socket = NULL;
        return -ENOMEM;
    }
    if (asprintf(&d->log, "%s/scboxd.log", d->dir) < 0) {
        d->log = NULL;
        return -ENOMEM;
    }
    return 0;
}

/* Fill in the daemon's command line; it borrows @state. */
static void build_argv(const struct daemon *d, const struct daemon_spec *spec, char *state,
                       const char **argv)
{
    size_t n = 0;

    argv[n++] = d->program;
    argv[n++] = "--socket";
    argv[n++] = d->socket;
    if (!spec->user_state) {
        argv[n++] = "--state";
        argv[n++] = state;
    }
    if (!spec->default_machine)
        argv[n++] = "--no-default-machine";
    if (spec->no_patch)
        argv[n++] = "--no-patch";
    argv[n++] = "--source-root";
    argv[n++] = d->dir;
    for (size_t i = 0; i < spec->source_root_count; i++) {
        argv[n++] = "--source-root";
        argv[n++] = spec->source_roots[i];
    }
    argv[n] = NULL;
}

/* Fork the supervisor. @status_fd receives the reading end of its status pipe. */
static int start_supervisor(struct daemon *d, char *const *argv, int *status_fd)
{
    int life[2] = {-1, -1};
    int status[2] = {-1, -1};
    int err = 0;

    if (pipe2(life, O_CLOEXEC) < 0)
        return -errno;
    d->life_fd = life[1];
    if (pipe2(status, O_CLOEXEC) < 0) {
        close(life[0]);
        return -errno;
    }
    d->supervisor = fork();
    err = d->supervisor < 0 ? -errno : 0;
    if (d->supervisor == 0)
        supervisor_main(
            &(struct supervisor){d->program, argv, d->dir, d->entry, d->log, life[0], status[1]});
    close(life[0]);
    close(status[1]);
    *status_fd = status[0];
    return err;
}

/* Wait for the supervisor's status. */
static int await_ready(const struct daemon *d, int status_fd, struct why *why)
{
    int status = -ECHILD;
    ssize_t got = 0;
    char *words = NULL;

    do
        got = read(status_fd, &status, sizeof status);
    while (got < 0 && errno == EINTR);
    if (got != sizeof status)
        status = -ECHILD;
    if (status == 0)
        return 0;
    words = daemon_last_words(d);
    if (status == -ETIMEDOUT)
        why_note(why, "the daemon did not become ready in time");
    else if (status != -ECHILD)
        why_note(why, "the daemon could not be started: %s", strerror(-status));
    if (words != NULL && words[0] != '\0')
        why_note(why, "%s", words);
    else if (status == -ECHILD)
        why_note(why, "the daemon ended before it was ready");
    free(words);
    return status;
}

/* Choose the path in the roster, before the supervisor starts, which removes it. */
static void choose_entry(struct daemon *d, const char *command)
{
    struct why why = WHY_INIT;
    int err = roster_entry(command, &d->entry, &why);

    if (err < 0)
        d->unlisted = strdup(why.count > 0 ? host_reason(&why) : strerror(-err));
    why_done(&why);
}

/* Add a daemon that is ready to the roster. */
static void enter_roster(struct daemon *d)
{
    int err = roster_add(d->entry, d->socket);

    if (err < 0)
        d->unlisted = strdup(strerror(-err));
}

static void daemon_free(struct daemon *d)
{
    free(d->entry);
    free(d->unlisted);
    free(d->program);
    free(d->dir);
    free(d->socket);
    free(d->log);
    free(d);
}

int daemon_start(const struct daemon_spec *spec, struct daemon **out, struct why *why)
{
    const char **argv = calloc(9 + 2 * (spec->source_root_count + 1), sizeof *argv);
    struct daemon *d = calloc(1, sizeof *d);
    char *state = NULL;
    int status_fd = -1;
    int err = -ENOMEM;

    if (d == NULL || argv == NULL)
        goto out;
    d->life_fd = -1;
    d->supervisor = -1;
    err = name_paths(d, why);
    if (err < 0)
        goto out;
    err = asprintf(&state, "%s/state", d->dir) < 0 ? -ENOMEM : 0;
    if (err < 0)
        goto out;
    if (spec->command != NULL)
        choose_entry(d, spec->command);
    build_argv(d, spec, state, argv);
    err = start_supervisor(d, (char *const *)argv, &status_fd);
    if (err == 0)
        err = await_ready(d, status_fd, why);
    if (err == 0 && d->entry != NULL)
        enter_roster(d);
    if (err == 0) {
        *out = d;
        d = NULL;
    }
out:
    if (status_fd >= 0)
        close(status_fd);
    daemon_stop(d);
    free(state);
    free(argv);
    return err;
}

const char *daemon_socket(const struct daemon *d)
{
    return d->socket;
}

const char *daemon_dir(const struct daemon *d)
{
    return d->dir;
}

const char *daemon_unlisted(const struct daemon *d)
{
    return d->unlisted;
}

char *daemon_last_words(const struct daemon *d)
{
    struct strbuf text = STRBUF_INIT;
    struct strbuf last = STRBUF_INIT;
    const char *line;
    size_t len;

    (void)host_read_end(d->log, LAST_WORDS_MAX, &text);
    for (line = strbuf_str(&text); *line != '\0'; line += len + (line[len] == '\n')) {
        len = strcspn(line, "\n");
        if (len == 0)
            continue;
        strbuf_reset(&last);
        (void)strbuf_add(&last, line, len);
    }
    strbuf_done(&text);
    return strbuf_take(&last);
}

void daemon_stop(struct daemon *d)
{
    if (d == NULL)
        return;
    if (d->life_fd >= 0)
        close(d->life_fd);
    if (d->supervisor > 0) {
        while (waitpid(d->supervisor, NULL, 0) < 0 && errno == EINTR)
            continue;
    } else if (d->dir != NULL) {
        (void)rmdir(d->dir); /* no supervisor was started, so it is empty */
    }
    daemon_free(d);
}

void daemon_release(struct daemon *d)
{
    char byte = SUPERVISOR_RELEASE;

    if (d == NULL)
        return;
    (void)!write(d->life_fd, &byte, 1);
    close(d->life_fd);
    daemon_free(d);
}
