/* SPDX-License-Identifier: MIT */
#include "tests/slow/slow_world.h"

#include "fsdrivers/registry.h"
#include "server/kernel/fs/vfs.h"
#include "server/kernel/input.h"

#include <criterion/criterion.h>

#include <stdlib.h>

struct slow_plan sw_plan;
int sw_interrupts;
int sw_worker_answer;

/** fs_open_fn: what registry_open() opens, made slow. */
static int open_slow(const char *driver, const struct fs_open *req, struct fs **out)
{
    struct fs *fs;
    int err = registry_open(driver, req, &fs);

    if (err < 0)
        return err;
    *out = fs->driver->layered ? fs : slowfs_over(&sw_plan, fs);
    return 0;
}

static int on_worker(void *user, atomic_bool *interrupted)
{
    (void)user;
    (void)interrupted;
    return sw_worker_answer;
}

static void on_interrupt(void *user)
{
    (void)user;
    sw_interrupts++;
}

void sw_work(struct world *w)
{
    do
        world_run(w);
    while (world_work(w));
}

int sw_answer(struct world *w, struct call *c)
{
    if (c->state != CALL_FINISHED)
        sw_work(w);
    cr_assert_eq(c->state, CALL_FINISHED);
    w_check_listed(c);
    call_done(c);
    return c->status;
}

int sw_make(struct world *w, const char *name, const char *opts)
{
    struct call c;

    w->m->spec.fs_open = open_slow;
    (void)BEGIN(&c, w->p, MAKE_FS, make_fs, S("ramfs"), S(name), 0, S(opts));
    return sw_answer(w, &c);
}

void sw_open_world(struct world *w, enum clock_kind clock, unsigned percent)
{
    sw_interrupts = 0;
    sw_worker_answer = 0;
    sw_plan = (struct slow_plan){
        .percent = 0, .seed = 1, .on_worker = on_worker, .on_interrupt = on_interrupt};
    world_open(w, clock);
    cr_assert_eq(sw_make(w, "slow", ""), 0);
    world_run(w);
    sw_plan.percent = percent;
}

void sw_close_world(struct world *w)
{
    struct call c;

    if (ns_find(&w->p->ns, S("slow")) != NULL) {
        (void)BEGIN(&c, w->p, RM_FS, rm_fs, S("slow"));
        cr_assert_eq(sw_answer(w, &c), 0);
    }
    sw_work(w);
    cr_assert_eq(w->workers, 0);
    world_close(w);
}

struct proc *sw_child(struct world *w)
{
    struct proc *p;

    cr_assert_eq(proc_new(w->p, &p), 0);
    cr_assert_eq(proc_copy_names(w->p, p), 0);
    cr_assert_eq(proc_drive(p, "child"), 0);
    return p;
}

int sw_begin_open(struct world *w, struct proc *p, struct call *c, const char *file)
{
    (void)w;
    return BEGIN(c, p, OPEN, open, S(file), FM_READ | FM_WRITE | FM_CREATE);
}

int sw_open_file(struct world *w, const char *file)
{
    struct call c;

    (void)sw_begin_open(w, w->p, &c, file);
    cr_assert_eq(sw_answer(w, &c), 0);
    return c.out.open.fd;
}

int sw_close_file(struct world *w, int fd)
{
    struct call c;

    (void)BEGIN(&c, w->p, CLOSE, close, fd);
    return sw_answer(w, &c);
}

int sw_write_text(struct world *w, int fd, const char *text)
{
    struct call c;

    (void)BEGIN(&c, w->p, WRITE, write, fd, 0, {text, strlen(text)});
    return sw_answer(w, &c);
}

/** An instance that is made on the worker. */
struct opening {
    struct fs_opening base;
    struct fs *fs;
};

/** fs_opening.open */
static int open_later(struct fs_opening *base, struct why *why, struct fs **out)
{
    struct opening *o = (struct opening *)base;

    (void)why;
    *out = slowfs_over(&sw_plan, o->fs);
    free(o);
    return 0;
}

/** fs_opening.drop */
static void drop(struct fs_opening *base)
{
    struct opening *o = (struct opening *)base;

    slowfs_drop(o->fs);
    free(o);
}

/** fs_open_fn: the same, but that making it waits, too. */
static int open_slower(const char *driver, const struct fs_open *req, struct fs **out)
{
    struct opening *o;
    struct fs *fs;
    int err = registry_open(driver, req, &fs);

    (void)out;
    cr_assert_eq(err, 0);
    o = calloc(1, sizeof(*o));
    cr_assert_not_null(o);
    *o = (struct opening){{open_later, drop, fs->timeout_s}, fs};
    *req->later = &o->base;
    return FS_WOULD_WAIT;
}

/** fs_trait_fn */
static bool waits(const char *driver)
{
    return strcmp(driver, "ramfs") == 0;
}

int sw_begin_make(struct world *w, struct proc *p, struct call *c)
{
    w->m->spec.fs_open = open_slower;
    w->m->spec.fs_waits = waits;
    call_init(c, p, &abi_driven, SC_MAKE_FS, w_on_done, NULL);
    c->args.make_fs = (struct sc_make_fs_args){S("ramfs"), S("slow"), 0, S("timeout=2")};
    return input_call(c, NULL);
}
