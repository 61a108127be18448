/* SPDX-License-Identifier: MIT */
/* scbox shell: read a line, play it, print its result. */
#include "client/cli/base/cmd.h"
#include "client/cli/base/json.h"
#include "client/cli/base/show.h"
#include "client/cli/help/page.h"
#include "client/cli/scenario/scn_words.h"
#include "client/cli/shell/shell.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char cmd_shell_help[] =
    "Usage: scbox shell [OPTION…]\n"
    "\n"
    "Be a process of a simulated system: type calls and see their results. Lines are\n"
    "those of scenario files: typed, pasted, or read by `include FILE`. `:help` shows\n"
    "examples; `:save FILE` writes the lines and their results as a test. If stdin is\n"
    "not a terminal, lines are read from it without a prompt.\n"
    "\n"
    "Indented lines below `run` belong to it. It begins at the next line that is not\n"
    "indented, when nothing comes for two seconds, or on a terminal at an empty line.\n"
    "\n"
    "  -m, --machine NAME  the machine; default: the daemon's default machine\n"
    "  -s, --socket PATH   the daemon's socket; default: $SCBOX_SOCKET, or the user's\n"
    "                      own\n"
    "      --set NAME=VALUE   set the variable $NAME; may be given several times\n"
    "      --no-history    neither read nor write the history of lines\n"
    "  -h, --help          this page\n"
    "\n"
    "Without a running daemon, the shell starts a private one and stops it at its\n"
    "end. That one uses the user's own state, so files under root: are kept.\n"
    "Meanwhile other commands find it, also a second shell.\n"
    "\n"
    "`:trace on` shows every call of the machine when it is made. `:step on` stops\n"
    "before each call: Enter carries it out, `e ENOSPC` makes it fail, `r {fd: 3}`\n"
    "sets its result, `?` lists the other answers. `:fault write nth=3 ENOSPC` makes\n"
    "calls fail without asking.\n"
    "\n"
    "Keys: Tab completes calls, names and paths; Ctrl-C cancels a call that waits, or\n"
    "clears the line; Ctrl-R searches the history; Ctrl-D ends the shell.\n"
    "\n"
    "Exit status: 0; 1 if a line from stdin failed (never for typed lines); 2 wrong\n"
    "usage; 125 no daemon, or it ended; 130 interrupted while reading stdin.\n"
    "\n"
    "Example:\n"
    "  $ scbox shell\n"
    "  scbox> create root:/home DIR\n"
    "  scbox> open root:/home/a WRITE,CREATE = $fd\n"
    "  scbox> write $fd 0 \"hello\"\n";

struct shell_options {
    const char *machine;
    const char *socket;
    bool no_history;
    char **sets; /* --set; owned, the texts are not */
    size_t set_count;
};

/* Set by SIGINT; a wait in the daemon's call and a line being typed end by it. */
static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
    (void)sig;
    interrupted = 1;
}

static int parse_options(int argc, char **argv, struct shell_options *out)
{
    enum { OPT_NO_HISTORY = 256, OPT_SET };
    static const struct option longs[] = {
        {"machine", required_argument, NULL, 'm'},
        {"socket", required_argument, NULL, 's'},
        {"no-history", no_argument, NULL, OPT_NO_HISTORY},
        {"set", required_argument, NULL, OPT_SET},
        {0},
    };
    int found = 0;

    while ((found = option_next("shell", cmd_shell_help, argc, argv, "m:s:", longs)) != -1) {
        if (found == OPTION_HELP || found == OPTION_WRONG)
            return found;
        if (found == 'm')
            out->machine = optarg;
        else if (found == 's')
            out->socket = optarg;
        else if (found == OPT_SET)
            out->sets[out->set_count++] = optarg;
        else
            out->no_history = true;
    }
    if (optind < argc)
        return complain(OPTION_WRONG, "shell",
                        "'%s': steps are read from stdin, not from the command line; see `scbox "
                        "help shell`",
                        argv[optind]);
    return 0;
}

/* DIR/scbox/shell_history under the user's state directory, made where missing. NULL: none. */
static char *history_path(void)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    char *path = NULL;
    int made = -1;

    if (state != NULL && state[0] == '/')
        made = asprintf(&path, "%s/scbox/shell_history", state);
    else if (home != NULL && home[0] == '/')
        made = asprintf(&path, "%s/.local/state/scbox/shell_history", home);
    if (made < 0)
        return NULL;
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    return path;
}

/* Handle messages of the daemon at the prompt. Returns whether it still runs. */
static bool take_news(void *user)
{
    struct shell *sh = user;
    struct scbox_error error = SCBOX_ERROR_INIT;
    int err = scbox_drain(sh->reach.conn, &error);

    shell_end_line(sh);
    sh->daemon_gone = err < 0;
    if (sh->daemon_gone)
        show_error(stderr, "shell", &error);
    scbox_error_done(&error);
    return !sh->daemon_gone && !sh->feed.own_end;
}

/* Whether a line begins with a word that only makes sense as a command without its colon. */
static bool lacks_colon(const char *text)
{
    char word[16] = "";
    const char *const *names = page_command_names();

    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(text, " \t"), text);
    if (sc_call_by_name(word) != NULL)
        return false;
    for (size_t i = 0; scn_words[i] != NULL; i++) {
        if (strcmp(scn_words[i], word) == 0)
            return false;
    }
    for (size_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i] + 1, word) == 0)
            return true;
    }
    return false;
}

static bool play_command(struct shell *sh, const char *text)
{
    char *line = NULL;
    bool ok = false;

    if (strcmp(text, "?") == 0)
        return shell_command(sh, ":help");
    if (asprintf(&line, ":%s", text + (*text == ':')) >= 0)
        ok = shell_command(sh, line);
    free(line);
    return ok;
}

static void play_line(struct shell *sh, const char *typed)
{
    char *line = strdup(typed); /* playing it may read further lines */
    const char *text = line != NULL ? line + strspn(line, " \t") : "";

    if (shell_holds_call(sh) && shell_step_line(sh, text))
        text = "";
    if (*text == ':' || strcmp(text, "?") == 0 || lacks_colon(text))
        sh->failed += !play_command(sh, text);
    else if (*text != '\0')
        shell_play(sh, shell_is_below_run(line) ? line : text);
    free(line);
}

/* A line, or with NULL the silence behind a `run`. */
static void take_line(struct shell *sh, const char *line, unsigned number)
{
    interrupted = 0;
    if (line != NULL && shell_block_takes(sh, line))
        return;
    if (sh->block.len > 0) {
        shell_play_block(sh);
    } else {
        sh->line_number = number;
        if (!shell_block_begins(sh, line))
            play_line(sh, line);
    }
    errno = 0;
    if (fflush(stdout) != 0 || ferror(stdout) != 0) /* results of further lines would be lost */
        sh->unwritten = errno != 0 ? errno : EIO;
}

static int end_unwritten(int err)
{
    clearerr(stdout); /* it is told here */
    if (err == EPIPE)
        return 128 + SIGPIPE;
    return complain(CMD_FAILED, "shell",
                    "stdout could not be written: %s; further lines are not played", strerror(err));
}

static int loop(struct shell *sh)
{
    const char *line = NULL;
    unsigned number = 0;

    while (!sh->quit && !sh->daemon_gone && !sh->feed.own_end && sh->unwritten == 0) {
        enum edit_read got = edit_read(sh->edit, &line);

        if (got == EDIT_END && sh->block.len == 0)
            break;
        number += got == EDIT_LINE || got == EDIT_TOO_LONG;
        if (got == EDIT_LINE) {
            take_line(sh, line, number);
        } else if (got == EDIT_QUIET || got == EDIT_END) {
            take_line(sh, NULL, number);
        } else if (got == EDIT_TOO_LONG) {
            complain(0, "shell", "line %u has more than %d bytes and is ignored", number,
                     EDIT_LINE_MAX);
            sh->failed++;
        } else if (!edit_on_terminal(sh->edit)) {
            return 128 + SIGINT;
        } else {
            shell_drop_block(sh);
            shell_step_interrupted(sh);
        }
        interrupted = 0;
        if (!sh->daemon_gone)
            (void)take_news(sh);
    }
    if (sh->unwritten != 0)
        return end_unwritten(sh->unwritten);
    if (sh->feed.own_end)
        puts("The shell's process has ended, so the shell ends, too.");
    if (sh->daemon_gone)
        return CMD_DAEMON;
    return sh->failed > 0 && !edit_on_terminal(sh->edit) ? CMD_FAILED : CMD_OK;
}

static void greet(const struct shell *sh)
{
    if (sh->reach.daemon != NULL)
        complain(0, "shell", "no daemon runs; started a private one, which ends with this shell");
    if (sh->reach.owner != NULL)
        complain(0, "shell", "joined the private daemon of %s, which ends with that",
                 sh->reach.owner);
    if (edit_on_terminal(sh->edit))
        printf("Process %d of machine %s. `:help` shows examples, Tab completes.\n",
               scn_session_pid(sh->session), scn_session_machine(sh->session));
}

/* The editor, with a prompt that names a machine which is not the default one. */
static int make_editor(struct shell *sh, const struct shell_options *opts)
{
    char *history = opts->no_history ? NULL : history_path();
    char *prompt = NULL;
    int err = -ENOMEM;

    shell_completion(sh);
    if (asprintf(&prompt, "scbox%s%s> ", opts->machine != NULL ? " " : "",
                 opts->machine != NULL ? opts->machine : "") >= 0) {
        struct edit_spec spec = {.prompt = prompt,
                                 .history = history,
                                 .source = &sh->source,
                                 .news_fd = scbox_fd(sh->reach.conn),
                                 .on_news = take_news,
                                 .user = sh,
                                 .interrupted = &interrupted};

        err = edit_new(&spec, &sh->edit);
        free(prompt);
    }
    free(history);
    return err;
}

/* With a connection: a session, an editor, and lines until the end. */
static int converse(struct shell *sh, const struct shell_options *opts)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    struct scn_config config = {
        .machine = opts->machine,
        .timeout_ms = SCBOX_FOREVER,
        .on_event = shell_event,
        .user = sh,
        .must_ask = shell_holds_call,
        .ask = shell_ask_person,
        .allow = shell_allows,
        .stop = &interrupted,
    };
    int code = CMD_DAEMON;

    if (scn_session_new(sh->reach.conn, &config, &sh->session, &error) != SCBOX_OK) {
        show_error(stderr, "shell", &error);
        scbox_error_done(&error);
        return CMD_DAEMON;
    }
    sh->feed.own_pid = scn_session_pid(sh->session);
    sh->feed.raw = isatty(STDOUT_FILENO) == 0;
    sh->names = shell_ask(sh, "ns.list", NULL);
    if (!shell_give(sh, opts->sets, opts->set_count)) {
        code = CMD_USAGE;
    } else if (make_editor(sh, opts) < 0) {
        complain(0, "shell", "out of memory");
    } else {
        greet(sh);
        code = loop(sh);
        if (code == CMD_DAEMON)
            reach_last_words(&sh->reach);
    }
    shell_leave_steps(sh);
    shell_take_back(sh);
    edit_free(sh->edit);
    scbox_on_event_tree(sh->reach.conn, NULL,
                        NULL); /* the end of the shell's own process is not reported */
    scn_session_free(sh->session);
    scbox_error_done(&error);
    return code;
}

int cmd_shell(int argc, char **argv)
{
    struct shell_options opts = {0};
    struct shell sh = {
        .block = STRBUF_INIT, .trace = {.to = stdout, .flush = true}, .interrupted = &interrupted};
    struct reach_spec spec = {.command = "shell", .joins = true, .may_start = true};
    struct sigaction action = {.sa_handler = on_interrupt};
    int found = OPTION_WRONG;
    int code = CMD_DAEMON;

    opts.sets = calloc((size_t)argc, sizeof *opts.sets);
    if (opts.sets != NULL)
        found = parse_options(argc, argv, &opts);
    if (found != 0) {
        free(opts.sets);
        return found == OPTION_HELP ? CMD_OK : CMD_USAGE;
    }
    spec.socket = opts.socket;
    spec.private_.default_machine = true;
    spec.private_.user_state = true;
    spec.private_.command = "shell";
    if (reach_open(&spec, &sh.reach) == 0) {
        (void)sigaction(SIGINT, &action, NULL);
        code = converse(&sh, &opts);
    }
    reach_done(&sh.reach);
    strbuf_done(&sh.block);
    shell_saved_done(&sh.saved);
    free(opts.sets);
    cJSON_Delete(sh.names);
    return code;
}
