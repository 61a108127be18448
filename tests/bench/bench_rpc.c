/* SPDX-License-Identifier: MIT */
/*
 * Calls of clients, socket to socket, beside GET of redis on the same kind of socket: CONNS x DEPTH is so many
 * connections with so many requests in flight each.
 *
 * The fairness rows are about the median time of one caller who asks for one thing at a time, beside greedy
 * connections that always have a thousand requests in flight.
 *
 * With SCBOX_BENCH_OTHER=/path/of/another/scboxd its calls are compared, too, with those of ours.
 */
#include "tests/bench/bench.h"
#include "tests/bench/bench_load.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HONEST_CALLS = 10000, HONEST_NS = 500000000, GREEDY_DEPTH = 1000 };

#define ERRNO_REQUEST "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_ERRNO\"}\n"
#define STAT_REQUEST                                                                               \
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_STAT\",\"params\":[\"root:/a\"]}\n"
#define GET_REQUEST "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"

static char dir[] = "/tmp/scbox-bench-XXXXXX";
static pid_t servers[3];
static size_t server_count;
static pid_t self;

/** A path in the directory; static. */
static const char *in_dir(const char *name)
{
    static char paths[8][128];
    static size_t next;
    char *path = paths[next++];

    BENCH_NEED(next <= 8);
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
    return path;
}

static void start(const char *const *argv)
{
    pid_t pid = fork();
    int null;

    BENCH_NEED(pid >= 0);
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        null = open("/dev/null", O_RDWR);
        (void)dup2(null, STDOUT_FILENO);
        (void)dup2(null, STDERR_FILENO);
        (void)execvp(argv[0], (char *const *)argv);
        _exit(127);
    }
    servers[server_count++] = pid;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void stop_all(void)
{
    if (getpid() != self) /* a greedy child that failed */
        return;
    for (size_t i = 0; i < server_count; i++) {
        (void)kill(servers[i], SIGKILL);
        (void)waitpid(servers[i], NULL, 0);
    }
    (void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/** Ask for something once. */
static void ask_once(const char *path, const char *request)
{
    const struct load_server server = {path, request, 1};
    struct load *l = load_open(&server, 1, 1);

    load_run(l, 1);
    load_close(l);
}

/** Room for a crowd that comes while the one before it is still going. */
static const char *write_config(void)
{
    const char *path = in_dir("config.json");
    FILE *f = fopen(path, "w");

    BENCH_NEED(f != NULL);
    (void)fputs("{\"limits\":{\"connections\":1000,\"sessions\":1000}}", f);
    BENCH_NEED(fclose(f) == 0);
    return path;
}

/** A scboxd with a machine that has the file root:/a. */
static void start_scboxd(const char *program, const char *path, const char *state)
{
    const char *argv[] = {program, "-n", "-c", write_config(), "-s", path, "-d", state, NULL};

    start(argv);
    ask_once(path,
             "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"machine.create\",\"params\":"
             "{\"name\":\"default\",\"names\":[{\"name\":\"root\",\"driver\":\"ramfs\"}]}}\n");
    ask_once(path, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"SC_CREATE\",\"params\":"
                   "[\"root:/a\",\"REGULAR\"]}\n");
}

static void start_redis(const char *path)
{
    const char *argv[] = {"redis-server", "--port", "0", "--unixsocket", path, "--save", "",
                          "--appendonly", "no",     NULL};

    start(argv);
    ask_once(path, "SET k 1\r\n");
}

/* Rates. */

struct shape {
    const struct load_server *server;
    unsigned conns;
    unsigned depth;
    struct load *load; /* opened once, at the first use */
};

static void run_shape(void *user, size_t count)
{
    struct shape *s = user;

    if (s->load == NULL)
        s->load = load_open(s->server, s->conns, s->depth);
    load_run(s->load, count);
}

/* Fairness. */

struct crowd {
    const struct load_server *server;
    unsigned conns;
};

static int by_time(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/** One honest caller beside a crowd: the median time of its calls, and what the crowd's took. */
static void face_crowd(const struct crowd *c, double *honest_ns, double *greedy_ns)
{
    struct load_greedy *greedy = load_greedy_start(c->server, c->conns, GREEDY_DEPTH);
    struct load *honest = load_open(c->server, 1, 1);
    static uint64_t times[HONEST_CALLS];
    uint64_t before = load_greedy_count(greedy);
    uint64_t begun = bench_now_ns();
    size_t count = load_time(honest, HONEST_NS, HONEST_CALLS, times);

    *greedy_ns = (double)(bench_now_ns() - begun) / (double)(load_greedy_count(greedy) - before);
    load_close(honest);
    load_greedy_stop(greedy);
    qsort(times, count, sizeof(times[0]), by_time);
    *honest_ns = (double)times[count / 2];
}

static double time_honest(void *user)
{
    double honest;
    double greedy;

    face_crowd(user, &honest, &greedy);
    return honest;
}

static double time_greedy(void *user)
{
    double honest;
    double greedy;

    face_crowd(user, &honest, &greedy);
    return greedy;
}

/* The tables. A ratio is one of times: 0.5 is twice as fast. */

enum { ERRNO, STAT, OTHER_ERRNO, OTHER_STAT, REDIS, SERVERS };

static struct load_server asked[SERVERS] = {
    [ERRNO] = {.request = ERRNO_REQUEST, .lines = 1},
    [STAT] = {.request = STAT_REQUEST, .lines = 1},
    [OTHER_ERRNO] = {.request = ERRNO_REQUEST, .lines = 1},
    [OTHER_STAT] = {.request = STAT_REQUEST, .lines = 1},
    [REDIS] = {.request = GET_REQUEST, .lines = 2},
};

static const struct form {
    unsigned conns;
    unsigned depth;
    size_t count;         /* calls a round */
    const char *goals[2]; /* beside redis: of ERRNO, STAT */
} forms[] = {
    {1, 1, 10000, {"≤ 1.0", "≤ 1.0"}},
    {16, 1, 40000, {"≤ 1.0", "≤ 1.0"}},
    {16, 16, 100000, {"≤ 1.0", "≤ 1.33"}},
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

static struct shape shapes[FORMS][SERVERS];
static char names[FORMS * SERVERS][64];

/** One row: @ours beside @peer. */
static void add_work(struct bench_work *to, size_t form, int ours, int peer)
{
    const struct form *f = &forms[form];
    char *name = names[form * SERVERS + (size_t)ours + (peer == REDIS ? 0 : 2)];

    (void)snprintf(name, sizeof(names[0]), "%s %ux%u / %s", ours == ERRNO ? "SC_ERRNO" : "SC_STAT",
                   f->conns, f->depth, peer == REDIS ? "redis GET" : "the other's");
    *to = (struct bench_work){name,
                              peer == REDIS ? f->goals[ours] : "",
                              f->count,
                              run_shape,
                              &shapes[form][ours],
                              run_shape,
                              &shapes[form][peer]};
}

static void bench_rates(int argc, char **argv, bool other)
{
    struct bench_work works[FORMS * 4];
    size_t count = 0;

    for (size_t i = 0; i < FORMS; i++) {
        for (int s = 0; s < SERVERS; s++)
            shapes[i][s] = (struct shape){&asked[s], forms[i].conns, forms[i].depth, NULL};
        add_work(&works[count++], i, ERRNO, REDIS);
        add_work(&works[count++], i, STAT, REDIS);
        if (other) {
            add_work(&works[count++], i, ERRNO, OTHER_ERRNO);
            add_work(&works[count++], i, STAT, OTHER_STAT);
        }
    }
    (void)bench_main(argc, argv, works, count);
    for (size_t i = 0; i < FORMS * SERVERS; i++) {
        if (shapes[i / SERVERS][i % SERVERS].load != NULL)
            load_close(shapes[i / SERVERS][i % SERVERS].load);
    }
}

static void bench_fairness(int argc, char **argv, bool other)
{
    static struct crowd few[] = {
        {&asked[ERRNO], 16}, {&asked[OTHER_ERRNO], 16}, {&asked[REDIS], 16}};
    static struct crowd many[] = {
        {&asked[ERRNO], 200}, {&asked[OTHER_ERRNO], 200}, {&asked[REDIS], 200}};
    const struct bench_value values[] = {
        {"p50 beside 16 greedy / redis", "≤ 0.15", time_honest, &few[0], time_honest, &few[2]},
        {"p50 beside 200 greedy / redis", "≤ 0.15", time_honest, &many[0], time_honest, &many[2]},
        {"the 16 greedy themselves / redis", "≤ 1.18", time_greedy, &few[0], time_greedy, &few[2]},
        {"p50 beside 16 greedy / the other's", "", time_honest, &few[0], time_honest, &few[1]},
        {"p50 beside 200 greedy / the other's", "", time_honest, &many[0], time_honest, &many[1]},
        {"the 16 greedy / the other's", "", time_greedy, &few[0], time_greedy, &few[1]},
    };

    (void)bench_values(argc, argv, values, other ? 6 : 3);
}

int main(int argc, char **argv)
{
    const char *other = getenv("SCBOX_BENCH_OTHER");

    BENCH_NEED(mkdtemp(dir) != NULL);
    self = getpid();
    (void)atexit(stop_all);
    asked[ERRNO].socket = asked[STAT].socket = in_dir("ours/s");
    asked[OTHER_ERRNO].socket = asked[OTHER_STAT].socket = in_dir("other/s");
    asked[REDIS].socket = in_dir("redis");
    start_scboxd(BENCH_SCBOXD, asked[ERRNO].socket, in_dir("state"));
    if (other != NULL)
        start_scboxd(other, asked[OTHER_ERRNO].socket, in_dir("other-state"));
    start_redis(asked[REDIS].socket);
    bench_rates(argc, argv, other != NULL);
    bench_fairness(argc, argv, other != NULL);
    return 0;
}
