/* SPDX-License-Identifier: MIT */
/* The process between a command and its private daemon; daemon.h has the reasons. */
#ifndef CLIENT_CLI_REACH_SUPERVISOR_H
#define CLIENT_CLI_REACH_SUPERVISOR_H

/** Arguments of the supervisor; borrowed from the process that forked it. */
struct supervisor {
    const char *program; /* path of scboxd */
    char *const *argv;   /* ended by NULL */
    const char *dir;     /* removed at the end */
    const char *entry;   /* in the roster, removed when the daemon has ended; NULL: none */
    const char *log;     /* file for the daemon's stderr */
    int life_fd;   /* end of file: stop the daemon; a SUPERVISOR_RELEASE byte before: let it run */
    int status_fd; /* receives one int: 0: the daemon is ready; or -errno */
};

enum { SUPERVISOR_RELEASE = 'r' };

/**
 * Run the daemon, watch it and the life pipe, and remove the directory.
 * Context   a freshly forked child; closes every descriptor but the two.
 */
_Noreturn void supervisor_main(const struct supervisor *k);

#endif
