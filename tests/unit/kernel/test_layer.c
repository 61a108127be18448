/* SPDX-License-Identifier: MIT */
/* Filesystems that stand on others: layers that wait, fail, and are interrupted, rests, rights and limits. */
#include "server/kernel/door/layer.h"
#include "server/kernel/door/slow.h"
#include "server/kernel/input.h"
#include "tests/slow/slow_world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { MIB = 1024 * 1024, BIG = 3 };

static int make_union(struct world *w, const char *name, const char *opts)
{
    struct call c;

    (void)BEGIN(&c, w->p, MAKE_FS, make_fs, S("unionfs"), S(name), 0, S(opts));
    return sw_answer(w, &c);
}

static int remove_fs(struct world *w, const char *name)
{
    struct call c;

    (void)BEGIN(&c, w->p, RM_FS, rm_fs, S(name));
    return sw_answer(w, &c);
}

static int delete (struct world *w, const char *file)
{
    struct call c;

    (void)BEGIN(&c, w->p, DELETE, delete, S(file));
    return sw_answer(w, &c);
}

static int open_for(struct world *w, const char *file, uint32_t mode)
{
    struct call c;

    (void)BEGIN(&c, w->p, OPEN, open, S(file), mode);
    return sw_answer(w, &c) < 0 ? c.status : c.out.open.fd;
}

/** Whether a file begins with a text. */
static bool has_text(struct world *w, const char *file, const char *text)
{
    int fd = open_for(w, file, FM_READ);
    char buf[16] = "";
    struct call c;

    cr_assert_gt(fd, 0);
    call_init(&c, w->p, &abi_driven, SC_READ, w_on_done, NULL);
    c.args.read = (struct sc_read_args){fd, 0, sizeof(buf) - 1};
    c.out.read.data = (struct sc_buf){buf, sizeof(buf) - 1, 0};
    (void)call_begin(&c);
    cr_assert_eq(sw_answer(w, &c), 0);
    cr_assert_eq(sw_close_file(w, fd), 0);
    return strncmp(buf, text, strlen(text)) == 0;
}

/** How many names a directory of a view has, marks included. */
static unsigned count_names(struct world *w, const char *dir)
{
    int fd = open_for(w, dir, FM_READDIR);
    unsigned n = 0;
    struct call c;

    cr_assert_gt(fd, 0);
    while (BEGIN(&c, w->p, READDIR, readdir, fd, n), sw_answer(w, &c) == 0)
        n++;
    cr_assert_eq(sw_close_file(w, fd), 0);
    return n;
}

/** A world with slow:/f, and a union of it below top:. */
static void open_union(struct world *w, unsigned percent)
{
    int fd;

    sw_open_world(w, CLOCK_REAL, 0);
    fd = sw_open_file(w, "slow:/f");
    cr_assert_eq(sw_write_text(w, fd, "lower"), 0);
    cr_assert_eq(sw_close_file(w, fd), 0);
    cr_assert_eq(sw_make(w, "top", ""), 0);
    sw_plan.percent = percent;
    cr_assert_eq(make_union(w, "u", "layer=top,layer=slow"), 0);
}

static void close_union(struct world *w)
{
    cr_assert_eq(remove_fs(w, "u"), 0);
    cr_assert_eq(remove_fs(w, "top"), 0);
    sw_close_world(w);
}

Test(layer, slow_layers_wait_inside_the_union)
{
    struct world w;
    int fd;

    open_union(&w, 100);
    fd = open_for(&w, "u:/f", FM_READ | FM_WRITE);
    cr_assert_gt(fd, 0);
    cr_assert_eq(sw_write_text(&w, fd, "UPPER"), 0);
    cr_assert_eq(sw_close_file(&w, fd), 0);
    cr_assert(has_text(&w, "u:/f", "UPPER"));
    cr_assert(has_text(&w, "slow:/f", "lower"));
    cr_assert_eq(delete (&w, "u:/f"), 0);
    cr_assert_eq(count_names(&w, "u:"), 0);
    cr_assert_eq(count_names(&w, "slow:"), 1);
    cr_assert_gt(sw_plan.waited, 20);
    close_union(&w);
}

/* Every slot of a copy is interrupted once: the copy is made, or nothing is left of it. */
Test(layer, an_interrupted_copy_leaves_nothing)
{
    bool interrupted = true;

    for (int n = 0; interrupted; n++) {
        struct world w;
        struct call c;

        open_union(&w, 100);
        (void)BEGIN(&c, w.p, OPEN, open, S("u:/f"), FM_WRITE);
        for (int i = 0; i < n && c.state != CALL_FINISHED; i++)
            (void)world_work(&w);
        interrupted = c.state != CALL_FINISHED;
        sw_worker_answer = interrupted ? -EINTR : 0;
        (void)world_work(&w);
        sw_worker_answer = 0;
        if (sw_answer(&w, &c) == 0)
            cr_assert_eq(sw_close_file(&w, c.out.open.fd), 0);
        else
            cr_assert_eq(c.status, -ECANCELED);
        cr_assert(has_text(&w, "u:/f", "lower"));
        cr_assert(has_text(&w, "slow:/f", "lower"));
        cr_assert_leq(count_names(&w, "top:"), 1);
        cr_assert_eq(count_names(&w, "u:"), 1);
        close_union(&w);
        cr_assert_lt(n, 100);
    }
}

/* The root of the layer gets a name so long that paths below it are too long. */
Test(layer, what_is_open_below_a_path_that_grew_too_long_is_closed)
{
    char name[201] = "/";
    char path[FS_PATH_MAX + 8] = "v:";
    struct world w;
    struct call c;
    int fd;
    int dir;

    open_union(&w, 0);
    cr_assert_eq(w_create(w.p, "slow:/v", FT_DIR), 0);
    cr_assert_eq(w_subfs(w.p, "v", "slow", "/v", SC_FM_NAMED), 0);
    memset(name + 1, 'n', sizeof(name) - 2);
    while (strlen(path) + strlen(name) < FS_PATH_MAX)
        cr_assert_eq(w_create(w.p, strcat(path, name), FT_DIR), 0);
    cr_assert_eq(w_create(w.p, strcat(path, "/f"), FT_REGULAR), 0);
    cr_assert_eq(make_union(&w, "x", "layer=top,layer=v"), 0);
    path[0] = 'x';
    fd = open_for(&w, path, FM_READ);
    path[strlen(path) - 2] = '\0';
    dir = open_for(&w, path, FM_READDIR);
    cr_assert(fd > 0 && dir > 0);
    (void)snprintf(path, sizeof(path), "slow:%s", name);
    (void)BEGIN(&c, w.p, MOVE, move, S("slow:/v"), S(path));
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_eq(sw_close_file(&w, fd), 0);
    cr_assert_eq(sw_close_file(&w, dir), 0);
    cr_assert_eq(remove_fs(&w, "x"), 0);
    cr_assert_eq(remove_fs(&w, "v"), 0);
    close_union(&w);
}

Test(layer, a_broken_layer_is_EIO_and_the_others_go_on)
{
    struct world w;
    struct call c;

    open_union(&w, 100);
    (void)BEGIN(&c, w.p, OPEN, open, S("slow:/f"), FM_READ);
    w.now_ns += FS_TIMEOUT_S * NS_PER_S;
    machine_tick(w.m);
    cr_assert_eq(c.status, -EIO);
    call_done(&c);
    cr_assert_eq(open_for(&w, "u:/f", FM_READ), -EIO);
    cr_assert_eq(open_for(&w, "u:/new", FM_WRITE | FM_CREATE), -EIO);
    cr_assert_eq(count_names(&w, "top:"), 0);
    close_union(&w);
}

/* ---- Rests ---- */

/** A world with base:/big, which is not slow, below top:. */
static void open_big(struct world *w)
{
    static char bytes[MIB];
    struct call c;
    int fd;

    memset(bytes, 'b', sizeof(bytes));
    sw_open_world(w, CLOCK_REAL, 0);
    cr_assert_eq(sw_make(w, "base", ""), 0);
    cr_assert_eq(sw_make(w, "top", ""), 0);
    fd = sw_open_file(w, "base:/big");
    for (int i = 0; i < BIG; i++) {
        (void)BEGIN(&c, w->p, WRITE, write, fd, (int64_t)i * MIB, {bytes, sizeof(bytes)});
        cr_assert_eq(sw_answer(w, &c), 0);
    }
    cr_assert_eq(sw_close_file(w, fd), 0);
    cr_assert_eq(make_union(w, "u", "layer=top,layer=base"), 0);
}

static void close_big(struct world *w)
{
    cr_assert_eq(remove_fs(w, "u"), 0);
    cr_assert_eq(remove_fs(w, "base"), 0);
    cr_assert_eq(remove_fs(w, "top"), 0);
    sw_close_world(w);
}

Test(layer, a_big_copy_rests)
{
    struct world w;
    struct call c;
    int rests = 0;

    open_big(&w);
    cr_assert_eq(BEGIN(&c, w.p, OPEN, open, S("u:/big"), FM_WRITE), SC_PENDING);
    while (c.state != CALL_FINISHED) {
        cr_assert_not_null(w.m->stand.slot);
        cr_assert_leq(w.wake_ns, w.now_ns, "it is to go on at once");
        machine_tick(w.m);
        rests++;
    }
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_geq(rests, BIG * MIB / LAYER_SLICE - 1);
    cr_assert_leq(rests, 2 * BIG);
    cr_assert_eq(sw_close_file(&w, c.out.open.fd), 0);
    close_big(&w);
}

Test(layer, a_deep_look_up_rests)
{
    enum { DEPTH = 200 };
    char path[2 * DEPTH + 8];
    struct world w;
    struct call c;

    open_big(&w);
    for (int layer = 0; layer < 2; layer++) {
        (void)strcpy(path, layer == 0 ? "top:" : "base:");
        for (int i = 0; i < DEPTH; i++)
            cr_assert_eq(w_create(w.p, strcat(path, "/d"), FT_DIR), 0);
    }
    (void)strcpy(path, "u:");
    for (int i = 0; i < DEPTH; i++)
        (void)strcat(path, "/d");
    cr_assert_eq(BEGIN(&c, w.p, STAT, stat, S(path)), SC_PENDING);
    cr_assert_not_null(w.m->stand.slot);
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_eq(c.out.stat.stat.type, FT_DIR);
    close_big(&w);
}

Test(layer, a_merged_listing_rests)
{
    enum { NAMES = LAYER_SLICE / 64 + 1 }; /* of each layer: more than a slice */
    char path[32];
    struct world w;
    struct call c;

    open_big(&w);
    for (int i = 0; i < NAMES; i++) {
        (void)snprintf(path, sizeof(path), "base:/b%d", i);
        cr_assert_eq(w_create(w.p, path, i > 0 ? FT_REGULAR : FT_DIR), 0);
        (void)snprintf(path, sizeof(path), "top:/t%d", i);
        cr_assert_eq(w_create(w.p, path, FT_REGULAR), 0);
    }
    cr_assert_eq(BEGIN(&c, w.p, STAT, stat, S("u:")), SC_PENDING);
    cr_assert_not_null(w.m->stand.slot);
    cr_assert_eq(sw_answer(&w, &c), 0);
    close_big(&w);
}

/** An on_input: note what ended slots. */
static void note_slots(void *user, struct machine *m, const struct input *in)
{
    struct world *w = user;

    (void)m;
    if (in->kind == INPUT_SLOT)
        (void)snprintf(w->log, sizeof(w->log), "%d", in->slot.err);
}

Test(layer, a_rest_can_be_interrupted)
{
    struct world w;
    struct call c;

    open_big(&w);
    w.m->spec.on_input = note_slots;
    cr_assert_eq(BEGIN(&c, w.p, OPEN, open, S("u:/big"), FM_WRITE), SC_PENDING);
    slow_interrupt_pid(w.m, w.p->pid + 1);
    machine_tick(w.m);
    cr_assert_eq(c.state, CALL_RUNNING);
    slow_interrupt_pid(w.m, w.p->pid);
    cr_assert_eq(sw_answer(&w, &c), -ECANCELED);
    cr_assert_eq(atoi(w.log), -EINTR);
    w.m->spec.on_input = NULL;
    cr_assert_eq(count_names(&w, "top:"), 0);
    cr_assert_eq(count_names(&w, "u:"), 1);
    close_big(&w);
}

Test(layer, the_end_of_the_machine_does_not_wait_for_a_rest)
{
    struct world w;
    struct call c;

    open_big(&w);
    cr_assert_eq(BEGIN(&c, w.p, OPEN, open, S("u:/big"), FM_WRITE), SC_PENDING);
    slow_wait(w.m);
    cr_assert_null(w.m->stand.slot);
    cr_assert_eq(sw_answer(&w, &c), 0);
    cr_assert_eq(sw_close_file(&w, c.out.open.fd), 0);
    close_big(&w);
}

/* ---- Rights and limits ---- */

Test(layer, mounts_stand_on_each_other_up_to_a_limit)
{
    char name[MOUNT_DEPTH_MAX + 2][4];
    char opts[32];
    struct world w;
    int fd;

    sw_open_world(&w, CLOCK_REAL, 0);
    (void)strcpy(name[0], "u0");
    cr_assert_eq(sw_make(&w, "u0", ""), 0);
    for (int i = 1; i <= MOUNT_DEPTH_MAX + 1; i++) {
        (void)snprintf(name[i], sizeof(name[i]), "u%d", i);
        (void)snprintf(opts, sizeof(opts), "layer=%s", name[i - 1]);
        cr_assert_eq(make_union(&w, name[i], opts), i <= MOUNT_DEPTH_MAX ? 0 : -EMFILE);
    }
    fd = open_for(&w, "u4:/f", FM_WRITE | FM_CREATE);
    cr_assert_gt(fd, 0);
    cr_assert_eq(sw_close_file(&w, fd), 0);
    cr_assert_eq(count_names(&w, "u0:"), 1);
    for (int i = MOUNT_DEPTH_MAX; i >= 0; i--)
        cr_assert_eq(remove_fs(&w, name[i]), 0);
    sw_close_world(&w);
}
