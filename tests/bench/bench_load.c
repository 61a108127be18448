/* SPDX-License-Identifier: MIT */
#include "tests/bench/bench_load.h"

#include "tests/bench/bench.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    CHUNK = 262144,
    EVENTS = 64,
    TRIES = 2000,
    STEP_US = 1000,
    PAUSE_US = 300,
    PATIENCE_MS = 20000
};

struct link {
    int fd;
    unsigned lines; /* of an answer that is not whole */
};

struct load {
    const struct load_server *server;
    unsigned conns;
    unsigned depth;
    int epoll;
    char *requests; /* depth of them */
    size_t request_len;
    size_t to_send; /* requests of this run that are not sent */
    char chunk[CHUNK];
    struct link links[];
};

/** Connect, as soon as the server is there. */
static int dial(const char *path)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    BENCH_NEED(fd >= 0 && strlen(path) < sizeof(addr.sun_path));
    (void)strcpy(addr.sun_path, path);
    for (int i = 0; i < TRIES; i++) {
        if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
            return fd;
        (void)usleep(STEP_US);
    }
    bench_fail("%s: nobody listens", path);
}

struct load *load_open(const struct load_server *server, unsigned conns, unsigned depth)
{
    struct load *l = calloc(1, sizeof(*l) + conns * sizeof(l->links[0]));

    BENCH_NEED(l != NULL);
    l->server = server;
    l->conns = conns;
    l->depth = depth;
    l->request_len = strlen(server->request);
    l->requests = malloc(depth * l->request_len);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    BENCH_NEED(l->requests != NULL && l->epoll >= 0);
    for (unsigned i = 0; i < depth; i++)
        memcpy(l->requests + i * l->request_len, server->request, l->request_len);
    for (unsigned i = 0; i < conns; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = &l->links[i]}};

        l->links[i].fd = dial(server->socket);
        BENCH_NEED(epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->links[i].fd, &event) == 0);
    }
    return l;
}

void load_close(struct load *l)
{
    for (unsigned i = 0; i < l->conns; i++)
        (void)close(l->links[i].fd);
    (void)close(l->epoll);
    free(l->requests);
    free(l);
}

/** Send up to @count more requests; the peer reads, so that a blocking socket does. */
static void ask(struct load *l, const struct link *link, size_t count)
{
    size_t len;

    if (count > l->to_send)
        count = l->to_send;
    len = count * l->request_len;
    l->to_send -= count;
    BENCH_NEED(len == 0 || send(link->fd, l->requests, len, MSG_NOSIGNAL) == (ssize_t)len);
}

/** Read what has come. Returns how many answers are whole now. */
static size_t take(struct load *l, struct link *link)
{
    ssize_t got = read(link->fd, l->chunk, sizeof(l->chunk));
    const char *end = l->chunk + got;
    size_t answers = 0;

    BENCH_NEED(got > 0);
    for (const char *p = l->chunk; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++) {
        if (++link->lines < l->server->lines)
            continue;
        link->lines = 0;
        answers++;
    }
    return answers;
}

void load_run(struct load *l, size_t count)
{
    struct epoll_event events[EVENTS];

    l->to_send = count;
    for (unsigned i = 0; i < l->conns; i++)
        ask(l, &l->links[i], l->depth);
    while (count > 0) {
        int ready = epoll_wait(l->epoll, events, EVENTS, PATIENCE_MS);

        BENCH_NEED(ready > 0);
        for (int i = 0; i < ready; i++) {
            struct link *link = events[i].data.ptr;
            size_t answers = take(l, link);

            ask(l, link, answers);
            count -= answers;
        }
    }
}

size_t load_time(struct load *l, uint64_t ns, size_t count, uint64_t *times)
{
    const uint64_t end = bench_now_ns() + ns;
    size_t i = 0;

    for (; i < count && bench_now_ns() < end; i++) {
        uint64_t start = bench_now_ns();

        l->to_send = 1;
        ask(l, &l->links[0], 1);
        while (take(l, &l->links[0]) == 0)
            continue;
        times[i] = bench_now_ns() - start;
        (void)usleep(PAUSE_US);
    }
    return i;
}

struct load_greedy {
    pid_t pid;
    uint64_t *count; /* shared with the process */
};

/** The body of the process. */
_Noreturn static void be_greedy(const struct load_server *server, unsigned conns, unsigned depth,
                                uint64_t *count)
{
    struct load *l = load_open(server, conns, depth);
    struct epoll_event events[EVENTS];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    l->to_send = SIZE_MAX;
    for (unsigned i = 0; i < conns; i++)
        ask(l, &l->links[i], depth);
    for (;;) {
        int ready = epoll_wait(l->epoll, events, EVENTS, PATIENCE_MS);

        for (int i = 0; i < ready; i++) {
            struct link *link = events[i].data.ptr;
            size_t answers = take(l, link);

            ask(l, link, answers);
            __atomic_fetch_add(count, answers, __ATOMIC_RELAXED);
        }
    }
}

struct load_greedy *load_greedy_start(const struct load_server *server, unsigned conns,
                                      unsigned depth)
{
    struct load_greedy *g = malloc(sizeof(*g));

    BENCH_NEED(g != NULL);
    g->count =
        mmap(NULL, sizeof(*g->count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    BENCH_NEED(g->count != MAP_FAILED);
    g->pid = fork();
    BENCH_NEED(g->pid >= 0);
    if (g->pid == 0)
        be_greedy(server, conns, depth, g->count);
    while (load_greedy_count(g) < (uint64_t)conns * depth) { /* all are at it */
        BENCH_NEED(waitpid(g->pid, NULL, WNOHANG) == 0);
        (void)usleep(STEP_US);
    }
    return g;
}

uint64_t load_greedy_count(const struct load_greedy *g)
{
    return __atomic_load_n(g->count, __ATOMIC_RELAXED);
}

void load_greedy_stop(struct load_greedy *g)
{
    (void)kill(g->pid, SIGKILL);
    (void)waitpid(g->pid, NULL, 0);
    (void)munmap(g->count, sizeof(*g->count));
    free(g);
}
