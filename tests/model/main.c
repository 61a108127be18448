/* SPDX-License-Identifier: MIT */
/*
 * Random sequences of calls, answered by the kernel and by the model. The first difference is shortened
 * and printed as a scenario that states what the model says.
 *
 *     model_test --seed 7 --runs 1000 --steps 4000     look for differences
 *     model_test --refuse-memory                       allocations of the kernel fail meanwhile
 *     model_test --count                               tell how often each call was answered how
 *     model_test --print                               a sequence as a scenario, for the daemon
 *     model_test --self-test                           a model that is wrong on purpose is found out
 *
 * SC_MODEL_SEED is the seed when none is given; without it, one is drawn and told.
 */
#include "client/cli/scenario/scn_parse.h"
#include "tests/contract/alloc.h"
#include "tests/model/gen.h"
#include "tests/model/shrink.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/** A wrong rule is found in so many runs, and shown in so many steps. */
enum { SELF_TEST_RUNS = 50, SELF_TEST_STEPS = 10 };

struct options {
    uint64_t seed;
    int steps;
    int runs;
    int procs;
    bool refuse_memory;
    bool self_test;
    bool print;
    struct play_options play;
    struct counts *counts; /* NULL: nobody asks */
};

/** How often which call was answered how: [0] success, [ANSWERS - 1] it waits, else the errno. */
enum { ANSWERS = 256 };
struct counts {
    unsigned long of[SC_MAX][ANSWERS];
};

/** A sequence as it was drawn. */
struct sequence {
    struct step *steps;
    size_t count;
    struct gen gen; /* owns the texts */
    struct failure failure;
};

/** Limits that are reached. */
static const struct model_limits narrow = {
    .procs = 12, .fds = 10, .names = 4, .regions = 6, .memory = 65536};

static const char usage[] =
    "usage: model_test [--seed N] [--runs N] [--steps N] [--procs N] [--driver ramfs|sqlitefs]\n"
    "                  [--refuse-memory] [--count] [--print] [--self-test]\n";

/* ---- counting ---- */

static void count(const struct options *o, const struct play *play, const struct step *s)
{
    int answer = play->status < 0 ? -play->status : play->status == SC_PENDING ? ANSWERS - 1 : 0;

    if (o->counts != NULL && play->played && s->nr >= 0)
        o->counts->of[s->nr][answer]++;
}

static void print_counts(const struct counts *c)
{
    for (size_t i = 0; i < sc_calls_count; i++) {
        const unsigned long *of = c->of[sc_calls[i].nr];

        printf("%-14s success %lu, waits %lu", sc_calls[i].word, of[0], of[ANSWERS - 1]);
        for (int e = 1; e < ANSWERS - 1; e++) {
            if (of[e] > 0)
                printf(", %s %lu", sc_errno_name(e), of[e]);
        }
        printf("\n");
    }
}

/** Whether every call was made and succeeded; those that are never told to have, by their nature not. */
static bool all_succeeded(const struct counts *c)
{
    bool all = true;

    for (size_t i = 0; i < sc_calls_count; i++) {
        int nr = sc_calls[i].nr;

        if (c->of[nr][0] > 0 || c->of[nr][ANSWERS - 1] > 0)
            continue;
        if (nr == SC_FS_ADD_SRC || nr == SC_IOCTL || nr == SC_PROC_EXEC)
            continue; /* the model has no drivers, devices and programs for which they would */
        printf("%s never succeeded\n", sc_calls[i].word);
        all = false;
    }
    return all;
}

/* ---- one run ---- */

static void draw_and_play(const struct options *o, uint64_t seed, struct sequence *out)
{
    static struct play play;

    memset(out, 0, sizeof(*out));
    out->steps = calloc((size_t)o->steps, sizeof(*out->steps));
    if (out->steps == NULL)
        abort();
    out->gen = (struct gen){.play = &play,
                            .state = seed + UINT64_C(0x9E3779B97F4A7C15),
                            .refuse_memory = o->refuse_memory};
    play_open(&play, &o->play);
    while (out->count < (size_t)o->steps) {
        struct step *s = &out->steps[out->count++];

        gen_next(&out->gen, s);
        if (!play_step(&play, s))
            break;
        count(o, &play, s);
    }
    play_close(&play);
    out->failure = play.failure;
}

static void sequence_done(struct sequence *s)
{
    gen_done(&s->gen);
    free(s->steps);
}

/* ---- a difference ---- */

/** Write the shortened sequence as a scenario. */
static void print_scenario(const struct sequence *s, const struct options *o, FILE *to)
{
    struct scenario *scenario = scenario_new();
    struct failure f;

    shrink_play(s->steps, s->count, &o->play, scenario, &f);
    (void)fprintf(to, "@title \"What the model of the ABI says\"\n");
    (void)fprintf(to, "@cite  \"the rules of the calls, as tests/model has them\"\n");
    (void)fprintf(to, "@clock virtual\n\n");
    (void)fprintf(to, "# %s\n", f.text);
    if (memcmp(&o->play.limits, &narrow, sizeof(narrow)) == 0)
        (void)fprintf(
            to,
            "# needs a machine with the limits procs=%u fds=%u names=%u regions=%u memory=%" PRIu64
            "\n",
            narrow.procs, narrow.fds, narrow.names, narrow.regions, narrow.memory);
    if (strcmp(o->play.driver, "sqlitefs") == 0)
        (void)fprintf(to, "fs r sqlitefs source=$TMP/r.db\n");
    scenario_print(scenario, to);
    scenario_free(scenario);
}

/** A machine that nobody limits. */
static struct model_limits wide_limits(void)
{
    return (struct model_limits){.procs = (uint32_t)machine_default_limits.procs,
                                 .fds = (uint32_t)machine_default_limits.fds,
                                 .names = (uint32_t)machine_default_limits.names,
                                 .regions = (uint32_t)machine_default_limits.regions,
                                 .memory = machine_default_limits.memory};
}

/** Print a sequence in which nothing differs. Returns whether nothing did. */
static bool print_sequence(struct options *o)
{
    struct sequence s;
    bool same;

    o->play.limits = wide_limits();
    draw_and_play(o, o->seed, &s);
    same = s.failure.step == 0;
    print_scenario(&s, o, stdout);
    sequence_done(&s);
    return same;
}

/** Shorten a sequence; with a machine that nobody limits, if that shows it too. */
static void shorten(struct sequence *s, struct options *o)
{
    struct options wide = *o;
    struct failure f;

    s->count = shrink(s->steps, s->count, &o->play, &s->failure);
    wide.play.limits = wide_limits();
    shrink_play(s->steps, s->count, &wide.play, NULL, &f);
    if (f.step != 0 && f.nr == s->failure.nr && f.came == s->failure.came)
        o->play.limits = wide.play.limits;
}

static void report(struct sequence *s, const struct options *given, uint64_t seed)
{
    struct options o = *given;

    printf("seed %" PRIu64 ", step %d: %s\n", seed, s->failure.step, s->failure.text);
    printf("again: model_test --seed %" PRIu64 " --steps %d --driver %s%s\n", seed, o.steps,
           o.play.driver, o.refuse_memory ? " --refuse-memory" : "");
    (void)fflush(stdout);
    shorten(s, &o);
    printf("%zu steps are enough:\n\n", s->count);
    print_scenario(s, &o, stdout);
}

/** Play @runs sequences from a seed on. Returns whether there was no difference. */
static bool look(const struct options *o)
{
    bool same = true;

    for (int i = 0; i < o->runs && same; i++) {
        long blocks = alloc_live();
        struct sequence s;

        draw_and_play(o, o->seed + (uint64_t)i, &s);
        same = s.failure.step == 0;
        if (!same)
            report(&s, o, o->seed + (uint64_t)i);
        sequence_done(&s);
        if (same && alloc_live() != blocks) {
            printf("seed %" PRIu64 ": %ld blocks were not given back\n", o->seed + (uint64_t)i,
                   alloc_live() - blocks);
            same = false;
        }
    }
    return same;
}

/* ---- the test of the test ---- */

/** Whether the scenario of a sequence is one that `scbox test` reads. */
static bool parses(const struct sequence *s, const struct options *o)
{
    struct scn_arena arena = {0};
    struct scn_parser p = {.arena = &arena};
    struct scn_scenario out = {0};
    char path[512];
    FILE *to;
    bool good;

    (void)snprintf(path, sizeof(path), "%s/shown.scn", o->play.dir);
    to = fopen(path, "we");
    if (to == NULL)
        abort();
    print_scenario(s, o, to);
    (void)fclose(to);
    good = scn_parse_file(&p, path, &out) && out.step_count >= s->count;
    if (!good)
        printf("%s:%d: %s\n", path, p.error_line, p.error != NULL ? p.error : "steps are missing");
    scn_arena_done(&arena);
    (void)unlink(path);
    return good;
}

/** A model that is wrong in one rule must be found out, in a few steps. */
static bool finds(const struct options *given, enum model_bug bug)
{
    struct options o = *given;
    struct sequence s = {0};
    bool found;

    o.play.bug = bug;
    for (uint64_t seed = 1; seed <= SELF_TEST_RUNS && s.failure.step == 0; seed++) {
        sequence_done(&s);
        draw_and_play(&o, seed, &s);
    }
    found = s.failure.step != 0;
    if (found) {
        shorten(&s, &o);
        printf("wrong rule %d: step %d becomes %zu steps\n", (int)bug, s.failure.step, s.count);
        print_scenario(&s, &o, stdout);
        found = s.count <= SELF_TEST_STEPS && parses(&s, &o);
    }
    sequence_done(&s);
    return found;
}

/* ---- the command line ---- */

static uint64_t number(const char *text)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10);

    if (*text == '\0' || *end != '\0') {
        (void)fputs(usage, stderr);
        exit(2);
    }
    return n;
}

static void parse_options(int argc, char **argv, struct options *o)
{
    static struct counts counts;
    static const struct option names[] = {
        {"seed", required_argument, NULL, 's'},   {"runs", required_argument, NULL, 'r'},
        {"steps", required_argument, NULL, 'n'},  {"procs", required_argument, NULL, 'p'},
        {"driver", required_argument, NULL, 'd'}, {"refuse-memory", no_argument, NULL, 'm'},
        {"count", no_argument, NULL, 'c'},        {"print", no_argument, NULL, 'o'},
        {"self-test", no_argument, NULL, 't'},    {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
        if (c == 's')
            o->seed = number(optarg);
        else if (c == 'r')
            o->runs = (int)number(optarg);
        else if (c == 'n')
            o->steps = (int)number(optarg);
        else if (c == 'p')
            o->play.limits.procs = (uint32_t)number(optarg);
        else if (c == 'd')
            o->play.driver = optarg;
        else if (c == 'm')
            o->refuse_memory = true;
        else if (c == 'c')
            o->counts = &counts;
        else if (c == 'o')
            o->print = true;
        else if (c == 't')
            o->self_test = true;
        else
            (void)number("");
    }
    if (o->steps < 1 || o->steps >= STEPS_MAX || o->play.limits.procs < 4)
        (void)number("");
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/scbox-model-XXXXXX";
    struct options o = {.steps = 4000, .runs = 1, .play = {.driver = "ramfs", .limits = narrow}};
    const char *given = getenv("SC_MODEL_SEED");
    bool good;

    if (given != NULL)
        o.seed = number(given);
    else if (getrandom(&o.seed, sizeof(o.seed), 0) == sizeof(o.seed))
        o.seed %= 1000000000;
    parse_options(argc, argv, &o);
    if (mkdtemp(dir) == NULL)
        return 70;
    o.play.dir = dir;
    if (!o.self_test && !o.print)
        printf("seed %" PRIu64 ", %d runs of %d steps\n", o.seed, o.runs, o.steps);
    if (o.print)
        good = print_sequence(&o);
    else
        good = o.self_test ? finds(&o, BUG_HOLES) && finds(&o, BUG_LAST_CHILD) : look(&o);
    (void)rmdir(dir);
    if (o.counts != NULL) {
        print_counts(o.counts);
        good = good && all_succeeded(o.counts);
    }
    return good ? 0 : 1;
}
