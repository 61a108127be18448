/* SPDX-License-Identifier: MIT */
/*
 * The jail takes the daemon's authority from guests' host processes. The filter refuses each call that
 * could use any; the jail is the second line behind it.
 *
 * A guest's process has no capability, creates no file (RLIMIT_FSIZE), may hold few descriptors, and
 * its root is an empty directory that is removed already: nothing can be made in it. Changing the root
 * takes CAP_SYS_CHROOT, or a user namespace in which a process has it; one such namespace serves all
 * guests. Where the host allows neither, they keep the daemon's root.
 */
#ifndef SERVER_BRIDGE_TRACEE_JAIL_H
#define SERVER_BRIDGE_TRACEE_JAIL_H

struct jail {
    int root_fd; /* the empty directory; -1: none */
    int user_fd; /* the user namespace to enter first; -1: none */
};

/** Make one, as strict as this host allows. SIGCHLDs of its children can be ignored. */
void jail_init(struct jail *j);

void jail_done(struct jail *j);

#endif
