/* SPDX-License-Identifier: MIT */
/* The command line of scbox run. */
#include "client/cli/base/cmd.h"
#include "client/cli/run/run.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char cmd_run_help[] =
    "Usage: scbox run [OPTION…] FILE [ARG…]\n"
    "\n"
    "Run an ELF program of this host (static, i386 or x86_64, as scbox-cc builds\n"
    "them) as a guest in a fresh machine. Its output to the debug log and the console\n"
    "goes to stdout, byte for byte; messages of scbox go to stderr. Its main() gets\n"
    "FILE and the ARGs. It reads stdin from io:/tty and io:/console, which end where\n"
    "stdin ends.\n"
    "\n"
    "The guest has two names: io: (devices: tty, console, clock, null, zero, full,\n"
    "random) and root: (an empty filesystem in memory). It can't reach the host.\n"
    "\n"
    "      --fs NAME=DRIVER[:SOURCE][,OPTS]\n"
    "                      add a filesystem, or replace root or io; SOURCE is a path\n"
    "                      on this host, OPTS are key=value,key as in MAKE_FS\n"
    "      --copy HOSTPATH:NAME:/PATH\n"
    "                      copy a file, or a directory with its content, before the\n"
    "                      guest starts; missing directories are made. io: can have\n"
    "                      files beside its devices, too\n"
    "      --env NAME=VALUE\n"
    "                      add to the guest's environment, which is empty otherwise\n"
    "      --bare          no io: and root:, only the filesystems of --fs\n"
    "  -t, --timeout SECS  end the guest after this time; 0.5 is half a second\n"
    "      --clock KIND    real (the default), or virtual: sleeping takes no time\n"
    "  -s, --socket PATH   use this running daemon\n"
    "      --keep-daemon   don't stop a private daemon, so that its machine can be\n"
    "                      examined\n"
    "      --no-patch      don't rewrite the int $0x40 of an i386 program: slower,\n"
    "                      but right for a program that copies or checks its own\n"
    "                      code; always a private daemon\n"
    "  -h, --help          this page\n"
    "\n"
    "Without --socket the user's own daemon is used if it runs. Otherwise, and for\n"
    "--no-patch and --fs with a SOURCE, a private daemon is started and stopped\n"
    "again.\n"
    "\n"
    "Exit status: the low 8 bits of the guest's own exit code if it ended by itself,\n"
    "or\n"
    "  2    wrong usage\n"
    "  124  the time of --timeout was over\n"
    "  125  no daemon, or it could not set up the machine\n"
    "  126  FILE is not a program that a machine can run\n"
    "  127  FILE was not found\n"
    "  130  interrupted by Ctrl-C (128 + the signal's number)\n"
    "  136  the guest failed by a processor exception: a division by zero, a bad\n"
    "       instruction\n"
    "  137  the guest was killed\n"
    "  139  the guest failed by a bad memory access: a null pointer, unmapped memory,\n"
    "       or a bad pointer passed to a call\n"
    "\n"
    "Examples:\n"
    "  scbox run ./hello\n"
    "  scbox run --env LANG=C ./sort -r <words.txt\n"
    "  scbox run --timeout 2 --clock virtual ./sleeper\n"
    "  scbox run --copy ./data:root:/data --fs disk=sqlitefs:./disk.db ./prog\n"
    "  scbox run --copy ./cmdline:io:/cmdline --copy ./mod:io:/mod ./init\n";

enum { NAME_BYTES = 126, TIMEOUT_MAX_S = 1000000 };

static bool good_name(const char *name, size_t len)
{
    return len > 0 && len <= NAME_BYTES && memchr(name, '/', len) == NULL &&
           memchr(name, ':', len) == NULL;
}

static const struct run_fs *find_fs(const struct run_options *o, const char *name)
{
    for (size_t i = 0; i < o->fs_count; i++) {
        if (strcmp(o->fs[i].name, name) == 0)
            return &o->fs[i];
    }
    return NULL;
}

/* The absolute path of a source, since the daemon may have another directory; NULL after an
 * error. */
static char *absolute_source(const char *source)
{
    const char *slash = strrchr(source, '/');
    char *dir = slash == NULL ? strdup(".") : strndup(source, (size_t)(slash - source) + 1);
    char *real = dir != NULL ? realpath(dir, NULL) : NULL;
    char *path = NULL;

    if (real == NULL)
        complain(0, "run", "--fs: the directory of '%s': %s", source, strerror(errno));
    else if (asprintf(&path, "%s/%s", strcmp(real, "/") == 0 ? "" : real,
                      slash != NULL ? slash + 1 : source) < 0)
        path = NULL;
    free(real);
    free(dir);
    if (path == NULL || strchr(path, ',') == NULL)
        return path;
    complain(0, "run", "--fs: a source path with a comma can't be told from options: %s", path);
    free(path);
    return NULL;
}

/* DRIVER[:SOURCE][,OPTS]; @text is cut up. */
static int parse_driver(struct run_fs *fs, char *text)
{
    char *opts = strchr(text, ',');
    char *source = NULL;
    char *path = NULL;
    char *slash = NULL;
    int made = 0;

    if (opts != NULL)
        *opts++ = '\0';
    if (opts != NULL && *opts == '\0')
        opts = NULL;
    source = strchr(text, ':');
    if (source != NULL)
        *source++ = '\0';
    fs->driver = strdup(text);
    if (source == NULL) {
        fs->opts = opts != NULL ? strdup(opts) : NULL;
        return 0;
    }
    path = absolute_source(source);
    if (path == NULL)
        return OPTION_WRONG;
    made = asprintf(&fs->opts, "source=%s%s%s", path, opts != NULL ? "," : "", opts ? opts : "");
    fs->opts = made < 0 ? NULL : fs->opts;
    slash = strrchr(path, '/');
    slash[slash == path] = '\0'; /* the directory alone; "/" stays "/" */
    fs->root = path;
    return 0;
}

static int add_fs(struct run_options *o, const char *arg)
{
    const char *equals = strchr(arg, '=');
    struct run_fs *fs = &o->fs[o->fs_count];
    char *rest = NULL;
    int err = 0;

    if (equals == NULL || !good_name(arg, (size_t)(equals - arg)) ||
        strchr(":,", equals[1]) != NULL)
        return complain(OPTION_WRONG, "run", "--fs %s: expected NAME=DRIVER[:SOURCE][,OPTS]", arg);
    if (o->fs_count == RUN_LIST_MAX)
        return complain(OPTION_WRONG, "run", "--fs: may be given at most %d times", RUN_LIST_MAX);
    rest = strdup(equals + 1);
    fs->name = strndup(arg, (size_t)(equals - arg));
    if (rest == NULL || fs->name == NULL)
        err = complain(OPTION_WRONG, "run", "out of memory");
    else if (find_fs(o, fs->name) != NULL)
        err = complain(OPTION_WRONG, "run", "--fs: the name %s is given twice", fs->name);
    else if (strcmp(fs->name, RUN_IMAGE_VIEW) == 0)
        err = complain(OPTION_WRONG, "run", "--fs: the name %s is taken by FILE itself", fs->name);
    else
        err = parse_driver(fs, rest);
    o->fs_count++;
    free(rest);
    return err;
}

/* HOSTPATH:NAME:/PATH, parsed from its end: a host path may have colons. */
static int add_copy(struct run_options *o, const char *arg)
{
    const char *path = strrchr(arg, ':');
    const char *name = path != NULL ? memrchr(arg, ':', (size_t)(path - arg)) : NULL;
    struct run_copy *copy = &o->copies[o->copy_count];

    if (name == NULL || name == arg || !good_name(name + 1, (size_t)(path - name - 1)))
        return complain(OPTION_WRONG, "run", "--copy %s: expected HOSTPATH:NAME:/PATH", arg);
    if (o->copy_count == RUN_LIST_MAX)
        return complain(OPTION_WRONG, "run", "--copy: may be given at most %d times", RUN_LIST_MAX);
    copy->host = strndup(arg, (size_t)(name - arg));
    copy->target = strdup(name + 1);
    o->copy_count++;
    if (copy->host == NULL || copy->target == NULL)
        return complain(OPTION_WRONG, "run", "out of memory");
    return 0;
}

static int add_env(struct run_options *o, const char *arg)
{
    const char *equals = strchr(arg, '=');

    if (equals == NULL || equals == arg)
        return complain(OPTION_WRONG, "run", "--env %s: expected NAME=VALUE", arg);
    if (o->env_count == RUN_LIST_MAX)
        return complain(OPTION_WRONG, "run", "--env: may be given at most %d times", RUN_LIST_MAX);
    o->env[o->env_count++] = arg;
    return 0;
}

static int parse_timeout(struct run_options *o, const char *arg)
{
    char *end = NULL;
    double seconds = strtod(arg, &end);

    if (end == arg || *end != '\0' || !(seconds > 0) || seconds > TIMEOUT_MAX_S)
        return complain(OPTION_WRONG, "run", "--timeout %s: expected a number of seconds above 0",
                        arg);
    o->timeout_ms = (int64_t)ceil(seconds * 1000);
    return 0;
}

static int parse_clock(struct run_options *o, const char *arg)
{
    o->virtual_clock = strcmp(arg, "virtual") == 0;
    if (o->virtual_clock || strcmp(arg, "real") == 0)
        return 0;
    return complain(OPTION_WRONG, "run", "--clock %s: expected real or virtual", arg);
}

int run_option_take(struct run_options *o, int found)
{
    switch (found) {
    case RUN_OPT_FS:
        return add_fs(o, optarg);
    case RUN_OPT_COPY:
        return add_copy(o, optarg);
    case RUN_OPT_ENV:
        return add_env(o, optarg);
    case RUN_OPT_CLOCK:
        return parse_clock(o, optarg);
    case 't':
        return parse_timeout(o, optarg);
    case 's':
        o->socket = optarg;
        return 0;
    case RUN_OPT_BARE:
        o->bare = true;
        return 0;
    case RUN_OPT_KEEP:
        o->keep_daemon = true;
        return 0;
    case RUN_OPT_NO_PATCH:
        o->no_patch = true;
        return 0;
    default:
        return found;
    }
}

/* Whether --copy puts a file there. */
static bool is_copied_to(const struct run_options *o, const char *name)
{
    const size_t len = strlen(name);

    for (size_t i = 0; i < o->copy_count; i++) {
        if (strncmp(o->copies[i].target, name, len) == 0 && o->copies[i].target[len] == ':')
            return true;
    }
    return false;
}

/* io: and root:, unless --bare or a --fs of that name says otherwise. Files in io: are beside the
 * devices. */
static int add_default_names(struct run_options *o)
{
    const char *const defaults[] = {is_copied_to(o, "io") ? "io=ramfs,devices" : "io=devfs",
                                    "root=ramfs"};
    int err = 0;

    for (size_t i = 0; i < 2 && err == 0 && !o->bare; i++) {
        char name[8] = {0};

        memcpy(name, defaults[i], strcspn(defaults[i], "="));
        if (find_fs(o, name) == NULL)
            err = add_fs(o, defaults[i]);
    }
    return err;
}

/* Check options that depend on each other. */
static int check_whole(const struct run_options *o)
{
    if (o->socket != NULL && o->keep_daemon)
        return complain(OPTION_WRONG, "run",
                        "--keep-daemon is about a private daemon, and "
                        "--socket names one that runs anyway");
    if (o->socket != NULL && o->no_patch)
        return complain(OPTION_WRONG, "run",
                        "--no-patch is for a private daemon: of one that runs already it can't be "
                        "changed, unless that is started as `scboxd --no-patch`");
    for (size_t i = 0; i < o->copy_count; i++) {
        char *name = strndup(o->copies[i].target, strcspn(o->copies[i].target, ":"));
        bool known = name != NULL && find_fs(o, name) != NULL;

        if (!known)
            complain(0, "run", "--copy: the guest has no filesystem %s; give it one with --fs",
                     name != NULL ? name : "");
        free(name);
        if (!known)
            return OPTION_WRONG;
    }
    return 0;
}

int run_options_finish(struct run_options *o, int argc, char **argv)
{
    int err = 0;

    if (optind == argc)
        return complain(OPTION_WRONG, "run", "FILE is missing; see `scbox help run`");
    o->file = argv[optind];
    o->args = argv + optind + 1;
    err = add_default_names(o);
    return err != 0 ? err : check_whole(o);
}

int run_options_parse(int argc, char **argv, struct run_options *out)
{
    static const struct option longs[] = {RUN_OPTION_ROWS, {0}};
    int found = 0;
    int err = 0;

    while (err == 0 && (found = option_next("run", cmd_run_help, argc, argv, "t:s:", longs)) != -1)
        err = run_option_take(out, found);
    return err != 0 ? err : run_options_finish(out, argc, argv);
}

void run_options_done(struct run_options *opts)
{
    for (size_t i = 0; i < opts->fs_count; i++) {
        free(opts->fs[i].name);
        free(opts->fs[i].driver);
        free(opts->fs[i].opts);
        free(opts->fs[i].root);
    }
    for (size_t i = 0; i < opts->copy_count; i++) {
        free(opts->copies[i].host);
        free(opts->copies[i].target);
    }
}
