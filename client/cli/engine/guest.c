/* SPDX-License-Identifier: MIT */
#include "client/cli/engine/guest.h"

#include "client/cli/base/json.h"
#include "client/cli/scenario/scn_bytes.h"
#include "client/lib/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/** Bind all of the caller's names in the child. */
static int bind_names(struct guest *g)
{
    cJSON *names = NULL;
    const cJSON *item;
    cJSON *params = g->c->as != 0 ? json_object("pid:i", g->c->as) : cJSON_CreateObject();
    int status = scn_request(g->c->s, "ns.list", params, g->c->r);

    if (status != SCBOX_OK)
        return status;
    names = g->c->r->value;
    g->c->r->value = NULL;
    cJSON_ArrayForEach(item, names) {
        const cJSON *name = json_member(item, "name"); /* text, or {base64} */

        g->has_tty = g->has_tty || strcmp(json_text(item, "name"), "io") == 0 ||
                     strcmp(json_text(item, "driver"), "devfs") == 0;
        status = scn_call(g->c, "SC_BIND_FS",
                          json_object("pid:i new_name:v fs_name:v", g->pid,
                                      cJSON_Duplicate(name, true), cJSON_Duplicate(name, true)),
                          NULL);
        if (status != SCBOX_OK)
            break;
    }
    cJSON_Delete(names);
    return status;
}

int guest_make(struct guest *g)
{
    int status = scn_call_int(g->c, "SC_NEW_PROC", NULL, &g->pid);

    if (status != SCBOX_OK)
        return status;
    g->running = true;
    return bind_names(g);
}

int guest_args(struct guest *g, size_t count, const struct strbuf *words)
{
    struct strbuf block =
        STRBUF_INIT; /* as guests pass it: a count and strings, which may be bytes */
    cJSON *args = json_object("pid:i", g->pid);
    int err = strbuf_addf(&block, "%zu", count);

    err |= strbuf_addc(&block, '\0') | strbuf_add(&block, words->ptr, words->len);
    if (err == 0)
        err = scbox_add_data(args, "data", block.ptr, block.len);
    strbuf_done(&block);
    if (err == 0)
        return scn_call(g->c, "SC_SET_ARGS", args, NULL);
    cJSON_Delete(args);
    return -ENOMEM;
}

int guest_load(struct guest *g, const char *fs, const char *name, int from, int *out_unread)
{
    struct strbuf file = STRBUF_INIT;
    int status = scn_call(g->c, "SC_MAKE_FS", json_object("driver:s fs_name:s", "ramfs", fs), NULL);

    *out_unread = 0;
    if (status != SCBOX_OK)
        return status;
    (void)snprintf(g->fs, sizeof g->fs, "%s", fs);
    (void)strbuf_addf(&file, "%s:/%s", fs, name);
    g->file = scn_bytes_json(strbuf_str(&file), file.len);
    strbuf_done(&file);
    return scn_upload(g->c, from, cJSON_Duplicate(g->file, true), out_unread);
}

int guest_exec(struct guest *g)
{
    struct scn_session *s = g->c->s;

    scn_output_reset(&s->log);
    free(s->fault);
    s->fault = NULL;
    s->log_pid = g->pid;
    g->started_ms = clock_ms();
    return scn_call(g->c, "SC_PROC_EXEC",
                    json_object("pid:i file:v", g->pid, cJSON_Duplicate(g->file, true)), NULL);
}

int guest_wait(struct guest *g)
{
    int status = scn_call(g->c, "SC_PROC_WAIT", json_object("pid:i", g->pid), NULL);

    if (status == SCBOX_OK)
        g->running = false;
    return status;
}
