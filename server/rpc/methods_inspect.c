/* SPDX-License-Identifier: MIT */
/* proc.tree, proc.info, ns.list, fd.list, trace.*: looking into a machine. */
#include "server/rpc/dispatch.h"
#include "server/rpc/kinds.h"

#include <string.h>

enum { WAITING_MAX = 16 }; /* calls in flight that proc.info tells of */

static void put_uint(struct json_out *o, const char *key, uint64_t value)
{
    out_key(o, key);
    out_uint(o, value);
}

/** The members that every picture of a process begins with. */
static void put_process(struct json_out *o, const struct proc *p)
{
    out_key(o, "pid");
    out_int(o, p->pid);
    put_ps(o, "state", &p->state);
    put_int(o, "return_code", &p->return_code);
    out_key(o, "program");
    out_name_string(o, p->program);
    put_uid(o, "uid", &p->uid);
    put_uid(o, "gid", &p->gid);
}

static void put_parent(struct json_out *o, const struct proc *p)
{
    out_key(o, "parent");
    out_int(o, p->parent != NULL ? p->parent->pid : 0);
}

static const struct proc *first_child(const struct proc *p)
{
    return list_empty(&p->children) ? NULL : container_of(p->children.next, struct proc, sibling);
}

static const struct proc *next_sibling(const struct proc *p)
{
    return p->sibling.next == &p->parent->children
               ? NULL
               : container_of(p->sibling.next, struct proc, sibling);
}

enum request_status method_proc_tree(struct request *rq, const struct rpc_proc_tree_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    struct json_out o = request_result(rq);
    uint64_t left = page_size(params->limit);

    if (machine == NULL)
        return REQUEST_FAILED;
    out_open(&o, '[');
    for (const struct proc *p = machine->m->procs; p != NULL && left > 0; p = p->hh.next) {
        if (p->pid <= params->after)
            continue; /* they are in the order of their numbers */
        left--;
        out_open(&o, '{');
        put_process(&o, p);
        put_parent(&o, p);
        out_close(&o, '}');
    }
    out_close(&o, ']');
    return REQUEST_DONE;
}

static const char *executor_name(const struct proc *p)
{
    if (p->task.executor != NULL)
        return "guest";
    return p->state == PS_RUNNING ? "session" : "none";
}

static uint64_t count_calls(const struct proc *p)
{
    uint64_t count = 0;

    for (const struct list *i = p->task.calls.next; i != &p->task.calls; i = i->next)
        count++;
    return count;
}

/** Tell which calls of a process are in flight. */
static void put_waiting(struct json_out *o, const struct proc *p)
{
    int left = WAITING_MAX;

    out_key(o, "waiting");
    out_open(o, '[');
    for (const struct list *i = p->task.calls.next; i != &p->task.calls && left > 0;
         i = i->next, left--) {
        const struct call *call = container_of(i, struct call, in_task);
        const struct sc_call_info *info = sc_call_by_nr(call->nr);

        out_open(o, '{');
        put_uint(o, "seq", call->seq);
        out_key(o, "call");
        out_string(o, info != NULL ? info->name : "");
        out_key(o, "args");
        if (info != NULL)
            codec_encode_args(info, &call->args, o);
        else
            out_null(o);
        out_close(o, '}');
    }
    out_close(o, ']');
}

enum request_status method_proc_info(struct request *rq, const struct rpc_proc_info_params *params)
{
    const struct proc *p = request_proc(rq, params->pid);
    struct json_out o = request_result(rq);

    if (p == NULL)
        return REQUEST_FAILED;
    out_open(&o, '{');
    put_process(&o, p);
    put_parent(&o, p);
    out_key(&o, "executor");
    out_string(&o, executor_name(p));
    put_uint(&o, "names", p->ns.count);
    put_uint(&o, "fds", p->fds.count);
    put_uint(&o, "regions", p->memory.count);
    put_uint(&o, "memory", p->memory.bytes);
    put_uint(&o, "calls", count_calls(p));
    put_waiting(&o, p);
    out_key(&o, "paused");
    out_bool(&o, p->paused);
    out_key(&o, "children");
    out_open(&o, '[');
    for (const struct proc *child = first_child(p); child != NULL; child = next_sibling(child))
        out_int(&o, child->pid);
    out_close(&o, ']');
    out_close(&o, '}');
    return REQUEST_DONE;
}

/** Where a list that is told in parts is. */
struct part {
    struct json_out o;
    const char *name; /* begin behind this one; NULL: at once */
    int32_t fd;       /* or this; 0: at once */
    uint64_t left;    /* write no more than so many */
};

static void put_view(struct json_out *o, struct sc_str name, struct view *view)
{
    struct path root;

    if (view_root_path(view, &root) < 0)
        path_set_root(&root);
    out_open(o, '{');
    out_key(o, "name");
    out_name(o, name.ptr, name.len);
    out_key(o, "driver");
    out_string(o, view->mount->driver);
    out_key(o, "root");
    out_name(o, root.str, root.len);
    put_fm(o, "ok_modes", &view->ok_modes);
    put_pid(o, "maker", &view->maker);
    out_key(o, "chain");
    out_open(o, '[');
    for (const struct view *v = view->parent; v != NULL; v = v->parent)
        out_name_string(o, v->label);
    out_close(o, ']');
    out_close(o, '}');
}

static int next_view(void *user, struct sc_str name, struct view *view)
{
    struct part *part = user;

    if (part->name != NULL) {
        if (strlen(part->name) == name.len && memcmp(part->name, name.ptr, name.len) == 0)
            part->name = NULL;
        return 0;
    }
    if (part->left-- == 0)
        return 1;
    put_view(&part->o, name, view);
    return 0;
}

enum request_status method_ns_list(struct request *rq, const struct rpc_ns_list_params *params)
{
    const struct proc *p = request_proc(rq, params->pid);
    struct part part = {request_result(rq), params->after, 0, page_size(params->limit)};

    if (p == NULL)
        return REQUEST_FAILED;
    out_open(&part.o, '[');
    (void)ns_each(&p->ns, next_view, &part);
    out_close(&part.o, ']');
    return part.name == NULL ? REQUEST_DONE : page_lost(rq);
}

static void put_handle(struct json_out *o, int32_t fd, const struct open_file *f)
{
    out_open(o, '{');
    put_fd(o, "fd", &fd);
    out_key(o, "file");
    out_name_string(o, f->label);
    put_fm(o, "mode", &f->mode);
    out_close(o, '}');
}

static int next_handle(void *user, int32_t fd, struct open_file *f)
{
    struct part *part = user;

    if (part->fd != 0) {
        part->fd = part->fd == fd ? 0 : part->fd;
        return 0;
    }
    if (part->left-- == 0)
        return 1;
    put_handle(&part->o, fd, f);
    return 0;
}

enum request_status method_fd_list(struct request *rq, const struct rpc_fd_list_params *params)
{
    const struct proc *p = request_proc(rq, params->pid);
    struct part part = {request_result(rq), NULL, (int32_t)params->after, page_size(params->limit)};

    if (p == NULL)
        return REQUEST_FAILED;
    if (params->after < 0 || params->after > INT32_MAX)
        return page_lost(rq);
    out_open(&part.o, '[');
    (void)fd_each(&p->fds, next_handle, &part);
    out_close(&part.o, ']');
    return part.fd == 0 ? REQUEST_DONE : page_lost(rq);
}

/** Refuse a word that no event has. */
static enum request_status no_word(struct request *rq, const cJSON *item)
{
    struct strbuf words = STRBUF_INIT;

    for (size_t i = 0; event_word(i) != NULL; i++)
        (void)strbuf_addf(&words, "%s%s", i > 0 ? ", " : "", event_word(i));
    (void)fail_value(&rq->failure, item, "events", "none of %s", strbuf_str(&words));
    strbuf_done(&words);
    return REQUEST_FAILED;
}

enum request_status method_trace_subscribe(struct request *rq,
                                           const struct rpc_trace_subscribe_params *params)
{
    struct rpc_machine *machine = request_machine(rq, params->machine);
    unsigned kinds = 0;

    if (machine == NULL)
        return REQUEST_FAILED;
    for (const cJSON *item = params->events; item != NULL; item = item->next) {
        unsigned more = event_kinds_by_word(item->valuestring);

        if (more == 0)
            return no_word(rq, item);
        kinds |= more;
    }
    if (params->pid != 0 && request_proc_of(rq, machine, params->pid) == NULL)
        return REQUEST_FAILED;
    if (params->shown > CALL_HEAD)
        return fail(&rq->failure, RPC_E_PARAMS, "shown", "an event shows at most %d bytes of data",
                    CALL_HEAD);
    subscription_start(&rq->conn->events, machine, kinds, params->pid, params->lossless);
    rq->conn->events.shown = (size_t)params->shown;
    return REQUEST_DONE;
}

enum request_status method_trace_unsubscribe(struct request *rq,
                                             const struct rpc_trace_unsubscribe_params *params)
{
    (void)params;
    subscription_stop(&rq->conn->events);
    return REQUEST_DONE;
}
