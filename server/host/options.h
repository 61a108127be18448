/* SPDX-License-Identifier: MIT */
/* The command line of scboxd. */
#ifndef SERVER_HOST_OPTIONS_H
#define SERVER_HOST_OPTIONS_H

#include "server/host/config.h"

/** What main() does next. */
enum options_result {
    OPTIONS_RUN,    /* run with the settings in @config */
    OPTIONS_ENOUGH, /* --help or --version were printed: exit 0 */
    OPTIONS_USAGE,  /* one line was printed on stderr: exit 2 */
};

/**
 * Read the command line and the configuration file that it names, if any.
 * @config   filled; config_init() was called.
 */
enum options_result options_read(int argc, char **argv, struct config *config);

#endif
