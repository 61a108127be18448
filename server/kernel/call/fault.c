/* SPDX-License-Identifier: MIT */
#include "server/kernel/call/fault.h"

#include "server/kernel/call/call.h"
#include "server/kernel/call/glob.h"
#include "server/kernel/machine.h"
#include "server/kernel/random.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Makes the stream of chance differ from the processes' random numbers. */
#define CHANCE_SEED UINT64_C(0x6661756C74)

void fault_table_init(struct fault_table *t, uint64_t seed)
{
    *t = (struct fault_table){.random_state = seed ^ CHANCE_SEED};
    list_init(&t->rules);
}

bool fault_can_cut(int nr)
{
    return nr == SC_READ || nr == SC_WRITE || nr == SC_DBG_PRINT;
}

/** Check that a rule makes sense. Returns 0, -EINVAL. */
static int check(const struct fault_spec *s, struct why *why)
{
    const char *bad = s->path != NULL ? glob_check(s->path) : NULL;

    if (bad != NULL)
        return why_add(why, -EINVAL, "the path '%s' is not a valid pattern: %s", s->path, bad);
    if (s->nth != 0 && s->every != 0)
        return why_add(why, -EINVAL, "nth and every can't be used together");
    if (!(s->probability > 0 && s->probability <= 1))
        return why_add(why, -EINVAL, "a probability must be above 0 and at most 1");
    if (s->error == 0 && s->delay_us == 0 && s->transfer == 0)
        return why_add(why, -EINVAL,
                       "the rule does nothing: it has none of error, delay_us, short");
    if (s->error != 0 && s->transfer != 0)
        return why_add(
            why, -EINVAL,
            "error and short can't be used together: a call that fails transfers nothing");
    if (s->error != 0 && s->nr == SC_EXIT)
        return why_add(why, -EINVAL, "EXIT does not return, so it can't fail");
    if (s->transfer != 0 && s->nr != FAULT_ANY_CALL && !fault_can_cut(s->nr))
        return why_add(why, -EINVAL, "%s transfers nothing that can be cut short",
                       sc_call_by_nr(s->nr)->name);
    return 0;
}

int fault_add(struct machine *m, const struct fault_spec *spec, struct why *why, uint32_t *out_id)
{
    struct fault_table *t = &m->faults;
    struct fault_rule *rule;
    int err = check(spec, why);

    if (err < 0)
        return err;
    if (t->count >= FAULT_RULES_MAX)
        return why_add(why, -EAGAIN, "the machine has reached its limit of fault rules, %d",
                       FAULT_RULES_MAX);
    rule = calloc(1, sizeof(*rule));
    if (rule == NULL)
        return -ENOMEM;
    rule->path = spec->path != NULL ? strdup(spec->path) : NULL;
    if (spec->path != NULL && rule->path == NULL) {
        free(rule);
        return -ENOMEM;
    }
    rule->spec = *spec;
    rule->spec.path = rule->path;
    rule->id = ++t->last_id;
    list_append(&t->rules, &rule->link);
    t->count++;
    *out_id = rule->id;
    return 0;
}

static void remove_rule(struct fault_table *t, struct fault_rule *rule)
{
    list_del(&rule->link);
    t->count--;
    free(rule->path);
    free(rule);
}

int fault_remove(struct machine *m, uint32_t id)
{
    for (struct list *i = m->faults.rules.next; i != &m->faults.rules; i = i->next) {
        struct fault_rule *rule = container_of(i, struct fault_rule, link);

        if (rule->id == id) {
            remove_rule(&m->faults, rule);
            return 0;
        }
    }
    return -ENOENT;
}

void fault_clear(struct machine *m)
{
    struct fault_table *t = &m->faults;

    while (!list_empty(&t->rules))
        remove_rule(t, container_of(t->rules.next, struct fault_rule, link));
}

/* Which calls match. */

/** Whether a path matches, whether it is spelled name:/path or name:path. */
static bool path_matches(const char *glob, struct sc_str text)
{
    char whole[SC_NAME_MAX + 1 + FS_PATH_MAX];
    struct sc_str name;
    struct path path;
    size_t len;

    if (path_split(text, &name, &path, NULL) < 0)
        return glob_matches(glob, text);
    memcpy(whole, name.ptr, name.len);
    whole[name.len] = ':';
    len = name.len + 1 + path.len;
    memcpy(whole + name.len + 1, path.str, path.len);
    if (glob_matches(glob, (struct sc_str){whole, len}))
        return true;
    memcpy(whole + name.len + 1, path.str + 1, path.len - 1);
    return glob_matches(glob, (struct sc_str){whole, len - 1});
}

static bool handle_matches(const struct call *call, const char *glob, int32_t fd)
{
    const struct open_file *f = fd_find(&call->proc->fds, fd);

    return f != NULL && path_matches(glob, (struct sc_str){f->label, strlen(f->label)});
}

static bool handles_match(const struct call *call, const char *glob, struct sc_str fds)
{
    bool matches = false;

    for (size_t i = 0; i + sizeof(int32_t) <= fds.len && !matches; i += sizeof(int32_t)) {
        int32_t fd;

        memcpy(&fd, fds.ptr + i, sizeof(fd));
        matches = handle_matches(call, glob, fd);
    }
    return matches;
}

/** Whether some argument of a call is or means a path that matches. */
static bool arguments_match(const struct call *call, const char *glob)
{
    bool matches = false;

    for (const struct sc_field_info *a = sc_call_by_nr(call->nr)->args; a->name != NULL && !matches;
         a++) {
        const void *value = (const char *)&call->args + a->offset;

        if (a->kind == SC_K_path)
            matches = path_matches(glob, *(const struct sc_str *)value);
        else if (a->kind == SC_K_fd || a->kind == SC_K_ofd)
            matches = handle_matches(call, glob, *(const int32_t *)value);
        else if (a->kind == SC_K_fds)
            matches = handles_match(call, glob, *(const struct sc_str *)value);
    }
    return matches;
}

static bool matches(const struct fault_spec *s, const struct call *call)
{
    if (s->nr != FAULT_ANY_CALL && s->nr != call->nr)
        return false;
    if ((s->transfer != 0 && !fault_can_cut(call->nr)) || (s->error != 0 && call->nr == SC_EXIT))
        return false;
    if (s->pid != 0 && !proc_is_in(call->proc, s->pid))
        return false;
    return s->path == NULL || arguments_match(call, s->path);
}

/* When it fires, and what it does. */

/** The next number of the stream of chance, in [0, 1). */
static double next_chance(struct fault_table *t)
{
    return (double)(random_next(&t->random_state) >> 11) * 0x1p-53;
}

/** Whether a rule fires for a call that has just matched. */
static bool is_due(struct fault_table *t, const struct fault_rule *rule)
{
    const struct fault_spec *s = &rule->spec;

    if (s->times != 0 && rule->hits >= s->times)
        return false;
    if (s->nth != 0 && rule->matches != s->nth)
        return false;
    if (s->every != 0 && rule->matches % s->every != 0)
        return false;
    return s->probability >= 1 || next_chance(t) < s->probability;
}

/** Apply a rule to a call, except for the delay. */
static void fire(struct fault_rule *rule, struct call *call)
{
    const struct fault_spec *s = &rule->spec;

    rule->hits++;
    if (call->fault == 0 || (s->error != 0 && call->refusal == 0))
        call->fault = rule->id;
    if (s->error != 0 && call->refusal == 0) {
        call->refusal = call_why(call, s->error, "fault rule %" PRIu32 " set this error", rule->id);
        call->imposed = true;
    }
    if (s->transfer != 0) {
        call->transfer_max = call_cut(call, s->transfer);
        (void)call_why(call, 0, "fault rule %" PRIu32 " cut it to %" PRIu64 " bytes", rule->id,
                       s->transfer);
    }
    if (s->delay_us != 0)
        (void)call_why(call, 0, "fault rule %" PRIu32 " delayed it by %" PRIu64 " microseconds",
                       rule->id, s->delay_us);
    event_call(EVENT_FAULT, call, rule);
}

/** Hold a call for a while. */
static int delay(struct call *call, uint64_t usecs)
{
    int status = call_park_until(call, machine_after_ns(call->machine, usecs));

    if (status < 0)
        call->imposed = true;
    return status;
}

int fault_before(struct call *call)
{
    struct fault_table *t = &call->machine->faults;
    uint64_t wait_us = 0;

    if (proc_has_ended(call->proc))
        return 0;
    for (struct list *i = t->rules.next; i != &t->rules; i = i->next) {
        struct fault_rule *rule = container_of(i, struct fault_rule, link);
        uint64_t usecs = rule->spec.delay_us;

        if (!matches(&rule->spec, call))
            continue;
        rule->matches++;
        if (!is_due(t, rule))
            continue;
        fire(rule, call);
        wait_us = usecs < UINT64_MAX - wait_us ? wait_us + usecs : UINT64_MAX;
    }
    return wait_us > 0 && call_may_wait(call) ? delay(call, wait_us) : 0;
}
