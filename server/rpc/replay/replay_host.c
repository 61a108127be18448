/* SPDX-License-Identifier: MIT */
/* The host of a machine that is played again: its clock, its guests and its memory are the log's. */
#include "server/rpc/replay/replay_machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int64_t replay_answer(struct replay *r, void *buf, size_t size)
{
    const cJSON *line = replay_log_peek(&r->log);
    cJSON *taken;
    uint64_t number;
    int64_t result;
    char *bytes;
    size_t len;

    if (replay_get_uint(line, "answer", &number) < 0 || number != r->m->input.answers + 1)
        return 0;
    taken = replay_log_take(&r->log);
    if (replay_get_int(taken, "result", &result) < 0)
        result = -EIO;
    if (buf != NULL &&
        replay_get_bytes(cJSON_GetObjectItemCaseSensitive(taken, "bytes"), &bytes, &len) == 0) {
        memcpy(buf, bytes != NULL ? bytes : "", len < size ? len : size);
        free(bytes);
    }
    cJSON_Delete(taken);
    return result;
}

static uint64_t now_ns(void *host)
{
    return ((const struct replay *)host)->ns;
}

static uint64_t wall_ns(void *host)
{
    return ((const struct replay *)host)->wall_ns;
}

/** Ticks are inputs. */
static void wake_at(void *host, struct machine *m, uint64_t deadline_ns)
{
    (void)host;
    (void)m;
    (void)deadline_ns;
}

static bool descriptors_take(void *host, uint64_t held, uint64_t count)
{
    (void)held;
    (void)count;
    return replay_answer(host, NULL, 0) == 0;
}

static void descriptors_give(void *host, uint64_t count)
{
    (void)host;
    (void)count;
}

static int source_open(void *host, const char *path, bool any, bool readonly, struct hostfile **out,
                       struct why *why)
{
    struct replay *r = host;
    int64_t err = replay_answer(r, NULL, 0);

    (void)any;
    (void)readonly;
    *out = NULL;
    if (err < 0)
        return (int)err;
    replay_fail(r, -ENOTSUP,
                "a filesystem was made from %s: what a file of the host held is not in "
                "the log",
                path);
    return why_add(why, -ENOTSUP, "a replayed log has no files of the host");
}

/* Guests: their calls are inputs. */

static struct replay_guest *to_guest(struct executor *x)
{
    return container_of(x, struct replay_guest, x);
}

struct replay_guest *replay_guest_find(const struct replay *r, int32_t pid)
{
    for (const struct list *i = r->guests.next; i != &r->guests; i = i->next) {
        struct replay_guest *g = container_of(i, struct replay_guest, link);

        if (g->pid == pid)
            return g;
    }
    return NULL;
}

static int guest_map(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode)
{
    (void)addr;
    (void)size;
    (void)mode;
    return (int)replay_answer(to_guest(x)->in, NULL, 0);
}

static int guest_map_shared(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode, int fd,
                            uint64_t offset)
{
    (void)fd;
    (void)offset;
    return guest_map(x, addr, size, mode);
}

static int guest_unmap(struct executor *x, uint64_t addr, uint64_t size)
{
    return guest_map(x, addr, size, 0);
}

static int guest_peek(struct executor *x, uint64_t addr, void *buf, size_t size)
{
    (void)addr;
    return (int)replay_answer(to_guest(x)->in, buf, size);
}

static int guest_poke(struct executor *x, uint64_t addr, const void *buf, size_t size)
{
    (void)buf;
    return guest_map(x, addr, size, 0);
}

static void guest_kill(struct executor *x)
{
    struct replay_guest *g = to_guest(x);
    struct replay *r = g->in;

    turn_end(&g->turn);
    list_del(&g->link);
    free(g);
    replay_called_back(r);
}

static const struct executor_ops guest_ops = {.map = guest_map,
                                              .map_shared = guest_map_shared,
                                              .unmap = guest_unmap,
                                              .protect = guest_map,
                                              .peek = guest_peek,
                                              .poke = guest_poke,
                                              .kill = guest_kill};

/** turn.run */
static void guest_run(struct turn *turn)
{
    replay_called_back(container_of(turn, struct replay_guest, turn)->in);
}

static int spawn(void *host, struct proc *proc, const struct exec_image *image, struct why *why,
                 struct executor **out)
{
    struct replay *r = host;
    struct replay_guest *g = malloc(sizeof(*g));
    int64_t err;

    (void)image;
    if (g == NULL)
        return -ENOMEM;
    *g = (struct replay_guest){.in = r, .x = {&guest_ops}, .pid = proc->pid};
    turn_init(&g->turn, &proc->task, guest_run);
    list_append(&r->guests, &g->link);
    replay_called_back(r);
    err = replay_answer(r, NULL, 0);
    if (err < 0) {
        list_del(&g->link);
        free(g);
        return why_add(why, (int)err, "the host could not start the program");
    }
    *out = &g->x;
    return 0;
}

/* Shared memory: what guests wrote there is in the log. */

struct replay_memory {
    struct shared_memory s;
    struct shared_memory *real;
    struct replay *in;
};

static const struct replay_memory *to_memory(const struct shared_memory *s)
{
    return container_of(s, const struct replay_memory, s);
}

static int memory_grow(struct shared_memory *s, uint64_t size)
{
    struct shared_memory *real = to_memory(s)->real;

    return real->ops->grow(real, size);
}

static int memory_read(const struct shared_memory *s, uint64_t off, void *buf, size_t len)
{
    struct shared_memory *real = to_memory(s)->real;
    int err = real->ops->read(real, off, buf, len);
    int64_t logged = replay_answer(to_memory(s)->in, buf, len);

    return logged < 0 ? (int)logged : err;
}

static int memory_write(struct shared_memory *s, uint64_t off, const void *buf, size_t len)
{
    struct shared_memory *real = to_memory(s)->real;

    return real->ops->write(real, off, buf, len);
}

static int memory_clear(struct shared_memory *s, uint64_t off, uint64_t len)
{
    struct shared_memory *real = to_memory(s)->real;

    return real->ops->clear(real, off, len);
}

static uint64_t memory_next_written(const struct shared_memory *s, uint64_t off)
{
    (void)off;
    return (uint64_t)replay_answer(to_memory(s)->in, NULL, 0);
}

static void memory_free(struct shared_memory *s)
{
    struct shared_memory *real = to_memory(s)->real;

    real->ops->free(real);
    free(container_of(s, struct replay_memory, s));
}

static const struct shared_memory_ops memory_ops = {.grow = memory_grow,
                                                    .read = memory_read,
                                                    .write = memory_write,
                                                    .clear = memory_clear,
                                                    .next_written = memory_next_written,
                                                    .free = memory_free};

static int memory_new(void *host, struct shared_memory **out)
{
    struct replay *r = host;
    struct replay_memory *s;
    int64_t err = replay_answer(r, NULL, 0);

    if (err < 0)
        return (int)err;
    s = malloc(sizeof(*s));
    if (s == NULL)
        return -ENOMEM;
    err = r->host->ops->memory_new(r->host->host, &s->real);
    if (err < 0) {
        free(s);
        return (int)err;
    }
    s->s = (struct shared_memory){&memory_ops, s->real->fd};
    s->in = r;
    *out = &s->s;
    return 0;
}

const struct host_ops replay_host_ops = {.now_ns = now_ns,
                                         .wall_ns = wall_ns,
                                         .wake_at = wake_at,
                                         .spawn = spawn,
                                         .memory_new = memory_new,
                                         .descriptors_take = descriptors_take,
                                         .descriptors_give = descriptors_give,
                                         .source_open = source_open};
