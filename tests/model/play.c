/* SPDX-License-Identifier: MIT */
#include "tests/model/play.h"

#include "server/kernel/proc/memory.h"
#include "tests/contract/alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

enum { RESULT_BYTES = 65536, CENSUS_EVERY = 16, TOLD_MAX = 4096 };

/* ---- differences ---- */

static bool differs(struct play *p, const struct step *s, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static bool differs(struct play *p, const struct step *s, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(p->failure.text, sizeof(p->failure.text), fmt, ap);
    va_end(ap);
    p->failure.step = s->id;
    p->failure.nr = s->nr;
    return false;
}

static const char *status_name(int status)
{
    return status < 0 ? sc_errno_name(status) : status == SC_PENDING ? "waits" : "success";
}

/** Results as text, for a person. */
static void describe(const struct model *m, const struct values *v, char *out, size_t size)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    if (to == NULL)
        abort();
    values_print(to, v, m);
    (void)fclose(to);
    (void)snprintf(out, size, "%s", text);
    free(text);
}

static bool values_differ(struct play *p, const struct step *s, const struct values *expected,
                          const struct values *came)
{
    char want[200];
    char got[200];

    describe(p->m, expected, want, sizeof(want));
    describe(p->m, came, got, sizeof(got));
    return differs(p, s, "expected %s, came %s", want, got);
}

/* ---- the two worlds ---- */

/** Count what the model holds. */
static void model_census(const struct model *m, struct census *out)
{
    memset(out, 0, sizeof(*out));
    for (size_t i = 0; i < m->proc_count; i++) {
        const struct mproc *p = m->procs[i];

        out->procs += p->gone ? 0 : 1;
        out->names += (uint32_t)p->label_count;
        out->fds += (uint32_t)p->handle_count;
        out->regions += (uint32_t)p->region_count;
    }
    out->calls = (uint32_t)m->wait_count;
}

/** Give both worlds the file that "r:" is in. */
static void mount_sqlitefs(struct play *p)
{
    char opts[512];
    struct proc *first = proc_find(p->w.m, p->first_pid);

    (void)snprintf(opts, sizeof(opts), "source=%s/r.db", p->options->dir);
    if (machine_mount(p->w.m, "r", "sqlitefs", opts, NULL) < 0 ||
        ns_add(&first->ns, S("r"), ns_find(&p->w.m->init->ns, S("r")), NULL) < 0)
        abort();
    model_mount(p->m, p->first_pid, "r", "sqlitefs");
}

static void remove_files(const struct play_options *options)
{
    static const char *const names[] = {"r.db", "r.db-wal", "r.db-shm", "r.db-journal"};
    char path[512];

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", options->dir, names[i]);
        (void)unlink(path);
    }
}

void play_open(struct play *p, const struct play_options *options)
{
    const struct model_limits *l = &options->limits;
    struct machine_limits limits = {.procs = l->procs,
                                    .fds = l->fds,
                                    .names = l->names,
                                    .regions = l->regions,
                                    .memory = l->memory};
    struct proc *first;

    memset(p, 0, sizeof(*p));
    p->options = options;
    p->results = calloc(1, sizeof(*p->results));
    p->m = model_new(l);
    p->m->bug = options->bug;
    world_open_limited(&p->w, CLOCK_VIRTUAL, &limits);
    if (p->results == NULL || proc_new(p->w.p, &first) < 0 || proc_drive(first, "first") < 0)
        abort();
    (void)model_begin(p->m); /* the world's own process */
    p->first_pid = model_begin(p->m);
    if (strcmp(options->driver, "sqlitefs") == 0)
        mount_sqlitefs(p);
    machine_census(p->w.m, &p->start);
    model_census(p->m, &p->model_start);
}

struct mproc *play_actor(const struct play *p, int actor)
{
    int32_t pid = actor == 0 ? p->first_pid : p->results->first[actor];
    struct mproc *proc = model_proc(p->m, pid);

    return proc != NULL && !model_ended(proc) ? proc : NULL;
}

/* ---- calls that were told ---- */

static void free_call(struct play_call *c)
{
    call_done(&c->call);
    free(c->bytes);
    free(c);
}

static void on_done(struct call *call)
{
    struct play *p = call->user;
    struct play_call *c = container_of(call, struct play_call, call);
    struct play_call **at = &p->waiting;

    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->next = p->told;
    p->told = c;
}

/** The order of what is told at once: who was cancelled with its process, then who waited for files;
 * each in any order. Then the others, as they were told. */
static int rank_of(int nr, int status)
{
    if (status == -ECANCELED)
        return 0;
    return nr == SC_READ || nr == SC_WRITE || nr == SC_SELECT ? 1 : 2;
}

/** Something that was told, by the model or by the kernel. */
struct told {
    int rank;
    int order;
    int id, nr, status;
    const union sc_out *out;
};

static int by_rank(const void *a, const void *b)
{
    const struct told *x = a;
    const struct told *y = b;

    return x->rank != y->rank ? x->rank - y->rank : x->order - y->order;
}

static void add_told(struct told *list, size_t *count, const struct told *t)
{
    struct told *to = &list[*count];

    if (*count == TOLD_MAX)
        abort();
    *to = *t;
    to->rank = rank_of(t->nr, t->status);
    to->order = to->rank < 2 ? t->id : (int)*count;
    (*count)++;
}

/** What the model says was told. */
static size_t told_by_model(const struct play *p, struct told *out)
{
    size_t count = 0;

    for (size_t i = 0; i < p->m->woken_count; i++) {
        const struct mwoken *w = &p->m->woken[i];
        struct told t = {.id = w->id, .nr = w->nr, .status = w->status, .out = &w->out};

        add_told(out, &count, &t);
    }
    qsort(out, count, sizeof(*out), by_rank);
    return count;
}

/** What the kernel told. */
static size_t told_by_kernel(struct play *p, struct told *out)
{
    struct play_call *in_order = NULL;
    size_t count = 0;

    while (p->told != NULL) {
        struct play_call *c = p->told;

        p->told = c->next;
        c->next = in_order;
        in_order = c;
    }
    for (struct play_call *c = in_order; c != NULL; c = c->next) {
        struct told t = {
            .id = c->step->id, .nr = c->call.nr, .status = c->call.status, .out = &c->call.out};

        p->unlisted = p->unlisted || !w_is_listed(&c->call);
        add_told(out, &count, &t);
    }
    p->looked_at = in_order;
    qsort(out, count, sizeof(*out), by_rank);
    return count;
}

static bool same_told(struct play *p, const struct step *s, const struct told *want,
                      const struct told *came)
{
    struct values expected;
    struct values got;

    if (want->id != came->id || want->status != came->status)
        return differs(p, s, "expected that step %d ends (%s), and step %d did (%s)", want->id,
                       status_name(want->status), came->id, status_name(came->status));
    if (want->status < 0)
        return true;
    values_of(want->nr, want->out, &expected);
    values_of(came->nr, came->out, &got);
    return values_equal(&expected, &got) || values_differ(p, s, &expected, &got);
}

static bool compare_lists(struct play *p, const struct step *s)
{
    static struct told want[TOLD_MAX];
    static struct told came[TOLD_MAX];
    size_t expected = told_by_model(p, want);
    size_t count = told_by_kernel(p, came);

    for (size_t i = 0; i < count && i < expected; i++) {
        if (!same_told(p, s, &want[i], &came[i]))
            return false;
    }
    if (count < expected)
        return differs(p, s, "expected that step %d ends, and it waits", want[count].id);
    if (count > expected)
        return differs(p, s, "expected that step %d waits, and it ended (%s)", came[expected].id,
                       status_name(came[expected].status));
    return true;
}

static bool compare_told(struct play *p, const struct step *s)
{
    bool same;

    if (p->told == NULL && p->m->woken_count == 0)
        return true;
    for (size_t i = 0; i < p->m->woken_count && p->scenario != NULL; i++)
        scenario_woken(p->scenario, &p->m->woken[i]);
    same = compare_lists(p, s);
    while (p->looked_at != NULL) {
        struct play_call *c = p->looked_at;

        p->looked_at = c->next;
        free_call(c);
    }
    model_forget_woken(p->m);
    return same;
}

/* ---- a step ---- */

static bool is_expected(const struct verdict *v, int status)
{
    for (size_t i = 0; i < v->error_count; i++) {
        if (v->errors[i] == status)
            return true;
    }
    return v->error_count == 0 && status == (v->parked ? SC_PENDING : 0);
}

/** Compare an answer that came at once. */
static bool compare(struct play *p, const struct step *s, const struct verdict *v,
                    const struct call *call, int status)
{
    int expected = v->error_count > 0 ? v->errors[0] : v->parked ? SC_PENDING : 0;
    struct values want;
    struct values got;

    p->failure.expected = expected;
    p->failure.came = status;
    if (!is_expected(v, status))
        return differs(p, s, "expected %s%s, came %s", status_name(expected),
                       v->error_count > 1 ? " or another error" : "", status_name(status));
    if (status != 0)
        return true;
    if (v->listing != NULL) {
        if (model_take_entry(v->listing, (uint32_t)s->args[1].num, &call->out.readdir.entry))
            return true;
        return differs(p, s, "the listing has no entry '%s' like this at this number",
                       call->out.readdir.entry.name.bytes);
    }
    values_of(s->nr, &v->out, &want);
    values_of(s->nr, &call->out, &got);
    values_drop_open(&want, v);
    values_drop_open(&got, v);
    return values_equal(&want, &got) || values_differ(p, s, &want, &got);
}

static bool compare_log(struct play *p, const struct step *s)
{
    const char *want = s->nr == SC_DBG_PRINT ? s->args[0].text : "";

    if (strcmp(p->w.log, want) == 0)
        return true;
    return differs(p, s, "expected '%s' in the log, came '%s'", want, p->w.log);
}

/** What both hold: the kernel may not have grown by anything the model does not have. */
static bool compare_census(struct play *p, const struct step *s)
{
    struct census k;
    struct census m;

    machine_census(p->w.m, &k);
    model_census(p->m, &m);
#define SAME(member)                                                                               \
    if (k.member - p->start.member != m.member - p->model_start.member)                            \
    return differs(p, s, "expected %u %s, there are %u", m.member - p->model_start.member,         \
                   #member, k.member - p->start.member)
    SAME(procs);
    SAME(names);
    SAME(fds);
    SAME(regions);
    SAME(calls);
#undef SAME
    return true;
}

/** Begin the step's call in the kernel. */
static int begin(struct play *p, const struct step *s, struct proc *proc, struct play_call *c)
{
    int status;

    call_init(&c->call, proc, &abi_driven, s->nr, on_done, p);
    step_args(s, p->results, c->fds, &c->call.args);
    step_lend(s->nr, c->bytes, RESULT_BYTES, &c->call.out);
    if (s->nr == SC_READ)
        c->call.out.read.data.cap = (size_t)c->call.args.read.size;
    c->step = s;
    memset(p->w.log, 0, sizeof(p->w.log));
    c->next = p->waiting;
    p->waiting = c;
    alloc_fail_after(s->refused_alloc);
    status = call_begin(&c->call);
    if (status != SC_PENDING)
        p->waiting = c->next;
    return status;
}

static struct play_call *new_call(void)
{
    struct play_call *c = calloc(1, sizeof(*c));
    char *bytes = malloc(RESULT_BYTES);

    if (c == NULL || bytes == NULL)
        abort();
    c->bytes = bytes;
    return c;
}

/** Whether a call failed for want of memory (a store in memory is full then): it must be as if it had
 * not been made. */
static bool lacked_memory(struct play *p, int32_t pid, int status)
{
    bool refused_one = alloc_failed();

    alloc_fail_after(-1);
    if (!refused_one || (status != -ENOMEM && status != -ENOSPC))
        return false;
    model_failed(p->m, pid, status);
    return true;
}

static bool make_call(struct play *p, const struct step *s, struct mproc *actor)
{
    struct proc *proc = proc_find(p->w.m, actor->pid);
    int32_t pid = actor->pid;
    struct play_call *c;
    struct verdict v;
    bool same;
    int status;

    if (actor->state == PS_LOADING) {
        model_drive(p->m, pid);
        if (proc == NULL || proc_drive(proc, "driven") < 0)
            return differs(p, s, "the actor can't be driven");
    }
    c = new_call();
    status = begin(p, s, proc, c);
    p->status = status;
    if (lacked_memory(p, pid, status)) {
        free_call(c);
        return true;
    }
    model_call(p->m, pid, s->nr, &c->call.args, s->id, &v);
    if (p->scenario != NULL)
        scenario_step(p->scenario, s, &v, status, &c->call.out);
    same = compare(p, s, &v, &c->call, status) && compare_log(p, s);
    if (same && status < 0)
        model_failed(p->m, pid, status);
    if (same && status == 0)
        step_keep(s, &c->call.out, p->results);
    if (status != SC_PENDING) {
        p->unlisted = p->unlisted || !w_is_listed(&c->call);
        free_call(c);
    }
    verdict_done(&v);
    return same;
}

/** A session has a process work for another user. */
static void change_user(struct play *p, const struct step *s, struct mproc *actor)
{
    struct proc *proc = proc_find(p->w.m, actor->pid);

    actor->uid = proc->uid = (uint32_t)s->args[0].num;
    actor->gid = proc->gid = (uint32_t)s->args[1].num;
    if (p->scenario != NULL)
        scenario_user(p->scenario, s);
}

/** Have the program of an actor touch its memory. */
static bool touch(struct play *p, const struct step *s, struct mproc *actor)
{
    uint32_t way = s->nr == STEP_READ_MEMORY ? MM_READ : MM_WRITE;
    size_t size = way == MM_READ ? (size_t)s->args[1].num : s->args[1].len;
    uint64_t addr = (uint64_t)s->args[0].num;
    char *want = calloc(1, size + 1);
    char *came = calloc(1, size + 1);
    struct values expected = {.count = 1};
    struct values got = {.count = 1};
    bool same = true;

    if (want == NULL || came == NULL)
        abort();
    if (way == MM_WRITE) {
        memcpy(want, s->args[1].text, size);
        memcpy(came, s->args[1].text, size);
    }
    p->failure.came = memory_touch(proc_find(p->w.m, actor->pid), way, addr, came, size, NULL);
    p->failure.expected = model_touch(p->m, actor->pid, way, addr, want, size);
    expected.at[0] = (struct value){.kind = SC_K_bytes, .text = want, .len = size};
    got.at[0] = (struct value){.kind = SC_K_bytes, .text = came, .len = size};
    if (p->scenario != NULL)
        scenario_touch(p->scenario, s, p->failure.expected, &expected);
    if (p->failure.came != p->failure.expected)
        same = differs(p, s, "expected %s, came %s", status_name(p->failure.expected),
                       status_name(p->failure.came));
    else if (p->failure.came == 0 && memcmp(want, came, size) != 0)
        same = values_differ(p, s, &expected, &got);
    free(want);
    free(came);
    return same;
}

/** Whether a step can be made: its actor is there, and the ABI says what comes of it. */
static bool is_possible(const struct play *p, const struct step *s, const struct mproc *actor)
{
    if (s->nr == STEP_TICK)
        return true;
    if (actor == NULL || s->nr >= 0 || s->nr == STEP_USER)
        return actor != NULL;
    return actor->state == PS_RUNNING &&
           (s->nr == STEP_READ_MEMORY ||
            !model_is_past_end(p->m, actor->pid, (uint64_t)s->args[0].num, s->args[1].len));
}

/** Make a step in both worlds. Returns whether the answers were the same. */
static bool make(struct play *p, const struct step *s, struct mproc *actor)
{
    if (s->nr == STEP_TICK) {
        machine_tick(p->w.m);
        model_tick(p->m);
        return true;
    }
    if (s->nr == STEP_USER) {
        change_user(p, s, actor);
        return true;
    }
    return s->nr >= 0 ? make_call(p, s, actor) : touch(p, s, actor);
}

bool play_step(struct play *p, const struct step *s)
{
    struct mproc *actor = s->nr == STEP_TICK ? NULL : play_actor(p, s->actor);

    p->played = is_possible(p, s, actor);
    if (!p->played)
        return true;
    if (!make(p, s, actor))
        return false;
    if (!compare_told(p, s))
        return false;
    if (p->unlisted)
        return differs(p, s, "an error came that the row of the call does not list");
    return s->id % CENSUS_EVERY != 0 || compare_census(p, s);
}

void play_close(struct play *p)
{
    static const struct step at_end = {.nr = STEP_TICK, .id = STEPS_MAX};
    struct proc *first = proc_find(p->w.m, p->first_pid);
    struct sc_proc_status st;
    struct census end;

    if (first != NULL)
        (void)w_kill(p->w.p, p->first_pid, &st);
    while (p->told != NULL) {
        struct play_call *c = p->told;

        p->told = c->next;
        free_call(c);
    }
    if (ns_find(&p->w.m->init->ns, S("r")) != NULL)
        (void)ns_remove(&p->w.m->init->ns, S("r"));
    machine_census(p->w.m, &end);
    if (p->failure.step == 0 && memcmp(&end, &p->w.start, sizeof(end)) != 0)
        (void)differs(p, &at_end, "the census at the end is not the one at the beginning");
    listener_remove(p->w.m, &p->w.listener);
    machine_free(p->w.m);
    model_free(p->m);
    free(p->results);
    remove_files(p->options);
}
