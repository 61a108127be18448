/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/tty.h"

#include "server/kernel/byteq.h"
#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>

struct tty {
    struct byteq in;
    bool ended;
    struct fs_window window;
    struct waitq readable;
};

/** The process whose terminal @p uses. */
static struct proc *holder_of(struct proc *p)
{
    while (p->tty == NULL && !p->detached && p->parent != NULL)
        p = p->parent;
    return p;
}

int tty_own(struct proc *p)
{
    struct tty *shared = holder_of(p)->tty;

    if (p->tty != NULL)
        return 0;
    p->tty = calloc(1, sizeof(*p->tty));
    if (p->tty == NULL)
        return -ENOMEM;
    byteq_init(&p->tty->in, &p->machine->queued);
    waitq_init(&p->tty->readable, p->machine);
    if (shared != NULL)
        waitq_sort(&shared->readable);
    return 0;
}

/** The terminal of @p, made if needed. NULL: no memory. */
static struct tty *get_tty(struct proc *p)
{
    struct proc *holder = holder_of(p);

    (void)tty_own(holder);
    return holder->tty;
}

int64_t tty_input(struct proc *p, const char *bytes, size_t len, bool end, struct why *why)
{
    struct tty *t = get_tty(p);
    int64_t count;

    if (t == NULL)
        return -ENOMEM;
    if (t->ended)
        return why_add(why, -EPIPE, "the input has ended");
    count = byteq_put(&t->in, bytes, len, TTY_MAX);
    if (count < 0)
        return machine_explain_queued(p->machine, why);
    t->ended = end && (size_t)count == len;
    waitq_wake(&t->readable);
    wait_settle(p->machine);
    return count;
}

int64_t tty_read(struct proc *p, char *buf, size_t len)
{
    struct tty *t = holder_of(p)->tty;
    size_t count = t != NULL ? byteq_take(&t->in, buf, len) : 0;

    if (count == 0 && len > 0 && (t == NULL || !t->ended))
        return -EAGAIN;
    return (int64_t)count;
}

bool tty_is_ready(struct proc *p)
{
    const struct tty *t = holder_of(p)->tty;

    return t != NULL && (t->ended || t->in.len > 0);
}

size_t tty_count(struct proc *p)
{
    const struct tty *t = holder_of(p)->tty;

    return t != NULL ? t->in.len : 0;
}

struct fs_window tty_window(struct proc *p)
{
    const struct tty *t = holder_of(p)->tty;

    return t != NULL ? t->window : (struct fs_window){0};
}

int tty_set_window(struct proc *p, struct fs_window window)
{
    struct tty *t = get_tty(p);

    if (t == NULL)
        return -ENOMEM;
    t->window = window;
    return 0;
}

struct waitq *tty_queue(struct proc *p)
{
    struct tty *t = get_tty(p);

    return t != NULL ? &t->readable : NULL;
}

void tty_free(struct tty *t)
{
    if (t == NULL)
        return;
    byteq_done(&t->in);
    waitq_done(&t->readable);
    free(t);
}
