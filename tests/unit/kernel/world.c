/* SPDX-License-Identifier: MIT */
#include "tests/unit/kernel/world.h"

#include "fsdrivers/registry.h"
#include "server/base/hostfile.h"
#include "server/host/memory.h"
#include "tests/fini.h"

#include <criterion/criterion.h>

#include <errno.h>

static uint64_t fake_now(void *host)
{
    return ((struct world *)host)->now_ns;
}

static uint64_t fake_wall(void *host)
{
    (void)host;
    return UINT64_C(1700000000000000000);
}

static void fake_wake_at(void *host, struct machine *m, uint64_t deadline_ns)
{
    (void)m;
    ((struct world *)host)->wake_ns = deadline_ns;
}

static int fake_map(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode)
{
    (void)x;
    (void)addr;
    (void)size;
    (void)mode;
    return 0;
}

static int fake_unmap(struct executor *x, uint64_t addr, uint64_t size)
{
    (void)x;
    (void)addr;
    (void)size;
    return 0;
}

static void fake_kill(struct executor *x)
{
    container_of(x, struct world, fake)->kills++;
}

/** The fake guest has no memory: it only counts, and tells what it was asked for. */
static int fake_map_shared(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode, int fd,
                           uint64_t offset)
{
    struct world *w = container_of(x, struct world, fake);

    w->shared = (struct region){.addr = addr, .size = size, .mode = mode};
    w->shared_fd = fd;
    w->shared_offset = offset;
    return w->map_error;
}

static int fake_peek(struct executor *x, uint64_t addr, void *buf, size_t size)
{
    (void)x;
    memset(buf, (int)(addr & 0xFF), size);
    return 0;
}

static int fake_poke(struct executor *x, uint64_t addr, const void *buf, size_t size)
{
    (void)x;
    (void)addr;
    (void)buf;
    (void)size;
    return -EFAULT;
}

static const struct executor_ops fake_executor = {
    .map = fake_map,
    .map_shared = fake_map_shared,
    .unmap = fake_unmap,
    .protect = fake_map,
    .peek = fake_peek,
    .poke = fake_poke,
    .kill = fake_kill,
};

static int fake_spawn(void *host, struct proc *proc, const struct exec_image *image,
                      struct why *why, struct executor **out)
{
    struct world *w = host;

    (void)proc;
    w->image = *image;
    if (w->spawn_error < 0)
        return why_add(why, w->spawn_error, "the fake host refuses");
    w->fake.ops = &fake_executor;
    *out = &w->fake;
    return 0;
}

static int fake_memory_new(void *host, struct shared_memory **out)
{
    const struct world *w = host;

    return w->memory_error < 0 ? w->memory_error : host_memory_new(host, out);
}

static int fake_source_open(void *host, const char *path, bool any, bool readonly,
                            struct hostfile **out, struct why *why)
{
    (void)host;
    if (any)
        return hostfile_open(path, NULL, readonly, out, why);
    return why_add(why, -EACCES, "%s is outside of what the fake host allows", path);
}

static bool fake_descriptors_take(void *host, uint64_t held, uint64_t count)
{
    struct world *w = host;

    (void)held;
    if (w->descriptors_short)
        return false;
    w->descriptors += count;
    return true;
}

static void fake_descriptors_give(void *host, uint64_t count)
{
    struct world *w = host;

    w->descriptors -= count;
}

static int fake_worker_new(void *host, struct host_worker **out, struct why *why)
{
    struct world *w = host;

    if (w->worker_short)
        return why_add(why, -EMFILE, "the fake host has no workers left");
    w->workers++;
    *out = host;
    return 0;
}

static void fake_worker_post(struct host_worker *worker, struct host_job *job)
{
    struct world *w = (struct world *)worker;

    list_append(&w->jobs, &job->link);
}

bool world_work(struct world *w)
{
    struct host_job *job;

    if (list_empty(&w->jobs))
        return false;
    job = container_of(w->jobs.next, struct host_job, link);
    list_del(&job->link);
    job->run(job);
    job->done(job);
    return true;
}

static void fake_worker_wait(struct host_worker *worker, uint64_t deadline_ns)
{
    struct world *w = (struct world *)worker;

    if (w->worker_hangs)
        w->now_ns = deadline_ns;
    else
        (void)world_work(w);
}

static void fake_worker_free(struct host_worker *worker)
{
    struct world *w = (struct world *)worker;

    w->workers--;
}

static const struct host_ops fake_host = {fake_now,
                                          fake_wall,
                                          fake_wake_at,
                                          fake_spawn,
                                          fake_memory_new,
                                          fake_descriptors_take,
                                          fake_descriptors_give,
                                          fake_source_open,
                                          fake_worker_new,
                                          fake_worker_post,
                                          fake_worker_wait,
                                          fake_worker_free};

static void on_event(struct listener *self, struct machine *m, const struct event *event)
{
    struct world *w = container_of(self, struct world, listener);
    size_t used = strlen(w->log);
    size_t len = event->len < sizeof(w->log) - 1 - used ? event->len : sizeof(w->log) - 1 - used;

    (void)m;
    memcpy(w->log + used, event->bytes, len);
}

static void on_end(void *user, struct machine *m)
{
    (void)m;
    ((struct world *)user)->ends++;
}

void world_open_limited(struct world *w, enum clock_kind clock, const struct machine_limits *limits)
{
    struct machine_spec spec = {.name = "test",
                                .clock = clock,
                                .seed = 1,
                                .fs_open = registry_open,
                                .on_end = on_end,
                                .user = w};

    memset(w, 0, sizeof(*w));
    list_init(&w->jobs);
    if (limits != NULL)
        spec.limits = *limits;
    w->now_ns = 5000000000;
    cr_assert_eq(machine_new(&spec, &fake_host, w, &w->m), 0);
    list_init(&w->listener.link);
    w->listener.kinds = EVENT_LOG | EVENT_NOTE;
    w->listener.on_event = on_event;
    listener_add(w->m, &w->listener);
    cr_assert_eq(machine_mount(w->m, "root", "ramfs", NULL, NULL), 0);
    cr_assert_eq(proc_new(w->m->init, &w->p), 0);
    cr_assert_eq(proc_copy_names(w->m->init, w->p), 0);
    cr_assert_eq(proc_drive(w->p, "test"), 0);
    machine_census(w->m, &w->start);
}

void world_open(struct world *w, enum clock_kind clock)
{
    world_open_limited(w, clock, NULL);
}

/** Fail unless there is what there was at the start. */
static void check_census(const struct world *w)
{
    static const char *const names[] = {"procs", "names",   "fds",    "views", "files", "mounts",
                                        "nodes", "regions", "mapped", "calls", "timers"};
    enum { COUNT = sizeof(names) / sizeof(names[0]) };
    uint32_t start[COUNT];
    uint32_t end[COUNT];
    struct census now;

    _Static_assert(sizeof(now) == sizeof(end), "each count has its name");
    machine_census(w->m, &now);
    memcpy(start, &w->start, sizeof(start));
    memcpy(end, &now, sizeof(end));
    for (size_t i = 0; i < COUNT; i++)
        fini_assert(end[i] == start[i], "the census has changed: %u %s, %u at the start", end[i],
                    names[i], start[i]);
}

void world_close(struct world *w)
{
    if (w->m->init != NULL) {
        check_census(w);
        listener_remove(w->m, &w->listener);
    }
    machine_free(w->m);
}

void world_run(struct world *w)
{
    while (w->wake_ns <= w->now_ns) {
        w->wake_ns = HOST_WAKE_NEVER;
        machine_tick(w->m);
    }
}

void w_on_done(struct call *call)
{
    call->user = call;
}

bool w_is_listed(const struct call *call)
{
    const struct sc_error_info *e = sc_call_by_nr(call->nr)->errors;

    while (e->name != NULL && e->value != -call->status)
        e++;
    return call->status == 0 || call->imposed || e->name != NULL;
}

void w_check_listed(const struct call *call)
{
    cr_assert(w_is_listed(call), "%s answers %s, which its row does not list",
              sc_call_by_nr(call->nr)->name, sc_errno_name(call->status));
}

/** The value a call that does not park answers with. */
static int finish(struct call *c, int status, int value)
{
    cr_assert_neq(status, SC_PENDING);
    w_check_listed(c);
    call_done(c);
    return status < 0 ? status : value;
}

int w_open(struct proc *p, const char *file, uint32_t mode)
{
    struct call c;
    int status = BEGIN(&c, p, OPEN, open, S(file), mode);

    return finish(&c, status, c.out.open.fd);
}

int w_close(struct proc *p, int fd)
{
    struct call c;
    int status = BEGIN(&c, p, CLOSE, close, fd);

    return finish(&c, status, 0);
}

int w_create(struct proc *p, const char *file, uint32_t type)
{
    struct call c;
    int status = BEGIN(&c, p, CREATE, create, S(file), type);

    return finish(&c, status, 0);
}

int w_delete(struct proc *p, const char *file)
{
    struct call c;
    int status = BEGIN(&c, p, DELETE, delete, S(file));

    return finish(&c, status, 0);
}

int w_move(struct proc *p, const char *from, const char *to)
{
    struct call c;
    int status = BEGIN(&c, p, MOVE, move, S(from), S(to));

    return finish(&c, status, 0);
}

int w_write(struct proc *p, int fd, int64_t off, const char *text)
{
    struct call c;
    int status = BEGIN(&c, p, WRITE, write, fd, off, S(text));

    return finish(&c, status, (int)c.out.write.size);
}

int w_read(struct proc *p, int fd, int64_t off, char *buf, size_t size)
{
    struct call c;
    int status;

    call_init(&c, p, &abi_driven, SC_READ, w_on_done, NULL);
    c.args.read = (struct sc_read_args){fd, off, size};
    c.out.read.data = (struct sc_buf){buf, size, 0};
    status = call_begin(&c);
    return finish(&c, status, (int)c.out.read.data.len);
}

int w_stat(struct proc *p, const char *file, struct sc_stat *out)
{
    struct call c;
    int status = BEGIN(&c, p, STAT, stat, S(file));

    *out = c.out.stat.stat;
    return finish(&c, status, 0);
}

int w_subfs(struct proc *p, const char *name, const char *from, const char *root, uint32_t modes)
{
    struct call c;
    int status = BEGIN(&c, p, SUBFS, subfs, S(name), S(from), S(root), modes, 0);

    return finish(&c, status, 0);
}

int w_rm_fs(struct proc *p, const char *name)
{
    struct call c;
    int status = BEGIN(&c, p, RM_FS, rm_fs, S(name));

    return finish(&c, status, 0);
}

int w_new_proc(struct proc *p)
{
    struct call c;
    int status = BEGIN(&c, p, NEW_PROC, new_proc, 0);

    return finish(&c, status, c.out.new_proc.pid);
}

int w_bind_fs(struct proc *p, int pid, const char *name, const char *fs)
{
    struct call c;
    int status = BEGIN(&c, p, BIND_FS, bind_fs, pid, S(name), S(fs));

    return finish(&c, status, 0);
}

int w_bind_fd(struct proc *p, int pid, int new_fd, int fd)
{
    struct call c;
    int status = BEGIN(&c, p, BIND_FD, bind_fd, pid, new_fd, fd);

    return finish(&c, status, 0);
}

int w_exec(struct proc *p, int pid, const char *file)
{
    struct call c;
    int status = BEGIN(&c, p, PROC_EXEC, proc_exec, pid, S(file));

    return finish(&c, status, 0);
}

int w_kill(struct proc *p, int pid, struct sc_proc_status *out)
{
    struct call c;
    int status = BEGIN(&c, p, PROC_KILL, proc_kill, pid);

    *out = c.out.proc_kill.status;
    return finish(&c, status, 0);
}

int w_exit(struct proc *p, int code)
{
    struct call c;
    int status = BEGIN(&c, p, EXIT, exit, code);

    return finish(&c, status, 0);
}
