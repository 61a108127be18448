/* SPDX-License-Identifier: MIT */
/* Configuration files: what is refused is refused in one line. */
#include "server/host/config.h"
#include "tests/fuzz/memfile.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct strbuf error = STRBUF_INIT;
    struct config config;
    char path[MEMFILE_PATH_MAX];

    memfile_set(data, size, path);
    config_init(&config);
    if (config_load(&config, path, &error) < 0)
        CHECK(error.len > 0 && strchr(strbuf_str(&error), '\n') == NULL);
    config_done(&config);
    strbuf_done(&error);
    return 0;
}
