/* SPDX-License-Identifier: MIT */
/* Scenario files: what is refused is refused with a place and a sentence. */
#include "client/cli/scenario/scn_parse.h"
#include "tests/fuzz/memfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scn_arena arena = {0};
    struct scn_parser p = {.arena = &arena};
    struct scn_scenario scenario = {0};
    char path[MEMFILE_PATH_MAX];

    memfile_set(data, size, path);
    scn_know(&p, "TMP", true);
    if (!scn_parse_file(&p, path, &scenario))
        CHECK(p.error != NULL && p.error_line >= 0 && p.error_column >= 0);
    scn_arena_done(&arena);
    return 0;
}
