/* SPDX-License-Identifier: MIT */
/*
 * Stepping: calls are held until the user decides their outcome.
 *
 *     :step on --> proc.pause --> events of kind pause --> held --> enter, e, r --> proc.step
 *                                                               --> q, Ctrl-C  --> proc.resume
 *
 * The shell may wait for a held call, or for a guest with a held call. So a wait without an answer
 * calls shell_ask_person(). If the shell waits for nothing, its prompt shows that a call is held,
 * and a line may be an answer for it or a step.
 */
#include "client/cli/base/call_text.h"
#include "client/cli/base/cmd.h"
#include "client/cli/base/json.h"
#include "client/cli/base/show.h"
#include "client/cli/help/page.h"
#include "client/cli/shell/shell.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is held ---- */

static const cJSON *first_held(const struct shell *sh)
{
    return sh->step.held != NULL ? sh->step.held->child : NULL;
}

/* Continue the calls that set up a guest for `run`: they are scbox's own, not the guest's. */
static void let_scaffold_go(struct shell *sh)
{
    const int32_t pid = sh->step.scaffold;

    sh->step.scaffold = 0;
    if (pid != 0)
        (void)scbox_notify_tree(sh->reach.conn, "proc.step", json_object("pid:i", pid), NULL);
}

bool shell_holds_call(void *user)
{
    struct shell *sh = user;

    let_scaffold_go(sh);
    return first_held(sh) != NULL && !sh->step.asking;
}

/* The prompt tells whose call is held. */
static void set_prompt(struct shell *sh)
{
    const cJSON *held = first_held(sh);
    char prompt[32];

    (void)snprintf(prompt, sizeof prompt, "step %d> ", json_int(held, "pid"));
    if (sh->edit != NULL)
        edit_set_prompt(sh->edit, held != NULL ? prompt : NULL);
}

/* Forget held calls: that of a number, or (0) all of a process. */
static void forget(struct shell *sh, uint64_t seq, int32_t pid)
{
    cJSON *held = sh->step.held != NULL ? sh->step.held->child : NULL;

    while (held != NULL) {
        cJSON *next = held->next;

        if (seq != 0 ? json_count(held, "seq") == seq : json_int(held, "pid") == pid)
            cJSON_Delete(cJSON_DetachItemViaPointer(sh->step.held, held));
        held = next;
    }
    set_prompt(sh);
}

static void hold(struct shell *sh, const cJSON *event)
{
    struct strbuf text = STRBUF_INIT;
    int32_t pid = json_int(event, "pid");

    if (pid == scn_session_scaffold(sh->session)) {
        sh->step.scaffold = pid;
        return;
    }
    if (sh->step.held == NULL)
        sh->step.held = cJSON_CreateArray();
    (void)cJSON_AddItemToArray(sh->step.held, cJSON_Duplicate(event, true));
    (void)strbuf_addf(&text, "[%d stops] ", pid);
    call_text_begin(&text, event);
    (void)strbuf_adds(&text, ")\n");
    shell_end_line(sh);
    show_text(stdout, strbuf_str(&text), text.len);
    strbuf_done(&text);
    set_prompt(sh);
}

/* The outcome of a call that a person let go; the shell's own are told by the shell. */
static void print_outcome(struct shell *sh, const cJSON *event)
{
    struct strbuf text = STRBUF_INIT;
    int32_t pid = json_int(event, "pid");

    if (sh->tracing || pid == sh->feed.own_pid)
        return;
    (void)strbuf_addf(&text, "[%d] ", pid);
    call_text_outcome(&text, event);
    (void)strbuf_addc(&text, '\n');
    shell_end_line(sh);
    show_text(stdout, strbuf_str(&text), text.len);
    strbuf_done(&text);
}

void shell_step_event(struct shell *sh, enum event_kind kind, const cJSON *event)
{
    if (!sh->step.on)
        return;
    if (kind == EVENT_PAUSE) {
        hold(sh, event);
    } else if (kind == EVENT_RETURN) {
        forget(sh, json_count(event, "seq"), 0);
        if (json_count(event, "seq") == sh->step.let_go)
            print_outcome(sh, event);
    } else if (kind == EVENT_END) {
        forget(sh, 0, json_int(event, "pid"));
    }
}

/* ---- on and off ---- */

/* Continue all calls. */
static bool leave(struct shell *sh)
{
    cJSON *params = sh->step.pid != 0 ? json_object("pid:i", sh->step.pid) : cJSON_CreateObject();
    cJSON *done;
    bool ok;

    cJSON_Delete(sh->step.held);
    sh->step = (struct stepping){0};
    set_prompt(sh);
    done = shell_ask(sh, "proc.resume", params);
    ok = done != NULL;
    cJSON_Delete(done);
    return shell_listen(sh) && ok;
}

static bool enter(struct shell *sh, const char *arg)
{
    cJSON *params = shell_pid_params(sh, arg);
    cJSON *done;

    if (params == NULL)
        return false;
    if (sh->step.on)
        (void)leave(sh);
    sh->step.on = true;
    sh->step.pid = json_int(params, "pid");
    done = shell_listen(sh) ? shell_ask(sh, "proc.pause", params) : NULL;
    if (done == NULL) {
        sh->step.on = false;
        (void)shell_listen(sh);
        return false;
    }
    cJSON_Delete(done);
    if (sh->step.pid != 0)
        printf("Every call of process %d stops", sh->step.pid);
    else
        fputs("Every call of the machine stops", stdout);
    puts(" before it is carried out; `?` lists the answers.");
    return true;
}

bool shell_step(struct shell *sh, const char *arg)
{
    if (strcmp(arg, "on") == 0 || strncmp(arg, "on ", 3) == 0)
        return enter(sh, arg + 2 + strspn(arg + 2, " \t"));
    if (strcmp(arg, "off") == 0)
        return !sh->step.on || leave(sh);
    if (*arg != '\0') {
        complain(0, "shell", "expected :step on, :step on PID, or :step off");
        return false;
    }
    if (sh->step.on && sh->step.pid != 0)
        printf("stepping process %d\n", sh->step.pid);
    else
        puts(sh->step.on ? "stepping the whole machine" : "not stepping");
    return true;
}

/* ---- what becomes of a held call ---- */

static cJSON *held_pid(const struct shell *sh)
{
    return json_object("pid:i", json_int(first_held(sh), "pid"));
}

/* Continue the held call. @params taken. */
static void let_go(struct shell *sh, cJSON *params)
{
    struct scbox_error error = SCBOX_ERROR_INIT;
    uint64_t seq = json_count(first_held(sh), "seq");
    int outcome;

    sh->step.let_go = seq;
    outcome = scbox_call_tree(sh->reach.conn, "proc.step", params, SHELL_CALL_MS, NULL, &error);
    sh->failed += outcome != SCBOX_OK;
    if (outcome != SCBOX_OK)
        show_error(stderr, "shell", &error);
    /* Gone as well when it has ended meanwhile; what was wrong with the answer is asked again. */
    if (outcome == SCBOX_OK || error.code == ESRCH || error.code == EAGAIN)
        forget(sh, seq, 0);
    scbox_error_done(&error);
}

/* A lone value is that of the call's first result. */
static cJSON *as_result(const struct shell *sh, cJSON *value)
{
    const struct sc_call_info *call = call_of_event(first_held(sh));
    cJSON *object;

    if (cJSON_IsObject(value) || cJSON_IsNull(value) || call == NULL || call->results->name == NULL)
        return value;
    object = cJSON_CreateObject();
    (void)cJSON_AddItemToObject(object, call->results->name, value);
    return object;
}

static void answer_held(struct shell *sh, const char *text)
{
    char *problem = NULL;
    cJSON *value = scn_read_value(sh->session, *text != '\0' ? text : "{}", &problem);

    if (value == NULL) {
        complain(0, "shell", "r %s: %s", text, problem != NULL ? problem : "out of memory");
        free(problem);
        sh->failed++;
        return;
    }
    let_go(sh,
           json_object("pid:i result:v", json_int(first_held(sh), "pid"), as_result(sh, value)));
}

/* Let one process run on without stopping. */
static void run_on(struct shell *sh)
{
    int32_t pid = json_int(first_held(sh), "pid");
    cJSON *done = shell_ask(sh, "proc.resume", held_pid(sh));

    cJSON_Delete(done);
    forget(sh, 0, pid);
}

/* Look at the process whose call is held. Returns whether the word asks for that. */
static bool look(struct shell *sh, const char *word, const char *arg)
{
    char pid[16];

    (void)snprintf(pid, sizeof pid, "%d", json_int(first_held(sh), "pid"));
    if (strcmp(word, "mem") == 0)
        (void)shell_memory(sh, arg, pid);
    else if (strcmp(word, "fds") == 0)
        (void)shell_fds(sh, pid);
    else if (strcmp(word, "names") == 0)
        (void)shell_names(sh, pid);
    else if (strcmp(word, "tree") == 0)
        (void)shell_tree(sh, "");
    else if (strcmp(word, "?") == 0)
        puts(page_step_help);
    else
        return false;
    return true;
}

bool shell_step_line(struct shell *sh, const char *line)
{
    const char *text = line + strspn(line, " \t");
    size_t len = strcspn(text, " \t");
    const char *arg = text + len + strspn(text + len, " \t");
    char word[8] = "";

    if (len >= sizeof word)
        return false;
    memcpy(word, text, len);
    if (len == 0)
        let_go(sh, held_pid(sh));
    else if (strcmp(word, "e") == 0)
        let_go(sh, json_object("pid:i error:s", json_int(first_held(sh), "pid"), arg));
    else if (strcmp(word, "r") == 0)
        answer_held(sh, arg);
    else if (strcmp(word, "c") == 0)
        run_on(sh);
    else if (strcmp(word, "q") == 0)
        (void)leave(sh);
    else
        return look(sh, word, arg);
    return true;
}

void shell_leave_steps(struct shell *sh)
{
    if (sh->step.on && !sh->daemon_gone)
        (void)leave(sh);
    cJSON_Delete(sh->step.held);
    sh->step = (struct stepping){0};
}

void shell_step_interrupted(struct shell *sh)
{
    if (!sh->step.on)
        return;
    (void)leave(sh);
    puts("stepping has ended");
}

void shell_ask_person(void *user)
{
    struct shell *sh = user;
    const char *line = NULL;
    enum edit_read got;

    sh->step.asking = true;
    shell_end_line(sh);
    got = edit_read(sh->edit, &line);
    if (got != EDIT_LINE) { /* also at the end of a file of lines: nobody will answer any more */
        *sh->interrupted = 0;
        shell_step_interrupted(sh);
    } else if (first_held(sh) != NULL && !shell_step_line(sh, line)) {
        puts(page_step_help);
    }
    sh->step.asking = false;
    fflush(stdout);
}
