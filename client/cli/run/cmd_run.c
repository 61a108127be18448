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
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { END_MS = 5000 }; /* how long the daemon may take to end a guest or a machine */

static void pass_output(struct run *r, const cJSON *params)
{
    char *bytes = NULL;
    size_t len = 0;

    if (scbox_data_tree(params, &bytes, &len) == 0)
        run_output(r, bytes, len);
    free(bytes);
}

static void report_note(const cJSON *event)
{
    char *text = event_data(event);

    complain(0, "run", "note: %s", text != NULL ? text : "");
    free(text);
}

static void on_event(void *user, enum event_kind kind, const cJSON *params)
{
    struct run *r = user;

    if (r->watch != NULL)
        r->watch->on_event(r->watch->user, kind, params);
    if (kind == EVENT_LOG || kind == EVENT_CONSOLE)
        pass_output(r, params);
    else if (kind == EVENT_LOST)
        r->lost += json_int(params, "count");
    else if (kind == EVENT_NOTE)
        report_note(params);
}

/* A machine with the names that were asked for, and a session in it. */
static int make_machine(struct run *r)
{
    cJSON *names = cJSON_CreateArray();
    cJSON *result = NULL;
    int code = 0;

    for (size_t i = 0; i < r->opts->fs_count; i++) {
        const struct run_fs *fs = &r->opts->fs[i];

        (void)cJSON_AddItemToArray(
            names, json_object("name:s driver:s opts:s", fs->name, fs->driver, fs->opts));
    }
    r->doing = "making the machine";
    code = run_must(r, "machine.create",
                    json_object("names:v clock:s transient:b", names,
                                r->opts->virtual_clock ? "virtual" : "real", !r->opts->keep_daemon),
                    &result);
    if (code != 0)
        return code;
    r->machine = strdup(json_text(result, "machine"));
    cJSON_Delete(result);
    return run_must(r, "session.open", json_object("machine:s name:s", r->machine, "scbox run"),
                    NULL);
}

/* Report the outcome of an engine's step for the guest. Returns an exit code. */
static int step(struct run *r, int outcome)
{
    outcome = run_outcome(r, outcome);
    return outcome == SCBOX_OK ? 0 : run_refused(r, outcome);
}

/* Say why a file of the host could not be read. Returns @code, unless that is 0: an exit code
 * then. */
static int report_unread(const struct run *r, int code, int unread)
{
    if (unread == -EFBIG)
        complain(0, "run", "%s: it grew beyond %" PRId64 " bytes", r->doing, HOST_COPY_MAX);
    else if (unread != 0)
        complain(0, "run", "%s: %s", r->doing, strerror(-unread));
    return code == 0 && unread != 0 ? RUN_DAEMON : code;
}

int run_copy_fd(struct run *r, int fd, const char *target)
{
    int unread = 0;
    int code = step(r, scn_upload(&r->caller, fd, cJSON_CreateString(target), &unread));

    return report_unread(r, code, unread);
}

/* The program itself, in a view that only this session has. */
static int load_image(struct run *r, int fd)
{
    const char *slash = strrchr(r->opts->file, '/');
    const char *base = slash != NULL ? slash + 1 : r->opts->file;
    int unread = 0;
    int code = 0;

    if (strlen(base) > SC_COMPONENT_MAX)
        base = "program";
    r->doing = "loading the program";
    code = step(r, guest_load(&r->guest, RUN_IMAGE_VIEW, base, fd, &unread));
    return report_unread(r, code, unread);
}

static int set_args(struct run *r)
{
    const struct run_options *o = r->opts;
    struct strbuf words = STRBUF_INIT;
    size_t count = 1;
    int err = strbuf_add(&words, o->file, strlen(o->file) + 1);

    for (char **arg = o->args; *arg != NULL; arg++, count++)
        err |= strbuf_add(&words, *arg, strlen(*arg) + 1);
    for (size_t i = 0; i < o->env_count; i++)
        err |= strbuf_add(&words, o->env[i], strlen(o->env[i]) + 1);
    r->doing = "passing the arguments";
    if (err < 0)
        err = complain(RUN_DAEMON, "run", "out of memory");
    else
        err = step(r, guest_args(&r->guest, count, &words));
    strbuf_done(&words);
    return err;
}

/* Start the program. What is wrong with the file is 126, all else is trouble. */
static int execute(struct run *r)
{
    int outcome = 0;

    r->doing = r->opts->file;
    outcome = run_outcome(r, guest_exec(&r->guest));
    if (outcome == SCBOX_OK)
        return 0;
    (void)run_refused(r, outcome);
    if (r->ending != 0)
        return r->ending;
    return outcome == SCBOX_REFUSED && r->came.error.code == ENOEXEC ? RUN_NO_EXEC : RUN_DAEMON;
}

/* Convert the guest's end to an exit code. @fd the program. */
static int judge(const struct run *r, int fd)
{
    char *place = NULL;
    char *words = NULL;
    const cJSON *status = r->came.value;
    const char *state = json_text(status, "state");
    int value = json_int(status, "return_code");
    const char *note = r->session->fault != NULL ? r->session->fault : "";

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
    int code = 0;

    r->doing = "waiting for the guest";
    if (r->opts->timeout_ms > 0)
        scn_session_timeout(r->session, (int)r->opts->timeout_ms);
    code = step(r, guest_wait(&r->guest));
    return code == 0 ? judge(r, fd) : code;
}

/* Report what the output does not show. */
static void report_ending(const struct run *r)
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

/* Don't stop the daemon, and print how to reach it. */
static void keep_daemon(struct run *r)
{
    const char *socket = daemon_socket(r->reach.daemon);

    complain(0, "run",
             "the daemon continues at %s; use it with `scbox shell --socket %s%s%s`, stop it with "
             "`scbox call --socket %s server.shutdown`",
             socket, socket, r->machine != NULL ? " --machine " : "",
             r->machine != NULL ? r->machine : "", socket);
    daemon_release(r->reach.daemon);
    r->reach.daemon = NULL;
}

/*
 * End the guest, print the remaining output, and remove everything from a daemon that others use.
 * Returns the exit code, which is @code unless the run ended early.
 */
static int finish(struct run *r, int code)
{
    if (r->ending != 0 && r->guest.pid != 0)
        (void)scbox_call_tree(r->reach.conn, "SC_PROC_KILL", json_object("pid:i", r->guest.pid),
                              END_MS, NULL, NULL);
    run_drain(r);
    report_ending(r);
    if (r->machine != NULL && r->reach.daemon == NULL)
        (void)scbox_call_tree(r->reach.conn, "machine.destroy",
                              json_object("machine:s", r->machine), END_MS, NULL, NULL);
    if (r->opts->keep_daemon && r->reach.daemon != NULL)
        keep_daemon(r);
    return r->ending != 0 ? r->ending : code;
}

static int subscribe(struct run *r)
{
    r->doing = "listening to the machine";
    if (r->watch == NULL)
        return run_must(r, "trace.subscribe",
                        scn_listen_params("log,console,note,proc", true, 0, 0), NULL);
    /* calls of scbox itself are not traced */
    return run_must(
        r, "trace.subscribe",
        scn_listen_params("log,console,note,proc,calls", true, r->guest.pid, r->watch->shown),
        NULL);
}

/* Everything between a connection and an exit code. */
static int play(struct run *r, int fd)
{
    int code = make_machine(r);

    for (size_t i = 0; i < r->opts->copy_count && code == 0; i++)
        code = run_copy_in(r, r->opts->copies[i].host, r->opts->copies[i].target);
    r->doing = "making the guest's process";
    if (code == 0)
        code = step(r, guest_make(&r->guest));
    if (code == 0)
        code = load_image(r, fd);
    if (code == 0)
        code = set_args(r);
    if (code == 0)
        code = subscribe(r);
    if (code == 0)
        code = run_input_begin(r);
    if (code == 0)
        code = execute(r);
    return code == 0 ? wait_for_guest(r, fd) : code;
}

/* Play it in a session that waits for what a run waits for. */
static int converse(struct run *r, int fd)
{
    const struct scn_config config = {.timeout_ms = SCBOX_FOREVER,
                                      .unopened = true,
                                      .on_event = on_event,
                                      .user = r,
                                      .stop = &r->ending,
                                      .also = &run_also};
    int code = RUN_DAEMON;

    if (scn_session_new(r->reach.conn, &config, &r->session, &r->came.error) != SCBOX_OK)
        return complain(code, "run", "out of memory");
    r->caller = (struct scn_caller){.s = r->session, .r = &r->came};
    r->guest.c = &r->caller;
    code = finish(r, play(r, fd));
    cJSON_Delete(r->guest.file);
    scn_session_free(r->session);
    return code;
}

/* Open the program. Returns a descriptor, or -1 with an exit code. */
static int open_program(const char *file, int *code)
{
    struct why why = WHY_INIT;
    int fd = host_open(file, HOST_COPY_MAX, 0, NULL, &why);

    if (fd == -EINVAL || fd == -EISDIR || fd == -EFBIG)
        *code = complain(RUN_NO_EXEC, "run", "%s: not a program: %s", file, host_reason(&why));
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
    code = converse(r, fd);
    reach_done(&r->reach);
    return code;
}

int run_program(const struct run_options *opts, const struct run_watch *watch)
{
    struct run r = {.opts = opts, .watch = watch, .signal_fd = -1, .out = STRBUF_INIT};
    int code = CMD_USAGE;
    int fd = open_program(opts->file, &code);

    if (fd >= 0) {
        r.signal_fd = run_watch_signals();
        code = run_with_daemon(&r, fd);
        close(fd);
    }
    if (r.signal_fd >= 0)
        close(r.signal_fd);
    scn_result_done(&r.came);
    free(r.machine);
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
