/* SPDX-License-Identifier: MIT */
/*
 * sc-export: writes the files that are generated from the tables of schema/.
 *
 *     sc-export openrpc        schema/openrpc.json, the answer of rpc.discover
 *     sc-export syscalls.md    schema/syscalls.md, the calls as a page to read
 *
 * The outputs are committed; tests/layering fails when they differ from the tables.
 */
#include "schema/tools/export.h"
#include "schema/openrpc/openrpc.h"

#include <stdlib.h>
#include <string.h>

static int export_openrpc(FILE *out)
{
    char *text = openrpc_document();

    if (text == NULL) {
        (void)fputs("sc-export: out of memory\n", stderr);
        return 1;
    }
    (void)fprintf(out, "%s\n", text);
    free(text);
    return 0;
}

int main(int argc, char **argv)
{
    const char *what = argc == 2 ? argv[1] : "";
    int err = 0;

    if (strcmp(what, "openrpc") == 0) {
        err = export_openrpc(stdout);
    } else if (strcmp(what, "syscalls.md") == 0) {
        export_syscalls_md(stdout);
    } else {
        (void)fputs("usage: sc-export openrpc|syscalls.md\n", stderr);
        return 2;
    }
    if (fflush(stdout) != 0) {
        perror("sc-export: standard output");
        return 1;
    }
    return err;
}
