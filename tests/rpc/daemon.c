/* SPDX-License-Identifier: MIT */
#include "tests/rpc/daemon.h"

#include "tests/fini.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 2, STEPS = CLIENT_PATIENCE_MS / STEP_MS };

unsigned daemon_open_files;
const char *daemon_program = SCBOXD_PATH;

static void pause_step(void)
{
    const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};

    (void)nanosleep(&step, NULL);
}

void daemon_prepare(struct daemon *d)
{
    *d = (struct daemon){.pid = -1, .control = {.fd = -1}};
    (void)strcpy(d->dir, "/tmp/scbox-rpc-XXXXXX");
    cr_assert_not_null(mkdtemp(d->dir));
    (void)snprintf(d->socket, sizeof(d->socket), "%s/run/s", d->dir);
    (void)snprintf(d->log, sizeof(d->log), "%s/log", d->dir);
}

/** Copy an argument, "{dir}" replaced. */
static char *expand(const struct daemon *d, const char *arg)
{
    struct strbuf out = STRBUF_INIT;
    const char *at = strstr(arg, "{dir}");

    if (at == NULL)
        return strdup(arg);
    (void)strbuf_addf(&out, "%.*s%s%s", (int)(at - arg), arg, d->dir, at + strlen("{dir}"));
    return strbuf_take(&out);
}

void daemon_spawn(struct daemon *d, const char *const *args)
{
    char *argv[ARGS_MAX + 2] = {strdup(daemon_program)};
    size_t count = 1;

    for (; args[count - 1] != NULL; count++) {
        cr_assert(count <= ARGS_MAX);
        argv[count] = expand(d, args[count - 1]);
    }
    d->pid = fork();
    cr_assert(d->pid >= 0);
    if (d->pid == 0) {
        int fd = open(d->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        if (daemon_open_files > 0)
            (void)setrlimit(RLIMIT_NOFILE, &(struct rlimit){daemon_open_files, daemon_open_files});
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nothing running */
        (void)dup2(fd, STDERR_FILENO);
        (void)dup2(open("/dev/null", O_RDWR), STDOUT_FILENO);
        (void)execv(argv[0], argv);
        _exit(127);
    }
    for (size_t i = 0; i < count; i++)
        free(argv[i]);
}

static bool can_connect(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int connected;

    (void)strcpy(addr.sun_path, path);
    connected = connect(fd, (const struct sockaddr *)&addr, sizeof(addr));
    (void)close(fd);
    return connected == 0;
}

void daemon_await_ready(struct daemon *d)
{
    char *log;

    for (int i = 0; i < STEPS; i++) {
        if (can_connect(d->socket)) {
            client_open(&d->control, d->socket);
            return;
        }
        if (waitpid(d->pid, NULL, WNOHANG) == d->pid)
            break;
        pause_step();
    }
    log = daemon_log_text(d);
    cr_assert_fail("scboxd did not start: %s", log);
}

int daemon_wait(struct daemon *d)
{
    int status;

    for (int i = 0; i < STEPS; i++) {
        pid_t got = waitpid(d->pid, &status, WNOHANG);

        cr_assert(got >= 0);
        if (got == d->pid) {
            d->pid = -1;
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        pause_step();
    }
    (void)kill(d->pid, SIGKILL);
    (void)waitpid(d->pid, &status, 0);
    fini_assert(false, "scboxd did not end");
    return -1;
}

char *daemon_log_text(const struct daemon *d)
{
    struct strbuf text = STRBUF_INIT;
    char buf[4096];
    int fd = open(d->log, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    cr_assert(fd >= 0);
    while ((n = read(fd, buf, sizeof(buf))) > 0)
        (void)strbuf_add(&text, buf, (size_t)n);
    (void)close(fd);
    return strbuf_take(&text);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void daemon_clean(struct daemon *d)
{
    enum { OPEN_MAX_FDS = 8 };

    cr_assert_eq(nftw(d->dir, remove_one, OPEN_MAX_FDS, FTW_DEPTH | FTW_PHYS), 0);
}

char *daemon_census(struct daemon *d)
{
    cJSON *info = call_ok(&d->control, "machine.info", "{\"machine\":\"default\"}");
    char *text = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(info, "census"));

    cJSON_Delete(info);
    return text;
}

static void write_config(const struct daemon *d, const char *config)
{
    char path[128];
    FILE *f = fopen(text_of(path, sizeof(path), "%s/config.json", d->dir), "w");

    cr_assert_not_null(f);
    (void)fputs(config, f);
    (void)fclose(f);
}

static void start(struct daemon *d, const char *config, const char *clock)
{
    const char *const plain[] = {"-s", "{dir}/run/s", "-d",    "{dir}/state",
                                 "-n", "-l",          "debug", NULL};
    const char *const configured[] = {"-s", "{dir}/run/s",       "-d", "{dir}/state", "-n",
                                      "-c", "{dir}/config.json", NULL};
    char params[256];

    daemon_prepare(d);
    if (config != NULL)
        write_config(d, config);
    daemon_spawn(d, config != NULL ? configured : plain);
    daemon_await_ready(d);
    call_done_ok(
        &d->control, "machine.create",
        text_of(params, sizeof(params),
                "{\"name\":\"default\",\"clock\":\"%s\",\"seed\":7,\"names\":[{\"name\":\"io\","
                "\"driver\":\"devfs\"},{\"name\":\"root\",\"driver\":\"ramfs\"}]}",
                clock));
    d->census = daemon_census(d);
}

void daemon_start(struct daemon *d, const char *config)
{
    start(d, config, "real");
}

void daemon_start_virtual(struct daemon *d, const char *config)
{
    start(d, config, "virtual");
}

/** The census must become that of the start; what closed connections held may take a moment. */
static void await_census(struct daemon *d)
{
    char *now = daemon_census(d);

    for (int i = 0; i < STEPS && strcmp(now, d->census) != 0; i++) {
        pause_step();
        cJSON_free(now);
        now = daemon_census(d);
    }
    if (strcmp(now, d->census) != 0)
        (void)kill(d->pid, SIGKILL);
    fini_assert(strcmp(now, d->census) == 0, "left behind: %s, at the start: %s", now, d->census);
    cJSON_free(now);
    cJSON_free(d->census);
    d->census = NULL;
}

void daemon_stop(struct daemon *d)
{
    if (d->pid > 0) {
        if (d->census != NULL)
            await_census(d);
        (void)kill(d->pid, SIGTERM);
        fini_assert(daemon_wait(d) == 0, "scboxd did not exit with 0");
    }
    client_close(&d->control);
    daemon_clean(d);
}

void daemon_begin(struct daemon *d, struct client *c, const char *config)
{
    daemon_start(d, config);
    client_open(c, d->socket);
}

void daemon_end(struct daemon *d, struct client *c)
{
    client_close(c);
    daemon_stop(d);
}

int64_t daemon_stat(struct daemon *d, const char *name)
{
    return call_int(&d->control, "server.stats", NULL, name);
}

void daemon_await_stat(struct daemon *d, const char *name, int64_t value)
{
    int64_t now = daemon_stat(d, name);

    for (int i = 0; i < STEPS && now != value; i++) {
        pause_step();
        now = daemon_stat(d, name);
    }
    cr_assert_eq(now, value, "%s is %lld, expected %lld", name, (long long)now, (long long)value);
}
