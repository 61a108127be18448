/* SPDX-License-Identifier: MIT */
/* The command line of scbox run: what it is taken apart into, and what it refuses. */
#include "client/cli/base/cmd.h"
#include "client/cli/run/run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGS_MAX = 16, WORDS_MAX = 256 };

/* Parse words separated by blanks, with getopt started afresh. They stay until the next time. */
static int parse(const char *words, struct run_options *out)
{
    static char copy[WORDS_MAX];
    static char *argv[ARGS_MAX];
    int argc = 1;

    (void)snprintf(copy, sizeof copy, "%s", words);
    memset(argv, 0, sizeof argv);
    argv[0] = (char *)"run";
    for (char *w = strtok(copy, " "); w != NULL && argc + 1 < ARGS_MAX; w = strtok(NULL, " "))
        argv[argc++] = w;
    optind = 0;
    *out = (struct run_options){0};
    return run_options_parse(argc, argv, out);
}

static void refused(const char *words)
{
    struct run_options o;

    cr_expect_eq(parse(words, &o), OPTION_WRONG, "taken: %s", words);
    run_options_done(&o);
}

Test(run_options, default_names)
{
    struct run_options o;

    cr_assert_eq(parse("prog", &o), 0);
    cr_expect_eq(o.fs_count, 2);
    cr_expect_str_eq(o.fs[0].name, "io");
    cr_expect_str_eq(o.fs[0].driver, "devfs");
    cr_expect_str_eq(o.fs[1].name, "root");
    cr_expect_str_eq(o.fs[1].driver, "ramfs");
    cr_expect_eq(o.timeout_ms, 0);
    run_options_done(&o);
}

Test(run_options, files_in_io_are_beside_the_devices)
{
    struct run_options o;

    cr_assert_eq(parse("--copy a:io:/cmdline prog", &o), 0);
    cr_assert_eq(o.fs_count, 2);
    cr_expect_str_eq(o.fs[0].name, "io");
    cr_expect_str_eq(o.fs[0].driver, "ramfs");
    cr_expect_str_eq(o.fs[0].opts, "devices");
    run_options_done(&o);
    cr_assert_eq(parse("--copy io:root:/x prog", &o), 0);
    cr_expect_str_eq(o.fs[0].driver, "devfs");
    run_options_done(&o);
}

Test(run_options, bare_has_no_names)
{
    struct run_options o;

    cr_assert_eq(parse("--bare prog", &o), 0);
    cr_expect_eq(o.fs_count, 0);
    run_options_done(&o);
}

Test(run_options, fs_replaces_a_default)
{
    struct run_options o;

    cr_assert_eq(parse("--fs root=ramfs,quota_bytes=100,quota_inodes=5 prog", &o), 0);
    cr_expect_eq(o.fs_count, 2);
    cr_expect_str_eq(o.fs[0].name, "root");
    cr_expect_str_eq(o.fs[0].opts, "quota_bytes=100,quota_inodes=5");
    cr_expect_null(o.fs[0].root);
    run_options_done(&o);
}

Test(run_options, fs_source_becomes_absolute)
{
    struct run_options o;

    cr_assert_eq(chdir("/"), 0);
    cr_assert_eq(parse("--fs d=sqlitefs:usr/x.db,cache=1 --fs e=sqlitefs:/usr/../y.db prog", &o),
                 0);
    cr_expect_str_eq(o.fs[0].driver, "sqlitefs");
    cr_expect_str_eq(o.fs[0].opts, "source=/usr/x.db,cache=1");
    cr_expect_str_eq(o.fs[0].root, "/usr");
    cr_expect_str_eq(o.fs[1].opts, "source=/y.db");
    cr_expect_str_eq(o.fs[1].root, "/");
    run_options_done(&o);
}

Test(run_options, copy_is_told_from_its_end)
{
    struct run_options o;

    cr_assert_eq(parse("--copy /a:b/c:root:/d --copy e:root:/ prog", &o), 0);
    cr_expect_str_eq(o.copies[0].host, "/a:b/c");
    cr_expect_str_eq(o.copies[0].target, "root:/d");
    cr_expect_str_eq(o.copies[1].target, "root:/");
    run_options_done(&o);
}

Test(run_options, timeout_is_rounded_up)
{
    struct run_options o;

    cr_assert_eq(parse("-t 0.0001 prog", &o), 0);
    cr_expect_eq(o.timeout_ms, 1);
    run_options_done(&o);
    cr_assert_eq(parse("--timeout=2.5 prog", &o), 0);
    cr_expect_eq(o.timeout_ms, 2500);
    run_options_done(&o);
}

Test(run_options, what_stands_behind_the_program_is_its_own)
{
    struct run_options o;

    cr_assert_eq(parse("--env A=1 --env B= prog -t x --env C=2", &o), 0);
    cr_expect_str_eq(o.file, "prog");
    cr_expect_str_eq(o.args[0], "-t");
    cr_expect_str_eq(o.args[3], "C=2");
    cr_expect_null(o.args[4]);
    cr_assert_eq(o.env_count, 2);
    cr_expect_str_eq(o.env[0], "A=1");
    cr_expect_str_eq(o.env[1], "B=");
    run_options_done(&o);
}

Test(run_options, bad_words_are_refused)
{
    refused("");
    refused("--env prog");
    refused("--env =x prog");
    refused("--env x prog");
    refused("--fs prog");
    refused("--fs =ramfs prog");
    refused("--fs a= prog");
    refused("--fs a/b=ramfs prog");
    refused("--fs host=ramfs prog");
    refused("--fs a=ramfs --fs a=ramfs prog");
    refused("--fs a=sqlitefs:/no/such/dir/x.db prog");
    refused("--copy a prog");
    refused("--copy a:/b prog");
    refused("--copy :root:/b prog");
    refused("--copy a:nowhere:/b prog");
    refused("--timeout 0 prog");
    refused("--timeout -1 prog");
    refused("--timeout nan prog");
    refused("--timeout inf prog");
    refused("--timeout 1s prog");
    refused("--clock fast prog");
    refused("--socket x --keep-daemon prog");
    refused("--socket x --no-patch prog");
    refused("--no-patch=yes prog");
    refused("--no-such-option prog");
    refused("--bare=1 prog");
}
