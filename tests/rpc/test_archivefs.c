/* SPDX-License-Identifier: MIT */
/* archivefs in a daemon: the life of its helper processes, as clients and the host see it. */
#include "tests/contract/pack.h"
#include "tests/rpc/daemon.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = 512, TEXT_SIZE = 1024, TRIES = 2000, MOMENT_NS = 5000000 };

static struct daemon d;
static struct client c;

/** The archive {dir}/disks/a. */
static const char *archive_path(void)
{
    static char path[PATH_SIZE];

    return text_of(path, sizeof(path), "%s/disks/a", d.dir);
}

static void begin(void)
{
    static const char *const args[] = {"-s", "{dir}/run/s", "-d", "{dir}/state",
                                       "-r", "{dir}/disks", NULL};
    char path[PATH_SIZE];
    struct archive *a;

    daemon_prepare(&d);
    cr_assert_eq(mkdir(text_of(path, sizeof(path), "%s/disks", d.dir), 0755), 0);
    a = pack_begin(archive_path(), "pax", "gzip");
    pack_file(a, "f", S_IFREG | 0644, "content", 7);
    pack_file(a, "g", S_IFREG | 0644, "other", 5);
    pack_end(a);
    daemon_spawn(&d, args);
    daemon_await_ready(&d);
    client_open(&c, d.socket);
}

static void end(void)
{
    client_close(&c);
    daemon_stop(&d);
}

static const char *mount_params(const char *fs, const char *more)
{
    static char params[TEXT_SIZE];

    return text_of(params, sizeof(params),
                   "{\"driver\":\"archivefs\",\"fs_name\":\"%s\",\"opts\":\"source=%s%s\"}", fs,
                   archive_path(), more);
}

/** The children of the daemon, zombies too, joined. @out TEXT_SIZE bytes. Returns the last one; 0 none. */
static pid_t children(char *out)
{
    char path[PATH_SIZE];
    const struct dirent *entry;
    size_t len = 0;
    DIR *dir = opendir(text_of(path, sizeof(path), "/proc/%d/task", (int)d.pid));

    out[0] = '\0';
    cr_assert_not_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        FILE *f = entry->d_name[0] == '.'
                      ? NULL
                      : fopen(text_of(path, sizeof(path), "/proc/%d/task/%s/children", (int)d.pid,
                                      entry->d_name),
                              "r");

        if (f == NULL)
            continue;
        len += fread(out + len, 1, TEXT_SIZE - 1 - len, f);
        out[len] = '\0';
        (void)fclose(f);
    }
    (void)closedir(dir);
    return (pid_t)atoi(out);
}

static pid_t helper_pid(void)
{
    char text[TEXT_SIZE];
    const pid_t pid = children(text);

    cr_assert(pid > 0 && strchr(text, ' ') == strrchr(text, ' '), "helpers: %s", text);
    return pid;
}

static void no_children(void)
{
    char text[TEXT_SIZE];

    cr_assert_eq(children(text), 0, "left: %s", text);
}

static void reads(const char *file, const char *text)
{
    char params[TEXT_SIZE];
    const int64_t fd = call_int(
        &c, "SC_OPEN", text_of(params, sizeof(params), "[\"a:/%s\",[\"READ\"]]", file), "fd");

    (void)text_of(params, sizeof(params), "[%lld,0,100]", (long long)fd);
    if (text != NULL)
        call_expect(&c, "SC_READ", params, text);
    else
        call_fails(&c, "SC_READ", params, EIO, NULL);
    call_done_ok(&c, "SC_CLOSE", text_of(params, sizeof(params), "[%lld]", (long long)fd));
}

Test(archivefs, a_helper_ends_with_its_filesystem, .timeout = 60)
{
    begin();
    no_children();
    call_done_ok(&c, "SC_MAKE_FS", mount_params("a", ""));
    (void)helper_pid();
    reads("f", "{\"data\":\"content\"}");
    call_done_ok(&c, "SC_RM_FS", "[\"a\"]");
    no_children();
    end();
}

Test(archivefs, helpers_of_a_machine, .timeout = 60)
{
    begin();
    call_done_ok(&c, "machine.create", "{\"name\":\"few\",\"limits\":{\"helpers\":2}}");
    call_done_ok(&c, "session.open", "{\"machine\":\"few\"}");
    call_done_ok(&c, "SC_MAKE_FS", mount_params("a", ""));
    call_done_ok(&c, "SC_MAKE_FS", mount_params("b", ""));
    call_fails(&c, "SC_MAKE_FS", mount_params("c", ""), EMFILE, "limit helpers, 2");
    call_done_ok(&c, "SC_RM_FS", "[\"a\"]");
    call_done_ok(&c, "SC_MAKE_FS", mount_params("c", ""));
    call_fails(&c, "SC_MAKE_FS", mount_params("a", ""), EMFILE, NULL);
    call_done_ok(&c, "SC_MAKE_FS", "{\"driver\":\"ramfs\",\"fs_name\":\"d\"}");
    call_done_ok(&c, "session.close", NULL);
    call_done_ok(&c, "machine.destroy", "[\"few\"]");
    no_children();
    end();
}

Test(archivefs, a_killed_helper_is_one_filesystems_EIO, .timeout = 60)
{
    begin();
    call_done_ok(&c, "SC_MAKE_FS", mount_params("a", ""));
    cr_assert_eq(kill(helper_pid(), SIGKILL), 0);
    reads("f", NULL);
    no_children(); /* it is reaped */
    call_done_ok(&c, "SC_STAT", "[\"a:/g\"]");
    call_done_ok(&c, "SC_RM_FS", "[\"a\"]");
    call_done_ok(&c, "SC_MAKE_FS", mount_params("a", ""));
    reads("g", "{\"data\":\"other\"}");
    call_done_ok(&c, "SC_RM_FS", "[\"a\"]");
    no_children();
    end();
}

Test(archivefs, a_stopped_helper_is_EIO_in_time, .timeout = 60)
{
    begin();
    call_done_ok(&c, "SC_MAKE_FS", mount_params("a", ",timeout=1"));
    cr_assert_eq(kill(helper_pid(), SIGSTOP), 0);
    reads("f", NULL);
    call_done_ok(&c, "SC_RM_FS", "[\"a\"]");
    no_children();
    end();
}

/** A daemon that is killed leaves none behind. */
Test(archivefs, no_helper_outlives_its_daemon, .timeout = 60)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    char path[PATH_SIZE];
    char text[TEXT_SIZE];
    pid_t pid;
    int tries = 0;

    begin();
    call_done_ok(&c, "SC_MAKE_FS", mount_params("a", ""));
    pid = helper_pid();
    client_close(&c);
    client_close(&d.control);
    cr_assert_eq(kill(d.pid, SIGKILL), 0);
    cr_assert_eq(daemon_wait(&d), 128 + SIGKILL);
    /* whoever inherits it may be slow to reap it; but then it has no program */
    (void)text_of(path, sizeof(path), "/proc/%d/exe", (int)pid);
    while ((readlink(path, text, sizeof(text)) >= 0 || errno != ENOENT) && tries++ < TRIES)
        (void)nanosleep(&moment, NULL);
    cr_assert_lt(tries, TRIES);
    daemon_clean(&d);
}
