/* SPDX-License-Identifier: MIT */
/* proc.tree, proc.info, ns.list, fd.list, trace.*: looking into a machine. */
#include "server/rpc/codec/kinds.h"
#include "server/rpc/peer/dispatch.h"

#include <string.h>

enum { WAITING_MAX = 16 }; /* calls in flight that proc.info lists */

static int32_t parent_of(const struct proc *p)
{
    return p->parent != NULL ? p->parent->pid : 0;
}

/** "DONE" of PS_DONE. */
static const char *state_of(const struct proc *p)
{
    return sc_flag_name("PS", p->state);
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
        result_proc_tree(&o, &(struct rpc_proc_tree_result){.pid = p->pid,
                                                            .state = state_of(p),
                                                            .return_code = p->return_code,
                                                            .program = given_name_of(p->program),
                                                            .uid = p->uid,
                                                            .gid = p->gid,
                                                            .parent = parent_of(p)});
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

static int64_t count_calls(const struct proc *p)
{
    int64_t count = 0;

    for (const struct list *i = p->task.calls.next; i != &p->task.calls; i = i->next)
        count++;
    return count;
}

/** Write the calls in flight of a process. */
static void write_waiting(struct json_out *o, const void *of)
{
    const struct proc *p = of;
    int left = WAITING_MAX;

    out_open(o, '[');
    for (const struct list *i = p->task.calls.next; i != &p->task.calls && left > 0;
         i = i->next, left--) {
        const struct call *call = container_of(i, struct call, in_task);
        const struct sc_call_info *info = sc_call_by_nr(call->nr);

        object_incall(o, &(struct rpc_incall_fields){.seq = (int64_t)call->seq,
                                                     .call = info != NULL ? info->name : "",
                                                     .args = {write_args, call}});
    }
    out_close(o, ']');
}

static void write_children(struct json_out *o, const void *of)
{
    out_open(o, '[');
    for (const struct proc *p = first_child(of); p != NULL; p = next_sibling(p))
        out_int(o, p->pid);
    out_close(o, ']');
}

enum request_status method_proc_info(struct request *rq, const struct rpc_proc_info_params *params)
{
    const struct proc *p = request_proc(rq, params->pid);
    struct json_out o = request_result(rq);

    if (p == NULL)
        return REQUEST_FAILED;
    result_proc_info(&o, &(struct rpc_proc_info_result){.pid = p->pid,
                                                        .state = state_of(p),
                                                        .return_code = p->return_code,
                                                        .program = given_name_of(p->program),
                                                        .uid = p->uid,
                                                        .gid = p->gid,
                                                        .parent = parent_of(p),
                                                        .executor = executor_name(p),
                                                        .names = (int64_t)p->ns.count,
                                                        .fds = (int64_t)p->fds.count,
                                                        .regions = (int64_t)p->memory.count,
                                                        .memory = (int64_t)p->memory.bytes,
                                                        .calls = count_calls(p),
                                                        .waiting = {write_waiting, p},
                                                        .paused = p->paused,
                                                        .children = {write_children, p}});
    return REQUEST_DONE;
}

/** The position in a list that is written in parts. */
struct part {
    struct json_out o;
    const char *name; /* begin behind this one; NULL: at once */
    int32_t fd;       /* or this; 0: at once */
    uint64_t left;    /* write no more than so many */
};

/** The views that one was taken from. */
static void write_chain(struct json_out *o, const void *of)
{
    const struct view *view = of;

    out_open(o, '[');
    for (const struct view *v = view->parent; v != NULL; v = v->parent)
        out_name_string(o, v->label);
    out_close(o, ']');
}

static void put_view(struct json_out *o, struct sc_str name, struct view *view)
{
    struct path root;

    if (view_root_path(view, &root) < 0)
        path_set_root(&root);
    result_ns_list(o, &(struct rpc_ns_list_result){.name = name,
                                                   .driver = view->mount->driver,
                                                   .root = {root.str, root.len},
                                                   .ok_modes = {write_fm, &view->ok_modes},
                                                   .maker = view->maker,
                                                   .chain = {write_chain, view}});
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

static int next_handle(void *user, int32_t fd, struct open_file *f)
{
    struct part *part = user;

    if (part->fd != 0) {
        part->fd = part->fd == fd ? 0 : part->fd;
        return 0;
    }
    if (part->left-- == 0)
        return 1;
    result_fd_list(&part->o, &(struct rpc_fd_list_result){.fd = fd,
                                                          .file = given_name_of(f->label),
                                                          .mode = {write_fm, &f->mode}});
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
    subscription_start(&rq->peer->events, machine, kinds, params->pid, params->lossless);
    rq->peer->events.shown = (size_t)params->shown;
    return REQUEST_DONE;
}

enum request_status method_trace_unsubscribe(struct request *rq,
                                             const struct rpc_trace_unsubscribe_params *params)
{
    (void)params;
    subscription_stop(&rq->peer->events);
    return REQUEST_DONE;
}
