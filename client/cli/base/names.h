/* SPDX-License-Identifier: MIT */
/* Names of the daemon's values, from the tables of schema/. */
#ifndef CLIENT_CLI_BASE_NAMES_H
#define CLIENT_CLI_BASE_NAMES_H

#include "server/base/strbuf.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/** The name of a FAIL code, "ZEROPTR"; "?": unknown. Static. */
const char *name_of_failure(int32_t code);

/** Whether an array has all file modes. */
bool names_every_mode(const cJSON *modes);

/**
 * Append the rights of an array: "READ,WRITE".
 * @all      instead, when no right is missing; NULL: nothing instead.
 * @none     instead, when there are none.
 */
void name_rights(struct strbuf *out, const cJSON *modes, const char *all, const char *none);

/** Append how a process ended: "exit code 3", "fault ZEROPTR", "killed". @status as PROC_WAIT
 * gives it. */
void name_ending(struct strbuf *out, const cJSON *status);

#endif
