/* SPDX-License-Identifier: MIT */
/*
 * Calls through call_begin() on ramfs, without socket and guest, beside the host's own system calls on its file
 * system in memory (/dev/shm).
 */
#include "fsdrivers/registry.h"
#include "server/host/memory.h"
#include "server/kernel/call/call.h"
#include "server/kernel/machine.h"
#include "tests/bench/bench.h"
#include "tests/unlimited.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BLOCK = 4096, BIG = 1 << 20 };

/* A host that gives the time and nothing else. */

static uint64_t host_now(void *host)
{
    (void)host;
    return bench_now_ns();
}

static void host_wake_at(void *host, struct machine *m, uint64_t deadline_ns)
{
    (void)host;
    (void)m;
    (void)deadline_ns;
}

static int host_spawn(void *host, struct proc *proc, const struct exec_image *image,
                      struct why *why, struct executor **out)
{
    (void)host;
    (void)proc;
    (void)image;
    (void)why;
    (void)out;
    return -ENOTSUP;
}

static int host_source_open(void *host, const char *path, bool any, bool readonly,
                            struct hostfile **out, struct why *why)
{
    (void)host;
    (void)path;
    (void)any;
    (void)readonly;
    (void)out;
    (void)why;
    return -EACCES;
}

/* Nothing here is slow: there are no workers. */
static const struct host_ops host = {
    .now_ns = host_now,
    .wall_ns = host_now,
    .wake_at = host_wake_at,
    .spawn = host_spawn,
    .memory_new = host_memory_new,
    .descriptors_take = unlimited_take,
    .descriptors_give = unlimited_give,
    .source_open = host_source_open,
};

/** Both sides' files, open. */
struct bed {
    struct machine *m;
    int32_t fd;
    char dir[64];
    char file[128];
    int host_fd;
    char buf[BLOCK];
};

static void on_done(struct call *call)
{
    (void)call;
}

static struct sc_str str(const char *s)
{
    return (struct sc_str){s, strlen(s)};
}

static void make(struct bed *b, const char *file, uint32_t type)
{
    struct call c;

    call_init(&c, b->m->init, &abi_driven, SC_CREATE, on_done, NULL);
    c.args.create = (struct sc_create_args){str(file), type};
    BENCH_NEED(call_begin(&c) == 0);
}

static int32_t open_ours(struct bed *b, const char *file, uint32_t mode)
{
    struct call c;

    call_init(&c, b->m->init, &abi_driven, SC_OPEN, on_done, NULL);
    c.args.open = (struct sc_open_args){str(file), mode};
    BENCH_NEED(call_begin(&c) == 0);
    return c.out.open.fd;
}

static void close_ours(struct bed *b, int32_t fd)
{
    struct call c;

    call_init(&c, b->m->init, &abi_driven, SC_CLOSE, on_done, NULL);
    c.args.close.fd = fd;
    BENCH_NEED(call_begin(&c) == 0);
}

static void read_ours(struct bed *b, int32_t fd, int64_t off)
{
    struct call c;

    call_init(&c, b->m->init, &abi_driven, SC_READ, on_done, NULL);
    c.args.read = (struct sc_read_args){fd, off, BLOCK};
    c.out.read.data = (struct sc_buf){b->buf, BLOCK, 0};
    BENCH_NEED(call_begin(&c) == 0);
}

static void ours_stat(void *user, size_t count)
{
    struct bed *b = user;
    struct call c;

    for (size_t i = 0; i < count; i++) {
        call_init(&c, b->m->init, &abi_driven, SC_STAT, on_done, NULL);
        c.args.stat.file = str("root:/a/b/file");
        BENCH_NEED(call_begin(&c) == 0);
    }
}

static void host_stat(void *user, size_t count)
{
    struct bed *b = user;
    struct stat st;

    for (size_t i = 0; i < count; i++)
        BENCH_NEED(stat(b->file, &st) == 0);
}

static void ours_open_read_close(void *user, size_t count)
{
    struct bed *b = user;

    for (size_t i = 0; i < count; i++) {
        int32_t fd = open_ours(b, "root:/a/b/file", FM_READ);

        read_ours(b, fd, 0);
        close_ours(b, fd);
    }
}

static void host_open_read_close(void *user, size_t count)
{
    struct bed *b = user;

    for (size_t i = 0; i < count; i++) {
        int fd = open(b->file, O_RDONLY | O_CLOEXEC);

        BENCH_NEED(pread(fd, b->buf, BLOCK, 0) == BLOCK);
        (void)close(fd);
    }
}

static void ours_read(void *user, size_t count)
{
    struct bed *b = user;

    for (size_t i = 0; i < count; i++)
        read_ours(b, b->fd, (int64_t)(i * BLOCK % BIG));
}

static void copy(void *user, size_t count)
{
    static char from[BIG];
    struct bed *b = user;

    for (size_t i = 0; i < count; i++) {
        memcpy(b->buf, from + i * BLOCK % BIG, BLOCK);
        __asm__ volatile("" : : "r"(b->buf) : "memory"); /* or nothing would be copied */
    }
}

static void host_read(void *user, size_t count)
{
    struct bed *b = user;

    for (size_t i = 0; i < count; i++)
        BENCH_NEED(pread(b->host_fd, b->buf, BLOCK, (off_t)(i * BLOCK % BIG)) == BLOCK);
}

/** The call that does least. */
static void call_nothing(struct bed *b, size_t count)
{
    struct call c;

    for (size_t i = 0; i < count; i++) {
        call_init(&c, b->m->init, &abi_driven, SC_ERRNO, on_done, NULL);
        BENCH_NEED(call_begin(&c) == 0);
    }
}

static void ours_nothing(void *user, size_t count)
{
    call_nothing(user, count);
}

static void host_nothing(void *user, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        BENCH_NEED(syscall(SYS_getppid) >= 0);
}

static void take_event(struct listener *self, struct machine *m, const struct event *event)
{
    (void)self;
    (void)m;
    BENCH_NEED(event->call != NULL);
}

static void told_nothing(void *user, size_t count)
{
    struct bed *b = user;
    struct listener l = {.kinds = EVENT_CALL | EVENT_RETURN, .on_event = take_event};

    listener_add(b->m, &l);
    call_nothing(b, count);
    listener_remove(b->m, &l);
}

static void ruled_nothing(void *user, size_t count)
{
    const struct fault_spec spec = {.nr = SC_READ, .probability = 1, .error = -EIO};
    struct bed *b = user;
    uint32_t id;

    BENCH_NEED(fault_add(b->m, &spec, NULL, &id) == 0);
    call_nothing(b, count);
    BENCH_NEED(fault_remove(b->m, id) == 0);
}

static void fill_ours(struct bed *b)
{
    static const char zeros[BIG / 16] = {1};
    struct call c;

    for (int64_t off = 0; off < BIG; off += (int64_t)sizeof(zeros)) {
        call_init(&c, b->m->init, &abi_driven, SC_WRITE, on_done, NULL);
        c.args.write = (struct sc_write_args){b->fd, off, {zeros, sizeof(zeros)}};
        BENCH_NEED(call_begin(&c) == 0);
        BENCH_NEED(pwrite(b->host_fd, zeros, sizeof(zeros), off) == (ssize_t)sizeof(zeros));
    }
}

static void set_up(struct bed *b)
{
    const struct machine_spec spec = {.name = "bench", .fs_open = registry_open};

    BENCH_NEED(machine_new(&spec, &host, NULL, &b->m) == 0);
    BENCH_NEED(machine_mount(b->m, "root", "ramfs", NULL, NULL) == 0);
    make(b, "root:/a", FT_DIR);
    make(b, "root:/a/b", FT_DIR);
    b->fd = open_ours(b, "root:/a/b/file", FM_READ | FM_WRITE | FM_CREATE);
    (void)snprintf(b->dir, sizeof(b->dir), "/dev/shm/scbox-bench-XXXXXX");
    BENCH_NEED(mkdtemp(b->dir) != NULL);
    (void)snprintf(b->file, sizeof(b->file), "%s/file", b->dir);
    b->host_fd = open(b->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    BENCH_NEED(b->host_fd >= 0);
    fill_ours(b);
}

static void tear_down(struct bed *b)
{
    machine_free(b->m);
    (void)close(b->host_fd);
    (void)unlink(b->file);
    (void)rmdir(b->dir);
}

int main(int argc, char **argv)
{
    static struct bed b;
    const struct bench_work works[] = {
        {"ERRNO / getppid()", "", 2000000, ours_nothing, &b, host_nothing, &b},
        {"ERRNO, told / not told", "", 2000000, told_nothing, &b, ours_nothing, &b},
        {"ERRNO, a rule for READ / none", "", 2000000, ruled_nothing, &b, ours_nothing, &b},
        {"STAT, depth 3 / stat()", "", 500000, ours_stat, &b, host_stat, &b},
        {"READ 4 KiB / memcpy()", "<= 2 + 100 ns", 500000, ours_read, &b, copy, &b},
        {"READ 4 KiB / pread()", "", 500000, ours_read, &b, host_read, &b},
        {"OPEN+READ+CLOSE / open, pread, close", "", 200000, ours_open_read_close, &b,
         host_open_read_close, &b},
    };
    int status;

    set_up(&b);
    status = bench_main(argc, argv, works, sizeof(works) / sizeof(works[0]));
    tear_down(&b);
    return status;
}
