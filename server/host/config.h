/* SPDX-License-Identifier: MIT */
/*
 * The daemon's settings: defaults, the configuration file, the command line; the last one wins.
 *
 * The file is one JSON object; schema/config.schema.json describes it:
 *
 *     {
 *         "socket": "/run/scbox/scboxd.sock",
 *         "state": "/var/lib/scbox",
 *         "source_roots": ["/srv/images"],
 *         "limits": {"sessions": 1000},
 *         "machine_limits": {"procs": 500}
 *     }
 */
#ifndef SERVER_HOST_CONFIG_H
#define SERVER_HOST_CONFIG_H

#include "schema/limits.h"
#include "schema/machine_limits.h"
#include "server/base/strbuf.h"
#include "server/host/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A list of owned strings. */
struct strings {
    char **at;
    size_t count;
};

struct config {
    char *socket; /* owned; NULL: config_default_socket() */
    char *state;  /* owned; NULL: config_default_state() */
    enum log_level log_level;
    bool default_machine;
    bool guests;       /* ELF programs may run */
    bool patch_gates;  /* bridge_set_patching() */
    bool cpu_affinity; /* bridge_choose_cpu() */
    char *record;      /* owned; file for the record, or NULL */
    char *inputs;      /* owned; file for the log of inputs, or NULL */
    char *replay;      /* owned; log of inputs to replay, and do nothing else, or NULL */
    char *root_quota;  /* owned; of the default machine's disk, in sqlitefs's syntax; NULL: auto */
    struct strings source_roots;
    uint32_t *allow_uids; /* owned */
    size_t allow_uid_count;
    struct rpc_limits limits;
    struct machine_limits machine_limits; /* of each machine; 0: the initial value */
};

/** Set the defaults. */
void config_init(struct config *c);
void config_done(struct config *c);

/**
 * Read a configuration file into @c; keys that it lacks keep their values.
 * @error    receives one line: "FILE:LINE:COLUMN: …".
 * Returns   0; -EINVAL bad content, -EIO can't be read, -ENOMEM.
 */
int config_load(struct config *c, const char *file, struct strbuf *error);

/** Add a copy of @text. Returns 0, -ENOMEM. */
int strings_add(struct strings *list, const char *text);

/** $XDG_RUNTIME_DIR/scbox/scboxd.sock, else /tmp/scbox-UID/scboxd.sock; returned, or NULL. */
char *config_default_socket(void);

/** $XDG_STATE_HOME/scbox, else ~/.local/state/scbox, else /tmp/scbox-UID/state. As above. */
char *config_default_state(void);

#endif
