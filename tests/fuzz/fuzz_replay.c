/* SPDX-License-Identifier: MIT */
/* Logs of inputs: whatever stands in one, playing it ends, with an error in words or without. */
#include "server/base/check.h"
#include "server/rpc/replay/replay.h"

#include "fsdrivers/registry.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int no_memory(void *host, struct shared_memory **out)
{
    (void)host;
    (void)out;
    return -ENOMEM;
}

static void count_line(void *user, const char *line, size_t len)
{
    CHECK(len > 0 && line[len - 1] == '\n');
    ++*(size_t *)user;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct host_ops ops = {.memory_new = no_memory};
    size_t lines = 0;
    const struct replay_host host = {
        .ops = &ops, .fs_open = registry_open, .write = count_line, .user = &lines};
    struct strbuf error = STRBUF_INIT;
    char *log = malloc(size + 1);
    int err;

    CHECK(log != NULL);
    memcpy(log, data, size);
    err = replay(log, size, &host, &error);
    CHECK((err < 0) == (error.len > 0));
    strbuf_done(&error);
    free(log);
    return 0;
}
