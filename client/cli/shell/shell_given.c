/* SPDX-License-Identifier: MIT */
/*
 * Variables that a scenario is given from outside: $TMP, $TOKEN and those of --set. In the shell $TMP is made
 * when a line may need it, and goes with the shell.
 */
#include "client/cli/base/cmd.h"
#include "client/cli/reach/tmp_dir.h"
#include "client/cli/shell/shell.h"

#include <string.h>

void shell_need_tmp(struct shell *sh, const char *text)
{
    bool needed = strstr(text, "TMP") != NULL || strncmp(text, "include", 7) == 0;

    if (!needed || sh->tmp != NULL)
        return;
    sh->tmp = tmp_dir_make("shell", sh->reach.daemon);
    if (sh->tmp != NULL && scn_set(sh->session, "TMP", sh->tmp) != 0)
        shell_take_back(sh);
}

bool shell_give(struct shell *sh, char *const *sets, size_t count)
{
    const char *wrong = scn_give(sh->session, sets, count);

    if (wrong != NULL)
        complain(0, "shell", "--set %s: expected NAME=VALUE, with letters, digits and _ in NAME",
                 wrong);
    return wrong == NULL;
}

void shell_take_back(struct shell *sh)
{
    tmp_dir_remove(sh->tmp);
    sh->tmp = NULL;
}
