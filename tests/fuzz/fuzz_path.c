/* SPDX-License-Identifier: MIT */
/* Paths: whatever is accepted is canonical, and parsing it again changes nothing. */
#include "server/base/check.h"
#include "server/kernel/fs/path.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_canonical(const struct path *p)
{
    CHECK(p->len == strlen(p->str) && p->len >= 1 && p->len <= FS_PATH_MAX && p->str[0] == '/');
    CHECK(p->len == 1 || p->str[p->len - 1] != '/');
    CHECK(strstr(p->str, "//") == NULL && strstr(p->str, "/./") == NULL);
    CHECK(strstr(p->str, "/../") == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct path first;
    static struct path second;
    struct why why = WHY_INIT;
    struct sc_str name;

    if (path_split((struct sc_str){(const char *)data, size}, &name, &first, &why) == 0) {
        check_canonical(&first);
        CHECK(name.len <= SC_NAME_MAX);
        CHECK(path_parse((struct sc_str){first.str, first.len}, &second, NULL) == 0);
        CHECK(strcmp(first.str, second.str) == 0);
    } else {
        CHECK(why.count > 0);
    }
    why_done(&why);
    return 0;
}
