/* SPDX-License-Identifier: MIT */
/*
 * The jail: what guests' host processes have of the daemon's authority, which is nothing. The filter
 * refuses each call that could use any; this is what stands behind it.
 *
 * A guest's process has no capability, creates no file (RLIMIT_FSIZE), may hold few descriptors, and
 * its root is an empty directory that is gone already: nothing can be made in it. To change the root
 * takes CAP_SYS_CHROOT, or a user namespace in which a process has it; one such namespace serves all
 * guests. Where the host allows neither, they keep the daemon's root.
 */
#ifndef SERVER_BRIDGE_TRACEE_JAIL_H
#define SERVER_BRIDGE_TRACEE_JAIL_H

struct jail {
    int root_fd; /* the empty directory; -1 none */
    int user_fd; /* the user namespace to enter first; -1 none */
};

/** Make one, as good as this host allows. The calling thread gets no SIGCHLD of it that matters. */
void jail_init(struct jail *j);

void jail_done(struct jail *j);

#endif
