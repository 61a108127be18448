/* SPDX-License-Identifier: MIT */
#include "server/bridge/tracee/jail.h"

#include "server/bridge/tracee/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK_SIZE = 16 * 1024 };

/** Make a directory that is in no other, and so stays empty. Returns its fd; -1. */
static int open_empty(void)
{
    static const char *const places[] = {"/tmp", "/dev/shm", "/run", "/var/tmp"};
    char path[64];

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int fd;

        (void)snprintf(path, sizeof(path), "%s/scbox-empty-XXXXXX", places[i]);
        if (mkdtemp(path) == NULL)
            continue;
        fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (rmdir(path) == 0 && fd >= 0)
            return fd;
        if (fd >= 0)
            (void)close(fd);
    }
    return -1;
}

/** Run a child in this address space. Returns whether there was one, and it exited with 0. */
static bool run_child(int (*main)(void *), struct jail *j, void *stack, int flags)
{
    pid_t pid = child_start(main, j, (char *)stack + STACK_SIZE, flags, NULL);
    int status = -1;

    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0;
}

void jail_init(struct jail *j)
{
    void *stack = malloc(STACK_SIZE);

    *j = (struct jail){-1, -1};
    if (stack != NULL)
        j->root_fd = open_empty();
    if (j->root_fd >= 0 && !run_child(child_try_jail, j, stack, 0)) {
        /* The child opens its namespace in our fd table, because only the child may look it up in /proc. */
        (void)run_child(child_open_namespace, j, stack, CLONE_FILES | CLONE_NEWUSER);
        if (j->user_fd < 0 || !run_child(child_try_jail, j, stack, 0))
            jail_done(j);
    }
    free(stack);
}

void jail_done(struct jail *j)
{
    if (j->root_fd >= 0)
        (void)close(j->root_fd);
    if (j->user_fd >= 0)
        (void)close(j->user_fd);
    *j = (struct jail){-1, -1};
}
