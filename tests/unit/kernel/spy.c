/* SPDX-License-Identifier: MIT */
#include "tests/unit/kernel/spy.h"

#include "server/kernel/call/call.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

static void add_call(const struct event *event, char *to, size_t size)
{
    static const char signs[] = {[0] = '+', [1] = '-', [2] = '!', [3] = '?'};
    const struct call *c = event->call;
    int sign = event->kind == EVENT_CALL     ? 0
               : event->kind == EVENT_RETURN ? 1
               : event->kind == EVENT_FAULT  ? 2
                                             : 3;
    int len = snprintf(to, size, "%c%d:%s@%d", signs[sign], (int)c->seq,
                       sc_call_by_nr(c->nr)->name + 3, (int)c->pid);

    cr_assert_eq(event->pid, c->pid);
    if (event->kind == EVENT_RETURN)
        len += snprintf(to + len, size - (size_t)len, "=%s",
                        c->status == 0 ? "0" : sc_errno_name(c->status));
    if (event->kind == EVENT_FAULT)
        len += snprintf(to + len, size - (size_t)len, "#%d", (int)event->rule->id);
    (void)snprintf(to + len, size - (size_t)len, " ");
}

static void on_event(struct listener *self, struct machine *m, const struct event *event)
{
    struct spy *s = container_of(self, struct spy, listener);
    size_t used = strlen(s->text);

    (void)m;
    cr_assert_lt(used, SPY_MAX - 100, "the spy's notebook is full");
    if (event->kind == EVENT_END)
        (void)snprintf(s->text + used, SPY_MAX - used, "x%d ", (int)event->pid);
    else
        add_call(event, s->text + used, SPY_MAX - used);
}

void spy_start(struct spy *s, struct machine *m, int32_t pid)
{
    s->m = m;
    s->text[0] = '\0';
    s->listener = (struct listener){.kinds = SPY_KINDS, .pid = pid, .on_event = on_event};
    listener_add(m, &s->listener);
}

void spy_stop(struct spy *s)
{
    listener_remove(s->m, &s->listener);
}

void spy_expect(struct spy *s, const char *text)
{
    cr_assert_str_eq(s->text, text);
    s->text[0] = '\0';
}
