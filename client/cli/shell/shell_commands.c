/* SPDX-License-Identifier: MIT */
/* The commands of the shell itself: they look at the machine and do nothing to it. */
#include "client/cli/base/cmd.h"
#include "client/cli/base/host_file.h"
#include "client/cli/base/json.h"
#include "client/cli/base/names.h"
#include "client/cli/base/show.h"
#include "client/cli/help/page.h"
#include "client/cli/ns/ns.h"
#include "client/cli/scenario/scn_words.h"
#include "client/cli/shell/shell.h"
#include "schema/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

int shell_request(struct shell *sh, const char *method, cJSON *params, cJSON **out,
                  struct scbox_error *error)
{
    if (sh->step.on)
        return scn_session_call(sh->session, method, params, out, error);
    return scbox_call_tree(sh->reach.conn, method, params, SHELL_CALL_MS, out, error);
}

cJSON *shell_ask(struct shell *sh, const char *method, cJSON *params)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    cJSON *result = NULL;
    int outcome = shell_request(sh, method, params, &result, &error);

    if (outcome != SCBOX_OK) {
        shell_end_line(sh);
        show_error(stderr, "shell", &error);
    }
    scbox_error_done(&error);
    return result;
}

struct lookup {
    const char *name;
    char *value;
};

static void look_up(void *user, const char *name, const char *value)
{
    struct lookup *l = user;

    if (strcmp(l->name, name) == 0 && l->value == NULL)
        l->value = strdup(value);
}

cJSON *shell_pid_params(struct shell *sh, const char *arg)
{
    struct lookup l = {arg + (*arg == '$'), NULL};
    cJSON *params = cJSON_CreateObject();
    char *end = NULL;
    long pid = 0;

    if (*arg == '\0')
        return params;
    if (*arg == '$')
        scn_each_var(sh->session, look_up, &l);
    pid = strtol(l.value != NULL ? l.value : arg, &end, 10);
    if (pid > 0 && *end == '\0') {
        (void)cJSON_AddNumberToObject(params, "pid", (double)pid);
    } else {
        complain(0, "shell", "'%s' is not a process: expected a pid, or a $variable with one", arg);
        cJSON_Delete(params);
        params = NULL;
    }
    free(l.value);
    return params;
}

/* "READ,WRITE", or "everything" when no right is missing. */
static void print_rights(const cJSON *modes)
{
    struct strbuf text = STRBUF_INIT;

    name_rights(&text, modes, "everything", "nothing");
    fputs(strbuf_str(&text), stdout);
    strbuf_done(&text);
}

bool shell_names(struct shell *sh, const char *arg)
{
    cJSON *params = shell_pid_params(sh, arg);
    cJSON *list = params != NULL ? shell_ask(sh, "ns.list", params) : NULL;
    const cJSON *view = NULL;

    if (list != NULL && list->child == NULL)
        puts("no names");
    cJSON_ArrayForEach(view, list) {
        const cJSON *from = NULL;

        show_name(stdout, json_member(view, "name"));
        printf(": %s ", json_text(view, "driver"));
        show_name(stdout, json_member(view, "root"));
        fputs(", allows ", stdout);
        print_rights(json_member(view, "ok_modes"));
        cJSON_ArrayForEach(from, json_member(view, "chain")) {
            fputs(from == json_member(view, "chain")->child ? "; taken from " : ", from ", stdout);
            show_name(stdout, from);
        }
        putchar('\n');
    }
    cJSON_Delete(list);
    return list != NULL;
}

bool shell_fds(struct shell *sh, const char *arg)
{
    cJSON *params = shell_pid_params(sh, arg);
    cJSON *list = params != NULL ? shell_ask(sh, "fd.list", params) : NULL;
    const cJSON *fd = NULL;

    if (list != NULL && list->child == NULL)
        puts("no handles");
    cJSON_ArrayForEach(fd, list) {
        printf("%3d  ", json_int(fd, "fd"));
        show_name(stdout, json_member(fd, "file"));
        fputs("  ", stdout);
        print_rights(json_member(fd, "mode"));
        putchar('\n');
    }
    cJSON_Delete(list);
    return list != NULL;
}

/* --graph, --calls [PID], or the names of a process. */
static bool do_ns(struct shell *sh, const char *arg)
{
    bool graph = strcmp(arg, "--graph") == 0;
    bool calls = strncmp(arg, "--calls", 7) == 0;
    cJSON *params = NULL;
    cJSON *answer = NULL;
    int32_t pid = 0;

    if (!graph && !calls)
        return shell_names(sh, arg);
    params = shell_pid_params(sh, calls ? arg + 7 + strspn(arg + 7, " \t") : "");
    if (calls && params != NULL) {
        if (!cJSON_HasObjectItem(params, "pid"))
            (void)cJSON_AddNumberToObject(params, "pid", scn_session_pid(sh->session));
        pid = json_int(params, "pid");
    }
    answer = params != NULL ? shell_ask(sh, "ns.tree", params) : NULL;
    return answer != NULL && ns_show("shell", answer, pid);
}

/* A process of the list that proc.tree gives, and those below it. */
static void print_tree(const struct shell *sh, const cJSON *proc, int depth)
{
    const cJSON *child = NULL;
    const cJSON *program = json_member(proc, "program");
    const char *state = json_text(proc, "state");
    bool own = json_int(proc, "pid") == scn_session_pid(sh->session);

    printf("%*s%d  %s", depth * 2, "", json_int(proc, "pid"), state);
    if (strcmp(state, "DONE") == 0 || strcmp(state, "FAILURE") == 0)
        printf(" %d", json_int(proc, "return_code"));
    fputs(cJSON_IsNull(program) ? "" : "  ", stdout);
    show_name(stdout, program);
    puts(own ? "  (this shell)" : "");
    for (child = proc->next; child != NULL; child = child->next) { /* behind their parent */
        if (json_int(child, "parent") == json_int(proc, "pid"))
            print_tree(sh, child, depth + 1);
    }
}

bool shell_tree(struct shell *sh, const char *arg)
{
    cJSON *tree = shell_ask(sh, "proc.tree", NULL);

    (void)arg;
    if (tree != NULL && tree->child != NULL)
        print_tree(sh, tree->child, 0);
    cJSON_Delete(tree);
    return tree != NULL;
}

static void print_file(const char *name, const cJSON *stat)
{
    bool dir = strcmp(json_text(stat, "type"), "DIR") == 0;
    char *size = scbox_json(json_member(stat, "size"));

    printf("%-8s %10s  ", json_text(stat, "type"), dir || size == NULL ? "" : size);
    show_bytes(stdout, name, strlen(name), false);
    puts(dir ? "/" : "");
    free(size);
}

static void print_entry(void *user, const cJSON *entry)
{
    size_t *count = user;
    char *bytes = NULL;
    size_t len;

    ++*count;
    if (scbox_data_tree(json_member(entry, "name"), &bytes, &len) == 0)
        print_file(bytes, entry);
    else
        print_file(json_text(entry, "name"), entry);
    free(bytes);
}

static bool do_ls(struct shell *sh, const char *arg)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    size_t count = 0;
    int outcome = 0;

    if (*arg == '\0')
        return shell_names(sh, arg);
    outcome = shell_each_entry(sh, arg, print_entry, &count, &error);
    if (outcome == SCBOX_REFUSED && strcmp(error.name, "ENOTDIR") == 0) {
        cJSON *stat = shell_ask(sh, "SC_STAT", json_object("file:s", arg));

        if (stat != NULL)
            print_file(arg, stat);
        outcome = stat != NULL ? SCBOX_OK : -1;
        cJSON_Delete(stat);
    } else if (outcome != SCBOX_OK) {
        show_error(stderr, "shell", &error);
    } else if (count == 0) {
        puts("empty");
    }
    scbox_error_done(&error);
    return outcome == SCBOX_OK;
}

static void print_variable(void *user, const char *name, const char *value)
{
    (void)user;
    printf("$%s = %s\n", name, value);
}

static bool do_vars(struct shell *sh, const char *arg)
{
    (void)arg;
    scn_each_var(sh->session, print_variable, NULL);
    return true;
}

static bool do_machine(struct shell *sh, const char *arg)
{
    cJSON *info = shell_ask(sh, "machine.info", NULL);
    struct strbuf text = STRBUF_INIT;

    (void)arg;
    if (info != NULL) {
        show_json(&text, info, 80);
        puts(strbuf_str(&text));
    }
    strbuf_done(&text);
    cJSON_Delete(info);
    return info != NULL;
}

static bool do_trace(struct shell *sh, const char *arg)
{
    bool was = sh->tracing;

    if (*arg == '\0') {
        puts(sh->tracing ? "tracing" : "not tracing");
        return true;
    }
    sh->tracing = strcmp(arg, "on") == 0;
    if (!sh->tracing && strcmp(arg, "off") != 0)
        complain(0, "shell", "expected :trace on or :trace off");
    else if (shell_listen(sh))
        return true;
    sh->tracing = was;
    return false;
}

/* The rules of the machine, or a step that adds or removes one. */
static bool do_fault(struct shell *sh, const char *arg)
{
    char *line = NULL;
    int failed = sh->failed;

    if (asprintf(&line, *arg != '\0' ? "fault %s" : "fault.list", arg) < 0)
        return false;
    shell_play(sh, line);
    free(line);
    failed = sh->failed - failed;
    sh->failed -= failed; /* who plays the command counts it */
    return failed == 0;
}

/* The value of a number or of a $variable, for what is written as one word. Returned; NULL: none. */
static char *word_value(struct shell *sh, const char *word, size_t len)
{
    char *text = strndup(word, len);
    struct lookup l = {text != NULL ? text + 1 : "", NULL};

    if (text == NULL || *text != '$')
        return text;
    scn_each_var(sh->session, look_up, &l);
    if (l.value == NULL)
        return text;
    free(text);
    return l.value;
}

/*
 * [PID [ADDR [SIZE]]]; ADDR [SIZE [PID]] as well, where ADDR is in hexadecimal: pids are not. A variable is
 * a pid at the start, else a number.
 */
static bool do_mem(struct shell *sh, const char *arg)
{
    enum { WORDS = 3 };
    char *word[WORDS + 1] = {NULL};
    struct strbuf where = STRBUF_INIT;
    size_t count = 0;
    bool addr_first;
    bool ok = false;

    for (; *arg != '\0' && count <= WORDS; arg += strspn(arg, " \t")) {
        word[count++] = word_value(sh, arg, strcspn(arg, " \t"));
        arg += strcspn(arg, " \t");
    }
    addr_first = count > 0 && word[0] != NULL && strncasecmp(word[0], "0x", 2) == 0;
    for (size_t i = addr_first ? 0 : 1; i < (addr_first && count == WORDS ? 2 : count); i++)
        (void)strbuf_addf(&where, "%s%s", where.len > 0 ? " " : "", word[i] != NULL ? word[i] : "");
    if (count > WORDS)
        complain(0, "shell", "expected :mem [PID [ADDR [SIZE]]]");
    else if (addr_first)
        ok = shell_memory(sh, strbuf_str(&where), count == WORDS ? word[2] : "");
    else
        ok = shell_memory(sh, strbuf_str(&where), count > 0 ? word[0] : "");
    for (size_t i = 0; i < count; i++)
        free(word[i]);
    strbuf_done(&where);
    return ok;
}

static bool do_quit(struct shell *sh, const char *arg)
{
    (void)arg;
    sh->quit = true;
    return true;
}

static bool do_help(struct shell *sh, const char *arg);

static bool (*const functions[])(struct shell *sh, const char *arg) = {
#define SHELL_COMMAND(name, args, doc, fn) fn,
#include "client/cli/help/shell_commands.def"
#undef SHELL_COMMAND
};

static bool do_help(struct shell *sh, const char *arg)
{
    (void)sh;
    if (*arg != '\0')
        return help_explain("shell", arg) == CMD_OK;
    puts("A line is a call and its arguments; its result is printed:\n"
         "  open root:/a READ,WRITE,CREATE = $fd    keep the result as $fd\n"
         "  write $fd 0 \"hello\"\n"
         "  read $fd 0 100\n"
         "  open root:/nothing READ ! ENOENT        say what is expected\n"
         "  new_proc = $kid                         a child; [$kid] exit 3 acts as it\n"
         "  proc_wait $kid &                        do not wait; `wait &1` does later\n"
         "  run hello                               a program; indented lines below it say more\n"
         "  include setup.scn                       the steps of a file; a paste does as well\n"
         "Ctrl-C ends a call that waits. The tabulator key completes calls, names and paths.\n");
    page_commands(stdout);
    puts("\nLists: `help calls`, `language`, `drivers`, `errno`, `flags`, `methods`, `limits`. "
         "What a "
         "word\nis: `help open`, `help run`, `help ENOENT`, `help ramfs` …");
    return true;
}

static bool unknown_command(const char *word)
{
    const char *near = scn_nearest(word, page_command_names());

    complain(0, "shell", "unknown command %s%s%s; `:help` lists them", word,
             near != NULL ? ", did you mean " : "", near != NULL ? near : "");
    return false;
}

/* The command a word names, or the first one it begins; -1: none. */
static int find_command(const char *word)
{
    const char *const *names = page_command_names();
    size_t len = strlen(word);
    int begun = -1;

    for (int i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], word) == 0)
            return i;
        if (begun < 0 && len > 1 && strncmp(names[i], word, len) == 0)
            begun = i;
    }
    return begun;
}

bool shell_command(struct shell *sh, const char *line)
{
    char word[16] = "";
    char *arg = NULL;
    size_t len = strcspn(line, " \t");
    int found = -1;
    bool ok = false;

    (void)snprintf(word, sizeof word, "%.*s", (int)len, line);
    found = find_command(word);
    if (found < 0)
        return unknown_command(word);
    arg = strdup(line + len + strspn(line + len, " \t"));
    if (arg == NULL)
        return false;
    for (len = strlen(arg); len > 0 && strchr(" \t", arg[len - 1]) != NULL; len--)
        arg[len - 1] = '\0';
    ok = functions[found](sh, arg);
    free(arg);
    return ok;
}
