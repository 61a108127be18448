/* SPDX-License-Identifier: MIT */
#include "tests/guest/host/lab.h"

#include "fsdrivers/registry.h"
#include "server/host/memory.h"
#include "tests/count_fds.h"
#include "tests/fini.h"
#include "tests/unlimited.h"

#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 60000, NS_PER_MS = 1000000, EXIT_SKIP = 77, IMAGE_MAX = 1024 * 1024 };

/* Whoever waits here runs the loop until it is stopped, then looks whether what it waits for is
 * there: callbacks that bring news stop the loop. UV_RUN_ONCE may go to sleep after the news. */

/* The host. */

static uint64_t clock_ns(clockid_t id)
{
    struct timespec ts;

    (void)clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static uint64_t host_now(void *host)
{
    (void)host;
    return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t host_wall(void *host)
{
    (void)host;
    return clock_ns(CLOCK_REALTIME);
}

static void on_alarm(uv_timer_t *timer)
{
    machine_tick(((struct lab *)timer->data)->m);
}

static void host_wake_at(void *host, struct machine *m, uint64_t deadline_ns)
{
    struct lab *l = host;
    uint64_t now = host_now(host);

    (void)m;
    if (deadline_ns == HOST_WAKE_NEVER)
        (void)uv_timer_stop(&l->alarm);
    else
        (void)uv_timer_start(&l->alarm, on_alarm,
                             deadline_ns > now ? (deadline_ns - now) / NS_PER_MS + 1 : 0, 0);
}

static int host_spawn(void *host, struct proc *proc, const struct exec_image *image,
                      struct why *why, struct executor **out)
{
    return bridge_spawn(((struct lab *)host)->bridge, proc, image, why, out);
}

static int host_source_open(void *host, const char *path, bool any, bool readonly,
                            struct hostfile **out, struct why *why)
{
    (void)host;
    (void)any;
    (void)readonly;
    (void)out;
    return why_add(why, -EACCES, "%s: the laboratory has no local files", path);
}

/* Nothing here is slow: there are no workers. */
static const struct host_ops host = {
    .now_ns = host_now,
    .wall_ns = host_wall,
    .wake_at = host_wake_at,
    .spawn = host_spawn,
    .memory_new = host_memory_new,
    .descriptors_take = unlimited_take,
    .descriptors_give = unlimited_give,
    .source_open = host_source_open,
};

/* Life. */

static void add_log(struct lab *l, const char *bytes, size_t len)
{
    size_t room = sizeof(l->log) - 1 - l->log_len;

    len = len < room ? len : room;
    memcpy(l->log + l->log_len, bytes, len);
    l->log_len += len;
    l->log[l->log_len] = '\0';
}

static void on_event(struct listener *self, struct machine *m, const struct event *event)
{
    struct lab *l = container_of(self, struct lab, listener);
    char line[512];

    (void)m;
    uv_stop(&l->loop);
    if (event->kind == EVENT_LOG) {
        add_log(l, event->bytes, event->len);
    } else if (event->len > 0) {
        int len =
            snprintf(line, sizeof(line), "%s: %.*s\n", event->kind == EVENT_NOTE ? "note" : "end",
                     (int)event->len, event->bytes);
        add_log(l, line, (size_t)len);
    }
}

static void on_limit(uv_timer_t *timer)
{
    const struct lab *l = timer->data;

    (void)fprintf(stderr, "the test hangs; the log so far:\n%s\n", l->log);
    abort();
}

static void open_machine(struct lab *l, enum lab_clock clock)
{
    struct machine_spec spec = {.name = "lab",
                                .clock = clock == LAB_REAL ? CLOCK_REAL : CLOCK_VIRTUAL,
                                .lockstep = clock == LAB_LOCKSTEP,
                                .seed = 1,
                                .fs_open = registry_open};

    cr_assert_eq(machine_new(&spec, &host, l, &l->m), 0);
    list_init(&l->listener.link);
    l->listener.kinds = EVENT_LOG | EVENT_NOTE | EVENT_END;
    l->listener.on_event = on_event;
    listener_add(l->m, &l->listener);
    cr_assert_eq(machine_mount(l->m, "home", "ramfs", NULL, NULL), 0);
    cr_assert_eq(machine_mount(l->m, "io", "devfs", NULL, NULL), 0);
    cr_assert_eq(proc_new(l->m->init, &l->p), 0);
    cr_assert_eq(proc_copy_names(l->m->init, l->p), 0);
    cr_assert_eq(proc_drive(l->p, "lab"), 0);
    machine_census(l->m, &l->start);
}

/** A line of server/rpc/trace/record.h's form for a call of a guest. EXIT does not return. */
static void on_call(struct listener *self, struct machine *m, const struct event *event)
{
    struct lab *l = container_of(self, struct lab, recorder);
    const struct call *call = event->call;

    (void)m;
    if (call->abi != &abi_driven && (event->kind == EVENT_RETURN || call->nr == SC_EXIT))
        (void)fprintf(l->record, "{\"gate\":\"%s\",\"call\":\"%s\",\"status\":%d}\n",
                      call->abi->name, sc_call_by_nr(call->nr)->name, call->status);
}

/** As scboxd does: tests/coverage reads it. */
static void open_record(struct lab *l)
{
    const char *dir = getenv("SCBOXD_RECORD");
    char name[PATH_MAX];

    if (dir == NULL || *dir == '\0')
        return;
    (void)snprintf(name, sizeof(name), "%s/%ld.jsonl", dir, (long)getpid());
    l->record = fopen(name, "ae");
    cr_assert_not_null(l->record, "%s", name);
    (void)setvbuf(l->record, NULL, _IOLBF, 0); /* whole lines, also of labs that are killed */
    l->recorder =
        (struct listener){.kinds = EVENT_CALL | EVENT_RETURN, .aside = true, .on_event = on_call};
    listener_add(l->m, &l->recorder);
}

void lab_open(struct lab *l)
{
    lab_open_on(l, LAB_REAL);
}

void lab_open_on(struct lab *l, enum lab_clock clock)
{
    memset(l, 0, sizeof(*l));
    cr_assert_eq(uv_loop_init(&l->loop), 0); /* the first one opens descriptors of libuv's own */
    cr_assert_eq(uv_loop_close(&l->loop), 0);
    l->fds_before = count_fds();
    cr_assert_eq(uv_loop_init(&l->loop), 0);
    (void)uv_timer_init(&l->loop, &l->alarm);
    (void)uv_timer_init(&l->loop, &l->limit);
    l->alarm.data = l;
    l->limit.data = l;
    (void)uv_timer_start(&l->limit, on_limit, LIMIT_MS, 0);
    cr_assert_eq(bridge_new(&l->loop, &l->bridge), 0);
    l->view = "home";
    open_machine(l, clock);
    open_record(l);
}

void lab_end(struct lab *l)
{
    struct census end;

    machine_census(l->m, &end);
    fini_assert(memcmp(&end, &l->start, sizeof(end)) == 0, "the census has changed");
    machine_free(l->m);
    if (l->record != NULL)
        (void)fclose(l->record);
    bridge_close(l->bridge, NULL, NULL);
    uv_close((uv_handle_t *)&l->alarm, NULL);
    uv_close((uv_handle_t *)&l->limit, NULL);
    while (uv_run(&l->loop, UV_RUN_DEFAULT) != 0)
        continue;
    fini_assert(uv_loop_close(&l->loop) == 0, "a handle is left in the loop");
}

void lab_close(struct lab *l)
{
    lab_end(l);
    fini_assert(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "a host process is left");
    fini_assert(count_fds() == l->fds_before, "a descriptor is left");
}

/* Calls. */

/** A finished call has no user any more. */
static void on_call_done(struct call *c)
{
    struct lab *l = c->user;

    c->user = NULL;
    uv_stop(&l->loop);
}

/** Begin a call whose arguments are set, and wait for its end. Returns its status. */
static int carry_out(struct lab *l, struct call *c)
{
    int status = call_begin(c);

    if (status == SC_PENDING)
        lab_finish(l, c);
    status = c->status;
    call_done(c);
    return status;
}

/** Set a call up. */
static void prepare(struct lab *l, struct call *c, int nr)
{
    call_init(c, l->p, &abi_driven, nr, on_call_done, l);
}

static struct sc_str str(const char *text)
{
    return (struct sc_str){text, strlen(text)};
}

void lab_finish(struct lab *l, struct call *c)
{
    while (c->user != NULL)
        (void)uv_run(&l->loop, UV_RUN_DEFAULT);
}

void lab_await_log(struct lab *l, const char *text)
{
    while (strstr(l->log, text) == NULL)
        (void)uv_run(&l->loop, UV_RUN_DEFAULT);
}

static void on_turned(uv_timer_t *timer)
{
    *(bool *)timer->data = true;
    uv_stop(timer->loop);
}

void lab_turn(struct lab *l, unsigned ms)
{
    bool over = false;
    uv_timer_t timer;

    (void)uv_timer_init(&l->loop, &timer);
    timer.data = &over;
    (void)uv_timer_start(&timer, on_turned, ms, 0);
    while (!over)
        (void)uv_run(&l->loop, UV_RUN_DEFAULT);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&l->loop, UV_RUN_NOWAIT);
}

/** Write to a file at a position, after opening it with @mode. */
static void put_at(struct lab *l, const char *file, uint32_t mode, int64_t off, const void *bytes,
                   size_t size)
{
    struct call c;
    int fd;

    prepare(l, &c, SC_OPEN);
    c.args.open.file = str(file);
    c.args.open.mode = mode;
    cr_assert_eq(carry_out(l, &c), 0, "cannot open %s", file);
    fd = c.out.open.fd;
    for (size_t done = 0; done < size; done += (size_t)c.out.write.size) {
        prepare(l, &c, SC_WRITE);
        c.args.write.fd = fd;
        c.args.write.offset = off + (int64_t)done;
        c.args.write.data = (struct sc_str){(const char *)bytes + done, size - done};
        cr_assert_eq(carry_out(l, &c), 0, "cannot write %s", file);
    }
    prepare(l, &c, SC_CLOSE);
    c.args.close.fd = fd;
    cr_assert_eq(carry_out(l, &c), 0);
}

void lab_put(struct lab *l, const char *file, const void *bytes, size_t size)
{
    put_at(l, file, FM_WRITE | FM_CREATE | FM_TRUNC, 0, bytes, size);
}

void lab_put_at(struct lab *l, const char *file, int64_t off, const void *bytes, size_t size)
{
    put_at(l, file, FM_WRITE, off, bytes, size);
}

void lab_read_only(struct lab *l)
{
    struct call c;

    prepare(l, &c, SC_SUBFS);
    c.args.subfs =
        (struct sc_subfs_args){str("readonly"), str("home"), str("/"), FM_READ | FM_READDIR, 0};
    cr_assert_eq(carry_out(l, &c), 0);
    machine_census(l->m, &l->start);
    l->view = "readonly";
}

size_t lab_image(const char *program, const struct abi *abi, unsigned char **out)
{
    char path[512];
    size_t size;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s.%s", LAB_GUESTS, program, abi->name);
    f = fopen(path, "rb");
    cr_assert_not_null(f, "no guest %s", path);
    *out = malloc(IMAGE_MAX);
    cr_assert_not_null(*out);
    size = fread(*out, 1, IMAGE_MAX, f);
    (void)fclose(f);
    return size;
}

void lab_install(struct lab *l, const char *program, const struct abi *abi, const char *file)
{
    unsigned char *image;
    size_t size = lab_image(program, abi, &image);

    lab_put(l, file, image, size);
    free(image);
}

int lab_start(struct lab *l, const char *file)
{
    struct call c;
    int err;
    int pid;

    prepare(l, &c, SC_NEW_PROC);
    cr_assert_eq(carry_out(l, &c), 0);
    pid = c.out.new_proc.pid;
    prepare(l, &c, SC_BIND_FS);
    c.args.bind_fs = (struct sc_bind_fs_args){pid, str("home"), str(l->view)};
    cr_assert_eq(carry_out(l, &c), 0);
    prepare(l, &c, SC_PROC_EXEC);
    c.args.proc_exec = (struct sc_proc_exec_args){pid, str(file)};
    err = carry_out(l, &c);
    if (err == 0)
        return pid;
    (void)lab_kill(l, pid);
    return err;
}

struct sc_proc_status lab_wait(struct lab *l, int pid)
{
    struct call c;

    prepare(l, &c, SC_PROC_WAIT);
    c.args.proc_wait.pid = pid;
    cr_assert_eq(carry_out(l, &c), 0);
    return c.out.proc_wait.status;
}

struct sc_proc_status lab_kill(struct lab *l, int pid)
{
    struct call c;

    prepare(l, &c, SC_PROC_KILL);
    c.args.proc_kill.pid = pid;
    cr_assert_eq(carry_out(l, &c), 0);
    return c.out.proc_kill.status;
}

struct sc_proc_status lab_run(struct lab *l, const char *program, const struct abi *abi,
                              const char *which)
{
    int pid;

    lab_install(l, program, abi, "home:/program");
    if (which != NULL)
        lab_put(l, "home:/case", which, strlen(which));
    l->log_len = 0;
    l->log[0] = '\0';
    pid = lab_start(l, "home:/program");
    cr_assert_gt(pid, 0, "PROC_EXEC of %s answers %d", program, pid);
    return lab_wait(l, pid);
}

/** Why this host has no guests of an ABI. @why stays empty when it has. */
static void probe(const struct abi *abi, struct why *why)
{
    struct bridge *b;
    uv_loop_t loop;

    if (uv_loop_init(&loop) < 0)
        return;
    if (bridge_new(&loop, &b) == 0) {
        (void)bridge_probe(b, abi, why);
        bridge_close(b, NULL, NULL);
    }
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
}

/** Criterion's main(), but a host without guests skips all. */
int main(int argc, char *argv[])
{
    struct criterion_test_set *tests;
    int failed = 0;

    for (size_t g = 0; g < 2; g++) {
        struct why why = WHY_INIT;

        probe(abis[g], &why);
        if (why.count > 0) {
            (void)fprintf(stderr, "skip: no %s guests here: %s\n", abis[g]->name, why.text[0]);
            why_done(&why);
            return EXIT_SKIP;
        }
    }
    tests = criterion_initialize();
    if (criterion_handle_args(argc, argv, true))
        failed = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return failed;
}

/** The parent of a host process, 0 when it has none or is gone, or is a zombie. */
static pid_t living_parent(pid_t pid)
{
    char path[64];
    char state = 'Z';
    int parent = 0;
    FILE *f;

    (void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
    f = fopen(path, "r");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%*d (%*[^)]) %c %d", &state, &parent) != 2 || state == 'Z')
        parent = 0;
    (void)fclose(f);
    return parent;
}

int lab_host_pids(pid_t parent, pid_t pids[LAB_HOST_PIDS_MAX])
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int count = 0;

    while ((entry = readdir(dir)) != NULL && count < LAB_HOST_PIDS_MAX) {
        pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

        if (pid > 0 && living_parent(pid) == parent)
            pids[count++] = pid;
    }
    (void)closedir(dir);
    return count;
}

void lab_expect(const struct lab *l, const char *what, struct sc_proc_status got, uint32_t state,
                int32_t code)
{
    cr_assert(got.state == state && got.return_code == code,
              "%s: state %u code %d, expected state %u code %d; log:\n%s", what, got.state,
              got.return_code, state, code, l->log);
}
