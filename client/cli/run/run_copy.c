/* SPDX-License-Identifier: MIT */
/* Host files into a machine, by the calls any session has: CREATE, OPEN, WRITE, CLOSE. */
#include "client/cli/base/cmd.h"
#include "client/cli/base/host_file.h"
#include "client/cli/base/json.h"
#include "client/cli/run/run.h"
#include "server/base/strbuf.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Limits of one copy; tests/cli/test_limits.c sets smaller ones. */
#ifndef COPY_DEPTH_MAX
#define COPY_DEPTH_MAX 128
#endif
#ifndef COPY_ENTRIES_MAX
#define COPY_ENTRIES_MAX 1000000
#endif

/* A copy: the number of copied entries, and the directories above the current one. */
struct copy {
    struct run *run;
    size_t entries;
    struct stat above[COPY_DEPTH_MAX];
    size_t depth;
};

/* Make a directory unless it is there. */
static int make_dir(struct run *r, const char *target)
{
    int outcome = run_call(r, "SC_CREATE", json_object("file:s type:s", target, "DIR"), NULL);

    if (outcome == SCBOX_OK || (outcome == SCBOX_REFUSED && r->came.error.code == EEXIST))
        return 0;
    return run_refused(r, outcome);
}

/* Make every directory above @target. */
static int make_parents(struct run *r, const char *target)
{
    const char *slash = strchr(target, ':') + 1;
    int code = 0;

    slash += *slash == '/';
    while (code == 0 && (slash = strchr(slash, '/')) != NULL) {
        char *parent = strndup(target, (size_t)(slash - target));

        code = parent != NULL ? make_dir(r, parent) : RUN_DAEMON;
        free(parent);
        slash++;
    }
    return code;
}

static int copy_one(struct copy *c, const char *host, const char *target);

/* Copy all entries of an open directory. */
static int copy_entries(struct copy *c, DIR *dir, const char *host, const char *target)
{
    struct dirent *entry = NULL;
    int code = 0;

    while (code == 0 && (entry = readdir(dir)) != NULL) {
        struct strbuf from = STRBUF_INIT;
        struct strbuf to = STRBUF_INIT;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        (void)strbuf_addf(&from, "%s/%s", host, entry->d_name);
        (void)strbuf_addf(&to, "%s/%s", target, entry->d_name);
        code = copy_one(c, strbuf_str(&from), strbuf_str(&to));
        strbuf_done(&from);
        strbuf_done(&to);
    }
    return code;
}

/* Whether a directory can be entered. Returns an exit code. */
static int check_dir(const struct copy *c, const struct stat *st)
{
    if (host_is_loop(c->above, c->depth, st))
        return complain(RUN_DAEMON, "run", "%s: " HOST_LOOP, c->run->doing);
    if (c->depth == COPY_DEPTH_MAX)
        return complain(RUN_DAEMON, "run", "%s: more than %d directories deep", c->run->doing,
                        COPY_DEPTH_MAX);
    return 0;
}

static int copy_dir(struct copy *c, int fd, const struct stat *st, const char *host,
                    const char *target)
{
    DIR *dir = fdopendir(fd);
    int code = 0;

    if (dir == NULL) {
        close(fd);
        return complain(RUN_DAEMON, "run", "%s: %s", c->run->doing, strerror(errno));
    }
    code = check_dir(c, st);
    if (code == 0 && strchr(target, ':')[1] != '\0') /* the root of a view is there */
        code = make_dir(c->run, target);
    if (code == 0) {
        c->above[c->depth++] = *st;
        code = copy_entries(c, dir, host, target);
        c->depth--;
    }
    closedir(dir);
    return code;
}

/* Open a source. Files without content, as devices, are skipped with a note. Returns an exit
 * code. */
static int open_source(struct copy *c, const char *host, struct stat *st, int *out_fd)
{
    struct why why = WHY_INIT;
    int fd = host_open(host, HOST_COPY_MAX, HOST_DIR, st, &why);
    int code = 0;

    if (fd == -EINVAL)
        complain(0, "run", "left out %s: neither a file nor a directory", host);
    else if (fd < 0)
        code = complain(RUN_DAEMON, "run", "%s: %s", c->run->doing, host_reason(&why));
    why_done(&why);
    *out_fd = fd;
    return code;
}

/* Copy one file or directory. Links are followed. */
static int copy_one(struct copy *c, const char *host, const char *target)
{
    struct strbuf doing = STRBUF_INIT;
    const char *before = c->run->doing;
    struct stat st;
    int fd = -1;
    int code = 0;

    (void)strbuf_addf(&doing, "copying %s to %s", host, target);
    c->run->doing = strbuf_str(&doing);
    if (++c->entries > COPY_ENTRIES_MAX)
        code = complain(RUN_DAEMON, "run", "%s: more than %d files and directories", c->run->doing,
                        COPY_ENTRIES_MAX);
    if (code == 0)
        code = open_source(c, host, &st, &fd);
    if (fd >= 0 && S_ISDIR(st.st_mode)) {
        code = copy_dir(c, fd, &st, host, target);
    } else if (fd >= 0) {
        code = run_copy_fd(c->run, fd, target);
        close(fd);
    }
    c->run->doing = before;
    strbuf_done(&doing);
    return code;
}

int run_copy_in(struct run *r, const char *host, const char *target)
{
    const char *slash = strrchr(host, '/');
    struct copy c = {.run = r};
    bool into = strchr("/:", target[strlen(target) - 1]) != NULL;
    struct strbuf doing = STRBUF_INIT;
    struct strbuf to = STRBUF_INIT;
    struct stat st;
    int code = 0;

    (void)strbuf_adds(&to, target);
    while (to.len > 0 && to.ptr[to.len - 1] == '/')
        to.ptr[--to.len] = '\0'; /* the entries of a directory bring their own slash */
    if (into && stat(host, &st) == 0 && !S_ISDIR(st.st_mode))
        (void)strbuf_addf(&to, "/%s", slash != NULL ? slash + 1 : host);
    (void)strbuf_addf(&doing, "copying %s to %s", host, strbuf_str(&to));
    r->doing = strbuf_str(&doing);
    code = make_parents(r, strbuf_str(&to));
    if (code == 0)
        code = copy_one(&c, host, strbuf_str(&to));
    r->doing = "";
    strbuf_done(&doing);
    strbuf_done(&to);
    return code;
}
