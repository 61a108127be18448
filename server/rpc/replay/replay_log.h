/* SPDX-License-Identifier: MIT */
/* Reading the lines of a log of inputs. */
#ifndef SERVER_RPC_REPLAY_REPLAY_LOG_H
#define SERVER_RPC_REPLAY_REPLAY_LOG_H

#include "server/base/strbuf.h"
#include "server/rpc/replay/input_log.h"

#include <cjson/cJSON.h>

struct replay_line {
    const char *text; /* borrowed; NUL-terminated */
    size_t number;    /* in the file, from 1 */
    uint64_t machine;
};

/** The lines of a log, and the next one of the machine that is played. */
struct replay_log {
    struct replay_line *lines; /* owned */
    size_t count;
    size_t next;      /* the first line not taken; count at the end */
    uint64_t machine; /* only its lines are read */
    cJSON *json;      /* owned: of lines[next]; NULL not read yet */
};

/** Cut a log into lines. @log borrowed, changed. Returns 0; -EINVAL, -ENOMEM with @error set. */
int replay_log_init(struct replay_log *l, char *log, size_t len, struct strbuf *error);
void replay_log_done(struct replay_log *l);

/** Read the lines of a machine, from its first on. */
void replay_log_select(struct replay_log *l, uint64_t machine);

/** The next line, borrowed until replay_log_take(); NULL at the end, or if it is not JSON. */
const cJSON *replay_log_peek(struct replay_log *l);

/** Take the next line. Returned: cJSON_Delete(). */
cJSON *replay_log_take(struct replay_log *l);

/** The number of the next line in the file; of the last one at the end. */
size_t replay_log_number(const struct replay_log *l);

/* Values of a line. Each returns 0; -EINVAL it is missing or of another type. */
int replay_get_int(const cJSON *object, const char *key, int64_t *out);
int replay_get_uint(const cJSON *object, const char *key, uint64_t *out);

/** Bytes as a string or in base64; for null *@out is NULL. @out owned: @len bytes and a NUL. -ENOMEM. */
int replay_get_bytes(const cJSON *item, char **out, size_t *len);

/** Read the value of an input's member, or of an argument, to @at. Strings and bytes are owned by @owned,
 * a list of struct replay_bytes. Returns 0; -EINVAL, -ENOMEM. */
int replay_get_value(const cJSON *item, enum input_type type, void *at, struct list *owned);

/** Bytes that are freed with the input that they were read for. */
struct replay_bytes {
    struct list link;
    char *bytes;
};

/** Add @bytes, taken, to @owned. Returns 0, -ENOMEM: they are freed. */
int replay_keep(struct list *owned, char *bytes);
void replay_free_kept(struct list *owned);

#endif
