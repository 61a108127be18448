/* SPDX-License-Identifier: MIT */
/* Steps made of several calls: fs, copy, expect file, expect census. */
#include "client/cli/engine/scn_session.h"

#include "client/cli/base/host_file.h"
#include "client/cli/base/json.h"
#include "client/cli/engine/scn_match.h"
#include "client/cli/scenario/scn_bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CHUNK = 64 * 1024,              /* bytes of one READ or WRITE */
    CONTENT_MAX = 16 * 1024 * 1024, /* bytes of a file that expect file compares */
};

/* ---- calls ---- */

int scn_call(struct scn_caller *c, const char *name, cJSON *args, cJSON **out)
{
    int status;

    if (args == NULL)
        args = cJSON_CreateObject();
    if (c->as != 0)
        (void)cJSON_AddNumberToObject(args, "as", c->as);
    status = scn_request(c->s, name, args, c->r);
    if (status == SCBOX_OK && out != NULL) {
        *out = c->r->value;
        c->r->value = NULL;
    }
    return status;
}

int scn_call_int(struct scn_caller *c, const char *name, cJSON *args, int32_t *out)
{
    cJSON *value = NULL;
    int status = scn_call(c, name, args, &value);
    const cJSON *number = value != NULL ? value->child : NULL;

    if (status == SCBOX_OK && !cJSON_IsNumber(number))
        status = -EPROTO;
    if (status == SCBOX_OK)
        *out = number->valueint;
    cJSON_Delete(value);
    return status;
}

/** Open a file, @file taken; @modes as OPEN takes them. */
static int open_file(struct scn_caller *c, cJSON *file, uint32_t modes, int32_t *out_fd)
{
    return scn_call_int(c, "SC_OPEN", json_object("file:v mode:i", file, (int)modes), out_fd);
}

/**
 * Close a handle at the end of a step. Its own failure is reported only if the step succeeded.
 */
static int close_file(struct scn_caller *c, int32_t fd, int status)
{
    struct scn_result ignored = {0};
    struct scn_caller quiet = {c->s, c->as, status == SCBOX_OK ? c->r : &ignored};
    int closed = scn_call(&quiet, "SC_CLOSE", json_object("fd:i", fd), NULL);

    scn_result_done(&ignored);
    return status == SCBOX_OK ? closed : status;
}

/* ---- host files ---- */

/** Whether a value begins with a variable of --set. */
static bool begins_outside(const struct scn_value *v, const struct scn_vars *vars)
{
    const char *name = NULL;
    const struct scn_var *var;

    if (v->kind == SCN_VAR)
        name = v->text;
    else if (v->piece_count > 0 && v->pieces[0].is_var)
        name = v->pieces[0].text;
    var = name != NULL ? scn_vars_get(vars, name) : NULL;
    return var != NULL && var->given;
}

char *scn_host_path(const struct scn_session *s, const struct scn_value *v)
{
    char *path = scn_bytes_path(v, &s->vars);
    struct strbuf b = STRBUF_INIT;

    if (path == NULL || path[0] == '/' || s->dir == NULL || begins_outside(v, &s->vars))
        return path;
    (void)strbuf_addf(&b, "%s/%s", s->dir, path);
    free(path);
    return strbuf_take(&b);
}

int scn_host_open(struct scn_result *r, const char *host_path, const char *typed)
{
    struct why why = WHY_INIT;
    int fd = host_path != NULL ? host_open(host_path, HOST_COPY_MAX, 0, NULL, &why) : -ENOMEM;

    if (fd < 0)
        scn_verdict(r, SCN_ERROR, "can't read %s on the host: %s", typed, host_reason(&why));
    why_done(&why);
    return fd;
}

void scn_report_unread(struct scn_result *r, const char *host_path, int unread)
{
    if (unread != 0)
        scn_verdict(r, SCN_ERROR, "can't read all of %s on the host: %s", host_path,
                    unread == -EFBIG ? "it grows" : strerror(-unread));
}

/** Write bytes at a position of a handle. As scn_call(). */
static int write_at(struct scn_caller *c, int32_t fd, int64_t off, const char *bytes, size_t len)
{
    cJSON *args = json_object("fd:i", fd);

    (void)cJSON_AddNumberToObject(args, "offset", (double)off);
    if (scbox_add_data(args, "data", bytes, len) == 0)
        return scn_call(c, "SC_WRITE", args, NULL);
    cJSON_Delete(args);
    return -ENOMEM;
}

/** Write all of a host file to a handle. As scn_upload(). */
static int write_all(struct scn_caller *c, int from, int32_t fd, int *out_unread)
{
    char *chunk = malloc(CHUNK);
    int64_t off = 0;
    ssize_t len = 0;
    int status = chunk != NULL ? SCBOX_OK : -ENOMEM;

    while (status == SCBOX_OK && off <= HOST_COPY_MAX && (len = read(from, chunk, CHUNK)) > 0) {
        status = write_at(c, fd, off, chunk, (size_t)len);
        off += len;
    }
    if (len < 0 || off > HOST_COPY_MAX)
        *out_unread = len < 0 ? -errno : -EFBIG;
    free(chunk);
    return status;
}

int scn_upload(struct scn_caller *c, int from, cJSON *file, int *out_unread)
{
    int32_t fd = 0;
    int status = open_file(c, file, FM_WRITE | FM_CREATE | FM_TRUNC, &fd);

    *out_unread = 0;
    if (status != SCBOX_OK)
        return status;
    return close_file(c, fd, write_all(c, from, fd, out_unread));
}

const char *scn_copied_from(const struct scn_session *s, const char *file)
{
    for (size_t i = s->copied_count; i > 0; i--) {
        if (strcmp(s->copied[i - 1].file, file) == 0)
            return s->copied[i - 1].host;
    }
    return NULL;
}

void scn_forget_copied(struct scn_session *s)
{
    for (size_t i = 0; i < s->copied_count; i++) {
        free(s->copied[i].file);
        free(s->copied[i].host);
    }
    free(s->copied);
    s->copied = NULL;
    s->copied_count = 0;
}

/** Remember the host file of a copy, for the source lines of faults. Both taken. */
static void remember_copied(struct scn_session *s, char *file, char *host)
{
    struct scn_copied *larger = realloc(s->copied, (s->copied_count + 1) * sizeof *larger);

    if (larger == NULL) {
        free(file);
        free(host);
        return;
    }
    s->copied = larger;
    s->copied[s->copied_count++] = (struct scn_copied){file, host};
}

int scn_play_copy(struct scn_caller *c, const struct scn_step *step)
{
    char *host = scn_host_path(c->s, step->args[0].value);
    char *file = scn_bytes_path(step->args[1].value, &c->s->vars);
    int unread = 0;
    int from = -EINVAL;
    int status;

    if (host != NULL && file != NULL)
        from = scn_host_open(c->r, host, host);
    else
        scn_verdict(c->r, SCN_ERROR, "a path can't contain NUL");
    status = from;
    if (from >= 0) {
        status = scn_upload(c, from, scn_name_json(step->args[1].value, &c->s->vars), &unread);
        scn_report_unread(c->r, host, unread);
        (void)close(from);
    }
    if (status == SCBOX_OK) {
        remember_copied(c->s, file, host);
        return status;
    }
    free(host);
    free(file);
    return status;
}

/* ---- fs ---- */

int scn_play_fs(struct scn_caller *c, const struct scn_step *step)
{
    const struct scn_vars *vars = &c->s->vars;
    struct strbuf opts = STRBUF_INIT;
    cJSON *args = cJSON_CreateObject();

    for (size_t i = 2; i < step->arg_count; i++) {
        size_t len = 0;
        char *bytes = scn_bytes(step->args[i].value, vars, &len);

        (void)strbuf_addf(&opts, "%s%s%s", i > 2 ? "," : "",
                          step->args[i].name != NULL ? step->args[i].name : "",
                          step->args[i].name != NULL ? "=" : "");
        (void)strbuf_add(&opts, bytes != NULL ? bytes : "", len);
        free(bytes);
    }
    (void)cJSON_AddItemToObject(args, "driver", scn_eval_text(step->args[1].value, vars));
    (void)cJSON_AddItemToObject(args, "fs_name", scn_name_json(step->args[0].value, vars));
    if (opts.len > 0)
        (void)cJSON_AddItemToObject(args, "opts", scn_bytes_json(strbuf_str(&opts), opts.len));
    strbuf_done(&opts);
    return scn_call(c, "SC_MAKE_FS", args, NULL);
}

/* ---- expect ---- */

/** Read a handle to its end, or until @out is full. */
static int read_all(struct scn_caller *c, int32_t fd, struct scn_output *out)
{
    size_t got = 1;

    while (got > 0 && out->cut == 0) {
        cJSON *value = NULL;
        char *bytes = NULL;
        int status = scn_call(
            c, "SC_READ", json_object("fd:i offset:i size:i", fd, (int)out->kept.len, (int)CHUNK),
            &value);

        if (status != SCBOX_OK)
            return status;
        if (scbox_data_tree(value, &bytes, &got) == 0)
            scn_output_add(out, CONTENT_MAX, bytes, got);
        else
            got = 0;
        free(bytes);
        cJSON_Delete(value);
    }
    return SCBOX_OK;
}

int scn_play_expect_file(struct scn_caller *c, const struct scn_step *step)
{
    struct scn_output content = {0};
    int32_t fd = 0;
    int status = open_file(c, scn_name_json(step->args[0].value, &c->s->vars), FM_READ, &fd);

    if (status == SCBOX_OK)
        status = close_file(c, fd, read_all(c, fd, &content));
    if (status == SCBOX_OK) {
        cJSON_Delete(c->r->value);
        c->r->value = cJSON_CreateObject();
        (void)scn_output_put(&content, c->r->value, "data");
        free(c->r->sent); /* the close is not the call to report */
        c->r->sent = NULL;
    }
    scn_output_done(&content);
    return status;
}

void scn_play_expect_census(struct scn_caller *c)
{
    cJSON *now = scn_census(c->s, c->r);
    struct strbuf why = STRBUF_INIT;
    const cJSON *was;

    if (now == NULL) {
        scn_verdict(c->r, SCN_ERROR, "the census could not be taken");
        return;
    }
    cJSON_ArrayForEach(was, c->s->census) {
        const cJSON *is = cJSON_GetObjectItemCaseSensitive(now, was->string);

        if (cJSON_IsNumber(was) && !cJSON_Compare(was, is, true))
            (void)strbuf_addf(&why, "%s%s: %d now, %d at the start", why.len > 0 ? "; " : "",
                              was->string, cJSON_IsNumber(is) ? is->valueint : 0, was->valueint);
    }
    free(c->r->came);
    c->r->came = scbox_json(now);
    if (why.len > 0 && c->r->expected == NULL)
        c->r->expected = scbox_json(c->s->census);
    if (why.len > 0)
        scn_verdict(c->r, SCN_FAIL, "the machine's objects differ from those at the start: %s",
                    strbuf_str(&why));
    strbuf_done(&why);
    cJSON_Delete(now);
}
