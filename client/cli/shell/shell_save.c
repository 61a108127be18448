/* SPDX-License-Identifier: MIT */
/* :save writes the steps that were kept as a scenario. */
#include "client/cli/base/cmd.h"
#include "client/cli/base/host_file.h"
#include "client/cli/base/json.h"
#include "client/cli/shell/shell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *shell_driver_in_test(const char *driver)
{
    return strcmp(driver, "sqlitefs") == 0 ? "ramfs" : driver;
}

/*
 * A scenario is played in a machine without names, so it begins by making those that the shell found,
 * with nothing in them: what the user keeps on the host is not for a test, so memory takes its place.
 */
static void write_names(FILE *file, const cJSON *names)
{
    const cJSON *view = NULL;

    cJSON_ArrayForEach(view, names)
        fprintf(file, "fs %s %s\n", json_text(view, "name"),
                shell_driver_in_test(json_text(view, "driver")));
}

static bool is_waited_for(const struct shell_saved *v, int background)
{
    for (size_t i = 0; i < v->count; i++) {
        if (v->steps[i].waits == background)
            return true;
    }
    return false;
}

/* The number that a background step has among those that are written. */
static int number_in_file(const struct shell_saved *v, int background)
{
    int number = 0;

    for (size_t i = 0; i < v->count; i++) {
        const struct shell_step_saved *s = &v->steps[i];

        number += s->background != 0 && is_waited_for(v, s->background);
        if (s->background == background)
            break;
    }
    return number;
}

/* Write a step; its host path is made one that holds wherever the file is, unless that is @here. */
static void write_step(FILE *file, const struct shell_saved *v, const struct shell_step_saved *s,
                       const char *cwd)
{
    const char *text = s->text;
    const char *at = s->host != NULL && cwd != NULL ? strstr(text, s->host) : NULL;
    const char *amp = s->waits != 0 ? strchr(text, '&') : NULL;

    if (s->background != 0 && !is_waited_for(v, s->background))
        fprintf(file, "# no step waited for: %s\n", text);
    else if (amp != NULL)
        fprintf(file, "%.*s&%d%s\n", (int)(amp - text), text, number_in_file(v, s->waits),
                amp + 1 + strspn(amp + 1, "0123456789"));
    else if (at != NULL)
        fprintf(file, "%.*s%s/%s\n", (int)(at - text), text, cwd,
                at + (strncmp(at, "./", 2) == 0 ? 2 : 0));
    else
        fprintf(file, "%s\n", text);
}

/* The current directory, returned, when the scenario will be in another one; else NULL. */
static char *elsewhere(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *dir = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : NULL;
    char *there = dir != NULL ? realpath(dir, NULL) : NULL;
    char *here = getcwd(NULL, 0);
    bool same = slash == NULL || (there != NULL && here != NULL && strcmp(there, here) == 0);

    free(dir);
    free(there);
    if (same) {
        free(here);
        return NULL;
    }
    return here;
}

static void write_all(FILE *file, struct shell *sh, const char *path)
{
    const struct shell_saved *v = &sh->saved;
    char *cwd = elsewhere(path);

    if (strstr(strbuf_str(&v->head), "@title") == NULL)
        fputs("@title \"typed into scbox shell\"\n", file);
    fprintf(file, "%s\n", strbuf_str(&v->head));
    write_names(file, sh->names);
    fputc('\n', file);
    for (size_t i = 0; i < v->count; i++)
        write_step(file, v, &v->steps[i], cwd);
    free(cwd);
}

/* What the user has to know of the file. */
static void report_saved(struct shell *sh, const char *path)
{
    const struct shell_saved *v = &sh->saved;
    const cJSON *view = NULL;

    if (v->left_out > 0)
        printf("%zu steps are left out: a scenario may have %d bytes\n", v->left_out,
               SHELL_TYPED_MAX);
    cJSON_ArrayForEach(view, sh->names) {
        if (strcmp(json_text(view, "driver"), "sqlitefs") == 0)
            printf("in the test, %s: is empty at the start, and in memory\n",
                   json_text(view, "name"));
    }
    printf("%zu steps are in %s; play them with `scbox test %s`\n", v->count, path, path);
}

bool shell_save(struct shell *sh, const char *path)
{
    struct why why = WHY_INIT;
    FILE *file = NULL;
    bool ok = false;

    if (*path == '\0')
        return complain(0, "shell", "FILE is missing, e.g. `:save first.scn`") != 0;
    if (sh->saved.count == 0)
        return complain(0, "shell", "there is nothing to save: no step was played yet") != 0;
    if (host_create_stream(path, HOST_NEW, &file, &why) < 0)
        complain(0, "shell", "%s: %s", path, host_reason(&why));
    why_done(&why);
    if (file == NULL)
        return false;
    write_all(file, sh, path);
    ok = fflush(file) == 0 && ferror(file) == 0;
    if (fclose(file) != 0 || !ok) {
        complain(0, "shell", "%s: could not be written: %s", path, strerror(errno));
        return false;
    }
    report_saved(sh, path);
    return true;
}
