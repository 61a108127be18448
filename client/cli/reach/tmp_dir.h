/* SPDX-License-Identifier: MIT */
/* The host directory that is $TMP, or contains it. */
#ifndef CLIENT_CLI_REACH_TMP_DIR_H
#define CLIENT_CLI_REACH_TMP_DIR_H

#include "client/cli/reach/daemon.h"

/**
 * Make a directory for the $TMP of a command: in the directory of a private daemon, which is a
 * source root; or in $TMPDIR or /tmp.
 * @command  "test", for its name and for error messages.
 * @daemon   may be NULL; borrowed.
 * Returns   its path; tmp_dir_remove(). NULL after a complaint.
 */
char *tmp_dir_make(const char *command, const struct daemon *daemon);

/** Remove a directory with its content, and free its path. Accepts NULL. */
void tmp_dir_remove(char *path);

#endif
