/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/proc.h"

#include "server/base/check.h"
#include "server/kernel/call/call.h"
#include "server/kernel/call/wait.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/fs/tty.h"
#include "server/kernel/input.h"
#include "server/kernel/machine.h"
#include "server/kernel/proc/elf.h"
#include "server/kernel/proc/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int proc_alloc(struct machine *m, struct proc *parent, struct proc **out)
{
    struct proc *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return -ENOMEM;
    p->machine = m;
    p->parent = parent;
    p->state = PS_LOADING;
    p->pid = m->next_pid;
    p->uid = parent != NULL ? parent->uid : 0;
    p->gid = parent != NULL ? parent->gid : 0;
    p->paused = m->pause_new;
    list_init(&p->sibling);
    list_init(&p->children);
    p->task.proc = p;
    list_init(&p->task.calls);
    list_init(&p->ended);
    list_init(&p->ended_link);
    list_init(&p->waiters);
    list_init(&p->end.entry.link);
    HASH_ADD(hh, m->procs, pid, sizeof(p->pid), p);
    if (!hash_added(p)) {
        free(p);
        return -ENOMEM;
    }
    m->next_pid++;
    ns_init(&p->ns, m, m->limits.names);
    fd_table_init(&p->fds, m, m->limits.fds);
    aspace_init(&p->memory, abi_driven.user_limit, m->limits.memory, m->limits.regions);
    p->memory.pool = &m->memory;
    if (parent != NULL)
        list_append(&parent->children, &p->sibling);
    m->census.procs++;
    *out = p;
    return 0;
}

/** Free only the record; the caller answers the waits. */
static void free_record(struct proc *p)
{
    /* proc_end() ends and frees descendants first, and an ended process gets no child: its calls
     * are refused, and sessions are children of a living init. */
    CHECK(proc_has_ended(p) && list_empty(&p->children));
    call_abandon_all(p, NULL); /* calls that are being refused now */
    list_del(&p->sibling);
    list_del(&p->ended_link);
    entry_withdraw(&p->end.entry);
    free(p->end.text);
    HASH_DEL(p->machine->procs, p);
    p->machine->census.procs--;
    free(p->program);
    free(p);
}

int proc_new_init(struct machine *m)
{
    struct proc *p;
    int err = proc_alloc(m, NULL, &p);

    if (err < 0)
        return err;
    err = proc_drive(p, "init");
    if (err < 0) {
        p->state = PS_KILLED;
        free_record(p);
        return err;
    }
    m->init = p;
    return 0;
}

int proc_new(struct proc *parent, struct proc **out)
{
    struct machine *m = parent->machine;

    if (m->census.procs >= m->limits.procs || m->next_pid == INT32_MAX)
        return -EAGAIN;
    return proc_alloc(m, parent, out);
}

struct proc *proc_find(struct machine *m, int32_t pid)
{
    struct proc *p;

    HASH_FIND(hh, m->procs, &pid, sizeof(pid), p);
    return p;
}

struct proc *proc_child(struct proc *p, int32_t pid)
{
    struct proc *child = proc_find(p->machine, pid);

    return child != NULL && child->parent == p ? child : NULL;
}

bool proc_is_below(const struct proc *p, const struct proc *ancestor)
{
    while (p != NULL && p != ancestor)
        p = p->parent;
    return p != NULL;
}

bool proc_is_in(const struct proc *p, int32_t pid)
{
    while (p != NULL && p->pid != pid)
        p = p->parent;
    return p != NULL;
}

static int add_name(void *user, struct sc_str name, struct view *view)
{
    return ns_add(user, name, view, NULL);
}

int proc_copy_names(struct proc *from, struct proc *to)
{
    return ns_each(&from->ns, add_name, &to->ns);
}

/** The state of proc_share_names(). */
struct sharing {
    struct ns *to;
    size_t before; /* names it had before */
    size_t seen;
    struct why *why;
};

static int share_name(void *user, struct sc_str name, struct view *view)
{
    const struct sharing *s = user;

    return ns_find(s->to, name) != NULL ? 0 : ns_add(s->to, name, view, s->why);
}

/** Remove the names added last: they stand in the order in which they were added. */
static int unshare_name(void *user, struct sc_str name, struct view *view)
{
    struct sharing *s = user;

    (void)view;
    return s->seen++ < s->before ? 0 : ns_remove(s->to, name);
}

int proc_share_names(struct proc *from, struct proc *to, struct why *why)
{
    struct sharing s = {.to = &to->ns, .before = to->ns.count, .why = why};
    int err = ns_each(&from->ns, share_name, &s);

    if (err < 0)
        (void)ns_each(&to->ns, unshare_name, &s);
    return err;
}

void proc_set_args(struct proc *p, char *args, size_t size)
{
    free(p->args);
    p->machine->args = p->machine->args - p->args_size + size;
    p->args = args;
    p->args_size = size;
}

/** Set a process running @program. */
static void set_running(struct proc *p, char *program)
{
    p->program = program;
    p->state = PS_RUNNING;
    event_emit(p->machine,
               &(struct event){
                   .kind = EVENT_START, .pid = p->pid, .bytes = program, .len = strlen(program)});
}

int proc_drive(struct proc *p, const char *program)
{
    char *copy;

    if (p->state != PS_LOADING)
        return -EBUSY;
    copy = strdup(program != NULL ? program : "");
    if (copy == NULL)
        return -ENOMEM;
    set_running(p, copy);
    return 0;
}

/** Add the image's segments and stack to the address space's books. */
static int book_image(struct proc *p, const struct exec_image *image, struct why *why)
{
    struct region stack = {.addr = image->stack_addr,
                           .size = image->stack_size,
                           .mode = MM_READ | MM_WRITE,
                           .kind = REGION_STACK};
    int err;

    p->memory.user_limit = image->abi->user_limit;
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct exec_segment *s = &image->segment[i];
        struct region r = {.addr = s->addr, .size = s->size, .mode = s->mode, .kind = REGION_IMAGE};

        err = aspace_add(&p->memory, &r, why, NULL);
        if (err < 0)
            return err == -ENOMEM ? err : -ENOEXEC;
    }
    err = aspace_add(&p->memory, &stack, why, NULL);
    return err == 0 || err == -ENOMEM ? err : -ENOEXEC;
}

/** Have the host start an image, and count its descriptors. */
static int spawn(struct proc *p, const struct exec_image *image, struct why *why)
{
    struct machine *m = p->machine;
    int err = machine_take_descriptors(m, EXECUTOR_DESCRIPTORS, -EAGAIN, why);

    if (err < 0)
        return err;
    m->input.callbacks++;
    err = (int)machine_answer(m, m->ops->spawn(m->host, p, image, why, &p->task.executor), NULL, 0);
    if (err < 0)
        machine_give_descriptors(m, EXECUTOR_DESCRIPTORS);
    return err;
}

int proc_exec(struct proc *p, const void *bytes, size_t size, const char *program, struct why *why)
{
    struct exec_image image;
    char *copy = NULL;
    int err;

    if (p->state != PS_LOADING)
        return -EBUSY;
    err = elf_parse(bytes, size, &image, why);
    if (err < 0)
        return err;
    err = book_image(p, &image, why);
    if (err < 0)
        goto out;
    copy = strdup(program);
    err = copy == NULL ? -ENOMEM : spawn(p, &image, why);
    if (err < 0)
        goto out;
    set_running(p, copy);
    return 0;
out:
    free(copy);
    aspace_done(&p->memory);
    p->memory.user_limit = abi_driven.user_limit;
    return err;
}

/** Whether a parked wait can be answered, with which child and status. */
static bool wait_is_ready(struct proc *p, const struct call *call, struct proc **child, int *status)
{
    *status = 0;
    if (call->nr == SC_PROC_WAIT) {
        *child = proc_child(p, call->args.proc_wait.pid);
        if (*child == NULL)
            *status = -ESRCH;
        return *child == NULL || proc_has_ended(*child);
    }
    *child = list_empty(&p->ended) ? NULL : container_of(p->ended.next, struct proc, ended_link);
    if (*child == NULL && list_empty(&p->children))
        *status = -ECHILD;
    return *child != NULL || *status != 0;
}

/** Answer one parked wait of @p that can be answered. Returns whether there was one. */
static bool answer_one_wait(struct proc *p)
{
    for (struct list *i = p->waiters.next; i != &p->waiters; i = i->next) {
        struct call *call = container_of(i, struct call, wait);
        struct proc *child;
        int status;

        if (!wait_is_ready(p, call, &child, &status))
            continue;
        if (child != NULL) {
            proc_status(child, call->nr == SC_PROC_WAIT ? &call->out.proc_wait.status
                                                        : &call->out.proc_wait_any.status);
            free_record(child);
        } else {
            (void)call_why(call, status, "another call has already waited for the child");
        }
        call_finish(call, status);
        return true;
    }
    return false;
}

/** Answer all such waits of a process; each answer may end the process. */
static void answer_waits(struct machine *m, int32_t pid)
{
    struct proc *p;

    do
        p = proc_find(m, pid);
    while (p != NULL && answer_one_wait(p));
}

int proc_wait(struct call *call, struct sc_proc_status *out)
{
    struct proc *p = call->proc;
    struct proc *child;
    int status;

    if (!wait_is_ready(p, call, &child, &status))
        return call_park(call, &p->waiters);
    if (child != NULL) {
        proc_status(child, out);
        proc_reap(child);
    }
    return status;
}

void proc_reap(struct proc *p)
{
    struct machine *m = p->machine;
    int32_t parent_pid = p->parent->pid;

    free_record(p);
    answer_waits(m, parent_pid);
}

static void emit_end(const struct proc *p, const char *text)
{
    event_emit(p->machine, &(struct event){.kind = EVENT_END,
                                           .pid = p->pid,
                                           .bytes = text != NULL ? text : "",
                                           .len = text != NULL ? strlen(text) : 0,
                                           .state = p->state,
                                           .code = p->return_code});
}

/** End a process without children: only the record stays. Its parked calls go to @over. */
static void end_one(struct proc *p, uint32_t state, int32_t code, const char *text,
                    struct list *over)
{
    struct executor *x = p->task.executor;

    p->state = state;
    p->return_code = code;
    p->task.executor = NULL;
    p->machine->ready.acts++;
    machine_guest_busy(&p->task, false);
    if (x != NULL) {
        p->machine->input.callbacks++;
        x->ops->kill(x);
        machine_give_descriptors(p->machine, EXECUTOR_DESCRIPTORS);
    }
    call_abandon_all(p, over);
    ns_done(&p->ns);
    fd_table_done(&p->fds);
    memory_done(p);
    tty_free(p->tty);
    p->tty = NULL;
    proc_set_args(p, NULL, 0);
    emit_end(p, text);
}

/** The deepest first descendant of @p; @p itself if it has no children. */
static struct proc *deepest(struct proc *p)
{
    while (!list_empty(&p->children))
        p = container_of(p->children.next, struct proc, sibling);
    return p;
}

/** End and free all descendants, children before their parents. */
static void end_descendants(struct proc *p, struct list *over)
{
    for (struct proc *q = deepest(p); q != p;) {
        struct proc *parent = q->parent;

        if (!proc_has_ended(q))
            end_one(q, PS_KILLED, 0, NULL, over);
        free_record(q);
        q = deepest(parent);
    }
}

/** Leave the record for the parent's wait, or free it if it is detached. */
static void leave_record(struct proc *p)
{
    if (p->parent != NULL && !p->detached) {
        list_append(&p->parent->ended, &p->ended_link);
        return;
    }
    if (p->parent == NULL)
        p->machine->init = NULL;
    free_record(p);
}

/** proc_end() from inside the machine. */
static void end_now(struct proc *p, uint32_t state, int32_t code, const char *text)
{
    struct machine *m = p->machine;
    int32_t parent_pid = p->parent != NULL ? p->parent->pid : 0;
    struct list over;

    if (proc_has_ended(p))
        return;
    list_init(&over);
    end_descendants(p, &over);
    end_one(p, state, code, text, &over);
    leave_record(p);
    call_tell(&over); /* from here on callbacks may end the parent, too */
    wait_settle(m);
    machine_arm(m); /* it may have kept a virtual clock from jumping */
    if (parent_pid != 0)
        answer_waits(m, parent_pid);
    else if (m->spec.on_end != NULL)
        m->spec.on_end(m->spec.user, m);
}

/** entry.run */
static void run_end(struct entry *in)
{
    struct proc_end *end = container_of(in, struct proc_end, entry);
    struct proc *p = container_of(end, struct proc, end);
    char *text = end->text;

    end->text = NULL;
    end_now(p, end->state, end->code, text);
    free(text);
}

/** entry.tell */
static void tell_end(struct entry *in)
{
    const struct proc_end *end = container_of(in, struct proc_end, entry);
    const struct proc *p = container_of(end, struct proc, end);

    input_tell(p->machine, &(struct input){.kind = INPUT_END,
                                           .end = {p->pid, end->state, end->code, end->text}});
}

void proc_end(struct proc *p, uint32_t state, int32_t code, const char *text)
{
    struct machine *m = p->machine;

    if (m->stand.stack == NULL || stack_is_inside(m)) {
        end_now(p, state, code, text);
        return;
    }
    if (proc_has_ended(p) || entry_waits(&p->end.entry))
        return;
    p->end.state = state;
    p->end.code = code;
    p->end.text = text != NULL ? strdup(text) : NULL; /* without memory the reason is lost */
    p->end.entry.tell = tell_end;
    slow_interrupt_proc(m, p);
    (void)stack_enter(m, &p->end.entry, run_end);
}

void proc_fault(struct proc *p, int32_t fail_code, const char *text)
{
    struct strbuf all = STRBUF_INIT;

    (void)strbuf_adds(&all, text);
    recent_text(&p->recent, &all);
    proc_end(p, PS_FAILURE, fail_code, strbuf_failed(&all) ? text : strbuf_str(&all));
    strbuf_done(&all);
}

void proc_status(const struct proc *p, struct sc_proc_status *out)
{
    *out = (struct sc_proc_status){.pid = p->pid, .state = p->state, .return_code = p->return_code};
}
