/* SPDX-License-Identifier: MIT */
/* Results of calls as a person makes them up who answers a paused one. */
#include "server/rpc/codec/kinds.h"

#include <stdlib.h>
#include <string.h>

int take_ps(struct decoder *d, uint32_t *out)
{
    return take_flag(d, "PS", out);
}

int take_big(struct decoder *d, uint64_t *out)
{
    return take_size(d, out);
}

int take_dname(struct decoder *d, struct sc_dname *out)
{
    const char *arg = d->info->args[d->next].name;
    struct sc_str name;

    if (take_named(d, &name) < 0)
        return -1;
    if (name.len >= sizeof(out->bytes))
        return fail(d->failure, RPC_E_PARAMS, arg, "longer than %zu bytes", sizeof(out->bytes) - 1);
    memset(out, 0, sizeof(*out));
    memcpy(out->bytes, name.ptr, name.len);
    return 0;
}

int take_rpath(struct decoder *d, struct sc_str *out)
{
    const char *arg = d->info->args[d->next].name;
    struct sc_str path;

    if (take_named(d, &path) < 0)
        return -1;
    if (path.len >= SC_PATH_SIZE)
        return fail(d->failure, RPC_E_PARAMS, arg, "longer than %d bytes", SC_PATH_SIZE - 1);
    d->lent = strdup(path.ptr);
    if (d->lent == NULL)
        return fail(d->failure, RPC_E_INTERNAL, arg, "out of memory");
    *out = (struct sc_str){d->lent, path.len};
    return 0;
}

/** Bytes into the buffer that the call was lent. */
static int fill_buf(struct decoder *d, const char *arg, struct sc_str bytes, struct sc_buf *out)
{
    if (bytes.len > out->cap)
        return fail(d->failure, RPC_E_PARAMS, arg, "%zu bytes; the call asked for at most %zu",
                    bytes.len, out->cap);
    memcpy(out->ptr, bytes.ptr, bytes.len);
    out->len = bytes.len;
    return 0;
}

int take_buf(struct decoder *d, struct sc_buf *out)
{
    const char *arg = d->info->args[d->next].name;
    struct sc_str bytes;

    return take_bytes(d, &bytes) < 0 ? -1 : fill_buf(d, arg, bytes, out);
}

int take_pbuf(struct decoder *d, struct sc_buf *out)
{
    const char *arg = d->info->args[d->next].name;
    struct sc_str path;

    return take_named(d, &path) < 0 ? -1 : fill_buf(d, arg, path, out);
}
