/* SPDX-License-Identifier: MIT */
#include "server/bridge/jail.h"

#include "server/bridge/child.h"

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

/** Start a child in this address space that runs @main until it ends or is killed. Returns its pid,
 * or -1. */
static pid_t start(int (*main)(void *), void *arg, void *stack, int flags)
{
    return clone(main, (char *)stack + STACK_SIZE, CLONE_VM | flags | SIGCHLD, arg);
}

/** Wait for a child. Returns whether it exited with 0. */
static bool ended_well(pid_t pid)
{
    int status = -1;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status == 0;
}

/** Make a user namespace. Returns its fd; -1. */
static int open_user_namespace(void *stack)
{
    pid_t pid = start(child_pause, NULL, stack, CLONE_NEWUSER);
    char path[64];
    int fd;

    if (pid < 0)
        return -1;
    (void)snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    (void)kill(pid, SIGKILL);
    (void)ended_well(pid);
    return fd;
}

/** Whether a child can enter the jail. */
static bool works(struct jail *j, void *stack)
{
    pid_t pid = start(child_try_jail, j, stack, 0);

    return pid >= 0 && ended_well(pid);
}

void jail_init(struct jail *j)
{
    void *stack = malloc(STACK_SIZE);

    *j = (struct jail){-1, -1};
    if (stack != NULL)
        j->root_fd = open_empty();
    if (j->root_fd >= 0 && !works(j, stack)) {
        j->user_fd = open_user_namespace(stack);
        if (j->user_fd < 0 || !works(j, stack))
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
