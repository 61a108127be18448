/* SPDX-License-Identifier: MIT */
#include "client/cli/shell/edit_input.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum {
    READ_SIZE = 4096,
    PASTE_WAIT_MS = 1000, /* for the rest of a paste whose end was not seen yet */
};

static const char paste_begins[] = "\033[200~";
static const char paste_ends[] = "\033[201~";

size_t edit_input_ahead(const struct edit_input *in)
{
    return in->bytes.len - in->at;
}

const char *edit_input_at(const struct edit_input *in)
{
    return strbuf_str(&in->bytes) + in->at;
}

size_t edit_input_drop(struct edit_input *in)
{
    size_t count = edit_input_ahead(in);

    strbuf_reset(&in->bytes);
    in->at = 0;
    in->pasting = false;
    return count;
}

void edit_input_cut(struct edit_input *in, size_t keep)
{
    if (edit_input_ahead(in) > keep)
        in->bytes.len = in->at + keep;
}

bool edit_input_read(struct edit_input *in)
{
    char bytes[READ_SIZE];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);

    strbuf_drop(&in->bytes, in->at);
    in->at = 0;
    return got > 0 && strbuf_add(&in->bytes, bytes, (size_t)got) == 0;
}

/* Whether something comes within a time. */
static bool is_ready(int ms)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};

    return poll(&fd, 1, ms) > 0;
}

void edit_input_read_ahead(struct edit_input *in)
{
    while (edit_input_ahead(in) < EDIT_AHEAD_MAX) {
        bool open = in->pasting && strstr(edit_input_at(in), paste_ends) == NULL;

        if (!is_ready(open ? PASTE_WAIT_MS : 0) || !edit_input_read(in))
            return;
    }
}

/* Whether a mark is what comes next; then it is taken. */
static bool take_mark(struct edit_input *in, const char *mark)
{
    size_t len = strlen(mark);

    if (edit_input_ahead(in) < len || memcmp(edit_input_at(in), mark, len) != 0)
        return false;
    in->at += len;
    return true;
}

/* Whether a byte of a paste, which was taken, is left out. */
static bool is_left_out(const struct edit_input *in, char byte)
{
    if (byte == '\r' && *edit_input_at(in) == '\n')
        return true;
    return (unsigned char)byte < ' ' && strchr("\t\r\n", byte) == NULL;
}

bool edit_input_take(struct edit_input *in, char *out)
{
    if (take_mark(in, paste_begins)) {
        in->pasting = true;
        edit_input_read_ahead(in);
        return false;
    }
    if (take_mark(in, paste_ends)) {
        in->pasting = false;
        return false;
    }
    *out = *edit_input_at(in);
    in->at++;
    return !in->pasting || !is_left_out(in, *out);
}
