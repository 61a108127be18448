/* SPDX-License-Identifier: MIT */
/* The directory of the host that $TMP is, or is in. */
#ifndef CLIENT_CLI_REACH_TMP_DIR_H
#define CLIENT_CLI_REACH_TMP_DIR_H

#include "client/cli/reach/daemon.h"

/**
 * Make a directory for the $TMP of a command: in that of a private daemon, which takes sources of filesystems
 * from there; else in $TMPDIR or /tmp.
 * @command  "test", for its name and for complaints.
 * @daemon   may be NULL; borrowed.
 * Returns   its path; tmp_dir_remove(). NULL after a complaint.
 */
char *tmp_dir_make(const char *command, const struct daemon *daemon);

/** Remove a directory with all in it, and free its path. NULL is accepted. */
void tmp_dir_remove(char *path);

#endif
