/* SPDX-License-Identifier: MIT */
/*
 * What a run waits for, all at once: the daemon, signals, the time limit, stdin, and room for output.
 *
 * Output that stdout does not take yet is kept here while the daemon's messages are read on: a daemon drops
 * the events of a client that does not read. Only OUTPUT_MAX bytes stop the reading.
 */
#include "client/cli/base/show.h"
#include "client/cli/run/run.h"
#include "client/lib/clock.h"

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

void run_deadline(struct run *r, int64_t timeout_ms)
{
    r->deadline_ms = clock_ms() + timeout_ms;
}

static size_t pending(const struct run *r)
{
    return r->out.len - r->out_done;
}

/* Nothing more can be written: nobody reads, and this ends as SIGPIPE would end it, or it does not work. */
static void stop_output(struct run *r, int err)
{
    r->out_errno = err;
    r->ending = err == EPIPE ? RUN_SIGNAL + SIGPIPE : RUN_DAEMON;
}

/* Write a piece that a pipe with room takes whole, so that it can't block. */
static void write_piece(struct run *r)
{
    size_t len = pending(r) < PIPE_BUF ? pending(r) : PIPE_BUF;
    ssize_t put = write(STDOUT_FILENO, r->out.ptr + r->out_done, len);

    if (put >= 0)
        r->out_done += (size_t)put;
    else if (errno != EINTR && errno != EAGAIN)
        stop_output(r, errno);
    if (pending(r) == 0 || r->out_errno != 0) {
        strbuf_reset(&r->out);
        r->out_done = 0;
    }
}

/* How long poll() may sleep; 0 with r->ending set when the time is over. */
static int time_left(struct run *r)
{
    int64_t left = r->deadline_ms == INT64_MAX ? -1 : r->deadline_ms - clock_ms();

    if (r->deadline_ms != INT64_MAX && left <= 0) {
        r->ending = RUN_TIMEOUT;
        return 0;
    }
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* The sooner of two times to sleep; below 0 is never. */
static int sooner(int a, int b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

/* Wait until something can go on; @socket says whether the daemon's messages count. */
static void wait_for_news(struct run *r, bool socket)
{
    struct signalfd_siginfo info;
    struct pollfd fds[4] = {
        {.fd = r->signal_fd, .events = POLLIN},
        {.fd = pending(r) > 0 ? STDOUT_FILENO : -1, .events = POLLOUT},
        {.fd = socket ? scbox_fd(r->reach.conn) : -1, .events = POLLIN},
        {.fd = -1, .events = POLLIN},
    };

    if (socket) {
        run_input_step(r);
        fds[3].fd = run_input_wants(r) ? STDIN_FILENO : -1;
    }
    (void)poll(fds, 4, sooner(time_left(r), socket ? run_input_pause(r) : -1));
    if (read(r->signal_fd, &info, sizeof info) == sizeof info)
        r->ending = RUN_SIGNAL + (int)info.ssi_signo;
    if (fds[1].revents != 0)
        write_piece(r);
    if (fds[3].revents != 0)
        run_input_read(r);
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
        wait_for_news(r, false);
}

void run_drain(struct run *r)
{
    int ending = r->ending;

    if (ending != 0 && ending != RUN_TIMEOUT)
        return;
    r->deadline_ms = INT64_MAX;
    r->ending = 0;
    while (pending(r) > 0 && r->ending == 0)
        wait_for_news(r, false);
    if (r->ending == 0)
        r->ending = ending;
}

int run_call(struct run *r, const char *method, cJSON *params, cJSON **result)
{
    int64_t id = 0;
    int outcome = scbox_send(r->reach.conn, method, params, &id, &r->error);

    if (outcome < 0)
        return outcome;
    do {
        outcome = scbox_receive(r->reach.conn, id, 0, result, &r->error);
        if (outcome != -ETIMEDOUT)
            return outcome;
        if (r->ending == 0)
            wait_for_news(r, true);
    } while (r->ending == 0);
    scbox_forget(r->reach.conn, id);
    return -EINTR;
}

int run_refused(struct run *r, int outcome)
{
    struct strbuf place = STRBUF_INIT;

    if (outcome != -EINTR) {
        (void)strbuf_addf(&place, "run: %s", r->doing);
        show_error(stderr, strbuf_str(&place), &r->error);
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
