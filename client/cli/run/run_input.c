/* SPDX-License-Identifier: MIT */
/*
 * The host's stdin, typed to the run's session: what the guest reads from io:/tty and io:/console.
 *
 * One piece at a time is in flight, so stdin is not read faster than the guest reads. A terminal
 * that is full takes only a part; the rest is sent again after a pause, which grows each time.
 */
#include "client/cli/base/json.h"
#include "client/cli/run/run.h"
#include "client/lib/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAUSE_MIN_MS = 10, PAUSE_MAX_MS = 640 };

/* Read a piece, which must not block. */
static void read_piece(struct run_input *in)
{
    ssize_t got = read(STDIN_FILENO, in->buf, sizeof in->buf);

    if (got > 0)
        in->len = (size_t)got;
    else if (got == 0 || (errno != EINTR && errno != EAGAIN))
        in->ended = true;
}

static cJSON *input_params(const struct run_input *in)
{
    cJSON *params = json_object("eof:b", in->ended);

    if (scbox_add_data(params, "data", in->buf, in->len) < 0) {
        cJSON_Delete(params);
        return NULL;
    }
    return params;
}

/* The terminal has taken the first @size bytes. */
static void take_answer(struct run_input *in, size_t size)
{
    in->len -= size < in->len ? size : in->len;
    memmove(in->buf, in->buf + size, in->len);
    in->on = in->len > 0 || !in->ended;
    if (in->len == 0) {
        in->pause_ms = 0;
        return;
    }
    in->pause_ms = size > 0 || in->pause_ms == 0 ? PAUSE_MIN_MS : in->pause_ms * 2;
    in->pause_ms = in->pause_ms < PAUSE_MAX_MS ? in->pause_ms : PAUSE_MAX_MS;
    in->next_ms = clock_ms() + in->pause_ms;
}

int run_input_begin(struct run *r)
{
    struct run_input *in = &r->input;
    cJSON *result = NULL;
    struct stat st;
    int code = 0;

    if (fstat(STDIN_FILENO, &st) == 0 && S_ISREG(st.st_mode))
        read_piece(in);
    in->on = in->len == 0 && !in->ended;
    if (in->on)
        return 0;
    r->doing = "passing stdin to the guest";
    code = run_must(r, "console.input", input_params(in), &result);
    if (code == 0)
        take_answer(in, (size_t)json_int(result, "size"));
    cJSON_Delete(result);
    return code;
}

bool run_input_wants(const struct run *r)
{
    return r->input.on && r->input.len == 0 && !r->input.ended;
}

void run_input_read(struct run *r)
{
    if (run_input_wants(r))
        read_piece(&r->input);
}

int run_input_pause(const struct run *r)
{
    int64_t left = r->input.next_ms - clock_ms();

    if (!r->input.on || r->input.request != 0 || r->input.pause_ms == 0)
        return -1;
    return left > 0 ? (int)left : 0;
}

/* Take the answer of the request in flight. Returns whether none is in flight any more. */
static bool receive_answer(struct run *r)
{
    struct run_input *in = &r->input;
    cJSON *result = NULL;
    int outcome = SCBOX_OK;

    if (in->request == 0)
        return true;
    outcome = scbox_receive_tree(r->reach.conn, in->request, 0, &result, NULL);
    if (outcome == -ETIMEDOUT || outcome == -EINTR)
        return false;
    in->request = 0;
    if (outcome == SCBOX_OK)
        take_answer(in, (size_t)json_int(result, "size"));
    else
        in->on = false; /* its session has ended, which the run notices by itself */
    cJSON_Delete(result);
    return true;
}

void run_input_step(struct run *r)
{
    struct run_input *in = &r->input;
    cJSON *params = NULL;

    if (!in->on || !receive_answer(r) || !in->on || run_input_pause(r) > 0)
        return;
    if (in->len == 0 && !in->ended)
        return;
    params = input_params(in);
    if (params == NULL ||
        scbox_send_tree(r->reach.conn, "console.input", params, &in->request, NULL) < 0) {
        in->request = 0;
        in->on = false; /* the wait for the guest fails for the same reason */
    }
}
