/* SPDX-License-Identifier: MIT */
/* ns.tree: processes with their names, and the views and filesystems behind these. */
#include "server/kernel/hash.h"
#include "server/rpc/peer/dispatch.h"

#include <stdlib.h>

/** A view or mount with its index in the result. */
struct indexed {
    UT_hash_handle hh;
    const void *of;
    int64_t index;
};

struct tree {
    const struct machine *m;
    const struct proc *only; /* this one and its parent; NULL: all processes */
    const struct proc *proc; /* whose names are being written */
    struct json_out *out;
    struct indexed *views; /* uthash by `of`, in the order of their indexes */
    struct indexed *mounts;
};

/** The index of a view or mount, which is added to its table unless it is there. Without memory the
 * result fails. */
static int64_t index_of(const struct tree *t, struct indexed **table, const void *of)
{
    struct indexed *found;

    HASH_FIND(hh, *table, &of, sizeof(of), found);
    if (found != NULL)
        return found->index;
    found = calloc(1, sizeof(*found));
    if (found != NULL) {
        found->of = of;
        found->index = HASH_COUNT(*table);
        HASH_ADD(hh, *table, of, sizeof(of), found);
    }
    if (found == NULL || !hash_added(found)) {
        free(found);
        t->out->to->failed = true;
        return -1;
    }
    return found->index;
}

static void indexed_free(struct indexed **table)
{
    struct indexed *i;
    struct indexed *next;

    HASH_ITER(hh, *table, i, next) {
        HASH_DEL(*table, i);
        free(i);
    }
}

static const struct proc *first_proc(const struct tree *t)
{
    if (t->only == NULL)
        return t->m->procs;
    return t->only->parent != NULL ? t->only->parent : t->only;
}

static const struct proc *next_proc(const struct tree *t, const struct proc *p)
{
    if (t->only == NULL)
        return p->hh.next;
    return p != t->only ? t->only : NULL;
}

/* The lists. Each stops at the limit of the result: what is written so far decides how long it takes. */

static void write_procs(struct json_out *o, const void *of)
{
    const struct tree *t = *(struct tree *const *)of;

    out_open(o, '[');
    for (const struct proc *p = first_proc(t); p != NULL && !strbuf_failed(o->to);
         p = next_proc(t, p))
        object_nsproc(o,
                      &(struct rpc_nsproc_fields){.pid = p->pid,
                                                  .parent = p->parent != NULL ? p->parent->pid : 0,
                                                  .program = given_name_of(p->program)});
    out_close(o, ']');
}

static int write_name(void *user, struct sc_str name, struct view *view)
{
    struct tree *t = user;

    object_nsname(t->out, &(struct rpc_nsname_fields){.pid = t->proc->pid,
                                                      .name = name,
                                                      .view = index_of(t, &t->views, view)});
    return strbuf_failed(t->out->to);
}

static void write_names(struct json_out *o, const void *of)
{
    struct tree *t = *(struct tree *const *)of;

    t->out = o;
    out_open(o, '[');
    for (t->proc = first_proc(t); t->proc != NULL && !strbuf_failed(o->to);
         t->proc = next_proc(t, t->proc))
        (void)ns_each(&t->proc->ns, write_name, t);
    out_close(o, ']');
}

/** Write the views of names, then those above, which are added on the way. */
static void write_views(struct json_out *o, const void *of)
{
    struct tree *t = *(struct tree *const *)of;

    out_open(o, '[');
    for (const struct indexed *i = t->views; i != NULL && !strbuf_failed(o->to); i = i->hh.next) {
        const struct view *v = i->of;
        struct path root;
        bool known = view_root_path(v, &root) == 0;

        object_nsview(
            o, &(struct rpc_nsview_fields){
                   .label = given_name_of(v->label),
                   .mount = index_of(t, &t->mounts, v->mount),
                   .parent = v->parent != NULL ? index_of(t, &t->views, v->parent) : -1,
                   .root = known ? (struct sc_str){root.str, root.len} : (struct sc_str){NULL, 0},
                   .type = sc_flag_name("FT", v->type),
                   .ok_modes = {write_fm, &v->ok_modes},
                   .maker = v->maker});
    }
    out_close(o, ']');
}

static void write_mounts(struct json_out *o, const void *of)
{
    const struct tree *t = *(struct tree *const *)of;

    out_open(o, '[');
    for (const struct indexed *i = t->mounts; i != NULL && !strbuf_failed(o->to); i = i->hh.next) {
        const struct mount *m = i->of;

        object_nsmount(o, &(struct rpc_nsmount_fields){.driver = m->driver,
                                                       .opts = given_name_of(m->opts),
                                                       .from_handle = m->from_handle,
                                                       .layered = m->kind->layered,
                                                       .readonly = m->readonly,
                                                       .no_create = m->no_create,
                                                       .maker = m->maker});
    }
    out_close(o, ']');
}

enum request_status method_ns_tree(struct request *rq, const struct rpc_ns_tree_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    struct json_out o = request_result(rq);
    struct tree tree = {0};
    struct tree *t = &tree;

    if (machine == NULL)
        return REQUEST_FAILED;
    t->m = machine->m;
    t->only = params->pid != 0 ? request_proc_of(rq, machine, params->pid) : NULL;
    if (params->pid != 0 && t->only == NULL)
        return REQUEST_FAILED;
    result_ns_tree(&o, &(struct rpc_ns_tree_result){.machine = machine->m->name,
                                                    .procs = {write_procs, &t},
                                                    .names = {write_names, &t},
                                                    .views = {write_views, &t},
                                                    .mounts = {write_mounts, &t}});
    indexed_free(&t->views);
    indexed_free(&t->mounts);
    return REQUEST_DONE;
}
