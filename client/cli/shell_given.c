/* SPDX-License-Identifier: MIT */
/*
 * Variables that a scenario is given from outside: $TMP, $TOKEN and those of --set. In the shell $TMP is made
 * when a line may need it, and goes with the shell.
 */
#include "client/cli/cmd.h"
#include "client/cli/daemon.h"
#include "client/cli/shell.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { WALK_FDS = 16 }; /* directories nftw() keeps open at once */

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

/* A directory; in that of a private daemon, which may take sources of filesystems from there. */
static void make_tmp(struct shell *sh)
{
    const char *base = getenv("TMPDIR");
    struct strbuf path = STRBUF_INIT;

    if (sh->reach.daemon != NULL)
        base = daemon_dir(sh->reach.daemon);
    (void)strbuf_addf(&path, "%s/scbox-shell.XXXXXX",
                      base != NULL && *base != '\0' ? base : "/tmp");
    sh->tmp = strbuf_take(&path);
    if (sh->tmp != NULL && mkdtemp(sh->tmp) != NULL && scn_set(sh->session, "TMP", sh->tmp) == 0)
        return;
    complain(0, "shell", "can't make a directory for $TMP in %s: %s", base != NULL ? base : "/tmp",
             strerror(errno));
    free(sh->tmp);
    sh->tmp = NULL;
}

void shell_need_tmp(struct shell *sh, const char *text)
{
    bool needed = strstr(text, "TMP") != NULL || strncmp(text, "include", 7) == 0;

    if (needed && sh->tmp == NULL)
        make_tmp(sh);
}

bool shell_give(struct shell *sh, char *const *sets, size_t count)
{
    uint64_t random = 0;
    char token[24];

    (void)getrandom(&random, sizeof random, 0);
    (void)snprintf(token, sizeof token, "t%016llx", (unsigned long long)random);
    (void)scn_set(sh->session, "TOKEN", token);
    for (size_t i = 0; i < count; i++) {
        size_t len = strcspn(sets[i], "=");
        char *name = strndup(sets[i], len);
        int err = name == NULL          ? -ENOMEM
                  : sets[i][len] != '=' ? -EINVAL
                                        : scn_set(sh->session, name, sets[i] + len + 1);

        free(name);
        if (err < 0) {
            complain(0, "shell", "--set %s: it is NAME=VALUE, with letters, digits and _ in NAME",
                     sets[i]);
            return false;
        }
    }
    return true;
}

void shell_take_back(struct shell *sh)
{
    if (sh->tmp != NULL)
        (void)nftw(sh->tmp, remove_entry, WALK_FDS, FTW_DEPTH | FTW_PHYS);
    free(sh->tmp);
    sh->tmp = NULL;
}
