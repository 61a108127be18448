/* SPDX-License-Identifier: MIT */
/* Life and death of processes, waiting, sleeping, and the machine's virtual clock. */
#include "tests/model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- calls that wait ---- */

void model_park(struct model *m, const struct mwait *wait, struct verdict *v)
{
    m->waits = model_grow(m, m->waits, m->wait_count, sizeof(*m->waits));
    m->waits[m->wait_count++] = *wait;
    v->parked = true;
}

void model_wake(struct model *m, size_t at, const struct mwoken *told)
{
    struct mwait w = m->waits[at];

    w.proc->last_errno = told->status < 0 ? -told->status : 0;
    m->woken = model_grow(m, m->woken, m->woken_count, sizeof(*m->woken));
    m->woken[m->woken_count] = *told;
    m->woken[m->woken_count].nr = w.nr;
    m->woken[m->woken_count++].id = w.id;
    m->wait_count--;
    memmove(&m->waits[at], &m->waits[at + 1], (m->wait_count - at) * sizeof(w));
    model_leave_files(&w);
}

/** Tell a waiting call that it is over. */
static void wake(struct model *m, size_t at, int status)
{
    struct mwoken told = {.status = status};

    model_wake(m, at, &told);
}

void model_forget_woken(struct model *m)
{
    for (size_t i = 0; i < m->woken_count; i++)
        free(m->woken[i].bytes);
    m->woken_count = 0;
}

/* ---- waiting for children ---- */

static struct sc_proc_status status_of(const struct mproc *p)
{
    return (struct sc_proc_status){p->pid, p->state, p->code};
}

/** The child that fits a wait and ended first; NULL when none has. */
static struct mproc *ended_child(struct model *m, const struct mproc *p, int nr, int32_t pid)
{
    struct mproc *first = NULL;

    for (size_t i = 0; i < m->proc_count; i++) {
        struct mproc *c = m->procs[i];

        if (c->parent != p || c->gone || !model_ended(c) || (nr == SC_PROC_WAIT && c->pid != pid))
            continue;
        if (first == NULL || (c->ended_at < first->ended_at) != (m->bug == BUG_LAST_CHILD))
            first = c;
    }
    return first;
}

/** Whether there is a child that a wait may wait for. */
static bool has_child(const struct model *m, const struct mproc *p, int nr, int32_t pid)
{
    for (size_t i = 0; i < m->proc_count; i++) {
        const struct mproc *c = m->procs[i];

        if (c->parent == p && !c->gone && (nr != SC_PROC_WAIT || c->pid == pid))
            return true;
    }
    return false;
}

static void wait_for(const struct mcall *c, int nr, int32_t pid, struct sc_proc_status *out)
{
    struct mproc *child = ended_child(c->m, c->p, nr, pid);
    struct mwait wait = {.id = c->id, .proc = c->p, .nr = nr, .pid = pid};

    if (!has_child(c->m, c->p, nr, pid)) {
        refuse(c->v, nr == SC_PROC_WAIT ? ESRCH : ECHILD);
    } else if (child == NULL) {
        model_park(c->m, &wait, c->v);
    } else {
        *out = status_of(child);
        child->gone = true;
    }
}

/** A child of @p has ended or is gone: answer whoever waits, in the order they came. */
static void answer_waits(struct model *m, struct mproc *p)
{
    size_t i = 0;

    while (i < m->wait_count) {
        struct mwait *w = &m->waits[i];
        bool waits = w->proc == p && (w->nr == SC_PROC_WAIT || w->nr == SC_PROC_WAIT_ANY);
        struct mproc *child = waits ? ended_child(m, p, w->nr, w->pid) : NULL;

        if (child != NULL) {
            struct mwoken told = {.out.proc_wait.status = status_of(child)};

            child->gone = true;
            model_wake(m, i, &told);
        } else if (waits && !has_child(m, p, w->nr, w->pid)) {
            wake(m, i, w->nr == SC_PROC_WAIT ? -ESRCH : -ECHILD);
        } else {
            i++;
        }
    }
}

/* ---- ends ---- */

/** What a process holds is given back, its calls are over; descendants first. */
static void release(struct model *m, struct mproc *p)
{
    for (size_t i = 0; i < m->proc_count; i++) {
        struct mproc *c = m->procs[i];

        if (c->parent != p || c->gone)
            continue;
        if (!model_ended(c))
            release(m, c);
        c->state = PS_KILLED;
        c->gone = true;
    }
    for (size_t i = 0; i < m->wait_count;) {
        if (m->waits[i].proc == p)
            wake(m, i, -ECANCELED);
        else
            i++;
    }
    while (p->handle_count > 0)
        model_close(p, &p->handles[0]);
    while (p->label_count > 0)
        model_drop_label(p, 0);
    model_unmap_all(p);
}

void model_end(struct model *m, struct mproc *p, uint32_t state, int32_t code)
{
    release(m, p);
    p->state = state;
    p->code = code;
    p->ended_at = m->ended++;
    answer_waits(m, p->parent);
}

/* ---- the clock ---- */

uint64_t model_after(const struct model *m, uint64_t usecs)
{
    bool never = usecs >= (MODEL_CLOCK_END - m->now_ns) / 1000;

    return never ? MODEL_CLOCK_END : m->now_ns + usecs * 1000;
}

void model_tick(struct model *m)
{
    uint64_t next = MODEL_CLOCK_END;

    for (size_t i = 0; i < m->wait_count;) {
        if (m->waits[i].nr == SC_YIELD)
            wake(m, i, 0);
        else
            i++;
    }
    for (size_t i = 0; i < m->wait_count; i++) {
        if (m->waits[i].deadline != 0 && m->waits[i].deadline < next)
            next = m->waits[i].deadline;
    }
    if (next == MODEL_CLOCK_END)
        return;
    m->now_ns = next;
    for (size_t i = 0; i < m->wait_count;) {
        if (m->waits[i].deadline == next)
            wake(m, i, 0);
        else
            i++;
    }
    model_settle(m); /* a SELECT may have been the last to hold an end */
}

/* ---- rules ---- */

void rule_exit(const struct mcall *c, const struct sc_exit_args *a, struct sc_exit_out *out)
{
    (void)out;
    model_end(c->m, c->p, PS_DONE, a->code);
}

void rule_yield(const struct mcall *c, const struct sc_yield_args *a, struct sc_yield_out *out)
{
    struct mwait wait = {.id = c->id, .proc = c->p, .nr = SC_YIELD};

    (void)a;
    (void)out;
    model_park(c->m, &wait, c->v);
}

void rule_usleep(const struct mcall *c, const struct sc_usleep_args *a, struct sc_usleep_out *out)
{
    struct mwait wait = {.id = c->id, .proc = c->p, .nr = SC_USLEEP};

    (void)out;
    if (a->usecs < 0) {
        refuse(c->v, EINVAL);
    } else if (a->usecs > 0) {
        wait.deadline = model_after(c->m, (uint64_t)a->usecs);
        model_park(c->m, &wait, c->v);
    }
}

void rule_proc_status(const struct mcall *c, const struct sc_proc_status_args *a,
                      struct sc_proc_status_out *out)
{
    struct mproc *child = model_child(c, a->pid);

    if (child != NULL)
        out->status = status_of(child);
}

void rule_proc_kill(const struct mcall *c, const struct sc_proc_kill_args *a,
                    struct sc_proc_kill_out *out)
{
    struct mproc *child = model_child(c, a->pid);

    if (child == NULL)
        return;
    if (!model_ended(child)) {
        release(c->m, child);
        child->state = PS_KILLED;
        child->code = 0;
    }
    out->status = status_of(child);
    child->gone = true;
    answer_waits(c->m, c->p);
}

void rule_proc_wait(const struct mcall *c, const struct sc_proc_wait_args *a,
                    struct sc_proc_wait_out *out)
{
    wait_for(c, SC_PROC_WAIT, a->pid, &out->status);
}

void rule_proc_wait_any(const struct mcall *c, const struct sc_proc_wait_any_args *a,
                        struct sc_proc_wait_any_out *out)
{
    (void)a;
    wait_for(c, SC_PROC_WAIT_ANY, 0, &out->status);
}

void rule_proc_exec(const struct mcall *c, const struct sc_proc_exec_args *a,
                    struct sc_proc_exec_out *out)
{
    struct mproc *child = model_child(c, a->pid);
    struct mplace at;

    (void)out;
    if (child != NULL && child->state != PS_LOADING)
        refuse(c->v, EBUSY);
    if (!model_find_file(c, a->file, FOLLOW, FM_READ, &at))
        return;
    if (!model_may(c->p, at.name->inode, MAY_READ))
        refuse(c->v, EACCES);
    /* The generator writes no images: what is a file is none that runs. */
    refuse(c->v, at.name->inode->type == FT_DIR ? EISDIR : ENOEXEC);
}
