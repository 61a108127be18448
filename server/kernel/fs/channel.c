/* SPDX-License-Identifier: MIT */
#include "server/kernel/fs/channel.h"

#include "server/kernel/machine.h"

#include <errno.h>
#include <stdlib.h>

struct channel {
    struct machine *machine;
    struct channel_end end[2];
};

static struct channel_end *peer_of(const struct channel_end *e)
{
    struct channel *c = e->channel;

    return e == &c->end[0] ? &c->end[1] : &c->end[0];
}

static void end_init(struct channel_end *e, struct channel *c, struct machine *m)
{
    e->channel = c;
    e->open = true;
    byteq_init(&e->in, &m->queued);
    waitq_init(&e->readable, m);
    waitq_init(&e->writable, m);
}

static void channel_free(struct channel *c)
{
    c->machine->channels--;
    free(c);
}

int channel_open(struct machine *m, uint32_t mode, struct open_file *out[2])
{
    struct channel *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return -ENOMEM;
    c->machine = m;
    m->channels++;
    for (int i = 0; i < 2; i++)
        end_init(&c->end[i], c, m);
    if (open_file_of_end(m, &c->end[0], mode, &out[0]) < 0) {
        channel_free(c);
        return -ENOMEM;
    }
    if (open_file_of_end(m, &c->end[1], mode, &out[1]) < 0) {
        c->end[1].open = false;
        (void)open_file_unref(out[0]); /* frees the channel */
        return -ENOMEM;
    }
    return 0;
}

void channel_close(struct channel_end *e)
{
    struct channel_end *peer = peer_of(e);

    e->open = false;
    byteq_done(&e->in);
    waitq_done(&e->readable);
    waitq_done(&e->writable);
    if (!peer->open) {
        channel_free(e->channel);
        return;
    }
    waitq_wake(&peer->readable);
    waitq_wake(&peer->writable);
}

int64_t channel_read(struct channel_end *e, char *buf, size_t len)
{
    struct channel_end *peer = peer_of(e);
    size_t count = byteq_take(&e->in, buf, len);

    if (count == 0 && len > 0 && peer->open)
        return -EAGAIN;
    if (count > 0 && peer->open)
        waitq_wake(&peer->writable);
    return (int64_t)count;
}

int64_t channel_write(struct channel_end *e, const char *buf, size_t len)
{
    struct channel_end *peer = peer_of(e);
    int64_t count;

    if (!peer->open)
        return -EPIPE;
    count = byteq_put(&peer->in, buf, len, CHANNEL_MAX);
    if (count == 0 && len > 0)
        return -EAGAIN;
    if (count > 0)
        waitq_wake(&peer->readable);
    return count;
}

bool channel_is_ready(const struct channel_end *e, bool write)
{
    const struct channel_end *peer = peer_of(e);

    return !peer->open || (write ? peer->in.len < CHANNEL_MAX : e->in.len > 0);
}

struct waitq *channel_queue(struct channel_end *e, bool write)
{
    return write ? &e->writable : &e->readable;
}
