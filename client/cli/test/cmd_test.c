/* SPDX-License-Identifier: MIT */
/* scbox test: which files, in which daemon, printed how. */
#include "client/cli/base/cmd.h"
#include "client/cli/base/host_file.h"
#include "client/cli/reach/reach.h"
#include "client/cli/reach/tmp_dir.h"
#include "client/cli/scenario/scn_output.h"
#include "client/cli/scenario/scn_words.h"
#include "client/cli/test/scn_job.h"
#include "client/cli/test/scn_report.h"
#include "client/lib/clock.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    TEST_ERROR = 70, /* trouble of scbox or the daemon: nothing is known about the tested program */
    TIMEOUT_MS = 20 * 1000,
    PARALLEL = 4,
    FILES_MAX = 100000,  /* files of one run */
    UNPLAYED_SHOWN = 20, /* names of those that were not played */
};

const char cmd_test_help[] =
    "Usage: scbox test [OPTION…] FILE|DIR…\n"
    "\n"
    "Play scenario files, each in a machine of its own, and report which pass. For a\n"
    "DIR all files named *.scn are played, also those in directories below it.\n"
    "\n"
    "A scenario is a text file with one step on each line, in the language of scbox\n"
    "shell:\n"
    "\n"
    "  @title \"A view without WRITE refuses it\"\n"
    "  fs root ramfs\n"
    "  create root:/a REGULAR\n"
    "  subfs ro root / READ\n"
    "  open ro:/a WRITE                 ! EACCES why WRITE\n"
    "  open ro:/a READ                  = $fd\n"
    "  read $fd 0 100                   = \"\"\n"
    "\n"
    "  -v, --verbose       report every step with its result, not only failed files\n"
    "      --format NAME   people (the default), or tap (TAP version 13, for prove)\n"
    "      --audience WHO  student (the default): of a scenario with @visibility\n"
    "                      hidden only outcome and points, of others the part that\n"
    "                      @show allows; or teacher: everything\n"
    "      --teacher FILE  also write the teacher's report, to FILE\n"
    "      --set NAME=VALUE   set the variable $NAME; may be given several times\n"
    "  -j, --jobs N        play N files at once; default: one a processor, at most 4\n"
    "  -t, --timeout SECS  for a file without @timeout; default: 20\n"
    "      --output SIZE   the most bytes kept of a program's output, for a file\n"
    "                      without @output; 4096, 64K (the default) or 1M, at most\n"
    "                      16M\n"
    "  -m, --machine NAME  play in this machine, one file after the other\n"
    "      --keep          keep each file's machine with its filesystems, and the\n"
    "                      directory of its $TMP; the report has the command that\n"
    "                      opens a shell there\n"
    "  -s, --socket PATH   use this running daemon\n"
    "      --private       start a private daemon even if the user's own runs\n"
    "  -h, --help          this page\n"
    "\n"
    "Without --socket the user's own daemon is used if it runs; otherwise a private\n"
    "one is started and stopped again.\n"
    "\n"
    "Exit status:\n"
    "  0    all passed, or were skipped\n"
    "  1    some failed, timed out or crashed\n"
    "  2    wrong usage\n"
    "  70   a file has a mistake or states nothing, its set-up was refused, or the\n"
    "       daemon failed: nothing is known about the tested program\n"
    "  130  interrupted by Ctrl-C\n"
    "\n"
    "Examples:\n"
    "  scbox test tests/scenarios/abi\n"
    "  scbox test -v --set STUDENT=./hello graded.scn\n"
    "  prove --exec 'scbox test --format tap' tests/scenarios/abi/*.scn\n";

struct options {
    struct scn_jobs jobs;
    struct scn_reporter reporter;
    struct scn_reporter teacher; /* to: NULL nobody asked for it */
    const char *teacher_path;
    const struct scn_format *format;
    const char *socket;
    bool private_daemon;
    char **sets;
    char **paths; /* owned, each */
    size_t path_count;
};

/* ---- which files ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/** Add a path to the list. @path taken. Returns 0, -ENOMEM, or -E2BIG beyond FILES_MAX. */
static int add_path(struct options *o, char *path)
{
    size_t count = o->path_count;
    char **larger = path != NULL && count < FILES_MAX ? o->paths : NULL;

    /* Room doubles at powers of two. */
    if (path != NULL && count < FILES_MAX && (count & (count - 1)) == 0)
        larger = realloc(o->paths, (count > 0 ? 2 * count : 1) * sizeof *larger);
    if (larger == NULL) {
        free(path);
        return count < FILES_MAX ? -ENOMEM : -E2BIG;
    }
    o->paths = larger;
    o->paths[o->path_count++] = path;
    return 0;
}

static bool is_scenario(const char *name)
{
    size_t len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".scn") == 0;
}

/** Take an entry of a directory. Returns 0 or -errno. */
static int add_entry(void *user, const char *path, const char *problem)
{
    struct options *o = user;

    if (problem == NULL)
        return is_scenario(path) ? add_path(o, strdup(path)) : 0;
    if (is_scenario(path) || strcmp(problem, HOST_LOOP) == 0)
        complain(0, "test", "ignored %s: %s", path, problem);
    return 0;
}

/** Add what a word of the command line names. Returns CMD_OK or CMD_USAGE; the trouble was told. */
static int add_word(struct options *o, const char *word)
{
    size_t first = o->path_count;
    struct why why = WHY_INIT;
    struct stat st;
    int err;

    if (stat(word, &st) != 0)
        return complain(CMD_USAGE, "test", "%s: %s", word, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        err = add_path(o, strdup(word));
    else
        err = host_walk(word, add_entry, o, &why);
    if (err == -E2BIG && why.count == 0)
        why_note(&why, "more than %d files", FILES_MAX);
    if (err < 0)
        complain(0, "test", "%s: %s", word, host_reason(&why));
    why_done(&why);
    if (err < 0)
        return CMD_USAGE;
    if (o->path_count == first)
        return complain(CMD_USAGE, "test", "%s contains no file named *.scn", word);
    qsort(o->paths + first, o->path_count - first, sizeof *o->paths, by_name);
    return CMD_OK;
}

/* ---- options ---- */

enum { OPT_FORMAT = 256, OPT_AUDIENCE, OPT_TEACHER, OPT_SET, OPT_OUTPUT, OPT_KEEP, OPT_PRIVATE };

static const struct option longs[] = {
    {"verbose", no_argument, NULL, 'v'},
    {"format", required_argument, NULL, OPT_FORMAT},
    {"audience", required_argument, NULL, OPT_AUDIENCE},
    {"teacher", required_argument, NULL, OPT_TEACHER},
    {"set", required_argument, NULL, OPT_SET},
    {"jobs", required_argument, NULL, 'j'},
    {"output", required_argument, NULL, OPT_OUTPUT},
    {"timeout", required_argument, NULL, 't'},
    {"machine", required_argument, NULL, 'm'},
    {"keep", no_argument, NULL, OPT_KEEP},
    {"socket", required_argument, NULL, 's'},
    {"private", no_argument, NULL, OPT_PRIVATE},
    {0},
};

/** Read a whole number in a range. Returns it, or -1 after a complaint. */
static int read_number(const char *option, const char *text, int least, int most)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (*text != '\0' && *end == '\0' && n >= least && n <= most)
        return (int)n;
    return complain(-1, "test", "%s takes a number from %d to %d, not '%s'", option, least, most,
                    text);
}

static int set_format(struct options *o, const char *name)
{
    const char *names[sizeof scn_formats[0] / sizeof(char *) + 1];
    size_t count = 0;
    const char *near;

    for (const struct scn_format *f = scn_formats; f->name != NULL; f++) {
        names[count++] = f->name;
        if (strcmp(f->name, name) == 0) {
            o->format = f;
            return CMD_OK;
        }
    }
    names[count] = NULL;
    near = scn_nearest(name, names);
    return complain(CMD_USAGE, "test", "unknown format '%s'%s%s%s", name,
                    near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                    near != NULL ? "'?" : "");
}

static int set_audience(struct options *o, const char *who)
{
    static const char *const names[] = {"student", "teacher", NULL};
    const char *near = scn_nearest(who, names);

    if (strcmp(who, "student") != 0 && strcmp(who, "teacher") != 0)
        return complain(CMD_USAGE, "test", "--audience is student or teacher, not '%s'%s%s%s", who,
                        near != NULL ? "; did you mean '" : "", near != NULL ? near : "",
                        near != NULL ? "'?" : "");
    o->reporter.audience = *who == 't' ? SCN_TEACHER : SCN_STUDENT;
    return CMD_OK;
}

static int add_set(struct options *o, char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");

    if (len == 0 || text[len] != '=')
        return complain(CMD_USAGE, "test", "--set takes NAME=VALUE, not '%s'", text);
    o->sets[o->jobs.set_count++] = text;
    return CMD_OK;
}

/** Take one option. Returns CMD_OK, or an exit code after a complaint. */
static int take_option(struct options *o, int option)
{
    switch (option) {
    case 'v':
        o->reporter.verbose = true;
        return CMD_OK;
    case OPT_FORMAT:
        return set_format(o, optarg);
    case OPT_AUDIENCE:
        return set_audience(o, optarg);
    case OPT_TEACHER:
        o->teacher_path = optarg;
        return CMD_OK;
    case OPT_SET:
        return add_set(o, optarg);
    case 'j':
        o->jobs.parallel = read_number("--jobs", optarg, 1, 64);
        return o->jobs.parallel > 0 ? CMD_OK : CMD_USAGE;
    case 't':
        o->jobs.timeout_ms = 1000 * read_number("--timeout", optarg, 1, 24 * 3600);
        return o->jobs.timeout_ms > 0 ? CMD_OK : CMD_USAGE;
    case OPT_OUTPUT:
        o->jobs.output_max = scn_output_size(optarg);
        return o->jobs.output_max > 0
                   ? CMD_OK
                   : complain(CMD_USAGE, "test",
                              "--output takes 4096, 64K or 1M, at most 16M, not '%s'", optarg);
    case 'm':
        o->jobs.machine = optarg;
        return CMD_OK;
    case OPT_KEEP:
        o->jobs.keep = true;
        return CMD_OK;
    case 's':
        o->socket = optarg;
        return CMD_OK;
    case OPT_PRIVATE:
        o->private_daemon = true;
        return CMD_OK;
    default:
        return CMD_USAGE;
    }
}

/** Read the command line. Returns -1 to go on, or an exit code. */
static int take_words(struct options *o, int argc, char **argv)
{
    int option;

    while ((option = option_next("test", cmd_test_help, argc, argv, "vj:t:m:s:", longs)) != -1) {
        int code = option == OPTION_HELP ? CMD_OK : take_option(o, option);

        if (option == OPTION_HELP || code != CMD_OK)
            return code;
    }
    if (optind == argc)
        return complain(CMD_USAGE, "test", "FILE or DIR is missing; see `scbox help test`");
    if (o->socket != NULL && o->private_daemon)
        return complain(CMD_USAGE, "test", "--socket and --private can't be used together");
    for (int i = optind; i < argc; i++) {
        int code = add_word(o, argv[i]);

        if (code != CMD_OK)
            return code;
    }
    return -1;
}

/* ---- the run ---- */

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
    stop = signal;
}

/**
 * Let Ctrl-C, a kill or a closed terminal end the run in order, for the sake of the machines that were made. Children inherit it; a
 * wait is ended by it, so no SA_RESTART.
 */
static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static void on_report(void *user, size_t index, const cJSON *report)
{
    struct options *o = user;

    scn_report(&o->reporter, o->format, index, report);
    if (o->teacher.to != NULL)
        scn_report(&o->teacher, o->format, index, report);
}

/** Open the file of the teacher's report, when there is to be one. Returns whether it could be. */
static bool open_teacher(struct options *o)
{
    struct why why = WHY_INIT;
    int err = 0;

    o->teacher = (struct scn_reporter){
        .audience = SCN_TEACHER, .verbose = o->reporter.verbose, .count = o->path_count};
    if (o->teacher_path != NULL)
        err = host_create_stream(o->teacher_path, HOST_STREAM, &o->teacher.to, &why);
    if (err < 0)
        complain(0, "test", "%s: %s", o->teacher_path, host_reason(&why));
    why_done(&why);
    return err == 0;
}

/** End the teacher's report. Returns whether all of it was written. */
static bool close_teacher(struct options *o)
{
    bool failed = ferror(o->teacher.to) != 0;

    failed = fclose(o->teacher.to) != 0 || failed;
    if (failed)
        complain(0, "test", "%s: can't write all of the report", o->teacher_path);
    return !failed;
}

static int exit_code(const struct scn_reporter *r)
{
    if (stop != 0)
        return 128 + stop;
    if (r->counts[SCN_ERROR] > 0)
        return TEST_ERROR;
    return r->counts[SCN_FAIL] + r->counts[SCN_TIMEOUT] + r->counts[SCN_CRASH] > 0 ? CMD_FAILED
                                                                                   : CMD_OK;
}

/** Leave a private daemon running for whoever looks at kept machines, and say how. */
static void keep_daemon(struct reach *reach)
{
    fprintf(stderr,
            "kept: the daemon; use it with --socket %s and end it with "
            "`scbox call --socket %s server.shutdown`\n",
            daemon_socket(reach->daemon), daemon_socket(reach->daemon));
    daemon_release(reach->daemon);
    reach->daemon = NULL;
}

/** Tell the files that were not started, because the run was ended; they follow those that were. */
static void report_unplayed(const struct options *o, size_t played)
{
    fprintf(stderr, "scbox test: interrupted; not played:");
    for (size_t i = played; i < o->path_count && i < played + UNPLAYED_SHOWN; i++)
        fprintf(stderr, " %s", o->paths[i]);
    if (o->path_count - played > UNPLAYED_SHOWN)
        fprintf(stderr, " and %zu more", o->path_count - played - UNPLAYED_SHOWN);
    fputc('\n', stderr);
}

/** End the reports. Returns whether all was written. */
static bool end_reports(struct options *o, int64_t ms)
{
    size_t played = 0;

    for (int i = SCN_PASS; i <= SCN_ERROR; i++)
        played += o->reporter.counts[i];
    o->reporter.unplayed = o->path_count - played;
    o->teacher.unplayed = o->reporter.unplayed;
    if (o->reporter.unplayed > 0)
        report_unplayed(o, played);
    o->format->end(&o->reporter, ms);
    if (o->reporter.partial > 0 && o->reporter.audience == SCN_STUDENT && o->teacher.to == NULL)
        fprintf(stderr,
                "scbox test: the report of %zu file%s has only what students may read; "
                "--audience teacher shows all\n",
                o->reporter.partial, o->reporter.partial == 1 ? "" : "s");
    if (o->teacher.to == NULL)
        return true;
    o->format->end(&o->teacher, ms);
    return close_teacher(o);
}

/** Play the files in the daemon that was reached. */
static int play(struct options *o, struct reach *reach)
{
    int64_t start = clock_ms();
    char *tmp = tmp_dir_make("test", reach->daemon);
    char standard[4096] = "";
    bool written;

    if (tmp == NULL)
        return TEST_ERROR;
    (void)scbox_default_socket(standard, sizeof standard);
    o->jobs.socket = reach->daemon != NULL   ? daemon_socket(reach->daemon)
                     : reach->joined != NULL ? reach->joined
                     : o->socket != NULL     ? o->socket
                                             : standard;
    o->jobs.tmp = tmp;
    o->reporter.socket = strcmp(o->jobs.socket, standard) != 0 ? o->jobs.socket : NULL;
    o->teacher.socket = o->reporter.socket;
    o->format->begin(&o->reporter);
    if (o->teacher.to != NULL)
        o->format->begin(&o->teacher);
    (void)scn_jobs_play(&o->jobs, o->paths, o->path_count, on_report, o);
    written = end_reports(o, clock_ms() - start);
    if (o->jobs.keep && reach->daemon != NULL)
        keep_daemon(reach);
    if (o->jobs.keep)
        free(tmp);
    else
        tmp_dir_remove(tmp);
    return written ? exit_code(&o->reporter) : TEST_ERROR;
}

/** Find a daemon and play. */
static int run(struct options *o)
{
    struct reach_spec spec = {
        .command = "test",
        .socket = o->socket,
        .joins = o->jobs.machine != NULL,
        .may_start = true,
        .must_start = o->private_daemon,
        .private_ = {.default_machine = o->jobs.machine != NULL},
    };
    struct reach reach = {0};
    int code;

    if (o->jobs.machine != NULL)
        o->jobs.parallel = 1;
    o->reporter.count = o->path_count;
    if (!open_teacher(o))
        return TEST_ERROR;
    if (reach_open(&spec, &reach) != 0)
        return TEST_ERROR;
    watch_signals();
    code = play(o, &reach);
    reach_done(&reach);
    return code;
}

int cmd_test(int argc, char **argv)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct options o = {
        .jobs = {.stop = &stop,
                 .timeout_ms = TIMEOUT_MS,
                 .output_max = SCN_OUTPUT_BYTES,
                 .parallel = cpus < PARALLEL ? (int)cpus : PARALLEL},
        .reporter = {.to = stdout},
        .format = &scn_formats[0],
    };
    int code;

    if (isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL)
        o.reporter.flags = SCN_PRINT_COLOR;
    o.sets = calloc((size_t)argc, sizeof *o.sets);
    o.jobs.sets = o.sets;
    if (o.jobs.parallel < 1)
        o.jobs.parallel = 1;
    code = o.sets != NULL ? take_words(&o, argc, argv) : TEST_ERROR;
    if (code < 0)
        code = run(&o);
    for (size_t i = 0; i < o.path_count; i++)
        free(o.paths[i]);
    free(o.paths);
    free(o.sets);
    return code;
}
