/* SPDX-License-Identifier: MIT */
#include "client/cli/reach/tmp_dir.h"

#include "client/cli/base/cmd.h"
#include "server/base/strbuf.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WALK_FDS = 16 }; /* directories that nftw() keeps open */

char *tmp_dir_make(const char *command, const struct daemon *daemon)
{
    const char *base = daemon != NULL ? daemon_dir(daemon) : getenv("TMPDIR");
    struct strbuf path = STRBUF_INIT;
    char *made;

    if (base == NULL || base[0] == '\0')
        base = "/tmp";
    (void)strbuf_addf(&path, "%s/scbox-%s.XXXXXX", base, command);
    made = strbuf_take(&path);
    if (made != NULL && mkdtemp(made) != NULL)
        return made;
    complain(0, command, "can't make a directory for $TMP in %s: %s", base,
             strerror(made != NULL ? errno : ENOMEM));
    free(made);
    return NULL;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void tmp_dir_remove(char *path)
{
    if (path != NULL)
        (void)nftw(path, remove_entry, WALK_FDS, FTW_DEPTH | FTW_PHYS);
    free(path);
}
