/* SPDX-License-Identifier: MIT */
/* Transfers in slices, by a gate whose buffer holds 16 bytes. Cites: ABI, calls 0, 32, 33. */
#include "tests/unit/kernel/world.h"

#include "server/kernel/call/fault.h"

#include <criterion/criterion.h>
#include <errno.h>

enum { SLICE = 16, WHOLE = 5 * SLICE + 3, RW = FM_READ | FM_WRITE | FM_CREATE };

/** A caller and its memory. */
struct gate {
    struct call call;
    struct call_mover mover;
    char memory[WHOLE];
    char buffer[SLICE];
    char slice[SLICE];
    int fetch_error;
    bool done;
};

static struct world w;
static int begun;
static int returned;
static size_t printed; /* the whole length that events tell */

static void on_event(struct listener *self, struct machine *m, const struct event *event)
{
    (void)self;
    (void)m;
    begun += event->kind == EVENT_CALL;
    returned += event->kind == EVENT_RETURN;
    if (event->kind == EVENT_RETURN && event->call->nr == SC_DBG_PRINT)
        printed = event->call->args.dbg_print.msg.len;
}

static struct listener listener = {.kinds = EVENT_CALL | EVENT_RETURN, .on_event = on_event};

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
    begun = 0;
    returned = 0;
    listener_add(w.m, &listener);
}

static void teardown(void)
{
    listener_remove(w.m, &listener);
    world_close(&w);
}

TestSuite(transfer, .init = setup, .fini = teardown);

static int fetch(struct call_mover *mover, uint64_t at, size_t size)
{
    struct gate *g = container_of(mover, struct gate, mover);

    cr_assert(size <= SLICE && at + size <= WHOLE);
    memcpy(g->slice, g->memory + at, size);
    return g->fetch_error;
}

static int deliver(struct call_mover *mover, uint64_t at, const char *bytes, size_t size)
{
    struct gate *g = container_of(mover, struct gate, mover);

    cr_assert(bytes == (at == 0 ? g->buffer : g->slice));
    memcpy(g->memory + at, bytes, size);
    return 0;
}

static void on_done(struct call *call)
{
    ((struct gate *)call->user)->done = true;
}

static void gate_init(struct gate *g, struct proc *p, int nr, char letter)
{
    *g = (struct gate){.mover = {SLICE, g->slice, SLICE, fetch, deliver}};
    memset(g->memory, letter, WHOLE);
    memcpy(g->buffer, g->memory, SLICE);
    call_init(&g->call, p, &abi_i386, nr, on_done, g);
    g->call.mover = &g->mover;
}

static int begin_write(struct gate *g, struct proc *p, int fd, char letter)
{
    gate_init(g, p, SC_WRITE, letter);
    g->call.args.write = (struct sc_write_args){fd, 0, {g->buffer, WHOLE}};
    return call_begin(&g->call);
}

static int begin_read(struct gate *g, int fd, int64_t off)
{
    gate_init(g, w.p, SC_READ, '#');
    g->call.args.read = (struct sc_read_args){fd, off, WHOLE};
    g->call.out.read.data = (struct sc_buf){g->buffer, SLICE, 0};
    return call_begin(&g->call);
}

static int begin_print(struct gate *g, struct proc *p, char letter)
{
    gate_init(g, p, SC_DBG_PRINT, letter);
    g->call.args.dbg_print.msg = (struct sc_str){g->buffer, WHOLE};
    return call_begin(&g->call);
}

/** Whether a text is so often a letter from @at on. */
static bool is_run(const char *text, size_t at, char letter, size_t count)
{
    for (size_t i = at; i < at + count; i++) {
        if (text[i] != letter)
            return false;
    }
    return true;
}

static int read_all(const char *file, char *buf, size_t size)
{
    int fd = w_open(w.p, file, FM_READ);
    int count = w_read(w.p, fd, 0, buf, size);

    cr_assert_eq(w_close(w.p, fd), 0);
    return count;
}

Test(transfer, write_and_read_of_any_size)
{
    struct gate g;
    int fd = w_open(w.p, "root:/a", RW);

    cr_assert_eq(begin_write(&g, w.p, fd, 'a'), SC_PENDING);
    for (int i = 0; i < WHOLE / SLICE; i++) {
        cr_assert_not(g.done);
        machine_tick(w.m);
    }
    cr_assert(g.done, "a slice a tick");
    cr_assert_eq(g.call.status, 0);
    cr_assert_eq(g.call.out.write.size, WHOLE);
    call_done(&g.call);
    cr_assert_eq(begin_read(&g, fd, 1), SC_PENDING);
    world_run(&w);
    cr_assert(g.done && g.call.status == 0);
    cr_assert_eq(g.call.out.read.data.len, WHOLE - 1, "short at the end only");
    cr_assert(is_run(g.memory, 0, 'a', WHOLE - 1) && g.memory[WHOLE - 1] == '#');
    call_done(&g.call);
    cr_assert_eq(begin_read(&g, fd, WHOLE - SLICE + 1), 0, "less than a slice: the gate stores it");
    cr_assert_eq(g.call.moved, 0);
    cr_assert_eq(g.call.out.read.data.len, SLICE - 1);
    call_done(&g.call);
    cr_assert_eq(begin_read(&g, fd, WHOLE), 0);
    cr_assert_eq(g.call.out.read.data.len, 0);
    call_done(&g.call);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
    cr_assert_eq(begun, returned, "each is told once");
}

Test(transfer, one_slice_of_all_a_tick_in_turns)
{
    struct gate g[3];
    int fd = w_open(w.p, "root:/a", RW);

    for (int i = 0; i < 3; i++)
        cr_assert_eq(begin_write(&g[i], w.p, fd, 'a'), SC_PENDING);
    for (int i = 0; i < 6; i++) {
        machine_tick(w.m);
        cr_assert_eq(g[i % 3].call.moved, (uint64_t)(2 + i / 3) * SLICE);
    }
    world_run(&w);
    for (int i = 0; i < 3; i++) {
        cr_assert(g[i].done);
        call_done(&g[i].call);
    }
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/** Neither another who appends in slices nor one whose bytes fit the buffer comes in between. */
Test(transfer, who_appends_is_not_interrupted)
{
    char all[2 * WHOLE + 2];
    struct call small;
    struct gate g[2];
    int fd = w_open(w.p, "root:/a", RW | FM_APPEND);
    int other = w_open(w.p, "root:/a", FM_WRITE);

    cr_assert_eq(begin_write(&g[0], w.p, fd, 'a'), SC_PENDING);
    cr_assert_eq(begin_write(&g[1], w.p, fd, 'b'), SC_PENDING);
    cr_assert_eq(g[1].call.moved, 0);
    cr_assert_eq(BEGIN(&small, w.p, WRITE, write, other, 2 * WHOLE, S("c")), SC_PENDING);
    world_run(&w);
    cr_assert(g[0].done && g[1].done && small.user == &small);
    cr_assert_eq(small.status, 0);
    for (int i = 0; i < 2; i++)
        call_done(&g[i].call);
    call_done(&small);
    cr_assert_eq(read_all("root:/a", all, sizeof(all)), 2 * WHOLE + 1);
    cr_assert(is_run(all, 0, 'a', WHOLE) && is_run(all, WHOLE, 'b', WHOLE));
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_close(w.p, other), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(transfer, a_writer_to_another_file_does_not_wait)
{
    struct gate g;
    int fd = w_open(w.p, "root:/a", RW | FM_APPEND);
    int other = w_open(w.p, "root:/b", RW);

    cr_assert_eq(begin_write(&g, w.p, fd, 'a'), SC_PENDING);
    cr_assert_eq(w_write(w.p, other, 0, "b"), 1);
    world_run(&w);
    call_done(&g.call);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_close(w.p, other), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
    cr_assert_eq(w_delete(w.p, "root:/b"), 0);
}

Test(transfer, print_is_whole)
{
    struct gate g[2];

    cr_assert_eq(begin_print(&g[0], w.p, 'a'), SC_PENDING);
    cr_assert_eq(begin_print(&g[1], w.p, 'b'), SC_PENDING);
    world_run(&w);
    cr_assert_eq(strlen(w.log), 2 * WHOLE);
    cr_assert(is_run(w.log, 0, 'a', WHOLE) && is_run(w.log, WHOLE, 'b', WHOLE));
    cr_assert_eq(printed, WHOLE);
    cr_assert_eq(begun, 2);
    cr_assert_eq(returned, 2);
    for (int i = 0; i < 2; i++)
        call_done(&g[i].call);
}

/** The next slice waits for listeners that lag, and nobody prints meanwhile. */
Test(transfer, print_waits_for_listeners)
{
    struct gate g[2];

    cr_assert_eq(begin_print(&g[0], w.p, 'a'), SC_PENDING);
    machine_stall(w.m);
    machine_tick(w.m);
    cr_assert_eq(begin_print(&g[1], w.p, 'b'), SC_PENDING);
    world_run(&w);
    cr_assert_eq(strlen(w.log), 2 * SLICE);
    machine_unstall(w.m);
    world_run(&w);
    cr_assert_eq(strlen(w.log), 2 * WHOLE);
    cr_assert(is_run(w.log, 0, 'a', WHOLE));
    for (int i = 0; i < 2; i++)
        call_done(&g[i].call);
}

Test(transfer, killed_in_between)
{
    struct gate g[2];
    struct sc_proc_status st;
    int pid = w_new_proc(w.p);
    struct proc *child = proc_child(w.p, pid);
    int fd = w_open(w.p, "root:/a", RW | FM_APPEND);
    char all[2 * WHOLE];

    cr_assert_eq(proc_drive(child, "child"), 0);
    cr_assert_eq(w_bind_fd(w.p, pid, 1, fd), 0);
    cr_assert_eq(begin_write(&g[0], child, 1, 'a'), SC_PENDING);
    cr_assert_eq(begin_write(&g[1], w.p, fd, 'b'), SC_PENDING);
    machine_tick(w.m);
    cr_assert_eq(w_kill(w.p, pid, &st), 0);
    cr_assert(g[0].done);
    cr_assert_eq(g[0].call.status, -ECANCELED);
    world_run(&w);
    cr_assert(g[1].done);
    cr_assert_eq(read_all("root:/a", all, sizeof(all)), 2 * SLICE + WHOLE);
    cr_assert(is_run(all, 0, 'a', 2 * SLICE) && is_run(all, 2 * SLICE, 'b', WHOLE));
    for (int i = 0; i < 2; i++)
        call_done(&g[i].call);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

Test(transfer, a_rule_cuts_the_whole)
{
    const struct fault_spec rule = {
        .nr = SC_WRITE, .probability = 1, .times = 1, .transfer = 2 * SLICE + 1};
    uint32_t id;
    struct gate g;
    int fd = w_open(w.p, "root:/a", RW);

    cr_assert_eq(fault_add(w.m, &rule, NULL, &id), 0);
    cr_assert_eq(begin_write(&g, w.p, fd, 'a'), SC_PENDING);
    world_run(&w);
    cr_assert_eq(g.call.out.write.size, 2 * SLICE + 1);
    call_done(&g.call);
    fault_clear(w.m);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}

/** What was moved by then is the answer; who moved nothing learns the error. */
Test(transfer, stops_where_there_is_no_room)
{
    struct gate g;
    int fd;

    cr_assert_eq(machine_mount(w.m, "small", "ramfs", "quota_bytes=40", NULL), 0);
    cr_assert_eq(ns_add(&w.p->ns, S("small"), ns_find(&w.m->init->ns, S("small")), NULL), 0);
    fd = w_open(w.p, "small:/a", RW);
    cr_assert_eq(begin_write(&g, w.p, fd, 'a'), SC_PENDING);
    world_run(&w);
    cr_assert_eq(g.call.status, 0);
    cr_assert_eq(g.call.out.write.size, 2 * SLICE);
    call_done(&g.call);
    cr_assert_eq(w_write(w.p, fd, 2 * SLICE, "12345678"), 8);
    gate_init(&g, w.p, SC_WRITE, 'b');
    g.call.args.write = (struct sc_write_args){fd, 40, {g.buffer, WHOLE}};
    cr_assert_eq(call_begin(&g.call), -EDQUOT);
    call_done(&g.call);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_rm_fs(w.p, "small"), 0);
    cr_assert_eq(w_rm_fs(w.m->init, "small"), 0);
}

Test(transfer, stops_when_the_callers_memory_is_gone)
{
    struct gate g;
    int fd = w_open(w.p, "root:/a", RW);

    cr_assert_eq(begin_write(&g, w.p, fd, 'a'), SC_PENDING);
    g.fetch_error = -EIO;
    world_run(&w);
    cr_assert_eq(g.call.status, 0);
    cr_assert_eq(g.call.out.write.size, SLICE);
    call_done(&g.call);
    cr_assert_eq(w_close(w.p, fd), 0);
    cr_assert_eq(w_delete(w.p, "root:/a"), 0);
}
