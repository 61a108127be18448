/* SPDX-License-Identifier: MIT */
/*
 * What a run waits for, all at once: the daemon, signals, the time limit, stdin, and room for
 * output.
 *
 * Output that stdout does not accept yet is buffered while the daemon's messages are read, because
 * a daemon drops the events of a client that does not read. At OUTPUT_MAX bytes reading stops.
 */
#include "client/cli/base/show.h"
#include "client/cli/run/run.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
    OUTPUT_MAX = 64 * 1024 * 1024,
    OUTPUT_DROP = 1024 * 1024, /* written bytes are not kept longer than this */
};

int run_watch_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static size_t pending(const struct run *r)
{
    return r->out.len - r->out_done;
}

/* Write a piece that a pipe with room takes whole, so that it can't block. */
static void write_piece(struct run *r)
{
    size_t len = pending(r) < PIPE_BUF ? pending(r) : PIPE_BUF;
    ssize_t put = write(STDOUT_FILENO, r->out.ptr + r->out_done, len);

    if (put >= 0)
        r->out_done += (size_t)put;
    else if (errno != EINTR && errno != EAGAIN) {
        r->out_errno = errno; /* for a closed pipe, end as by SIGPIPE */
        r->ending = errno == EPIPE ? RUN_SIGNAL + SIGPIPE : RUN_DAEMON;
    }
    if (pending(r) == 0 || r->out_errno != 0) {
        strbuf_reset(&r->out);
        r->out_done = 0;
    }
}

enum { SIGNAL, ROOM, INPUT };

static int before(void *user, bool listening, struct pollfd *fds)
{
    struct run *r = user;

    fds[SIGNAL] = (struct pollfd){.fd = r->signal_fd, .events = POLLIN};
    fds[ROOM] = (struct pollfd){.fd = pending(r) > 0 ? STDOUT_FILENO : -1, .events = POLLOUT};
    if (!listening)
        return -1;
    run_input_step(r);
    fds[INPUT] = (struct pollfd){.fd = run_input_wants(r) ? STDIN_FILENO : -1, .events = POLLIN};
    return run_input_pause(r);
}

static void after(void *user, bool listening, const struct pollfd *fds)
{
    struct run *r = user;
    struct signalfd_siginfo info;

    if (read(r->signal_fd, &info, sizeof info) == sizeof info)
        r->ending = RUN_SIGNAL + (int)info.ssi_signo;
    if (fds[ROOM].revents != 0)
        write_piece(r);
    if (listening && fds[INPUT].revents != 0)
        run_input_read(r);
}

const struct scn_also run_also = {before, after};

/* Wait for room for output, or the end. */
static void wait_for_room(struct run *r)
{
    if (scn_time_over(r->session))
        r->ending = RUN_TIMEOUT;
    else
        scn_sleep(r->session, false, -1);
}

void run_output(struct run *r, const char *bytes, size_t len)
{
    struct pollfd room = {.fd = STDOUT_FILENO, .events = POLLOUT};

    if (r->out_errno != 0)
        return;
    if (r->out_done >= OUTPUT_DROP && r->out_done > r->out.len / 2) {
        strbuf_drop(&r->out, r->out_done);
        r->out_done = 0;
    }
    if (strbuf_add(&r->out, bytes, len) < 0)
        r->lost++;
    while (pending(r) > 0 && poll(&room, 1, 0) > 0)
        write_piece(r);
    while (pending(r) > OUTPUT_MAX && r->ending == 0)
        wait_for_room(r);
}

void run_drain(struct run *r)
{
    const int ending = r->ending;

    if (ending != 0 && ending != RUN_TIMEOUT)
        return;
    scn_session_timeout(r->session, SCBOX_FOREVER);
    r->ending = 0;
    while (pending(r) > 0 && r->ending == 0)
        wait_for_room(r);
    if (r->ending == 0)
        r->ending = ending;
}

int run_outcome(struct run *r, int outcome)
{
    if (outcome != -ETIMEDOUT)
        return outcome;
    r->ending = RUN_TIMEOUT;
    return -EINTR;
}

int run_call(struct run *r, const char *method, cJSON *params, cJSON **result)
{
    int outcome = run_outcome(r, scn_request(r->session, method, params, &r->came));

    if (outcome == SCBOX_OK && result != NULL) {
        *result = r->came.value;
        r->came.value = NULL;
    }
    return outcome;
}

int run_refused(struct run *r, int outcome)
{
    struct strbuf place = STRBUF_INIT;

    if (outcome != -EINTR) {
        (void)strbuf_addf(&place, "run: %s", r->doing);
        show_error(stderr, strbuf_str(&place), &r->came.error);
        strbuf_done(&place);
    }
    if (outcome < 0 && outcome != -EINTR)
        reach_last_words(&r->reach);
    return r->ending != 0 ? r->ending : RUN_DAEMON;
}

int run_must(struct run *r, const char *method, cJSON *params, cJSON **result)
{
    int outcome = run_call(r, method, params, result);

    return outcome == SCBOX_OK ? 0 : run_refused(r, outcome);
}
