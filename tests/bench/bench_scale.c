/* SPDX-License-Identifier: MIT */
/*
 * What an operation costs as there is more and more: ns each, with N of them there.
 *
 * Much memory fits no cache, so everything grows. How much that alone costs is measured, too, in
 * the same rounds: N plain records lead from one to another, and eight of those steps are one
 * operation. What grows by more than twice a logarithm and that is flagged.
 */
#include "fsdrivers/registry.h"
#include "server/kernel/call/call.h"
#include "server/kernel/machine.h"
#include "tests/bench/bench.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STEPS = 3, DEPTH_MAX = 16, BLOCK = 4096 };

static const struct machine_limits wide = {.procs = 1 << 20,
                                           .fds = 1 << 20,
                                           .names = 1 << 20,
                                           .all_fds = 1 << 20,
                                           .all_names = 1 << 20,
                                           .files = 1 << 20,
                                           .views = 1 << 20,
                                           .channels = 1 << 20,
                                           .storage = UINT64_C(1) << 34};

/* A host that gives the time and nothing else. */

static uint64_t now_ns(void *user)
{
    (void)user;
    return 0;
}

static void wake_at(void *user, struct machine *m, uint64_t deadline_ns)
{
    (void)user;
    (void)m;
    (void)deadline_ns;
}

static const struct host_ops host = {.now_ns = now_ns, .wall_ns = now_ns, .wake_at = wake_at};

/** What a work measured at one N. */
struct costs {
    double ns[4];
    double bytes;
};

/** A work with several operations, which it names. */
struct work {
    const char *name[5]; /* NULL ends them */
    bool weighs;         /* costs.bytes is told, too */
    bool linear;         /* N is the size of the operation itself: it may grow so */
    size_t n[STEPS];
    void (*run)(size_t n, struct costs *out);
};

/** Processor time of this thread in ns: who else uses the host does not count. */
static uint64_t cpu_ns(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static double since(uint64_t start, size_t n)
{
    return (double)(cpu_ns() - start) / (double)n;
}

static double memory_used(void)
{
    return (double)mallinfo2().uordblks + (double)mallinfo2().hblkhd;
}

static struct machine *open_machine(void)
{
    const struct machine_spec spec = {
        .name = "m", .clock = CLOCK_VIRTUAL, .limits = wide, .fs_open = registry_open};
    struct machine *m;

    BENCH_NEED(machine_new(&spec, &host, NULL, &m) == 0);
    BENCH_NEED(machine_mount(m, "root", "ramfs", NULL, NULL) == 0);
    return m;
}

static void on_done(struct call *call)
{
    call_done(call);
}

static struct sc_str str(const char *s)
{
    return (struct sc_str){s, strlen(s)};
}

#define CALL(c, p, UP, low, ...)                                                                   \
    (call_init((c), (p), &abi_driven, SC_##UP, on_done, NULL),                                     \
     (c)->args.low = (struct sc_##low##_args){__VA_ARGS__}, call_begin(c))

static int32_t open_file_at(struct machine *m, const char *file, uint32_t mode)
{
    struct call c;

    BENCH_NEED(CALL(&c, m->init, OPEN, open, str(file), mode) == 0);
    return c.out.open.fd;
}

static void run_procs(size_t n, struct costs *out)
{
    struct machine *m = open_machine();
    double before = memory_used();
    uint64_t start = cpu_ns();
    struct call c;

    for (size_t i = 0; i < n; i++) {
        BENCH_NEED(CALL(&c, m->init, NEW_PROC, new_proc, 0) == 0);
        BENCH_NEED(proc_drive(proc_find(m, c.out.new_proc.pid), "driven") == 0);
    }
    out->ns[0] = since(start, n);
    out->bytes = (memory_used() - before) / (double)n;
    start = cpu_ns();
    for (size_t i = 0; i < n; i++)
        BENCH_NEED(CALL(&c, m->init, PROC_STATUS, proc_status, (int32_t)(2 + i * 7919 % n)) == 0);
    out->ns[1] = since(start, n);
    start = cpu_ns();
    for (size_t i = 0; i < n / 2; i++)
        BENCH_NEED(CALL(&c, m->init, PROC_KILL, proc_kill, (int32_t)(2 + i * 2)) == 0);
    out->ns[2] = since(start, n / 2);
    start = cpu_ns();
    machine_free(m);
    out->ns[3] = since(start, n / 2);
}

/** Processes with what an idle one holds: a name, a handle and a waiting call's place. */
static void run_idle(size_t n, struct costs *out)
{
    struct machine *m = open_machine();
    int32_t fd = open_file_at(m, "root:/file", FM_READ | FM_WRITE | FM_CREATE);
    double before = memory_used();
    uint64_t start = cpu_ns();
    struct call c;

    for (size_t i = 0; i < n; i++) {
        int32_t pid;

        BENCH_NEED(CALL(&c, m->init, NEW_PROC, new_proc, 0) == 0);
        pid = c.out.new_proc.pid;
        BENCH_NEED(proc_drive(proc_find(m, pid), "driven") == 0);
        BENCH_NEED(CALL(&c, m->init, BIND_FS, bind_fs, pid, str("root"), str("root")) == 0);
        BENCH_NEED(CALL(&c, m->init, BIND_FD, bind_fd, pid, 1, fd) == 0);
    }
    out->ns[0] = since(start, n);
    out->bytes = (memory_used() - before) / (double)n;
    start = cpu_ns();
    machine_free(m);
    out->ns[1] = since(start, n);
}

/** Children that ended, each waited for. */
static void run_waits(size_t n, struct costs *out)
{
    struct machine *m = open_machine();
    int32_t first = m->next_pid;
    uint64_t start;
    struct call c;

    for (size_t i = 0; i < n; i++)
        BENCH_NEED(CALL(&c, m->init, NEW_PROC, new_proc, 0) == 0);
    for (size_t i = 0; i < n; i++)
        BENCH_NEED(proc_drive(proc_find(m, first + (int32_t)i), "kid") == 0);
    start = cpu_ns();
    for (size_t i = 0; i < n; i++)
        BENCH_NEED(CALL(&c, proc_find(m, first + (int32_t)i), EXIT, exit, 0) == 0);
    out->ns[0] = since(start, n);
    start = cpu_ns();
    for (size_t i = 0; i < n; i++)
        BENCH_NEED(CALL(&c, m->init, PROC_WAIT_ANY, proc_wait_any, 0) == 0);
    out->ns[1] = since(start, n);
    machine_free(m);
}

static void run_fds(size_t n, struct costs *out)
{
    struct machine *m = open_machine();
    char buf[1];
    double before;
    uint64_t start;
    struct call c;
    int32_t first = open_file_at(m, "root:/file", FM_READ | FM_WRITE | FM_CREATE);

    before = memory_used();
    start = cpu_ns();
    for (size_t i = 0; i < n; i++)
        (void)open_file_at(m, "root:/file", FM_READ);
    out->ns[0] = since(start, n);
    out->bytes = (memory_used() - before) / (double)n;
    start = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        call_init(&c, m->init, &abi_driven, SC_READ, on_done, NULL);
        c.args.read = (struct sc_read_args){first + 1 + (int32_t)(i * 7919 % n), 0, 1};
        c.out.read.data = (struct sc_buf){buf, 1, 0};
        BENCH_NEED(call_begin(&c) == 0);
    }
    out->ns[1] = since(start, n);
    start = cpu_ns();
    for (size_t i = 0; i < n; i++)
        BENCH_NEED(CALL(&c, m->init, CLOSE, close, first + 1 + (int32_t)i) == 0);
    out->ns[2] = since(start, n);
    machine_free(m);
}

static void run_names(size_t n, struct costs *out)
{
    struct machine *m = open_machine();
    double before = memory_used();
    uint64_t start = cpu_ns();
    char name[32];
    char file[64];
    struct call c;

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "name%zu", i);
        BENCH_NEED(
            CALL(&c, m->init, SUBFS, subfs, str(name), str("root"), str("/"), SC_FM_NAMED, 0) == 0);
    }
    out->ns[0] = since(start, n);
    out->bytes = (memory_used() - before) / (double)n;
    start = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(file, sizeof(file), "name%zu:/", i * 7919 % n);
        BENCH_NEED(CALL(&c, m->init, STAT, stat, str(file)) == 0);
    }
    out->ns[1] = since(start, n);
    start = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "name%zu", i);
        BENCH_NEED(CALL(&c, m->init, RM_FS, rm_fs, str(name)) == 0);
    }
    out->ns[2] = since(start, n);
    machine_free(m);
}

/** Memory for calls. It is touched here, so that its page faults are no part of what the first use costs. */
static struct call *new_calls(size_t n)
{
    struct call *calls = malloc(n * sizeof(*calls));

    BENCH_NEED(calls != NULL);
    memset(calls, UCHAR_MAX, n * sizeof(*calls));
    return calls;
}

static void run_sleepers(size_t n, struct costs *out)
{
    struct machine *m = open_machine();
    struct call *calls = new_calls(n);
    uint64_t start = cpu_ns();

    for (size_t i = 0; i < n; i++)
        BENCH_NEED(CALL(&calls[i], m->init, USLEEP, usleep, (int64_t)(1 + i * 7919 % n)) ==
                   SC_PENDING);
    out->ns[0] = since(start, n);
    start = cpu_ns();
    while (m->clock_timers.count > 0)
        machine_tick(m);
    out->ns[1] = since(start, n);
    free(calls);
    machine_free(m);
}

/** Readers of channels that wait, each of its own. */
static void run_readers(size_t n, struct costs *out)
{
    struct machine *m = open_machine();
    struct call *calls = new_calls(n);
    int32_t *ends = calloc(2 * n, sizeof(*ends));
    static char buf[1];
    double before = memory_used();
    uint64_t start = cpu_ns();
    struct call c;

    BENCH_NEED(ends != NULL);
    for (size_t i = 0; i < n; i++) {
        BENCH_NEED(CALL(&c, m->init, MK_CHANNEL, mk_channel, FM_BLOCKING) == 0);
        ends[2 * i] = c.out.mk_channel.ends.first;
        ends[2 * i + 1] = c.out.mk_channel.ends.second;
    }
    out->ns[0] = since(start, n);
    out->bytes = (memory_used() - before) / (double)n;
    start = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        call_init(&calls[i], m->init, &abi_driven, SC_READ, on_done, NULL);
        calls[i].args.read = (struct sc_read_args){ends[2 * i], 0, 1};
        calls[i].out.read.data = (struct sc_buf){buf, 1, 0};
        BENCH_NEED(call_begin(&calls[i]) == SC_PENDING);
    }
    out->ns[1] = since(start, n);
    start = cpu_ns();
    for (size_t i = 0; i < n; i++)
        BENCH_NEED(CALL(&c, m->init, WRITE, write, ends[2 * (i * 7919 % n) + 1], 0, str("x")) == 0);
    out->ns[2] = since(start, n);
    BENCH_NEED(calls[n - 1].state == CALL_FINISHED);
    machine_free(m);
    free(calls);
    free(ends);
}

static void run_machines(size_t n, struct costs *out)
{
    struct machine **all = calloc(n, sizeof(struct machine *));
    double before = memory_used();
    uint64_t start = cpu_ns();

    BENCH_NEED(all != NULL);
    for (size_t i = 0; i < n; i++)
        all[i] = open_machine();
    out->ns[0] = since(start, n);
    out->bytes = (memory_used() - before) / (double)n;
    start = cpu_ns();
    for (size_t i = 0; i < n; i++)
        machine_free(all[i]);
    out->ns[1] = since(start, n);
    free(all);
}

static void run_directory(size_t n, struct costs *out)
{
    struct machine *m = open_machine();
    double before = memory_used();
    uint64_t start = cpu_ns();
    char file[64];
    struct call c;

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(file, sizeof(file), "root:/file%zu", i);
        BENCH_NEED(CALL(&c, m->init, CREATE, create, str(file), FT_REGULAR) == 0);
    }
    out->ns[0] = since(start, n);
    out->bytes = (memory_used() - before) / (double)n;
    start = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(file, sizeof(file), "root:/file%zu", i * 7919 % n);
        BENCH_NEED(CALL(&c, m->init, STAT, stat, str(file)) == 0);
    }
    out->ns[1] = since(start, n);
    start = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        (void)snprintf(file, sizeof(file), "root:/file%zu", i);
        BENCH_NEED(CALL(&c, m->init, DELETE, delete, str(file)) == 0);
    }
    out->ns[2] = since(start, n);
    machine_free(m);
}

/** Paths of @n components. */
static void run_depth(size_t n, struct costs *out)
{
    enum { COUNT = 200000 };
    struct machine *m = open_machine();
    char file[256] = "root:";
    uint64_t start;
    struct call c;

    for (size_t i = 0; i < n; i++) {
        (void)strcat(file, "/dir");
        BENCH_NEED(CALL(&c, m->init, CREATE, create, str(file), FT_DIR) == 0);
    }
    start = cpu_ns();
    for (size_t i = 0; i < COUNT; i++)
        BENCH_NEED(CALL(&c, m->init, STAT, stat, str(file)) == 0);
    out->ns[0] = since(start, COUNT);
    machine_free(m);
}

enum { RECORD = 512, HOPS = 8 };

/** The host's memory: records that lead from one to another in a scattered order, HOPS of them. */
static void run_memory(size_t n, struct costs *out)
{
    void ***record = calloc(n, sizeof(*record));
    void **at;
    uint64_t start;

    BENCH_NEED(record != NULL);
    for (size_t i = 0; i < n; i++) {
        record[i] = calloc(1, RECORD);
        BENCH_NEED(record[i] != NULL);
    }
    for (size_t i = 0; i < n; i++)
        *record[i] = record[(i + 7919) % n];
    at = record[0];
    start = cpu_ns();
    for (size_t i = 0; i < n * HOPS; i++)
        at = *at;
    out->ns[0] = since(start, n);
    BENCH_NEED(at != NULL);
    for (size_t i = 0; i < n; i++)
        free(record[i]);
    free(record);
}

static const struct work works[] = {
    {{"process: make", "process: status", "process: kill", "process: end of all", NULL},
     true,
     false,
     {1000, 10000, 100000},
     run_procs},
    {{"idle process: make", "idle process: end", NULL},
     true,
     false,
     {1000, 10000, 100000},
     run_idle},
    {{"child: exit", "child: wait", NULL}, false, false, {1000, 10000, 100000}, run_waits},
    {{"handle: open", "handle: read", "handle: close", NULL},
     true,
     false,
     {100, 1000, 10000},
     run_fds},
    {{"name: make", "name: use", "name: remove", NULL}, true, false, {100, 1000, 10000}, run_names},
    {{"sleeper: sleep", "sleeper: wake", NULL}, false, false, {100, 1000, 10000}, run_sleepers},
    {{"channel: make", "channel: wait", "channel: wake", NULL},
     true,
     false,
     {100, 1000, 10000},
     run_readers},
    {{"machine: make", "machine: free", NULL}, true, false, {100, 1000, 10000}, run_machines},
    {{"directory: create", "directory: stat", "directory: delete", NULL},
     true,
     false,
     {1000, 10000, 100000},
     run_directory},
    {{"path of N parts: stat", NULL}, false, true, {1, 4, DEPTH_MAX}, run_depth},
};

/** Whether a cost grows faster than twice a logarithm would, and than the host's @memory does. */
static bool grows(const struct work *w, const double at[STEPS], const double memory[STEPS])
{
    const double log_growth = log2((double)w->n[STEPS - 1] + 1) / log2((double)w->n[0] + 1);

    if (w->linear)
        return at[STEPS - 1] / at[0] > 2 * (double)w->n[STEPS - 1] / (double)w->n[0];
    return at[STEPS - 1] > 2 * (at[0] * log_growth + memory[STEPS - 1] - memory[0]);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median_of(const struct costs *rounds, size_t count, size_t op)
{
    double values[101];

    for (size_t i = 0; i < count; i++)
        values[i] = rounds[i].ns[op];
    qsort(values, count, sizeof(*values), by_size);
    return values[count / 2];
}

static void measure(const struct work *w, size_t rounds)
{
    static struct costs costs[STEPS][101];
    static struct costs plain[STEPS][101];
    double memory[STEPS];

    for (size_t i = 0; i < rounds; i++) {
        for (size_t step = 0; step < STEPS; step++) { /* alternating */
            (void)malloc_trim(0); /* each begins with a small heap, and pays for its pages */
            w->run(w->n[step], &costs[step][i]);
            run_memory(w->n[step], &plain[step][i]);
        }
    }
    for (size_t step = 0; step < STEPS; step++)
        memory[step] = median_of(plain[step], rounds, 0);
    for (size_t op = 0; w->name[op] != NULL; op++) {
        double at[STEPS];

        for (size_t step = 0; step < STEPS; step++)
            at[step] = median_of(costs[step], rounds, op);
        (void)printf("%-24s %7zu: %7.0f ns %7zu: %7.0f ns %7zu: %7.0f ns%s", w->name[op], w->n[0],
                     at[0], w->n[1], at[1], w->n[2], at[2], grows(w, at, memory) ? "  GROWS" : "");
        if (op == 0 && w->weighs)
            (void)printf("  %.0f bytes each", costs[STEPS - 1][0].bytes);
        (void)printf("\n");
    }
    if (!w->linear)
        (void)printf("%-24s %7zu: %7.0f ns %7zu: %7.0f ns %7zu: %7.0f ns\n", "  the host's memory",
                     w->n[0], memory[0], w->n[1], memory[1], w->n[2], memory[2]);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 5;

    if (rounds < 1 || rounds > 101)
        bench_fail("usage: %s [ROUNDS], 1 to 101; the median counts", argv[0]);
    for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++)
        measure(&works[i], rounds);
    return 0;
}
