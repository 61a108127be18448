/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of calls by a handful of processes. After each step the invariants are checked that
 * no sequence may break; at the end everything is killed and the census is the first one again. The same
 * seed must give the same answers: a machine is deterministic.
 */
#include "server/kernel/door/driver.h"
#include "server/kernel/fs/node.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>

enum { STEPS = 4000, SEEDS = 8, PROCS = 12, NAMES = 4, PATHS = 6, PARKED = 16 };

static const char *const names[NAMES] = {"root", "a", "b", "c"};
static const char *const paths[PATHS] = {"/", "/x", "/y", "/x/1", "/x/2", "/y/1"};

/** One sequence. */
struct run {
    struct world w;
    uint64_t seed;
    uint64_t state;
    uint64_t digest; /* of all answers */
    int step;
    bool over;           /* the machine is being freed: no further calls */
    int32_t pids[PROCS]; /* 0 is w.p's own; freed ones stay in until they are drawn and missed */
    struct call parked[PARKED];
    bool used[PARKED];
};

/** xorshift64*: enough for drawing, and the same everywhere. */
static uint32_t draw(struct run *r, uint32_t below)
{
    r->state ^= r->state >> 12;
    r->state ^= r->state << 25;
    r->state ^= r->state >> 27;
    return (uint32_t)((r->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

static void note(struct run *r, int64_t answer)
{
    r->digest = (r->digest ^ (uint64_t)answer) * UINT64_C(0x100000001B3);
}

static struct proc *draw_proc(struct run *r)
{
    struct proc *p = proc_find(r->w.m, r->pids[draw(r, PROCS)]);

    return p != NULL && p->state == PS_RUNNING ? p : r->w.p;
}

/** "name:/path" of a drawn name and path. */
static const char *draw_file(struct run *r, char out[32])
{
    const char *name = names[draw(r, 2) * draw(r, NAMES)]; /* more than half are root */

    (void)snprintf(out, 32, "%s:%s", name, paths[draw(r, PATHS)]);
    return out;
}

static uint32_t draw_modes(struct run *r)
{
    static const uint32_t modes[] = {FM_READ,
                                     FM_READDIR,
                                     FM_READ | FM_WRITE | FM_CREATE,
                                     FM_WRITE | FM_TRUNC,
                                     SC_FM_ALL,
                                     SC_FM_NAMED & ~FM_WRITE};

    return modes[draw(r, sizeof(modes) / sizeof(modes[0]))];
}

static int32_t draw_fd(struct run *r)
{
    return (int32_t)draw(r, 20);
}

static void step_names(struct run *r, struct proc *p)
{
    char file[32];
    char other[32];
    struct sc_stat st;

    switch (draw(r, 6)) {
    case 0:
        note(r, w_create(p, draw_file(r, file), draw(r, 2)));
        break;
    case 1:
        note(r, w_delete(p, draw_file(r, file)));
        break;
    case 2:
        draw_file(r, file);
        note(r, w_move(p, file, draw_file(r, other)));
        break;
    case 3:
        note(r, w_stat(p, draw_file(r, file), &st));
        break;
    case 4:
        note(r, w_rm_fs(p, names[draw(r, NAMES - 1) + 1]));
        break;
    default:
        note(r, w_subfs(p, names[draw(r, NAMES)], names[draw(r, NAMES)], paths[draw(r, PATHS)],
                        draw_modes(r)));
        break;
    }
}

/** Names of files in all the ways there are beside CREATE and MOVE, links among them. */
static void step_links(struct run *r, struct proc *p)
{
    static const char *const targets[] = {"1", "/x/2", "../y", "/", "x/1"};
    char file[32];
    char other[32];
    struct call c;

    draw_file(r, file);
    draw_file(r, other);
    switch (draw(r, 4)) {
    case 0:
        note(r, BEGIN(&c, p, LINK, link, S(file), S(other)));
        break;
    case 1:
        note(r, BEGIN(&c, p, SYMLINK, symlink, S(targets[draw(r, 5)]), S(file)));
        break;
    default:
        note(r, BEGIN(&c, p, RENAME, rename, S(file), S(other), draw(r, 4)));
        break;
    }
    w_check_listed(&c);
    call_done(&c);
}

/** Whose files are, what their bits are, and for whom a process works. */
static void step_users(struct run *r, struct proc *p)
{
    static const uint32_t modes[] = {0777, 0755, 0700, 01777, 0640, 0};
    char file[32];
    struct call c;

    draw_file(r, file);
    switch (draw(r, 5)) {
    case 0:
        p->uid = draw(r, 3);
        p->gid = draw(r, 3);
        return;
    case 1:
        note(r, BEGIN(&c, p, CHMOD, chmod, S(file), modes[draw(r, 6)]));
        break;
    case 2:
        note(r, BEGIN(&c, p, CHOWN, chown, S(file), draw(r, 3), draw(r, 3)));
        break;
    case 3:
        note(r, BEGIN(&c, p, TRUNCATE, truncate, S(file), draw(r, 40)));
        break;
    default:
        note(r, BEGIN(&c, p, FS_ENUM, fs_enum, draw(r, NAMES)));
        break;
    }
    w_check_listed(&c);
    call_done(&c);
}

static void step_handles(struct run *r, struct proc *p)
{
    char file[32];
    char buf[16];
    struct call c;

    switch (draw(r, 5)) {
    case 0:
        note(r, w_open(p, draw_file(r, file), draw_modes(r)));
        break;
    case 1:
        note(r, w_read(p, draw_fd(r), draw(r, 20), buf, sizeof(buf)));
        break;
    case 2:
        note(r, w_write(p, draw_fd(r), draw(r, 20), "bytes"));
        break;
    case 3:
        note(r, BEGIN(&c, p, READDIR, readdir, draw_fd(r), draw(r, 3)));
        w_check_listed(&c);
        call_done(&c);
        break;
    default:
        note(r, w_close(p, draw_fd(r)));
        break;
    }
}

static void step_memory(struct run *r, struct proc *p)
{
    struct call c;
    uint64_t addr = UINT64_C(0x1000) * draw(r, 32);

    if (draw(r, 2) == 0)
        note(r, BEGIN(&c, p, MMAP, mmap, addr, 1 + draw(r, 0x3000), draw(r, 8)));
    else
        note(r, BEGIN(&c, p, MUNMAP, munmap, addr));
    w_check_listed(&c);
    call_done(&c);
}

static void make_child(struct run *r, struct proc *p)
{
    uint32_t slot = draw(r, PROCS);
    int pid;

    if (proc_find(r->w.m, r->pids[slot]) != NULL)
        return;
    pid = w_new_proc(p);
    note(r, pid);
    if (pid < 0)
        return;
    r->pids[slot] = pid;
    if (draw(r, 4) == 0)
        return;
    note(r, proc_drive(proc_find(r->w.m, pid), "child"));
    note(r, w_bind_fs(p, pid, "root", "root"));
}

static void step_children(struct run *r, struct proc *p)
{
    struct sc_proc_status st;
    int32_t pid = r->pids[draw(r, PROCS)];

    switch (draw(r, 6)) {
    case 0:
        note(r, w_kill(p, pid, &st));
        break;
    case 1:
        if (p != r->w.p)
            note(r, w_exit(p, 1));
        break;
    case 2:
        note(r, w_bind_fs(p, pid, names[draw(r, NAMES)], names[draw(r, NAMES)]));
        break;
    case 3:
        note(r, w_bind_fd(p, pid, draw_fd(r), draw_fd(r)));
        break;
    default:
        make_child(r, p);
        break;
    }
}

/** A gate that goes on at once: what was told to it may be cancelled, and more may be begun. */
static void on_done(struct call *call)
{
    struct run *r = call->user;
    size_t i = (size_t)(call - r->parked);

    note(r, call->status);
    w_check_listed(call);
    call_done(call);
    r->used[i] = false;
    if (!r->over && draw(r, 3) == 0)
        step_children(r, draw_proc(r));
}

static void fill_waiting(struct run *r, struct call *c, struct proc *p)
{
    static const int nrs[] = {SC_USLEEP, SC_YIELD, SC_PROC_WAIT, SC_PROC_WAIT_ANY};

    call_init(c, p, &abi_driven, nrs[draw(r, 4)], on_done, r);
    if (c->nr == SC_USLEEP)
        c->args.usleep.usecs = 1 + draw(r, 1000);
    else if (c->nr == SC_PROC_WAIT)
        c->args.proc_wait.pid = r->pids[draw(r, PROCS)];
}

static void step_waits(struct run *r, struct proc *p)
{
    size_t i = draw(r, PARKED);
    int status;

    if (r->used[i]) {
        call_cancel(&r->parked[i], -ECANCELED);
        return;
    }
    r->used[i] = true;
    fill_waiting(r, &r->parked[i], p);
    status = call_begin(&r->parked[i]);
    note(r, status);
    if (status == SC_PENDING)
        return;
    w_check_listed(&r->parked[i]);
    call_done(&r->parked[i]);
    r->used[i] = false;
}

/** The number of the file that a node's path leads to: the books are right about where it is. */
static uint64_t ino_of(const struct node *n)
{
    struct fs_stat st;
    struct path path;

    cr_assert_eq(node_path(n, &path), 0);
    cr_assert_eq(driver_getattr(n->mount, &vfs_nobody, path.str, &st, NULL), 0, "%s is gone",
                 path.str);
    return st.ino;
}

static int check_view(void *user, struct sc_str name, struct view *view)
{
    cr_assert_neq(ino_of(view->root), 0);
    (void)name;
    (*(uint32_t *)user)++;
    for (const struct view *v = view; v->parent != NULL; v = v->parent) {
        cr_assert_eq(v->ok_modes & ~v->parent->ok_modes, 0, "a mask grew");
        cr_assert_gt(v->refs, 0);
        cr_assert_gt(v->root->root_count, 0);
    }
    return 0;
}

static int check_file(void *user, int32_t fd, struct open_file *f)
{
    struct fs_stat st;

    (*(uint32_t *)user)++;
    cr_assert_gt(fd, 0);
    cr_assert_gt(f->refs, 0);
    cr_assert_eq(vfs_fstat(f, &vfs_nobody, &st), 0);
    cr_assert_eq(ino_of(f->node), st.ino, "a handle's name is another file's");
    cr_assert_gt(f->node->open_count, 0);
    cr_assert_eq(f->mode & ~f->view_modes, 0, "a handle has more rights than its view");
    return 0;
}

/** What holds after every step, counted from the processes up. */
static void check(struct run *r)
{
    uint32_t name_count = 0;
    uint32_t fd_count = 0;
    uint32_t proc_count = 0;
    uint32_t call_count = 0;
    struct census now;

    for (struct proc *p = r->w.m->procs; p != NULL; p = p->hh.next) {
        proc_count++;
        cr_assert(!proc_has_ended(p) || (p->ns.count == 0 && p->fds.count == 0));
        (void)ns_each(&p->ns, check_view, &name_count);
        (void)fd_each(&p->fds, check_file, &fd_count);
    }
    for (size_t i = 0; i < PARKED; i++)
        call_count += r->used[i] ? 1 : 0;
    machine_census(r->w.m, &now);
    cr_assert_eq(now.procs, proc_count, "seed %lu, step %d", r->seed, r->step);
    cr_assert_eq(now.names, name_count, "seed %lu, step %d", r->seed, r->step);
    cr_assert_eq(now.fds, fd_count, "seed %lu, step %d", r->seed, r->step);
    cr_assert_eq(now.calls, call_count, "seed %lu, step %d", r->seed, r->step);
    cr_assert_leq(now.files, fd_count, "seed %lu, step %d", r->seed, r->step);
    cr_assert_leq(now.timers, call_count, "seed %lu, step %d", r->seed, r->step);
}

/** Play a sequence and end everything. Returns the digest of all answers. */
static uint64_t play(uint64_t seed)
{
    static void (*const steps[])(struct run *, struct proc *) = {
        step_names,   step_names,   step_links,  step_links,    step_users,
        step_handles, step_handles, step_memory, step_children, step_waits};
    static struct run r;
    struct machine_limits limits = {.procs = PROCS + 4, .fds = 16, .names = 3, .regions = 8};

    memset(&r, 0, sizeof(r));
    r.seed = r.state = seed;
    world_open_limited(&r.w, CLOCK_VIRTUAL, &limits);
    for (r.step = 0; r.step < STEPS; r.step++) {
        steps[draw(&r, sizeof(steps) / sizeof(steps[0]))](&r, draw_proc(&r));
        if (draw(&r, 8) == 0)
            world_run(&r.w);
        check(&r);
    }
    note(&r, (int64_t)machine_now_ns(r.w.m));
    r.over = true;
    listener_remove(r.w.m, &r.w.listener);
    machine_free(r.w.m);
    for (size_t i = 0; i < PARKED; i++)
        cr_assert_not(r.used[i], "seed %lu: a call was never told", seed);
    return r.digest;
}

Test(kernel_random, invariants_hold_and_the_same_seed_gives_the_same_answers)
{
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        uint64_t first = play(seed);

        cr_assert_eq(play(seed), first, "seed %lu", seed);
    }
}
