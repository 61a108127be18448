/* SPDX-License-Identifier: MIT */
/*
 * Many files at once. Each is played by a child process that writes its report to a pipe; reports are told
 * in the order of the files, each as soon as those before it were told.
 */
#include "client/cli/scn_job.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PARALLEL_MAX = 64,
    LOOK_MS = 500, /* a signal that came just before a wait is seen so much later */
};

/** A file's place in the run. */
struct slot {
    pid_t pid; /* 0: not started, or ended */
    int fd;    /* the report comes from here; -1: none */
    struct strbuf in;
    cJSON *report;
};

struct run {
    const struct scn_jobs *jobs;
    pid_t pid; /* our own process */
    char *const *paths;
    struct slot *slots;
    size_t started;
    size_t told;
    int running;
    bool stopped; /* those under way were told to end */
    scn_report_fn fn;
    void *user;
    enum scn_outcome worst;
};

/** A report for a file whose process did not write one. */
static cJSON *report_lost(const char *path, const char *problem)
{
    cJSON *report = cJSON_CreateObject();

    (void)cJSON_AddStringToObject(report, "file", path);
    (void)cJSON_AddStringToObject(report, "outcome", scn_outcome_name(SCN_ERROR));
    (void)cJSON_AddStringToObject(report, "problem", problem);
    return report;
}

/** Be the process of a file. */
static _Noreturn void child_main(const struct run *run, size_t index, int fd)
{
    cJSON *report;
    char *text;
    size_t done = 0;
    size_t len;

    (void)signal(SIGPIPE, SIG_DFL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM); /* no machine outlives a run that is killed */
    if (getppid() != run->pid)
        exit(0);
    report = scn_job_play(run->jobs, run->paths[index], (int)index + 1);
    text = scbox_json(report);
    len = text != NULL ? strlen(text) : 0;
    while (done < len) {
        ssize_t put = write(fd, text + done, len - done);

        if (put < 0 && errno != EINTR)
            break;
        done += put > 0 ? (size_t)put : 0;
    }
    free(text);
    cJSON_Delete(report);
    exit(0); /* not _exit(): leak checkers look at the end of a process */
}

/** Start the next file. What can't be started is an error of that file. */
static void start_next(struct run *run)
{
    size_t index = run->started++;
    struct slot *slot = &run->slots[index];
    int fds[2];

    slot->fd = -1;
    if (pipe2(fds, O_CLOEXEC) != 0) {
        slot->report = report_lost(run->paths[index], "can't make a pipe");
        return;
    }
    fflush(NULL);
    slot->pid = fork();
    if (slot->pid == 0) {
        (void)close(fds[0]);
        child_main(run, index, fds[1]);
    }
    (void)close(fds[1]);
    if (slot->pid < 0) {
        (void)close(fds[0]);
        slot->pid = 0;
        slot->report = report_lost(run->paths[index], "can't start a process");
        return;
    }
    slot->fd = fds[0];
    run->running++;
}

/** Take the report of a process that closed its pipe. */
static void finish(struct run *run, size_t index)
{
    struct slot *slot = &run->slots[index];
    struct strbuf problem = STRBUF_INIT;
    int status = 0;

    (void)close(slot->fd);
    slot->fd = -1;
    while (waitpid(slot->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    slot->pid = 0;
    run->running--;
    slot->report = cJSON_Parse(strbuf_str(&slot->in));
    strbuf_done(&slot->in);
    if (slot->report != NULL)
        return;
    if (WIFSIGNALED(status))
        (void)strbuf_addf(&problem, "the process that played it was killed by signal %d (%s)",
                          WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        (void)strbuf_addf(&problem, "the process that played it ended with status %d",
                          WEXITSTATUS(status));
    slot->report = report_lost(run->paths[index], strbuf_str(&problem));
    strbuf_done(&problem);
}

/** Read what a file's process has written. */
static void take_bytes(struct run *run, size_t index)
{
    struct slot *slot = &run->slots[index];
    char bytes[4096];
    ssize_t got = read(slot->fd, bytes, sizeof bytes);

    if (got > 0)
        (void)strbuf_add(&slot->in, bytes, (size_t)got);
    else if (got == 0 || errno != EINTR)
        finish(run, index);
}

/** Wait until some process has written something. */
static void wait_some(struct run *run)
{
    struct pollfd pfds[PARALLEL_MAX];
    size_t indices[PARALLEL_MAX];
    nfds_t count = 0;

    for (size_t i = 0; i < run->started && count < PARALLEL_MAX; i++) {
        if (run->slots[i].fd < 0)
            continue;
        pfds[count] = (struct pollfd){.fd = run->slots[i].fd, .events = POLLIN};
        indices[count++] = i;
    }
    if (count == 0 || poll(pfds, count, LOOK_MS) <= 0)
        return;
    for (nfds_t i = 0; i < count; i++) {
        if (pfds[i].revents != 0)
            take_bytes(run, indices[i]);
    }
}

/** Let the files under way end in order: a signal to us alone did not reach their processes. */
static void stop_all(struct run *run)
{
    if (run->stopped || *run->jobs->stop == 0)
        return;
    run->stopped = true;
    for (size_t i = 0; i < run->started; i++) {
        if (run->slots[i].pid > 0)
            (void)kill(run->slots[i].pid, SIGTERM);
    }
}

/** Tell the reports that are next in order. */
static void tell_ready(struct run *run)
{
    while (run->told < run->started && run->slots[run->told].report != NULL) {
        struct slot *slot = &run->slots[run->told];
        enum scn_outcome outcome = scn_report_outcome(slot->report);

        if (outcome > run->worst)
            run->worst = outcome;
        run->fn(run->user, run->told, slot->report);
        cJSON_Delete(slot->report);
        slot->report = NULL;
        run->told++;
    }
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
        while (run.running < parallel && run.started < count && *jobs->stop == 0)
            start_next(&run);
        stop_all(&run);
        if (run.running > 0)
            wait_some(&run);
        tell_ready(&run);
    } while (run.running > 0 || (run.started < count && *jobs->stop == 0));
    free(run.slots);
    return run.worst;
}
