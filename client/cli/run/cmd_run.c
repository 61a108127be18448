/* SPDX-License-Identifier: MIT */
/* scbox run: the course of a run, from an open program file to an exit code. */
#include "client/cli/base/call_text.h"
#include "client/cli/base/cmd.h"
#include "client/cli/base/fault_line.h"
#include "client/cli/base/host_file.h"
#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/base/show.h"
#include "client/cli/run/run.h"
#include "schema/calls.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { END_MS = 5000 }; /* how long the daemon may take to end a guest or a machine */

static void pass_output(struct run *r, const cJSON *params)
{
    char *bytes = NULL;
    size_t len = 0;

    if (scbox_data(params, &bytes, &len) == 0)
        run_output(r, bytes, len);
    free(bytes);
}

static void tell_note(const cJSON *event)
{
    char *text = event_data(event);

    complain(0, "run", "note: %s", text != NULL ? text : "");
    free(text);
}

static void on_event(void *user, const char *method, const cJSON *params)
{
    struct run *r = user;
    const enum event_kind kind = event_kind_of(method, params);

    if (r->watch != NULL)
        r->watch->on_event(r->watch->user, kind, params);
    if (kind == EVENT_LOG || kind == EVENT_CONSOLE)
        pass_output(r, params);
    else if (kind == EVENT_LOST)
        r->lost += json_int(params, "count");
    else if (kind == EVENT_NOTE)
        tell_note(params);
    else if (kind == EVENT_END && r->pid != 0 && json_int(params, "pid") == r->pid) {
        free(r->last_note);
        r->last_note = event_data(params);
    }
}

/* A machine with the names that were asked for, and a session in it. */
static int make_machine(struct run *r)
{
    cJSON *params = cJSON_CreateObject();
    cJSON *names = cJSON_AddArrayToObject(params, "names");
    cJSON *result = NULL;
    int code = 0;

    for (size_t i = 0; i < r->opts->fs_count; i++) {
        cJSON *name = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(name, "name", r->opts->fs[i].name);
        (void)cJSON_AddStringToObject(name, "driver", r->opts->fs[i].driver);
        if (r->opts->fs[i].opts != NULL)
            (void)cJSON_AddStringToObject(name, "opts", r->opts->fs[i].opts);
        (void)cJSON_AddItemToArray(names, name);
    }
    (void)cJSON_AddStringToObject(params, "clock", r->opts->virtual_clock ? "virtual" : "real");
    (void)cJSON_AddBoolToObject(params, "transient", !r->opts->keep_daemon);
    r->doing = "making the machine";
    code = run_must(r, "machine.create", params, &result);
    if (code != 0)
        return code;
    r->machine = strdup(json_text(result, "machine"));
    cJSON_Delete(result);
    params = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(params, "machine", r->machine);
    (void)cJSON_AddStringToObject(params, "name", "scbox run");
    return run_must(r, "session.open", params, NULL);
}

/* The program itself, in a view that only this session has. @out_path returned. */
static int load_image(struct run *r, int fd, char **out_path)
{
    const char *slash = strrchr(r->opts->file, '/');
    const char *base = slash != NULL ? slash + 1 : r->opts->file;
    cJSON *params = cJSON_CreateObject();
    int code = 0;

    (void)cJSON_AddStringToObject(params, "driver", "ramfs");
    (void)cJSON_AddStringToObject(params, "fs_name", RUN_IMAGE_VIEW);
    r->doing = "loading the program";
    code = run_must(r, "SC_MAKE_FS", params, NULL);
    if (strlen(base) > SC_COMPONENT_MAX)
        base = "program";
    if (code == 0 && asprintf(out_path, "%s:/%s", RUN_IMAGE_VIEW, base) < 0)
        code = complain(RUN_DAEMON, "run", "out of memory");
    return code != 0 ? code : run_copy_fd(r, fd, *out_path);
}

static cJSON *pid_params(const struct run *r)
{
    cJSON *params = cJSON_CreateObject();

    (void)cJSON_AddNumberToObject(params, "pid", r->pid);
    return params;
}

/* A child that has every name but the program's. */
static int make_child(struct run *r)
{
    cJSON *result = NULL;
    int code = 0;

    r->doing = "making the guest's process";
    code = run_must(r, "SC_NEW_PROC", NULL, &result);
    if (code != 0)
        return code;
    r->pid = json_int(result, "pid");
    cJSON_Delete(result);
    for (size_t i = 0; i < r->opts->fs_count && code == 0; i++) {
        cJSON *params = pid_params(r);

        (void)cJSON_AddStringToObject(params, "new_name", r->opts->fs[i].name);
        (void)cJSON_AddStringToObject(params, "fs_name", r->opts->fs[i].name);
        code = run_must(r, "SC_BIND_FS", params, NULL);
    }
    return code;
}

/* Its arguments, the program first, and its environment: a count and strings, each ended by NUL. */
static int set_args(struct run *r)
{
    const struct run_options *o = r->opts;
    struct strbuf block = STRBUF_INIT;
    cJSON *params = pid_params(r);
    int count = 1;
    int err = 0;

    while (o->args[count - 1] != NULL)
        count++;
    (void)strbuf_addf(&block, "%d", count);
    err |= strbuf_add(&block, "", 1) | strbuf_add(&block, o->file, strlen(o->file) + 1);
    for (char **arg = o->args; *arg != NULL; arg++)
        err |= strbuf_add(&block, *arg, strlen(*arg) + 1);
    for (size_t i = 0; i < o->env_count; i++)
        err |= strbuf_add(&block, o->env[i], strlen(o->env[i]) + 1);
    if (err == 0)
        err = scbox_add_data(params, "data", block.ptr, block.len);
    strbuf_done(&block);
    if (err < 0) {
        cJSON_Delete(params);
        return complain(RUN_DAEMON, "run", "out of memory");
    }
    r->doing = "handing the arguments over";
    return run_must(r, "SC_SET_ARGS", params, NULL);
}

/* Start the program. What is wrong with the file is 126, all else is trouble. */
static int execute(struct run *r, const char *path)
{
    cJSON *params = pid_params(r);
    int outcome = 0;

    (void)cJSON_AddStringToObject(params, "file", path);
    r->doing = r->opts->file;
    outcome = run_call(r, "SC_PROC_EXEC", params, NULL);
    if (outcome == SCBOX_OK)
        return 0;
    (void)run_refused(r, outcome);
    if (r->ending != 0)
        return r->ending;
    return outcome == SCBOX_REFUSED && r->error.code == ENOEXEC ? RUN_NO_EXEC : RUN_DAEMON;
}

/* From how the guest ended to how we do. @fd the program. */
static int judge(const struct run *r, int fd, const cJSON *status)
{
    char *place = NULL;
    char *words = NULL;
    const char *state = json_text(status, "state");
    int value = json_int(status, "return_code");
    const char *note = r->last_note != NULL ? r->last_note : "";

    if (strcmp(state, "DONE") == 0)
        return value & 0xff;
    if (strcmp(state, "FAILURE") != 0)
        return complain(RUN_SIGNAL + SIGKILL, "run", "guest was killed");
    place = fault_place(note, fd);
    words = fault_words(note, place);
    complain(0, "run", "guest failed: %s%s%s", name_of_failure(value), *note != '\0' ? ": " : "",
             words != NULL ? words : note);
    free(words);
    free(place);
    return RUN_SIGNAL + (value == FAIL_EXCEPTION ? SIGFPE : SIGSEGV);
}

static int wait_for_guest(struct run *r, int fd)
{
    cJSON *status = NULL;
    int code = 0;

    r->doing = "waiting for the guest";
    if (r->opts->timeout_ms > 0)
        run_deadline(r, r->opts->timeout_ms);
    code = run_must(r, "SC_PROC_WAIT", pid_params(r), &status);
    if (code == 0)
        code = judge(r, fd, status);
    cJSON_Delete(status);
    return code;
}

/* Say what a person could not know from the output. */
static void tell_ending(const struct run *r)
{
    if (r->ending == RUN_TIMEOUT)
        complain(0, "run", "guest killed: it ran longer than %g s",
                 (double)r->opts->timeout_ms / 1000);
    else if (r->out_errno != 0 && r->out_errno != EPIPE)
        complain(0, "run", "guest killed: its output could not be written to stdout: %s",
                 strerror(r->out_errno));
    else if (r->ending > RUN_SIGNAL && r->out_errno == 0)
        complain(0, "run", "guest killed: %s", strsignal(r->ending - RUN_SIGNAL));
    if (r->lost > 0)
        complain(0, "run", "%d pieces of output were lost: stdout was not read fast enough",
                 r->lost);
}

/* Let the daemon live on, and tell how to come back to it. */
static void keep_daemon(struct run *r)
{
    const char *socket = daemon_socket(r->reach.daemon);

    complain(0, "run",
             "the daemon goes on at %s; look with `scbox shell --socket %s%s%s`, stop it with "
             "`scbox call --socket %s server.shutdown`",
             socket, socket, r->machine != NULL ? " --machine " : "",
             r->machine != NULL ? r->machine : "", socket);
    daemon_release(r->reach.daemon);
    r->reach.daemon = NULL;
}

/*
 * End what goes on, print what is left to print, and leave nothing behind on a daemon that is not ours.
 * Returns the exit code, which is @code unless the run ended early.
 */
static int finish(struct run *r, int code)
{
    if (r->ending != 0 && r->pid != 0)
        (void)scbox_call(r->reach.conn, "SC_PROC_KILL", pid_params(r), END_MS, NULL, NULL);
    run_drain(r);
    tell_ending(r);
    if (r->machine != NULL && r->reach.daemon == NULL) {
        cJSON *params = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(params, "machine", r->machine);
        (void)scbox_call(r->reach.conn, "machine.destroy", params, END_MS, NULL, NULL);
    }
    if (r->opts->keep_daemon && r->reach.daemon != NULL)
        keep_daemon(r);
    return r->ending != 0 ? r->ending : code;
}

static int subscribe(struct run *r)
{
    static const char *const kinds[] = {"log", "console", "note", "proc", "calls"};
    cJSON *params = cJSON_CreateObject();

    (void)cJSON_AddItemToObject(params, "events",
                                cJSON_CreateStringArray(kinds, r->watch != NULL ? 5 : 4));
    (void)cJSON_AddTrueToObject(params, "lossless");
    if (r->watch != NULL) /* our own calls are not what anybody watches */
        (void)cJSON_AddNumberToObject(params, "pid", r->pid);
    if (r->watch != NULL && r->watch->shown != 0)
        (void)cJSON_AddNumberToObject(params, "shown", r->watch->shown);
    r->doing = "listening to the machine";
    return run_must(r, "trace.subscribe", params, NULL);
}

/* Everything between a connection and an exit code. */
static int play(struct run *r, int fd)
{
    char *path = NULL;
    int code = make_machine(r);

    for (size_t i = 0; i < r->opts->copy_count && code == 0; i++)
        code = run_copy_in(r, r->opts->copies[i].host, r->opts->copies[i].target);
    if (code == 0)
        code = load_image(r, fd, &path);
    if (code == 0)
        code = make_child(r);
    if (code == 0)
        code = set_args(r);
    if (code == 0)
        code = subscribe(r);
    if (code == 0)
        code = run_input_begin(r);
    if (code == 0)
        code = execute(r, path);
    if (code == 0)
        code = wait_for_guest(r, fd);
    free(path);
    return code;
}

/* Open the program. Returns a descriptor, or -1 with an exit code. */
static int open_program(const char *file, int *code)
{
    struct why why = WHY_INIT;
    int fd = host_open(file, HOST_COPY_MAX, 0, NULL, &why);

    if (fd == -EINVAL || fd == -EISDIR || fd == -EFBIG)
        *code = complain(RUN_NO_EXEC, "run", "%s: not a file that holds a program: %s", file,
                         host_reason(&why));
    else if (fd < 0)
        *code = complain(fd == -ENOENT || fd == -ENOTDIR ? RUN_NOT_FOUND : RUN_NO_EXEC, "run",
                         "%s: %s", file, host_reason(&why));
    why_done(&why);
    return fd < 0 ? -1 : fd;
}

/* Connect to a daemon that may open the sources, run, and part from it. */
static int run_with_daemon(struct run *r, int fd)
{
    const char *roots[RUN_LIST_MAX];
    struct reach_spec spec = {.command = "run", .socket = r->opts->socket, .may_start = true};
    bool named = reach_is_named(r->opts->socket);
    size_t count = 0;
    int code = RUN_DAEMON;

    for (size_t i = 0; i < r->opts->fs_count; i++) {
        if (r->opts->fs[i].root != NULL)
            roots[count++] = r->opts->fs[i].root;
    }
    spec.private_.source_roots = roots;
    spec.private_.source_root_count = count;
    spec.private_.no_patch = r->opts->no_patch;
    spec.must_start = r->opts->keep_daemon || r->opts->no_patch || (count > 0 && !named);
    if (reach_open(&spec, &r->reach) < 0)
        return RUN_DAEMON;
    scbox_on_event(r->reach.conn, on_event, r);
    code = finish(r, play(r, fd));
    reach_done(&r->reach);
    return code;
}

int run_program(const struct run_options *opts, const struct run_watch *watch)
{
    struct run r = {.opts = opts,
                    .watch = watch,
                    .error = SCBOX_ERROR_INIT,
                    .signal_fd = -1,
                    .deadline_ms = INT64_MAX,
                    .out = STRBUF_INIT};
    int code = CMD_USAGE;
    int fd = open_program(opts->file, &code);

    if (fd >= 0) {
        r.signal_fd = run_watch_signals();
        code = run_with_daemon(&r, fd);
        close(fd);
    }
    if (r.signal_fd >= 0)
        close(r.signal_fd);
    scbox_error_done(&r.error);
    free(r.machine);
    free(r.last_note);
    strbuf_done(&r.out);
    return code;
}

int cmd_run(int argc, char **argv)
{
    struct run_options opts = {0};
    int found = run_options_parse(argc, argv, &opts);
    int code = found == OPTION_HELP ? CMD_OK : CMD_USAGE;

    if (found == 0)
        code = run_program(&opts, NULL);
    run_options_done(&opts);
    return code;
}
