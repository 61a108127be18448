/* SPDX-License-Identifier: MIT */
/* Steps as another process, and steps in the background. */
#include "client/cli/engine/scn_session.h"

#include "client/cli/base/fault_line.h"
#include "client/cli/base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- actors ---- */

static struct scn_actor *actor_find(struct scn_session *s, int32_t pid)
{
    for (size_t i = 0; i < s->actor_count; i++) {
        if (s->actors[i].pid == pid)
            return &s->actors[i];
    }
    return NULL;
}

int scn_made(struct scn_session *s, int32_t pid)
{
    struct scn_actor *larger = realloc(s->actors, (s->actor_count + 1) * sizeof *larger);

    if (larger == NULL)
        return -ENOMEM;
    s->actors = larger;
    s->actors[s->actor_count++] = (struct scn_actor){.pid = pid};
    return 0;
}

void scn_driven(struct scn_session *s, int32_t pid)
{
    struct scn_actor *actor = actor_find(s, pid);

    if (actor != NULL)
        actor->driven = true;
}

void scn_started(struct scn_session *s, int32_t pid, const char *file)
{
    struct scn_actor *actor = actor_find(s, pid);
    const char *host = scn_copied_from(s, file);

    if (actor != NULL && actor->host == NULL && host != NULL)
        actor->host = strdup(host);
}

void scn_ended(struct scn_session *s, int32_t pid, const char *text)
{
    struct scn_actor *actor = actor_find(s, pid);

    if (actor != NULL && actor->fault == NULL && *text != '\0')
        actor->fault = strdup(text);
}

char *scn_fault_of(const struct scn_session *s, int32_t pid)
{
    const struct scn_actor *actor = actor_find((struct scn_session *)s, pid);
    char *place = NULL;
    char *words;

    if (actor == NULL || actor->fault == NULL)
        return NULL;
    if (actor->host != NULL)
        place = fault_place_in(actor->fault, actor->host);
    words = fault_words(actor->fault, place);
    free(place);
    return words;
}

/** The pid of [actor]; 0: it is not one. */
static int32_t eval_pid(const struct scn_session *s, const struct scn_value *v)
{
    char *text = scn_text(v, &s->vars);
    long pid = text != NULL ? strtol(text, NULL, 10) : 0;

    free(text);
    return pid > 0 && pid <= INT32_MAX ? (int32_t)pid : 0;
}

int32_t scn_step_pid(const struct scn_session *s, const struct scn_step *step)
{
    return step->actor != NULL ? eval_pid(s, step->actor) : s->pid;
}

int scn_act_as(struct scn_session *s, const struct scn_step *step, int32_t *out_pid,
               struct scn_result *r)
{
    struct scn_actor *actor;
    int32_t pid;
    int status;

    *out_pid = 0;
    if (step->actor == NULL)
        return SCBOX_OK;
    pid = eval_pid(s, step->actor);
    if (pid == 0) {
        scn_verdict(r, SCN_ERROR, "[actor] is not a process id");
        return -EINVAL;
    }
    if (pid != s->pid)
        *out_pid = pid;
    actor = actor_find(s, pid);
    if (actor == NULL || actor->driven)
        return SCBOX_OK;
    status = scn_request(s, "proc.drive", json_object("pid:i", pid), r);
    actor->driven = true;
    if (status == SCBOX_OK)
        scn_result_done(r); /* only the step's own result is kept */
    return status;
}

/* ---- background ---- */

int scn_begin_background(struct scn_session *s, const struct scn_step *step, const char *method,
                         cJSON *params, struct scn_result *r)
{
    struct scn_background *larger =
        realloc(s->background, (s->background_count + 1) * sizeof *larger);
    struct scn_background *b;
    char *text = scbox_json(params);
    struct strbuf sent = STRBUF_INIT;
    int err;

    (void)strbuf_addf(&sent, "%s %s", method, text != NULL ? text : "");
    free(text);
    if (larger == NULL) {
        cJSON_Delete(params);
        strbuf_done(&sent);
        return -ENOMEM;
    }
    s->background = larger;
    b = &s->background[s->background_count++];
    *b = (struct scn_background){.expect = step->expect, .call = step->call};
    b->sent = strbuf_take(&sent);
    r->sent = b->sent != NULL ? strdup(b->sent) : NULL;
    err = scbox_send_tree(s->conn, method, params, &b->id, &r->error);
    return err;
}

struct scn_background *scn_background_at(struct scn_session *s, int number)
{
    struct scn_background *b;

    if (number < 1 || (size_t)number > s->background_count)
        return NULL;
    b = &s->background[number - 1];
    return b->id != 0 ? b : NULL;
}

void scn_drop_background(struct scn_session *s)
{
    for (size_t i = 0; i < s->background_count; i++) {
        if (s->background[i].id != 0)
            scbox_forget(s->conn, s->background[i].id);
        free(s->background[i].sent);
    }
    s->background_count = 0;
}
