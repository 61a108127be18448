/* SPDX-License-Identifier: MIT */
/* scbox trace: the calls of a program that it runs, or of a machine, one line each. */
#include "client/cli/base/call_text.h"
#include "client/cli/base/cmd.h"
#include "client/cli/base/host_file.h"
#include "client/cli/base/json.h"
#include "client/cli/base/show.h"
#include "client/cli/run/run.h"
#include "client/cli/scenario/scn_words.h"
#include "client/cli/trace/trace.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char cmd_trace_help[] =
    "Usage: scbox trace [OPTION…] FILE [ARGUMENT…]\n"
    "       scbox trace [OPTION…] [-m NAME] [-p PID]\n"
    "\n"
    "Show the calls of the simulated system when they are made, like strace(1). With\n"
    "FILE: run it as `scbox run` does, and show its calls and its children's. Then\n"
    "the options --fs, --copy, --env, --bare, --timeout, --clock, --keep-daemon and\n"
    "--no-patch of `scbox run` apply, too. Without FILE: show the calls of a machine,\n"
    "or of one process and its descendants, until Ctrl-C or until that process ends.\n"
    "\n"
    "  -e, --trace LIST    only these calls: open,read; or all except these:\n"
    "                      !read,write\n"
    "  -P, --trace-path GLOB\n"
    "                      only calls with a path that matches name:/path, in which\n"
    "                      * ? [a-z] are wildcards, or with a handle of such a path\n"
    "  -z, -Z, --failed-only\n"
    "                      only calls that fail\n"
    "  -s, --string-limit N\n"
    "                      show N bytes of data, at most 4096; default: 32. Paths are\n"
    "                      never cut\n"
    "  -r, --relative-timestamps\n"
    "                      begin lines with the time since the previous line\n"
    "  -y, --decode-fds    show the file behind a handle: read(3<\"root:/a\">, 0, 9)\n"
    "  -c, --summary-only  instead of lines, a table of calls, errors and time at the\n"
    "                      end\n"
    "  -o, --output FILE   write to FILE instead of stderr\n"
    "      --chrome FILE   also write Chrome trace events, for chrome://tracing,\n"
    "                      Perfetto and speedscope\n"
    "  -m, --machine NAME  the machine; default: the daemon's default machine\n"
    "  -p, --attach PID    one of its processes\n"
    "      --socket PATH   the daemon's socket; default: $SCBOX_SOCKET, or the user's\n"
    "                      own. Also -s PATH, unless PATH is a number\n"
    "  -h, --help          this page\n"
    "\n"
    "A line of a call that succeeded, with seconds of the machine's clock, and of one\n"
    "that was refused:\n"
    "  PID  CALL(ARGUMENTS) = RESULT <SECONDS>\n"
    "  PID  CALL(ARGUMENTS) = ! ERROR (REASONS)\n"
    "\n"
    "For a program's call RESULT is the value of its result register, then what was\n"
    "stored in its memory: = 1 {type=DIR, ...} on i386, = 0 {type=DIR, ...} on\n"
    "x86_64, = -2 ! ENOENT (...). If other calls are shown before a call returns, it\n"
    "has two lines: usleep(9 <unfinished ...> and <... usleep(9) resumed>. Effects of\n"
    "fault rules are marked: (injected by fault 1). Addresses are in hex, permissions\n"
    "in octal; a byte that is not UTF-8 is \\xff.\n"
    "\n"
    "Exit status: with FILE that of `scbox run`; else 0, also after Ctrl-C; 2 wrong\n"
    "usage; 125 no daemon, or it ended.\n"
    "\n"
    "Examples:\n"
    "  scbox trace ./hello\n"
    "  scbox trace -e open,close -z ./prog\n"
    "  scbox trace -c --chrome prog.json ./prog\n"
    "  scbox trace -p 3\n";

enum { OPT_CHROME = RUN_OPT_END, OPT_STRINGS };

enum { SETUP_MS = 10000 };

struct trace_options {
    struct run_options run;
    const char *machine;
    const char *output;
    const char *chrome;
    int32_t pid;
    int shown; /* bytes of data that events shall show; 0: as many as usual */
    bool summary;
};

/* ---- the command line ---- */

static int take_calls(struct tracer *t, const char *list)
{
    char *wrong = NULL;
    const char *near = NULL;
    int err = 0;

    if (trace_filter_calls(&t->filter, list, &wrong))
        return 0;
    near = wrong != NULL ? scn_nearest(wrong, NULL) : NULL;
    err = complain(OPTION_WRONG, "trace", "-e: no call is named '%s'%s%s%s",
                   wrong != NULL ? wrong : "", near != NULL ? "; did you mean '" : "",
                   near != NULL ? near : "", near != NULL ? "'?" : "");
    free(wrong);
    return err;
}

/* -s: as strace has it a number of bytes; a path is a socket, as other commands have it. */
static int take_limit(struct trace_options *o, struct tracer *t, const char *text)
{
    char *end = NULL;
    unsigned long bytes = strtoul(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0')
        return complain(OPTION_WRONG, "trace", "--string-limit %s: expected a number of bytes",
                        text);
    if (bytes == 0 || bytes > CALL_BYTES_MAX)
        return complain(OPTION_WRONG, "trace", "--string-limit %s: expected 1 to %d bytes", text,
                        CALL_BYTES_MAX);
    t->lines.style.bytes = bytes;
    o->shown = (int)bytes;
    return 0;
}

static bool is_number(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int take_option(struct trace_options *o, struct tracer *t, int found)
{
    switch (found) {
    case 'e':
        return take_calls(t, optarg);
    case 'P':
        t->filter.glob = optarg;
        return 0;
    case 'z':
    case 'Z':
        t->lines.failures = true;
        return 0;
    case 'r':
        t->lines.relative = true;
        return 0;
    case 'y':
        t->lines.style.files = true;
        return 0;
    case OPT_STRINGS:
        return take_limit(o, t, optarg);
    case 's':
        return is_number(optarg) ? take_limit(o, t, optarg) : run_option_take(&o->run, found);
    case 'c':
        o->summary = true;
        return 0;
    case 'o':
        o->output = optarg;
        return 0;
    case OPT_CHROME:
        o->chrome = optarg;
        return 0;
    case 'm':
        o->machine = optarg;
        return 0;
    case 'p':
        o->pid = option_pid(optarg);
        return o->pid != 0 ? 0
                           : complain(OPTION_WRONG, "trace",
                                      "-p %s: expected the number of a process", optarg);
    default:
        return run_option_take(&o->run, found);
    }
}

/* What fits together. */
static int check_whole(struct trace_options *o, int argc, char **argv)
{
    if (optind == argc)
        return 0;
    if (o->machine != NULL || o->pid != 0)
        return complain(OPTION_WRONG, "trace",
                        "'%s': a program runs in a machine of its own; -m and -p are for machines "
                        "that are there",
                        argv[optind]);
    return run_options_finish(&o->run, argc, argv);
}

static int parse_options(int argc, char **argv, struct trace_options *o, struct tracer *t)
{
    static const struct option longs[] = {
        RUN_OPTION_ROWS,
        {"trace", required_argument, NULL, 'e'},
        {"trace-path", required_argument, NULL, 'P'},
        {"failed-only", no_argument, NULL, 'Z'},
        {"string-limit", required_argument, NULL, OPT_STRINGS},
        {"relative-timestamps", no_argument, NULL, 'r'},
        {"decode-fds", no_argument, NULL, 'y'},
        {"summary-only", no_argument, NULL, 'c'},
        {"output", required_argument, NULL, 'o'},
        {"chrome", required_argument, NULL, OPT_CHROME},
        {"machine", required_argument, NULL, 'm'},
        {"attach", required_argument, NULL, 'p'},
        {0},
    };
    int found = 0;
    int err = 0;

    while (err == 0 && (found = option_next("trace", cmd_trace_help, argc, argv,
                                            "t:s:e:P:zZryco:m:p:", longs)) != -1)
        err = take_option(o, t, found);
    return err != 0 ? err : check_whole(o, argc, argv);
}

/* ---- where it goes ---- */

/* Open a file for writing. Returns whether it could be; told when not. */
static bool open_output(const char *path, FILE **out)
{
    struct why why = WHY_INIT;
    int err = host_create_stream(path, HOST_STREAM, out, &why);

    if (err < 0)
        complain(0, "trace", "%s: %s", path, host_reason(&why));
    why_done(&why);
    return err == 0;
}

static bool open_outputs(const struct trace_options *o, struct tracer *t)
{
    t->lines.to = stderr;
    t->lines.flush = true;
    if (o->output != NULL) {
        if (!open_output(o->output, &t->lines.to))
            return false;
        t->lines.flush = false;
    }
    if (o->chrome != NULL && !open_output(o->chrome, &t->chrome.to))
        return false;
    if (o->summary)
        t->summary = calloc(1, sizeof *t->summary);
    return !o->summary || t->summary != NULL;
}

/* Close a file. Returns @code, or that it could not be written. */
static int close_output(FILE *file, const char *path, int code)
{
    bool bad = file != NULL && ferror(file) != 0;

    if (file == NULL || path == NULL)
        return code;
    if (fclose(file) != 0 || bad)
        return complain(code != 0 ? code : CMD_FAILED, "trace", "%s: could not be written: %s",
                        path, strerror(errno));
    return code;
}

/* ---- a machine that is there ---- */

struct attached {
    struct tracer *tracer;
    int32_t pid; /* ends the tracing when it ends; 0: none */
    int signals;
    volatile sig_atomic_t over;
};

static void on_event(void *user, enum event_kind kind, const cJSON *params)
{
    struct attached *a = user;

    tracer_event(a->tracer, kind, params);
    if (kind == EVENT_END && a->pid != 0 && json_int(params, "pid") == a->pid)
        a->over = true;
}

static int before(void *user, bool listening, struct pollfd *fds)
{
    const struct attached *a = user;

    (void)listening;
    fds[0] = (struct pollfd){.fd = a->signals, .events = POLLIN};
    return -1;
}

static void after(void *user, bool listening, const struct pollfd *fds)
{
    struct attached *a = user;

    (void)listening;
    if (fds[0].revents != 0)
        a->over = true;
}

/* A session in the machine, and its events. Returns SCBOX_OK or what went wrong. */
static int subscribe(const struct trace_options *o, struct scn_session *s,
                     struct scbox_error *error)
{
    int status = scn_session_call(
        s, "session.open", json_object("machine:s name:s", o->machine, "scbox trace"), NULL, error);

    if (status == SCBOX_OK && o->pid != 0) /* that there is one is told before anything else */
        status = scn_session_call(s, "proc.info", json_object("pid:i", o->pid), NULL, error);
    if (status != SCBOX_OK)
        return status;
    return scn_session_call(s, "trace.subscribe",
                            scn_listen_params("calls,proc,note", false, o->pid, o->shown), NULL,
                            error);
}

/* Take events until a signal, the end of the process, or the daemon's. */
static int follow(struct attached *a, struct scn_session *s, struct scbox_error *error)
{
    while (!a->over) {
        if (scbox_drain(s->conn, error) < 0)
            return CMD_DAEMON;
        if (!a->over)
            scn_sleep(s, true, -1);
    }
    return CMD_OK;
}

static int converse(const struct trace_options *o, struct attached *a, struct scbox_conn *conn)
{
    static const struct scn_also also = {before, after};
    const struct scn_config config = {.timeout_ms = SETUP_MS,
                                      .unopened = true,
                                      .on_event = on_event,
                                      .user = a,
                                      .stop = &a->over,
                                      .also = &also};
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct scn_session *s = NULL;
    int code = CMD_DAEMON;

    if (scn_session_new(conn, &config, &s, &error) == SCBOX_OK &&
        subscribe(o, s, &error) == SCBOX_OK) {
        scn_session_timeout(s, SCBOX_FOREVER);
        code = follow(a, s, &error);
    }
    if (code == CMD_DAEMON && !a->over)
        show_error(stderr, "trace", &error);
    scn_session_free(s);
    scbox_error_done(&error);
    return a->over ? CMD_OK : code;
}

static int attach(const struct trace_options *o, struct tracer *t)
{
    struct reach_spec spec = {.command = "trace", .joins = true, .socket = o->run.socket};
    struct attached a = {.tracer = t, .pid = o->pid, .signals = run_watch_signals()};
    struct reach reach = {0};
    int code = CMD_DAEMON;

    if (reach_open(&spec, &reach) == 0) {
        code = converse(o, &a, reach.conn);
        if (code == CMD_DAEMON)
            reach_last_words(&reach);
        reach_done(&reach);
    }
    if (a.signals >= 0)
        close(a.signals);
    return code;
}

/* ---- a program of our own ---- */

static void on_run_event(void *user, enum event_kind kind, const cJSON *params)
{
    tracer_event(user, kind, params);
}

int cmd_trace(int argc, char **argv)
{
    struct trace_options o = {0};
    struct tracer t = {.lines = {.to = stderr}};
    struct run_watch watch = {.on_event = on_run_event, .user = &t};
    int found = parse_options(argc, argv, &o, &t);
    int code = found == OPTION_HELP ? CMD_OK : CMD_USAGE;
    FILE *chrome = NULL;
    FILE *lines = NULL;

    watch.shown = o.shown;
    if (found == 0 && open_outputs(&o, &t)) {
        lines = t.lines.to;
        chrome = t.chrome.to;
        code = o.run.file != NULL ? run_program(&o.run, &watch) : attach(&o, &t);
        tracer_done(&t);
    }
    code = close_output(chrome, o.chrome, code);
    code = close_output(lines, o.output, code);
    trace_filter_done(&t.filter);
    run_options_done(&o.run);
    return code;
}
