/* SPDX-License-Identifier: MIT */
#include "server/host/options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "Usage: scboxd [OPTION]...\n"
    "\n"
    "The scbox daemon: machines with processes, capability namespaces and filesystems,\n"
    "driven by JSON-RPC over a Unix socket. It stays in the foreground, logs to stderr, and\n"
    "prints \"scboxd ready: SOCKET\" when it can be connected to.\n"
    "\n"
    "  -s, --socket PATH        where to listen\n"
    "                           [$XDG_RUNTIME_DIR/scbox/scboxd.sock, else\n"
    "                           /tmp/scbox-UID/scboxd.sock]\n"
    "  -d, --state DIR          what outlives the daemon: the default machine's disk, root.db\n"
    "                           [$XDG_STATE_HOME/scbox, else ~/.local/state/scbox]\n"
    "  -c, --config FILE        settings in JSON; options on the command line override them\n"
    "  -l, --log-level LEVEL    error, warn, info or debug [info]\n"
    "  -r, --source-root DIR    clients may make filesystems of what is in DIR; may be\n"
    "                           repeated; the state directory always is one\n"
    "  -n, --no-default-machine boot no machine; clients create their own\n"
    "  -q, --root-quota SIZE    what the files of the default machine's disk may have in all: "
    "bytes\n"
    "                           with K, M, G or T, none, or auto [auto: what was set before, else "
    "a\n"
    "                           tenth of the free space, at most 1G]\n"
    "  -g, --no-guests          run no ELF programs: only clients drive processes; for hosts and\n"
    "                           tools (valgrind) where ptrace can't be used\n"
    "  -p, --no-patch           leave the int $0x40 of i386 guests as it is: slower, and right "
    "for\n"
    "                           programs that copy or check their own code\n"
    "  -a, --no-affinity        never keep the daemon to one CPU while guests run\n"
    "  -R, --record FILE        append requests and answers to FILE, a line of JSON each\n"
    "  -I, --inputs FILE        write the inputs of machines to FILE, so that they "
    "can "
    "be\n"
    "                           played again; a FILE that exists is replaced\n"
    "  -P, --replay FILE        do nothing but that: make the machines of FILE again, and print "
    "their\n"
    "                           events, a line of JSON each\n"
    "  -h, --help               print this and exit\n"
    "  -V, --version            print the version and exit\n"
    "\n"
    "Signals: SIGTERM and SIGINT stop the daemon; everything is saved.\n"
    "Exit: 0 stopped cleanly, 1 could not start or failed, 2 bad usage or configuration.\n"
    "\n"
    "Try:  scboxd &  scbox shell\n";

static const struct option options[] = {
    {"socket", required_argument, NULL, 's'},      {"state", required_argument, NULL, 'd'},
    {"config", required_argument, NULL, 'c'},      {"log-level", required_argument, NULL, 'l'},
    {"source-root", required_argument, NULL, 'r'}, {"no-default-machine", no_argument, NULL, 'n'},
    {"root-quota", required_argument, NULL, 'q'},  {"no-guests", no_argument, NULL, 'g'},
    {"no-patch", no_argument, NULL, 'p'},          {"no-affinity", no_argument, NULL, 'a'},
    {"record", required_argument, NULL, 'R'},      {"inputs", required_argument, NULL, 'I'},
    {"replay", required_argument, NULL, 'P'},      {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},           {NULL, 0, NULL, 0},
};

static const char short_options[] = "s:d:c:l:r:nq:gpaR:I:P:hV";

static enum options_result usage(const char *what, const char *detail)
{
    (void)fprintf(stderr, "scboxd: %s%s; see scboxd --help\n", what, detail);
    return OPTIONS_USAGE;
}

static enum options_result replace(char **to, const char *value, const char *what)
{
    if (*value == '\0')
        return usage(what, " must not be empty");
    free(*to);
    *to = strdup(value);
    return *to != NULL ? OPTIONS_RUN : usage("out of memory", "");
}

static enum options_result set_log_level(struct config *config, const char *word)
{
    int level = log_level_by_name(word);

    if (level < 0)
        return usage("--log-level is none of error, warn, info, debug: ", word);
    config->log_level = (enum log_level)level;
    return OPTIONS_RUN;
}

/** Accept one word of sqlitefs's options; the driver checks it. */
static enum options_result set_root_quota(struct config *config, const char *value)
{
    if (strchr(value, ',') != NULL)
        return usage("--root-quota is neither auto, none nor a size: ", value);
    return replace(&config->root_quota, value, "--root-quota");
}

static enum options_result print(const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return OPTIONS_ENOUGH;
    (void)fprintf(stderr, "scboxd: stdout could not be written: %s\n", strerror(errno));
    return OPTIONS_USAGE;
}

static enum options_result take_option(int option, struct config *config)
{
    switch (option) {
    case 's':
        return replace(&config->socket, optarg, "--socket");
    case 'd':
        return replace(&config->state, optarg, "--state");
    case 'c':
        return OPTIONS_RUN; /* --config was read before all others */
    case 'l':
        return set_log_level(config, optarg);
    case 'r':
        return strings_add(&config->source_roots, optarg) == 0 ? OPTIONS_RUN
                                                               : usage("out of memory", "");
    case 'n':
        config->default_machine = false;
        return OPTIONS_RUN;
    case 'q':
        return set_root_quota(config, optarg);
    case 'g':
        config->guests = false;
        return OPTIONS_RUN;
    case 'p':
        config->patch_gates = false;
        return OPTIONS_RUN;
    case 'a':
        config->cpu_affinity = false;
        return OPTIONS_RUN;
    case 'R':
        return replace(&config->record, optarg, "--record");
    case 'I':
        return replace(&config->inputs, optarg, "--inputs");
    case 'P':
        return replace(&config->replay, optarg, "--replay");
    case 'h':
        return print(help);
    case 'V':
        return print("scboxd " SCBOX_VERSION "\n");
    default:
        return OPTIONS_USAGE; /* getopt_long() has printed why */
    }
}

/** The last --config of the command line, or NULL. */
static const char *find_config(int argc, char **argv)
{
    const char *file = NULL;
    int option;

    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, short_options, options, NULL)) != -1) {
        if (option == 'c')
            file = optarg;
        if (option == 'h' || option == 'V')
            return NULL;
    }
    return file;
}

static enum options_result load_config(struct config *config, const char *file)
{
    struct strbuf error = STRBUF_INIT;
    int err = config_load(config, file, &error);

    if (err < 0)
        (void)fprintf(stderr, "scboxd: %s\n", strbuf_str(&error));
    strbuf_done(&error);
    return err < 0 ? OPTIONS_USAGE : OPTIONS_RUN;
}

/** Make a path absolute, relative to the directory in which the daemon was started: sources are
 * absolute paths. Returns 0 or -errno. */
static int make_absolute(char **path)
{
    struct strbuf whole = STRBUF_INIT;
    char dir[PATH_MAX];

    if (**path == '/')
        return 0;
    if (getcwd(dir, sizeof(dir)) == NULL)
        return -errno;
    if (strbuf_addf(&whole, "%s/%s", dir, *path) < 0) {
        strbuf_done(&whole);
        return -ENOMEM;
    }
    free(*path);
    *path = strbuf_take(&whole);
    return 0;
}

static enum options_result finish_state(struct config *config)
{
    int err;

    if (config->state == NULL)
        config->state = config_default_state();
    if (config->state == NULL)
        return usage("out of memory", "");
    err = make_absolute(&config->state);
    return err == 0 ? OPTIONS_RUN : usage("the directory that --state is in: ", strerror(-err));
}

enum options_result options_read(int argc, char **argv, struct config *config)
{
    const char *file = find_config(argc, argv);
    enum options_result result = file != NULL ? load_config(config, file) : OPTIONS_RUN;
    int option;

    opterr = 1;
    optind = 1;
    while (result == OPTIONS_RUN &&
           (option = getopt_long(argc, argv, short_options, options, NULL)) != -1)
        result = take_option(option, config);
    if (result == OPTIONS_RUN && optind < argc)
        return usage("unexpected argument: ", argv[optind]);
    if (result == OPTIONS_RUN && config->socket == NULL)
        config->socket = config_default_socket();
    if (result == OPTIONS_RUN && config->socket == NULL)
        return usage("out of memory", "");
    return result == OPTIONS_RUN ? finish_state(config) : result;
}
