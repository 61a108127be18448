/* SPDX-License-Identifier: MIT */
#include "server/kernel/door/slow.h"

#include "server/base/check.h"
#include "server/base/strbuf.h"
#include "server/kernel/door/driver.h"
#include "server/kernel/door/errand.h"
#include "server/kernel/fs/vfs.h"
#include "server/kernel/input.h"
#include "server/kernel/machine.h"
#include "server/kernel/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)

/** An open file or directory of the instance. If the instance breaks, the worker closes it. */
struct slow_file {
    struct list link; /* in slow->files */
    struct fs_file file;
    bool directory;
};

struct slow {
    struct mount *mount; /* its struct outlives this one */
    struct fs *fs;       /* NULL before it is made; once it is broken, the mount has a dead one */
    struct fs dead;
    const struct slow_slots *slots;
    const struct host_ops *ops;
    void *host;
    struct host_worker *worker; /* NULL of a machine that is played again */
    uint64_t limit_ns;
    struct list files;
    struct away away;
    struct errand *out; /* the one that the worker runs; NULL: none */
    uint64_t deadline_ns;
    uint32_t descriptors; /* of the daemon, that a broken instance has yet */
    int32_t rests_for;    /* pid */
    bool rests;           /* it has no worker: the machine only rests in its slots */
    bool stopped;         /* the last rest was interrupted */
    bool broken;
    bool released; /* broken, and its instance is destroyed */
    bool left;     /* its mount was freed */
};

/** A machine that is played again never stands still: the log says what came meanwhile. */
static bool is_played(const struct machine *m)
{
    return m->spec.on_slot != NULL;
}

int slow_new(struct mount *m, const struct slow_slots *slots, uint32_t timeout_s, struct why *why,
             struct slow **out)
{
    struct machine *machine = m->machine;
    struct slow *s = calloc(1, sizeof(*s));
    int err;

    if (s == NULL)
        return -ENOMEM;
    s->mount = m;
    s->fs = m->fs;
    s->slots = slots;
    s->ops = machine->ops;
    s->host = machine->host;
    s->limit_ns = (timeout_s != 0 ? timeout_s : FS_TIMEOUT_S) * NS_PER_S;
    list_init(&s->files);
    s->rests = slots == NULL;
    err = is_played(machine) ? 0 : stack_need(machine, why);
    if (err == 0 && !is_played(machine) && !s->rests)
        err = s->ops->worker_new(s->host, &s->worker, why);
    if (err < 0) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

static void release(struct slow *s)
{
    if (s->worker != NULL)
        s->ops->worker_free(s->worker);
    free(s);
}

bool slow_free(struct slow *s)
{
    if (s == NULL)
        return false;
    if (s->broken && !s->released) {
        s->left = true;
        return true;
    }
    CHECK(list_empty(&s->files)); /* a mount is freed after its open files */
    release(s);
    return false;
}

/* ---- Open files ---- */

static struct slow_file *find_open(struct slow *s, const struct fs_file *file, bool directory)
{
    for (struct list *i = s->files.next; i != &s->files; i = i->next) {
        struct slow_file *f = container_of(i, struct slow_file, link);

        if (f->file.handle == file->handle && f->directory == directory)
            return f;
    }
    return NULL;
}

/**
 * Update the list of open files after a slot has answered.
 * @spare    of a slot that opens: taken.
 */
static void note_file(struct slow *s, const struct slot_call *c, int64_t result,
                      struct slow_file *spare)
{
    struct slow_file *f = NULL;

    if (c->shape == SLOT_OPENS_SOURCE && result == 0)
        s->fs = *c->opening.out;
    if (spare != NULL && result == 0) {
        spare->file = *c->file;
        spare->directory = c->shape == SLOT_OPENS_DIR;
        list_append(&s->files, &spare->link);
        return;
    }
    free(spare);
    if (c->shape == SLOT_CLOSES || c->shape == SLOT_CLOSES_DIR)
        f = find_open(s, c->file, c->shape == SLOT_CLOSES_DIR);
    if (f != NULL)
        list_del(&f->link);
    free(f);
}

/** Allocate the list's member before a slot opens something. Returns 0, -ENOMEM. */
static int spare_file(const struct slot_call *c, struct slow_file **out)
{
    *out = NULL;
    if (c->shape != SLOT_OPENS && c->shape != SLOT_OPENS_DIR)
        return 0;
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return -ENOMEM;
    list_init(&(*out)->link);
    return 0;
}

/* ---- The machine's counts ---- */

/** Make the worker's copy of what the driver may ask for. */
static void send_away(struct slow *s)
{
    struct machine *m = s->mount->machine;

    s->away = (struct away){.now_ns = machine_stamp_ns(m),
                            .random_state = m->random_state,
                            .storage_left = m->limits.storage - m->storage};
    s->mount->away = &s->away;
}

/** Count what the slot used on the worker. */
static void take_back(struct slow *s)
{
    struct mount *mount = s->mount;
    struct machine *m = mount->machine;
    const uint64_t storage = m->limits.storage - s->away.storage_left;

    mount->away = NULL;
    mount->storage += storage - m->storage;
    m->storage = storage;
    m->random_state = s->away.random_state;
    mount->descriptors -= s->away.descriptors_given;
    machine_give_descriptors(m, s->away.descriptors_given);
}

/* ---- The end of a broken instance ---- */

/** Close what is open, and destroy the instance. */
static void close_instance(struct slow *s)
{
    struct why why = WHY_INIT;

    while (!list_empty(&s->files)) {
        struct slow_file *f = container_of(s->files.next, struct slow_file, link);
        const struct slot_call c = {.fs = s->fs, .who = &vfs_nobody, .file = &f->file};

        (void)(f->directory ? s->slots->closedir : s->slots->close)(&c);
        list_del(&f->link);
        free(f);
    }
    if (s->fs != NULL)
        (void)s->slots->destroy(&(struct slot_call){.fs = s->fs, .why = &why});
    why_done(&why);
}

/** host_job.run */
static void run_end(struct host_job *job)
{
    close_instance(container_of(job, struct errand, job)->slow);
}

/** The instance is gone: so are its descriptors. */
static void note_released(struct slow *s)
{
    s->released = true;
    if (s->descriptors > 0)
        s->ops->descriptors_give(s->host, s->descriptors);
}

/** host_job.done */
static void on_ended(struct host_job *job)
{
    struct errand *e = container_of(job, struct errand, job);
    struct slow *s = e->slow;

    errand_free(e);
    s->out = NULL;
    note_released(s);
    if (!s->left)
        return;
    free(s->mount);
    release(s);
}

/** A slot returned too late: end its instance. It was the last slot to be
 * called. */
static void end_instance(struct slow *s, struct errand *e)
{
    e->job.run = run_end;
    e->job.done = on_ended;
    if (e->call.shape == SLOT_DESTROYS) /* it has done so */
        on_ended(&e->job);
    else
        s->ops->worker_post(s->worker, &e->job);
}

/** The worker has not come back in time: it is left alone. What its instance has taken is the machine's no
 * more, but descriptors are the daemon's until they are closed. */
static void break_off(struct slow *s)
{
    struct mount *mount = s->mount;
    struct machine *m = mount->machine;

    s->broken = true;
    s->dead = (struct fs){.caps = FS_CAP_BLOCKING};
    mount->fs = &s->dead;
    s->descriptors = mount->descriptors;
    m->descriptors -= mount->descriptors;
    m->storage -= mount->storage;
    mount->storage = 0;
    mount->descriptors = 0;
    if (!is_played(m)) {
        s->out->late = true;
        return;
    }
    send_away(s); /* and nothing that it does at its end is booked */
    close_instance(s);
    mount->away = NULL;
    note_released(s);
}

/** Tell the machine how its slot ended. */
static void end_slot(struct slow *s, int err)
{
    struct input in = {.kind = INPUT_SLOT, .slot = {err}};

    (void)machine_input(s->mount->machine, &in);
}

int slow_end_slot(struct machine *m, int err)
{
    struct slow *s = m->stand.slot_of;

    m->stand.slot_of = NULL;
    if (s == NULL)
        return -ESRCH;
    if (err == -EINTR)
        m->stand.interrupted = true;
    if (err != -EINTR || s->out != NULL)
        break_off(s);
    return 0;
}

/* ---- Calling ---- */

/** host_job.run */
static void run_slot(struct host_job *job)
{
    struct errand *e = container_of(job, struct errand, job);

    e->result = e->slot(&e->call);
}

/** host_job.done */
static void on_done(struct host_job *job)
{
    struct errand *e = container_of(job, struct errand, job);
    struct slow *s = e->slow;
    const bool late = e->late;

    e->back = true;
    note_file(s, &e->call, e->result, e->spare);
    e->spare = NULL;
    if (late) {
        end_instance(s, e);
        return;
    }
    s->out = NULL;
    take_back(s);
    if (s->mount->machine->stand.slot == s) {
        s->mount->machine->stand.slot = NULL;
        stack_go_on(s->mount->machine);
    }
}

/** When the time of a slot that begins now is over. */
static uint64_t deadline(const struct slow *s)
{
    const uint64_t now = s->ops->now_ns(s->host);
    const uint64_t least = now + SLOW_HURRY_MS * NS_PER_MS;
    const uint64_t hurry = s->mount->machine->stand.hurry_ns;
    const uint64_t end = hurry < least ? least : hurry;

    return now + s->limit_ns < end ? now + s->limit_ns : end;
}

/** Wait for the worker until the time limit: the machine stands still, or else the loop blocks. */
static void wait_for(struct slow *s, struct errand *e)
{
    struct machine *m = s->mount->machine;

    s->out = e;
    s->deadline_ns = deadline(s);
    m->stand.slot_of = s;
    send_away(s);
    if (stack_is_here(m)) {
        m->stand.slot = s;
        s->ops->wake_at(s->host, m, s->deadline_ns);
        s->ops->worker_post(s->worker, &e->job);
        stack_stand(m);
        return;
    }
    s->ops->worker_post(s->worker, &e->job);
    s->ops->worker_wait(s->worker, s->deadline_ns);
    if (!e->back)
        end_slot(s, -EIO);
}

/** The answer of a slot of a broken instance. */
static int64_t answer_broken(const struct slot_call *c)
{
    return c->shape == SLOT_DESTROYS || c->shape == SLOT_TIDIES ? 0 : -EIO;
}

/** Report that the instance has just broken. Returns the slot's answer. */
static int64_t tell_broken(struct slow *s, const struct slot_call *c)
{
    machine_loss(
        s->mount->machine,
        "%s: an operation took more than %llu seconds (option timeout): all answer EIO now",
        s->mount->driver, (unsigned long long)(s->limit_ns / NS_PER_S));
    return answer_broken(c);
}

/** The slot is not called. */
static void drop_opening(const struct slot_call *c)
{
    if (c->shape == SLOT_OPENS_SOURCE)
        c->opening.it->drop(c->opening.it);
}

/** Whether a slot must run even without memory for the errand. */
static bool must_be_done(const struct slot_call *c)
{
    return c->shape == SLOT_CLOSES || c->shape == SLOT_CLOSES_DIR || c->shape == SLOT_DESTROYS;
}

/** Call a slot on the worker. */
static int64_t run_away(struct slow *s, slot_fn slot, const struct slot_call *c)
{
    struct slow_file *spare;
    struct errand *e = NULL;
    int64_t result;
    int err = spare_file(c, &spare);

    if (err == 0)
        err = errand_new(s, slot, c, &e);
    if (err < 0) {
        free(spare);
        drop_opening(c);
        result = must_be_done(c) ? slot(c) : err; /* in place; the loop blocks */
        if (must_be_done(c))
            note_file(s, c, result, NULL);
        return result;
    }
    e->spare = spare;
    e->job.run = run_slot;
    e->job.done = on_done;
    wait_for(s, e);
    if (e->late)
        return e->given_up ? -ECANCELED : tell_broken(s, c);
    if (e->result == -EINTR && must_be_done(c))
        e->result = -EIO; /* it was not interrupted, so that is no answer */
    if (e->result == -EINTR)
        end_slot(s, -EINTR);
    s->mount->machine->stand.slot_of = NULL;
    result = e->result == -EINTR ? -ECANCELED : errand_take(e, c);
    errand_free(e);
    return result;
}

/** Call a slot in place with `nowait`. */
static int64_t run_here(struct slow *s, slot_fn slot, const struct slot_call *c)
{
    struct fs_caller who = *c->who;
    struct slot_call here = *c;
    struct slow_file *spare;
    int64_t result;

    if (spare_file(c, &spare) < 0)
        return -ENOMEM;
    who.nowait = true;
    here.who = &who;
    result = slot(&here);
    if (result == FS_WOULD_WAIT)
        free(spare);
    else
        note_file(s, c, result, spare);
    return result;
}

/** What came while a machine stood still comes again, when it is played again. Returns: it was interrupted. */
static bool play_meanwhile(struct slow *s)
{
    struct machine *m = s->mount->machine;
    const bool before = m->stand.interrupted; /* in an earlier slot: this one undoes things */
    bool interrupted;

    m->stand.interrupted = false;
    m->stand.slot_of = s;
    m->spec.on_slot(m->spec.user, m);
    m->stand.slot_of = NULL;
    interrupted = m->stand.interrupted;
    m->stand.interrupted = before || interrupted;
    return interrupted;
}

/** Call a slot of a machine that is played again, once what came while it was carried out has come again. */
static int64_t run_again(struct slow *s, slot_fn slot, const struct slot_call *c)
{
    const bool interrupted = play_meanwhile(s);
    struct slow_file *spare;
    int64_t result;

    if (s->broken || interrupted)
        drop_opening(c);
    if (s->broken)
        return tell_broken(s, c);
    if (interrupted)
        return -ECANCELED;
    if (spare_file(c, &spare) < 0)
        return -ENOMEM;
    result = slot(c);
    note_file(s, c, result, spare);
    return result;
}

int64_t slow_run(struct slow *s, slot_fn slot, const struct slot_call *c)
{
    struct machine *m = s->mount->machine;
    int64_t result = FS_WOULD_WAIT;

    if (s->rests)
        return slot(c);
    if (s->broken)
        return answer_broken(c);
    m->stand.slots++;
    if (is_played(m))
        return run_again(s, slot, c);
    if (c->shape == SLOT_IN_PLACE)
        return slot(c);
    if (c->shape != SLOT_TIDIES && c->shape != SLOT_DESTROYS && c->shape != SLOT_OPENS_SOURCE)
        result = run_here(s, slot, c);
    return result == FS_WOULD_WAIT ? run_away(s, slot, c) : result;
}

int slow_rest(struct slow *s, const struct fs_caller *who)
{
    struct machine *m = s->mount->machine;

    m->stand.slots++;
    if (is_played(m))
        return play_meanwhile(s) ? -ECANCELED : 0;
    if (!stack_is_here(m))
        return 0;
    s->rests_for = who->pid;
    s->stopped = false;
    s->deadline_ns = s->ops->now_ns(s->host);
    m->stand.slot_of = s;
    m->stand.slot = s;
    s->ops->wake_at(s->host, m, s->deadline_ns);
    stack_stand(m);
    if (s->stopped)
        end_slot(s, -EINTR);
    m->stand.slot_of = NULL;
    return s->stopped ? -ECANCELED : 0;
}

/* ---- While the machine stands ---- */

void slow_check_limit(struct machine *m)
{
    struct slow *s = m->stand.slot;

    if (s->ops->now_ns(s->host) < s->deadline_ns) {
        s->ops->wake_at(s->host, m, s->deadline_ns);
        return;
    }
    if (!s->rests)
        end_slot(s, s->out->given_up ? -EINTR : -EIO);
    m->stand.slot = NULL;
    stack_go_on(m);
}

void slow_hurry(struct machine *m, uint64_t deadline_ns)
{
    struct slow *s = m->stand.slot;

    m->stand.hurry_ns = deadline_ns;
    if (s == NULL || s->deadline_ns <= deadline_ns)
        return;
    s->deadline_ns = deadline_ns;
    s->ops->wake_at(s->host, m, deadline_ns);
}

const char *slow_waits_for(const struct machine *m)
{
    return m->stand.slot != NULL ? m->stand.slot->mount->driver : NULL;
}

void slow_wait(struct machine *m)
{
    while (m->stand.slot != NULL) {
        struct slow *s = m->stand.slot;

        if (!s->rests)
            s->ops->worker_wait(s->worker, s->deadline_ns);
        if (m->stand.slot == s && s->ops->now_ns(s->host) >= s->deadline_ns)
            slow_check_limit(m);
    }
}

/** An instance that is being made is given up, at the machine's next tick: nobody has seen it yet. Not
 * interrupted are instances that are destroyed and files that are closed: only the time limit ends that. */
static void interrupt(struct slow *s)
{
    if (s->rests) {
        s->stopped = true;
    } else if (s->out->call.shape == SLOT_OPENS_SOURCE) {
        s->out->given_up = true;
        s->deadline_ns = s->ops->now_ns(s->host);
        s->ops->wake_at(s->host, s->mount->machine, HOST_WAKE_SOON);
    } else if (!must_be_done(&s->out->call)) {
        driver_interrupt(s->fs);
    }
}

void slow_interrupt(struct machine *m)
{
    if (m->stand.slot != NULL)
        interrupt(m->stand.slot);
}

/** The process that the machine stands still for; 0: none. */
static int32_t caller_of(const struct slow *s)
{
    if (s == NULL || s->rests)
        return s != NULL ? s->rests_for : 0;
    return s->out->call.who != NULL ? s->out->call.who->pid : 0;
}

void slow_interrupt_pid(struct machine *m, int32_t pid)
{
    if (m->stand.slot != NULL && caller_of(m->stand.slot) == pid)
        interrupt(m->stand.slot);
}

void slow_interrupt_proc(struct machine *m, const struct proc *p)
{
    const struct proc *caller = proc_find(m, caller_of(m->stand.slot));

    if (caller != NULL && proc_is_below(caller, p))
        interrupt(m->stand.slot);
}
