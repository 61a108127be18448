/* SPDX-License-Identifier: MIT */
#include "client/cli/base/cmd.h"
#include "client/cli/base/json.h"
#include "client/cli/base/show.h"
#include "client/cli/ns/ns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Bytes of a text. A few views deep in a filesystem need many lines for the directories above them. */
#ifndef NS_TEXT_MAX
#define NS_TEXT_MAX (64 << 20)
#endif

/** The bytes of a member; NULL of null. {"base64": …} becomes the string of its bytes, so that they
 * belong to the answer. */
static const char *bytes_of(const cJSON *object, const char *member)
{
    cJSON *text = cJSON_GetObjectItemCaseSensitive(object, member);
    char *bytes = NULL;
    size_t len;

    if (cJSON_IsObject(text) && scbox_data_tree(text, &bytes, &len) == 0) {
        cJSON_Delete(text->child);
        text->child = NULL;
        text->type = cJSON_String;
        text->valuestring = bytes;
    }
    return cJSON_IsString(text) ? text->valuestring : NULL;
}

/** The same of a member that can't be null. */
static const char *given_bytes(struct ns_tree *t, const cJSON *object, const char *member)
{
    const char *bytes = bytes_of(object, member);

    t->wrong = t->wrong || bytes == NULL;
    return bytes != NULL ? bytes : "";
}

/** A member that is an index below @count; 0, and the tree is wrong, when it is none. */
static size_t index_of(struct ns_tree *t, const cJSON *object, const char *member, size_t count)
{
    const cJSON *index = json_member(object, member);
    bool ok =
        cJSON_IsNumber(index) && index->valuedouble >= 0 && index->valuedouble < (double)count;

    t->wrong = t->wrong || !ok;
    return ok ? (size_t)index->valuedouble : 0;
}

static void take_mounts(struct ns_tree *t, const cJSON *list)
{
    struct ns_mount *m = t->mounts;
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, list) {
        *m++ = (struct ns_mount){.driver = given_bytes(t, item, "driver"),
                                 .opts = bytes_of(item, "opts"),
                                 .maker = json_int(item, "maker"),
                                 .from_handle = cJSON_IsTrue(json_member(item, "from_handle")),
                                 .layered = cJSON_IsTrue(json_member(item, "layered")),
                                 .readonly = cJSON_IsTrue(json_member(item, "readonly")),
                                 .no_create = cJSON_IsString(json_member(item, "no_create"))};
    }
}

static void take_views(struct ns_tree *t, const cJSON *list)
{
    struct ns_view *v = t->views;
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, list) {
        bool top = json_int(item, "parent") == -1;

        *v++ = (struct ns_view){
            .label = given_bytes(t, item, "label"),
            .root = bytes_of(item, "root"),
            .type = json_text(item, "type"),
            .ok_modes = json_member(item, "ok_modes"),
            .maker = json_int(item, "maker"),
            .parent = top ? NULL : t->views + index_of(t, item, "parent", t->view_count),
            .mount = t->mounts + index_of(t, item, "mount", t->mount_count)};
    }
    for (v = t->views; v < t->views + t->view_count; v++) {
        size_t depth = 0;

        for (const struct ns_view *i = v->parent; i != NULL && depth <= NS_DEPTH_MAX; i = i->parent)
            depth++;
        t->wrong = t->wrong || depth > NS_DEPTH_MAX || (v->root != NULL && *v->root != '/');
    }
}

static void take_names(struct ns_tree *t, const cJSON *list)
{
    struct ns_name *n = t->names;
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, list) {
        *n++ = (struct ns_name){.pid = json_int(item, "pid"),
                                .name = given_bytes(t, item, "name"),
                                .view = t->views + index_of(t, item, "view", t->view_count)};
    }
}

/** Take the processes, whose names are in the order of theirs. */
static void take_procs(struct ns_tree *t, const cJSON *list)
{
    const struct ns_name *n = t->names;
    struct ns_proc *p = t->procs;
    const cJSON *item = NULL;

    cJSON_ArrayForEach(item, list) {
        *p = (struct ns_proc){.pid = json_int(item, "pid"),
                              .parent = json_int(item, "parent"),
                              .program = bytes_of(item, "program"),
                              .names = n};
        while (n < t->names + t->name_count && n->pid == p->pid)
            n++;
        p->name_count = (size_t)(n - p->names);
        p++;
    }
    t->wrong = t->wrong || n != t->names + t->name_count;
}

static const cJSON *list_of(const cJSON *answer, const char *member, size_t *count)
{
    const cJSON *list = json_member(answer, member);

    *count = (size_t)cJSON_GetArraySize(list);
    return list;
}

int ns_tree_init(struct ns_tree *t, cJSON *answer)
{
    const cJSON *procs;
    const cJSON *names;
    const cJSON *views;
    const cJSON *mounts;

    *t = (struct ns_tree){.answer = answer};
    procs = list_of(answer, "procs", &t->proc_count);
    names = list_of(answer, "names", &t->name_count);
    views = list_of(answer, "views", &t->view_count);
    mounts = list_of(answer, "mounts", &t->mount_count);
    t->procs = calloc(t->proc_count + 1, sizeof(*t->procs));
    t->names = calloc(t->name_count + 1, sizeof(*t->names));
    t->views = calloc(t->view_count + 1, sizeof(*t->views));
    t->mounts = calloc(t->mount_count + 1, sizeof(*t->mounts));
    if (t->procs == NULL || t->names == NULL || t->views == NULL || t->mounts == NULL)
        return -ENOMEM;
    t->machine = given_bytes(t, answer, "machine");
    take_mounts(t, mounts);
    take_views(t, views);
    take_names(t, names);
    take_procs(t, procs);
    return t->wrong ? -EPROTO : 0;
}

void ns_tree_done(struct ns_tree *t)
{
    free(t->procs);
    free(t->names);
    free(t->views);
    free(t->mounts);
    cJSON_Delete(t->answer);
    *t = (struct ns_tree){0};
}

const struct ns_proc *ns_tree_proc(const struct ns_tree *t, int32_t pid)
{
    for (size_t i = 0; i < t->proc_count; i++) {
        if (t->procs[i].pid == pid)
            return &t->procs[i];
    }
    return NULL;
}

bool ns_show(const char *command, cJSON *answer, int32_t pid)
{
    struct strbuf text = {.max = NS_TEXT_MAX};
    const struct ns_proc *proc;
    struct ns_tree tree;
    int err = ns_tree_init(&tree, answer);

    proc = err == 0 ? ns_tree_proc(&tree, pid) : NULL;
    if (err == 0 && pid != 0 && proc == NULL)
        err = -EPROTO;
    if (err == 0 && pid != 0)
        ns_add_calls(&text, &tree, proc);
    else if (err == 0)
        ns_add_graph(&text, &tree);
    if (err == -EPROTO)
        complain(0, command, "the daemon's answer to ns.tree is not as its schema says");
    else if (text.over)
        complain(0, command, "the text has more than %d bytes", NS_TEXT_MAX);
    else if (err < 0 || strbuf_failed(&text))
        complain(0, command, "out of memory");
    else
        show_text(stdout, strbuf_str(&text), text.len);
    err = err < 0 || strbuf_failed(&text) ? -1 : 0;
    strbuf_done(&text);
    ns_tree_done(&tree);
    return err == 0;
}
