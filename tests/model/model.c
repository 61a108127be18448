/* SPDX-License-Identifier: MIT */
#include "tests/model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- memory: everything lives until model_free() ---- */

struct block {
    struct block *next;
    max_align_t bytes[];
};

static void *block_new(void **first, size_t size)
{
    struct block *b = calloc(1, sizeof(*b) + size);

    if (b == NULL)
        abort();
    b->next = *first;
    *first = b;
    return b->bytes;
}

void *model_alloc(struct model *m, size_t size)
{
    return block_new(&m->memory, size);
}

void *model_grow(struct model *m, const void *array, size_t count, size_t size)
{
    void *larger;

    if (count > 0 && (count & (count - 1)) != 0)
        return (void *)(uintptr_t)array; /* there is room up to the next power of two */
    larger = model_alloc(m, size * (count == 0 ? 1 : 2 * count));
    if (count > 0)
        memcpy(larger, array, size * count);
    return larger;
}

char *model_copy(struct model *m, const char *text, size_t len)
{
    char *copy = model_alloc(m, len + 1);

    memcpy(copy, text, len);
    return copy;
}

/* ---- the machine ---- */

static struct mproc *new_proc(struct model *m, struct mproc *parent)
{
    struct mproc *p = model_alloc(m, sizeof(*p));

    p->pid = (int32_t)m->proc_count + 1; /* never used twice: the array only grows */
    p->parent = parent;
    p->state = PS_LOADING;
    p->next_fd = 1;
    if (parent != NULL) {
        p->uid = parent->uid;
        p->gid = parent->gid;
    }
    m->procs = model_grow(m, m->procs, m->proc_count, sizeof(*m->procs));
    m->procs[m->proc_count++] = p;
    return p;
}

struct model *model_new(const struct model_limits *limits)
{
    struct model *m = calloc(1, sizeof(*m));

    if (m == NULL)
        abort();
    m->limits = *limits;
    new_proc(m, NULL)->state = PS_RUNNING;
    return m;
}

void model_free(struct model *m)
{
    struct block *b = m->memory;

    model_forget_woken(m);

    while (b != NULL) {
        struct block *next = b->next;

        free(b);
        b = next;
    }
    free(m);
}

int32_t model_begin(struct model *m)
{
    struct mproc *p = new_proc(m, m->procs[m->proc_count - 1]);

    p->state = PS_RUNNING;
    return p->pid;
}

struct mproc *model_proc(const struct model *m, int32_t pid)
{
    struct mproc *p = pid >= 1 && (size_t)pid <= m->proc_count ? m->procs[pid - 1] : NULL;

    return p != NULL && !p->gone ? p : NULL;
}

bool model_ended(const struct mproc *p)
{
    return p->state >= PS_DONE;
}

void model_drive(struct model *m, int32_t pid)
{
    model_proc(m, pid)->state = PS_RUNNING;
}

struct mproc *model_child(const struct mcall *c, int32_t pid)
{
    struct mproc *child = model_proc(c->m, pid);

    if (child != NULL && child->parent == c->p)
        return child;
    refuse(c->v, ESRCH);
    return NULL;
}

struct mproc *model_live_child(const struct mcall *c, int32_t pid)
{
    struct mproc *child = model_child(c, pid);

    if (child == NULL || !model_ended(child))
        return child;
    refuse(c->v, ESRCH);
    return NULL;
}

/* ---- verdicts ---- */

void refuse(struct verdict *v, int err)
{
    for (size_t i = 0; i < v->error_count; i++) {
        if (v->errors[i] == -err)
            return;
    }
    if (v->error_count == VERDICT_ERRORS)
        abort();
    v->errors[v->error_count++] = -err;
}

void verdict_done(struct verdict *v)
{
    free(v->bytes);
    v->bytes = NULL;
}

void model_failed(struct model *m, int32_t pid, int err)
{
    model_proc(m, pid)->last_errno = -err;
}

void model_call(struct model *m, int32_t pid, int nr, const union sc_args *args, int id,
                struct verdict *v)
{
    struct mproc *p = model_proc(m, pid);
    struct mcall c = {m, p, id, v};

    memset(v, 0, sizeof(*v));
    switch (nr) {
#define SC_CALL(number, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                             \
    case SC_##UP:                                                                                  \
        rule_##low(&c, &args->low, &v->out.low);                                                   \
        break;
#include "schema/syscalls.def"
    default:
        abort();
    }
    model_settle(m);
    /* When several apply, model_failed() is told which it was. */
    if (!v->parked && nr != SC_ERRNO)
        p->last_errno = refused(v) ? -v->errors[0] : 0;
}

/* ---- what is no rule of files, views or memory ---- */

void rule_dbg_print(const struct mcall *c, const struct sc_dbg_print_args *a,
                    struct sc_dbg_print_out *out)
{
    (void)c;
    (void)a;
    (void)out;
}

void rule_last_errno(const struct mcall *c, const struct sc_last_errno_args *a,
                     struct sc_last_errno_out *out)
{
    (void)a;
    out->error = c->p->last_errno;
}

void rule_new_proc(const struct mcall *c, const struct sc_new_proc_args *a,
                   struct sc_new_proc_out *out)
{
    struct mproc *child;
    uint32_t count = 0;

    (void)a;
    for (size_t i = 0; i < c->m->proc_count; i++)
        count += c->m->procs[i]->gone ? 0 : 1;
    if (count >= c->m->limits.procs) {
        refuse(c->v, EAGAIN);
        return;
    }
    child = new_proc(c->m, c->p);
    child->made_by = c->id;
    out->pid = child->pid;
}
