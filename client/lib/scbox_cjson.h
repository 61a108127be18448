/* SPDX-License-Identifier: MIT */
/*
 * scbox.h for programs that hold JSON as cJSON trees: the command line and tests. It is not installed, so
 * that nobody depends on libscbox's version of cJSON. Each function is the one of its name in scbox.h.
 */
#ifndef CLIENT_LIB_SCBOX_CJSON_H
#define CLIENT_LIB_SCBOX_CJSON_H

#include "client/lib/scbox.h"

#include <cjson/cJSON.h>

/** @params borrowed for the callback; NULL when there are none. The callback must not use the connection. */
typedef void (*scbox_event_tree_fn)(void *user, const char *method, const cJSON *params);

/** Instead of scbox_on_event(). */
void scbox_on_event_tree(struct scbox_conn *conn, scbox_event_tree_fn fn, void *user);

/** @params taken, always; NULL: none. */
int scbox_send_tree(struct scbox_conn *conn, const char *method, cJSON *params, int64_t *out_id,
                    struct scbox_error *error);

/** @params taken, always; NULL: none. */
int scbox_notify_tree(struct scbox_conn *conn, const char *method, cJSON *params,
                      struct scbox_error *error);

/** @out_result may be NULL; else returned, cJSON_Delete(); untouched unless SCBOX_OK. */
int scbox_receive_tree(struct scbox_conn *conn, int64_t id, int timeout_ms, cJSON **out_result,
                       struct scbox_error *error);

/** @params taken, always; @out_result as of scbox_receive_tree(). */
int scbox_call_tree(struct scbox_conn *conn, const char *method, cJSON *params, int timeout_ms,
                    cJSON **out_result, struct scbox_error *error);

/** error->data as a tree: returned, cJSON_Delete(); NULL when there is none. */
cJSON *scbox_error_tree(const struct scbox_error *error);

/** scbox_data() of a tree. */
int scbox_data_tree(const cJSON *object, char **out, size_t *out_len);

/**
 * Add bytes to a request as "data" (or @member): as text where JSON can carry them, else base64 with
 * "encoding".
 * Returns   0 or -ENOMEM.
 */
int scbox_add_data(cJSON *params, const char *member, const void *bytes, size_t len);

/**
 * A JSON value as compact text, every whole number exact up to 2^53: cJSON alone rounds those of more
 * than 15 digits.
 * @value    NULL: the memory for it was missing.
 * Returns   returned; free(); NULL without memory.
 */
char *scbox_json(const cJSON *value);

#endif
