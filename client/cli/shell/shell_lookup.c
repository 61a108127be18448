/* SPDX-License-Identifier: MIT */
/* What the shell looks up in the simulated system: directories, and what completion needs. */
#include "client/cli/base/json.h"
#include "client/cli/help/page.h"
#include "client/cli/shell/shell.h"

#include <string.h>

int shell_each_entry(struct shell *sh, const char *path, void (*fn)(void *, const cJSON *),
                     void *user, struct scbox_error *error)
{
    static const char *const mode[] = {"READDIR"};
    cJSON *result = NULL;
    int outcome = shell_request(
        sh, "SC_OPEN", json_object("file:s mode:v", path, cJSON_CreateStringArray(mode, 1)),
        &result, error);
    int fd = json_int(result, "fd");

    cJSON_Delete(result);
    if (outcome != SCBOX_OK)
        return outcome;
    for (int n = 0; outcome == SCBOX_OK; n++) {
        outcome =
            shell_request(sh, "SC_READDIR", json_object("fd:i ent_no:i", fd, n), &result, NULL);
        if (outcome == SCBOX_OK) {
            fn(user, result);
            cJSON_Delete(result);
        }
    }
    (void)shell_request(sh, "SC_CLOSE", json_object("fd:i", fd), NULL, NULL);
    return SCBOX_OK;
}

static void add_views(void *user, struct candidates *out)
{
    struct shell *sh = user;
    const cJSON *view = NULL;
    cJSON *list = NULL;

    if (scbox_call_tree(sh->reach.conn, "ns.list", NULL, SHELL_CALL_MS, &list, NULL) != SCBOX_OK)
        return;
    cJSON_ArrayForEach(view, list)
        candidates_add(out, "", json_text(view, "name"), ":");
    cJSON_Delete(list);
}

struct listing {
    struct candidates *out;
    const char *dir;
};

static void add_entry(void *user, const cJSON *entry)
{
    const struct listing *l = user;

    if (cJSON_IsString(json_member(entry, "name")))
        candidates_add(l->out, l->dir, json_text(entry, "name"),
                       strcmp(json_text(entry, "type"), "DIR") == 0 ? "/" : "");
}

static void add_entries(void *user, const char *dir, struct candidates *out)
{
    struct listing l = {out, dir};
    const struct shell *sh = user;

    /* A directory is read by calls, and each of them would stop and ask. */
    if (sh->step.on && (sh->step.pid == 0 || sh->step.pid == sh->feed.own_pid))
        return;
    scn_session_aside(sh->session, true);
    (void)shell_each_entry(user, dir, add_entry, &l, NULL);
    scn_session_aside(sh->session, false);
}

static void add_variable(void *user, const char *name, const char *value)
{
    (void)value;
    candidates_add(user, "$", name, "");
}

static void add_variables(void *user, struct candidates *out)
{
    struct shell *sh = user;

    scn_each_var(sh->session, add_variable, out);
}

void shell_completion(struct shell *sh)
{
    sh->source = (struct complete_source){
        .user = sh,
        .views = add_views,
        .entries = add_entries,
        .variables = add_variables,
        .commands = page_command_names(),
    };
}
