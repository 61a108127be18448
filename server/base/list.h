/* SPDX-License-Identifier: MIT */
/*
 * Intrusive doubly linked lists.
 *
 * A list is a ring through a head node; members embed a `struct list`. An unlinked member points
 * at itself, so list_del() may be called twice. Sample:
 *
 *     struct list timers;  list_init(&timers);
 *     list_append(&timers, &t->link);
 *     for (struct list *i = timers.next; i != &timers; i = i->next)
 *         use(container_of(i, struct timer, link));
 */
#ifndef SERVER_BASE_LIST_H
#define SERVER_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/** The object whose member @member is at @ptr. */
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

/** Put @node at the end of @head's list; @node must be unlinked. */
static inline void list_append(struct list *head, struct list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

/** Unlink @node; no effect if it is not linked. */
static inline void list_del(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/** Move all members of @from to the end of @to; @from is empty afterwards. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    to->prev->next = from->next;
    from->prev->next = to;
    to->prev = from->prev;
    list_init(from);
}

#endif
