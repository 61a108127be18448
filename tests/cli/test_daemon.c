/* SPDX-License-Identifier: MIT */
/*
 * The private daemon, with a shell script in scboxd's place: it goes in every way its owner can end, and so
 * does its directory. Nothing here waits for a time to pass; what has to happen is waited for until ctest's
 * time limit.
 */
#include "client/cli/reach/daemon.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char bin[] = "/tmp/scbox-test-XXXXXX";

/* Put a scboxd made of @script first in PATH; temporary directories are made beside it. */
static void install(const char *script)
{
    char path[64];
    FILE *file = NULL;

    cr_assert_not_null(mkdtemp(bin));
    (void)snprintf(path, sizeof path, "%s/scboxd", bin);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    cr_assert_eq(chmod(path, 0700), 0);
    (void)snprintf(path, sizeof path, "%s:/usr/bin:/bin", bin);
    cr_assert_eq(setenv("PATH", path, 1), 0);
    cr_assert_eq(setenv("TMPDIR", bin, 1), 0);
}

static void uninstall(void)
{
    char command[64];

    (void)snprintf(command, sizeof command, "rm -r %s", bin);
    cr_expect_eq(system(command), 0);
}

/* A daemon that says its pid and arguments, becomes ready and waits for SIGTERM. */
static const char good[] = "echo $$ > \"$TMPDIR/pid\"\n"
                           "echo \"$@\" > \"$TMPDIR/args\"\n"
                           "trap 'exit 0' TERM\n"
                           "echo some log >&2\n"
                           "echo scboxd ready: $2 >&2\n"
                           "while :; do sleep 0.05; done";

static pid_t daemon_pid(void)
{
    char path[64];
    FILE *file = NULL;
    int pid = 0;

    (void)snprintf(path, sizeof path, "%s/pid", bin);
    file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%d", &pid), 1);
    fclose(file);
    return pid;
}

static void await_gone(pid_t pid, const char *dir)
{
    while (kill(pid, 0) == 0 || access(dir, F_OK) == 0)
        usleep(10000);
}

Test(daemon, its_log_has_a_largest_size_and_keeps_the_last_words)
{
    struct daemon_spec spec = {0};
    struct daemon *d = NULL;
    char path[160];
    char *words;
    struct stat st;

    install("head -c 16777200 /dev/zero | tr '\\0' '\\n' >&2\n"
            "echo scboxd ready >&2\n"
            "echo 1 >&2\n"
            "echo last words >&2\n"
            "trap 'exit 0' TERM\n"
            "while :; do sleep 0.05; done");
    cr_assert_eq(daemon_start(&spec, &d, NULL), 0);
    (void)snprintf(path, sizeof path, "%s/scboxd.log", daemon_dir(d));
    do {
        usleep(10000);
        words = daemon_last_words(d);
    } while (strcmp(words, "last words") != 0 && (free(words), true));
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_lt(st.st_size, 16 * 1024 * 1024 + 64 * 1024);
    free(words);
    daemon_stop(d);
    uninstall();
}

Test(daemon, a_long_line_does_not_hide_that_it_is_ready)
{
    struct daemon_spec spec = {0};
    struct daemon *d = NULL;

    install("head -c 3000000 /dev/zero | tr '\\0' 'x' >&2\n"
            "echo >&2\n"
            "trap 'exit 0' TERM\n"
            "echo scboxd ready >&2\n"
            "while :; do sleep 0.05; done");
    cr_assert_eq(daemon_start(&spec, &d, NULL), 0);
    daemon_stop(d);
    uninstall();
}

Test(daemon, stop_leaves_nothing)
{
    struct daemon_spec spec = {0};
    struct daemon *d = NULL;
    struct stat st;
    char dir[128];

    install(good);
    cr_assert_eq(daemon_start(&spec, &d, NULL), 0);
    (void)snprintf(dir, sizeof dir, "%s", daemon_dir(d));
    cr_assert_eq(stat(dir, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0700);
    cr_expect_eq(strncmp(daemon_socket(d), dir, strlen(dir)), 0);
    daemon_stop(d);
    cr_expect_eq(access(dir, F_OK), -1);
    cr_expect_eq(kill(daemon_pid(), 0), -1);
    uninstall();
}

Test(daemon, options_reach_it)
{
    const char *const roots[] = {"/data/one", "/data/two"};
    struct daemon_spec spec = {.source_roots = roots, .source_root_count = 2};
    struct daemon *d = NULL;
    char path[64];
    char args[1024] = "";
    FILE *file = NULL;

    install(good);
    cr_assert_eq(daemon_start(&spec, &d, NULL), 0);
    daemon_stop(d);
    (void)snprintf(path, sizeof path, "%s/args", bin);
    file = fopen(path, "r");
    cr_assert_not_null(file);
    cr_assert_not_null(fgets(args, sizeof args, file));
    fclose(file);
    cr_expect_not_null(strstr(args, "--no-default-machine"));
    cr_expect_not_null(strstr(args, "--state "));
    cr_expect_not_null(strstr(args, "--source-root /data/one --source-root /data/two"));
    uninstall();
}

Test(daemon, early_end_is_told_with_its_last_line)
{
    struct daemon_spec spec = {0};
    struct daemon *d = NULL;
    struct why why = WHY_INIT;

    install("echo first >&2; echo 'scboxd: it is full' >&2; exit 1");
    cr_expect_eq(daemon_start(&spec, &d, &why), -ECHILD);
    cr_assert_eq(why.count, 1);
    cr_expect_str_eq(why.text[0], "scboxd: it is full");
    why_done(&why);
    uninstall();
}

Test(daemon, missing_program_is_ENOENT)
{
    struct daemon_spec spec = {0};
    struct daemon *d = NULL;
    struct why why = WHY_INIT;

    cr_assert_eq(setenv("PATH", "/nowhere::relative", 1), 0);
    cr_expect_eq(daemon_start(&spec, &d, &why), -ENOENT);
    cr_expect_eq(why.count, 1);
    why_done(&why);
}

Test(daemon, owner_killed_takes_it_along)
{
    struct daemon_spec spec = {0};
    int report[2];
    char dir[128] = "";
    pid_t owner = 0;

    install(good);
    cr_assert_eq(pipe(report), 0);
    owner = fork();
    if (owner == 0) {
        struct daemon *d = NULL;

        if (daemon_start(&spec, &d, NULL) == 0)
            (void)!write(report[1], daemon_dir(d), strlen(daemon_dir(d)) + 1);
        for (;;)
            pause();
    }
    cr_assert_gt(read(report[0], dir, sizeof dir), 0);
    cr_assert_eq(access(dir, F_OK), 0);
    kill(owner, SIGKILL);
    waitpid(owner, NULL, 0);
    await_gone(daemon_pid(), dir);
    uninstall();
}

Test(daemon, released_lives_on_until_it_ends)
{
    struct daemon_spec spec = {0};
    struct daemon *d = NULL;
    char dir[128];

    install(good);
    cr_assert_eq(daemon_start(&spec, &d, NULL), 0);
    (void)snprintf(dir, sizeof dir, "%s", daemon_dir(d));
    daemon_release(d);
    cr_expect_eq(access(dir, F_OK), 0);
    cr_expect_eq(kill(daemon_pid(), SIGTERM), 0);
    await_gone(daemon_pid(), dir);
    uninstall();
}

Test(daemon, last_words_are_the_log_s_last_line)
{
    struct daemon_spec spec = {0};
    struct daemon *d = NULL;
    char *words = NULL;

    install("echo scboxd ready >&2\necho 'scboxd: oh no' >&2\nexit 3");
    cr_assert_eq(daemon_start(&spec, &d, NULL), 0);
    do {
        free(words);
        words = daemon_last_words(d);
    } while (words != NULL && strcmp(words, "scboxd ready") == 0);
    cr_expect_str_eq(words, "scboxd: oh no");
    free(words);
    daemon_stop(d);
    uninstall();
}

Test(daemon, two_at_once_do_not_hold_each_other)
{
    struct daemon_spec spec = {0};
    struct daemon *first = NULL;
    struct daemon *second = NULL;
    char dir[128];

    install(good);
    cr_assert_eq(daemon_start(&spec, &first, NULL), 0);
    cr_assert_eq(daemon_start(&spec, &second, NULL), 0);
    (void)snprintf(dir, sizeof dir, "%s", daemon_dir(first));
    daemon_stop(first);
    cr_expect_eq(access(dir, F_OK), -1);
    cr_expect_eq(access(daemon_dir(second), F_OK), 0);
    daemon_stop(second);
    uninstall();
}
