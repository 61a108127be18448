/* SPDX-License-Identifier: MIT */
/*
 * Many files at once. Each is played by a child process that writes its report to a pipe. Reports
 * are printed in the order of the files.
 *
 * A process hangs if it exceeds the deadline in its struct scn_progress, as when a pattern is
 * compared for ever. Then it is killed, and its report is made from that struct.
 */
#include "client/cli/base/json.h"
#include "client/cli/test/scn_job.h"
#include "client/lib/clock.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PARALLEL_MAX = 64,
    LOOK_MS = 500,       /* a signal that came just before a wait is seen so much later */
    STOP_MS = 20 * 1000, /* after a signal the files under way have so long to end */
    WAITING_MAX = 128 * 1024 * 1024, /* bytes of reports that wait for one before them */
};

/* Bytes of one report, as its process writes it; tests/cli/test_limits.c has fewer. */
#ifndef SCN_REPORT_BYTES_MAX
#define SCN_REPORT_BYTES_MAX (UINT32_C(256) << 20)
#endif

/* Memory of a process that plays a file; sanitizers reserve far more than they use. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define JOB_MEMORY_MAX RLIM_INFINITY
#else
#define JOB_MEMORY_MAX ((rlim_t)1 << 30)
#endif

/** A file's place in the run. */
struct slot {
    pid_t pid;                     /* 0: not started, or ended */
    int fd;                        /* the report comes from here; -1: none */
    struct strbuf in;              /* the report as text, until it is told */
    struct scn_progress *progress; /* mapped while the process lives */
    int64_t started_ms;
    bool hangs; /* it was killed for that */
    bool ready; /* its report can be told */
};

struct run {
    const struct scn_jobs *jobs;
    pid_t pid; /* our own process */
    char *const *paths;
    struct slot *slots;
    size_t started;
    size_t told;
    size_t waiting;  /* bytes of reports that are ready */
    int64_t stop_ms; /* when those under way must have ended; 0: no signal came */
    int running;
    bool stopped; /* those under way were told to end */
    scn_report_fn fn;
    void *user;
    enum scn_outcome worst;
};

/** Have a report told for a file whose process did not write one. @report taken. */
static void put_report(struct run *run, struct slot *slot, cJSON *report)
{
    char *text = scbox_json(report);

    strbuf_reset(&slot->in);
    (void)strbuf_adds(&slot->in, text != NULL ? text : "");
    free(text);
    cJSON_Delete(report);
    slot->ready = true;
    run->waiting += slot->in.len;
}

/** The report of a file whose process wrote none; what the file's head said is kept. */
static cJSON *report_lost(const struct run *run, size_t index, enum scn_outcome outcome,
                          const char *problem)
{
    const struct scn_progress *p = run->slots[index].progress;
    cJSON *report = p != NULL ? cJSON_Parse(p->head) : NULL;

    if (report == NULL) {
        report = cJSON_CreateObject();
        (void)cJSON_AddStringToObject(report, "file", run->paths[index]);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(report, "problem");
    (void)cJSON_AddStringToObject(report, "outcome", scn_outcome_name(outcome));
    (void)cJSON_AddStringToObject(report, "problem", problem);
    return report;
}

/** Add the step that was being played when its process was killed. */
static void add_hanging_step(cJSON *report, const struct scn_progress *p)
{
    cJSON *step = json_object("line:i file:s source:s outcome:s", p->line, p->file, p->source,
                              scn_outcome_name(SCN_TIMEOUT));

    (void)cJSON_AddStringToObject(
        step, "problem",
        "the file's time was over, and what came of the step was still "
        "being compared, or taken: a pattern may take for ever, a program "
        "whose calls are recorded may make them without end");
    (void)cJSON_AddItemToArray(cJSON_AddArrayToObject(report, "steps"), step);
}

/** The report of a file whose process hung. */
static cJSON *report_hanging(const struct run *run, size_t index)
{
    static const char *const hanging[] = {
        [SCN_PARSING] = "parsing it takes too long",
        [SCN_SETTING_UP] = "its machine was not made in time",
        [SCN_PLAYING] = "",
        [SCN_ENDING] = "its report was not written in time",
    };
    const struct scn_progress *p = run->slots[index].progress;
    cJSON *report;

    if (p->phase != SCN_PLAYING)
        return report_lost(run, index, SCN_ERROR, hanging[p->phase]);
    if (run->stopped)
        return report_lost(run, index, SCN_ERROR, "interrupted");
    report = report_lost(run, index, SCN_TIMEOUT, "");
    (void)cJSON_AddNumberToObject(report, "ms",
                                  (double)(clock_ms() - run->slots[index].started_ms));
    add_hanging_step(report, p);
    return report;
}

/** Be the process of a file. */
static _Noreturn void child_main(const struct run *run, size_t index, int fd)
{
    struct rlimit memory = {JOB_MEMORY_MAX, JOB_MEMORY_MAX};

    (void)signal(SIGPIPE, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* no machine outlives a run that is killed */
    if (getppid() != run->pid)
        exit(0);
    (void)setrlimit(RLIMIT_AS, &memory);
    scn_job_play(run->jobs, run->paths[index], (int)index + 1, run->slots[index].progress, fd);
    exit(0); /* not _exit(): leak checkers run at exit */
}

/** Memory shared with the process to come. NULL: there is none. */
static struct scn_progress *new_progress(void)
{
    struct scn_progress *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    p->deadline_ms = clock_ms() + STOP_MS;
    return p;
}

/** Start a process that plays a file. Returns NULL, or why it could not be. */
static const char *start(struct run *run, size_t index)
{
    struct slot *slot = &run->slots[index];
    int fds[2];

    slot->started_ms = clock_ms();
    slot->progress = new_progress();
    if (slot->progress == NULL || pipe2(fds, O_CLOEXEC) != 0)
        return "can't make a pipe";
    fflush(NULL);
    slot->pid = fork();
    if (slot->pid == 0) {
        (void)close(fds[0]);
        child_main(run, index, fds[1]);
    }
    (void)close(fds[1]);
    slot->fd = fds[0];
    if (slot->pid > 0)
        return NULL;
    (void)close(fds[0]);
    slot->fd = -1;
    slot->pid = 0;
    return "can't start a process";
}

static void drop_progress(struct slot *slot)
{
    if (slot->progress != NULL)
        (void)munmap(slot->progress, sizeof *slot->progress);
    slot->progress = NULL;
}

/** Start the next file. What can't be started is an error of that file. */
static void start_next(struct run *run)
{
    size_t index = run->started++;
    struct slot *slot = &run->slots[index];
    const char *problem;

    slot->fd = -1;
    problem = start(run, index);
    if (problem == NULL) {
        run->running++;
        return;
    }
    put_report(run, slot, report_lost(run, index, SCN_ERROR, problem));
    drop_progress(slot);
}

/** The report for a process that ended without one. */
static cJSON *report_ended(const struct run *run, size_t index, int status)
{
    struct strbuf problem = STRBUF_INIT;
    cJSON *report;

    if (run->slots[index].hangs)
        return report_hanging(run, index);
    if (run->slots[index].in.len > SCN_REPORT_BYTES_MAX)
        (void)strbuf_addf(&problem, "its report is longer than %u bytes",
                          (unsigned)SCN_REPORT_BYTES_MAX);
    else if (WIFSIGNALED(status))
        (void)strbuf_addf(&problem, "the process that played it was killed by signal %d (%s)",
                          WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        (void)strbuf_addf(&problem, "the process that played it ended with status %d",
                          WEXITSTATUS(status));
    report = report_lost(run, index, SCN_ERROR, strbuf_str(&problem));
    strbuf_done(&problem);
    return report;
}

/** Whether a process wrote all of its report. */
static bool is_whole(const struct strbuf *in)
{
    cJSON *report = cJSON_Parse(strbuf_str(in));
    bool whole = cJSON_IsObject(report) && *json_text(report, "outcome") != '\0';

    cJSON_Delete(report);
    return whole;
}

/** Take the report of a process that closed its pipe. */
static void finish(struct run *run, size_t index)
{
    struct slot *slot = &run->slots[index];
    int status = 0;

    (void)close(slot->fd);
    slot->fd = -1;
    while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    slot->pid = 0;
    run->running--;
    if (slot->in.len <= SCN_REPORT_BYTES_MAX && is_whole(&slot->in)) {
        slot->ready = true;
        run->waiting += slot->in.len;
    } else {
        put_report(run, slot, report_ended(run, index, status));
    }
    drop_progress(slot);
}

/** Read what a file's process has written. */
static void take_bytes(struct run *run, size_t index)
{
    struct slot *slot = &run->slots[index];
    char bytes[64 * 1024];
    ssize_t got = read(slot->fd, bytes, sizeof bytes);

    if (got > 0)
        (void)strbuf_add(&slot->in, bytes, (size_t)got);
    if (slot->in.len > SCN_REPORT_BYTES_MAX)
        (void)kill(slot->pid, SIGKILL);
    if (got == 0 || (got < 0 && errno != EINTR) || slot->in.len > SCN_REPORT_BYTES_MAX)
        finish(run, index);
}

/** Kill a process that does not keep to its time; its pipe ends then. */
static void end_hanging(struct run *run, struct slot *slot, int64_t now)
{
    int64_t deadline = slot->progress->deadline_ms;

    if (run->stop_ms != 0 && run->stop_ms < deadline)
        deadline = run->stop_ms;
    if (slot->hangs || now <= deadline)
        return;
    slot->hangs = true;
    (void)kill(slot->pid, SIGKILL);
}

/** Wait until some process has written something. */
static void wait_some(struct run *run)
{
    struct pollfd pfds[PARALLEL_MAX];
    size_t indices[PARALLEL_MAX];
    nfds_t count = 0;
    int64_t now;

    for (size_t i = run->told; i < run->started && count < PARALLEL_MAX; i++) {
        if (run->slots[i].fd < 0)
            continue;
        pfds[count] = (struct pollfd){.fd = run->slots[i].fd, .events = POLLIN};
        indices[count++] = i;
    }
    if (count == 0 || poll(pfds, count, LOOK_MS) < 0)
        return;
    now = clock_ms();
    for (nfds_t i = 0; i < count; i++) {
        if (pfds[i].revents != 0)
            take_bytes(run, indices[i]);
        else
            end_hanging(run, &run->slots[indices[i]], now);
    }
}

/** Let the files under way end in order: a signal to us alone did not reach their processes. */
static void stop_all(struct run *run)
{
    if (run->stopped || *run->jobs->stop == 0)
        return;
    run->stopped = true;
    run->stop_ms = clock_ms() + STOP_MS;
    for (size_t i = 0; i < run->started; i++) {
        if (run->slots[i].pid > 0)
            (void)kill(run->slots[i].pid, SIGTERM);
    }
}

/** Tell the reports that are next in order. */
static void report_ready(struct run *run)
{
    while (run->told < run->started && run->slots[run->told].ready) {
        struct slot *slot = &run->slots[run->told];
        cJSON *report = cJSON_Parse(strbuf_str(&slot->in));
        enum scn_outcome outcome = scn_report_outcome(report);

        run->waiting -= slot->in.len;
        strbuf_done(&slot->in);
        if (outcome > run->worst)
            run->worst = outcome;
        run->fn(run->user, run->told, report);
        cJSON_Delete(report);
        run->told++;
    }
}

/** Whether a further file may be started: reports that can't be told yet take memory. */
static bool may_start(const struct run *run, int parallel, size_t count)
{
    return run->running < parallel && run->started < count && *run->jobs->stop == 0 &&
           (run->waiting < WAITING_MAX || run->told == run->started);
}

enum scn_outcome scn_jobs_play(const struct scn_jobs *jobs, char *const *paths, size_t count,
                               scn_report_fn fn, void *user)
{
    struct run run = {.jobs = jobs, .pid = getpid(), .paths = paths, .fn = fn, .user = user};
    int parallel = jobs->parallel < PARALLEL_MAX ? jobs->parallel : PARALLEL_MAX;

    run.slots = calloc(count, sizeof *run.slots);
    if (run.slots == NULL)
        return SCN_ERROR;
    do {
        while (may_start(&run, parallel, count))
            start_next(&run);
        stop_all(&run);
        if (run.running > 0)
            wait_some(&run);
        report_ready(&run);
    } while (run.running > 0 || (run.started < count && *jobs->stop == 0));
    free(run.slots);
    return run.worst;
}
