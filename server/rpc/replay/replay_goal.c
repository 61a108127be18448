/* SPDX-License-Identifier: MIT */
/* Goals and listeners of a machine that is played again. */
#include "server/rpc/replay/replay_machine.h"

#include <errno.h>
#include <stdlib.h>

struct replay_goal {
    struct list link;
    struct replay *in;
    struct clock_goal goal;
};

/* The log has listeners, because calls may wait for them; they need no events here. */
struct replay_listener {
    struct list link;
    struct listener l;
};

static void on_goal(struct clock_goal *goal, int status)
{
    struct replay_goal *g = container_of(goal, struct replay_goal, goal);
    struct replay *r = g->in;

    (void)status;
    list_del(&g->link);
    free(g);
    replay_called_back(r);
}

int replay_goal(struct replay *r, struct input *in)
{
    struct replay_goal *g = calloc(1, sizeof(*g));

    if (g == NULL)
        return -ENOMEM;
    g->in = r;
    in->goal.goal = &g->goal;
    in->goal.done = on_goal;
    if (machine_input(r->m, in) == 0)
        list_append(&r->goals, &g->link);
    else
        free(g);
    return 0;
}

int replay_no_goal(struct replay *r, struct input *in)
{
    for (struct list *i = r->goals.next; i != &r->goals; i = i->next) {
        struct replay_goal *g = container_of(i, struct replay_goal, link);

        if (g->goal.number != in->no_goal.number)
            continue;
        in->no_goal.goal = &g->goal;
        (void)machine_input(r->m, in);
        list_del(&g->link);
        free(g);
        return 0;
    }
    return -ESRCH;
}

static void on_no_event(struct listener *self, struct machine *m, const struct event *event)
{
    (void)self;
    (void)m;
    (void)event;
}

int replay_listen(struct replay *r, struct input *in)
{
    struct replay_listener *l = calloc(1, sizeof(*l));

    if (l == NULL)
        return -ENOMEM;
    l->l = (struct listener){.kinds = in->listen.kinds,
                             .pid = in->listen.pid,
                             .aside = in->listen.aside,
                             .number = in->listen.number,
                             .on_event = on_no_event};
    list_append(&r->listeners, &l->link);
    in->listen.listener = &l->l;
    (void)machine_input(r->m, in);
    return 0;
}

int replay_unlisten(struct replay *r, struct input *in)
{
    for (struct list *i = r->listeners.next; i != &r->listeners; i = i->next) {
        struct replay_listener *l = container_of(i, struct replay_listener, link);

        if (l->l.number != in->unlisten.number)
            continue;
        in->unlisten.listener = &l->l;
        (void)machine_input(r->m, in);
        list_del(&l->link);
        free(l);
        return 0;
    }
    return -ESRCH;
}

void replay_free_listeners(struct replay *r)
{
    while (!list_empty(&r->listeners)) {
        struct replay_listener *l = container_of(r->listeners.next, struct replay_listener, link);

        listener_remove(r->m, &l->l);
        list_del(&l->link);
        free(l);
    }
    listener_remove(r->m, &r->out);
}
