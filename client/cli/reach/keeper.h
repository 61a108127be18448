/* SPDX-License-Identifier: MIT */
/* The process between a command and its private daemon; daemon.h tells why there is one. */
#ifndef CLIENT_CLI_REACH_KEEPER_H
#define CLIENT_CLI_REACH_KEEPER_H

/** What the keeper works on; everything is borrowed from the process it was forked from. */
struct keeper {
    const char *program; /* path of scboxd */
    char *const *argv;   /* ended by NULL */
    const char *dir;     /* removed at the end */
    const char *entry;   /* in the roster, removed when the daemon has ended; NULL: none */
    const char *log;     /* file that gets the daemon's stderr */
    int life_fd;   /* end of file: stop the daemon; a KEEPER_RELEASE byte before: let it run */
    int status_fd; /* gets one int: 0 when the daemon is ready, else -errno */
};

enum { KEEPER_RELEASE = 'r' };

/**
 * Be the keeper: run the daemon, watch it and the life pipe, remove the directory.
 * Context   a freshly forked child; closes every descriptor but the two.
 */
_Noreturn void keeper_main(const struct keeper *k);

#endif
