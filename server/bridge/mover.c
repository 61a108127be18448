/* SPDX-License-Identifier: MIT */
#include "server/bridge/mover.h"

#include "server/base/list.h"

#include <errno.h>

/** call_mover.fetch */
static int fetch(struct call_mover *mover, uint64_t at, size_t size)
{
    const struct mover *m = container_of(mover, struct mover, base);

    return sites_read(m->sites, m->tracee, m->in_addr + at, mover->slice, size) < 0 ? -EIO : 0;
}

/** call_mover.deliver */
static int deliver(struct call_mover *mover, uint64_t at, const char *bytes, size_t size)
{
    const struct mover *m = container_of(mover, struct mover, base);

    return tracee_write(m->tracee, m->out_addr + at, bytes, size) < 0 ? -EIO : 0;
}

void mover_init(struct mover *m, const struct tracee *t, const struct sites *sites, char *slice,
                size_t size)
{
    *m = (struct mover){
        .base = {.slice = slice, .slice_size = size, .fetch = fetch, .deliver = deliver},
        .tracee = t,
        .sites = sites};
}
