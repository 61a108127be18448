/* SPDX-License-Identifier: MIT */
/*
 * A plain client for tests: lines out, lines in, nothing hidden. Every wait is bounded; what does
 * not happen in time fails the test.
 */
#ifndef TESTS_RPC_CLIENT_H
#define TESTS_RPC_CLIENT_H

#include "server/base/strbuf.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct client {
    int fd;
    struct strbuf in;
    int next_id;
};

/** How long anything may take before it counts as never. */
enum { CLIENT_PATIENCE_MS = 20000 };

void client_open(struct client *c, const char *path);
void client_close(struct client *c);

/** Send bytes as they are. Returns whether the peer took them all. */
bool client_send_bytes(struct client *c, const void *bytes, size_t len);

/** Send one line. */
void client_send(struct client *c, const char *line);
void client_sendf(struct client *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * Send many requests without parameters, ids from 0, in one piece: in small ones they would fill
 * the socket of a daemon that has stopped to read, and we would wait for ever.
 */
void client_flood(struct client *c, const char *method, int count);

/** Send no more; what the daemon sends is still read. */
void client_half_close(struct client *c);

/** The next line without its end, borrowed until the next; NULL at the end of the stream. */
const char *client_line(struct client *c);

/** Expect that nothing is on its way: a request sent now is the next that is answered. */
void client_expect_silence(struct client *c);

/** Expect a line to be exactly this. */
void client_expect(struct client *c, const char *line);

/** Expect the end of the stream. */
void client_expect_end(struct client *c);

/** The next line as JSON, returned; cJSON_Delete(). */
cJSON *client_json(struct client *c);

/** Send a request and take its answer, which must be the next line. Returned; cJSON_Delete(). */
cJSON *client_call(struct client *c, const char *method, const char *params);

/** Its result; the call must succeed. Returned. */
cJSON *call_ok(struct client *c, const char *method, const char *params);

/** The call must succeed; its result does not matter. */
void call_done_ok(struct client *c, const char *method, const char *params);

/** An integer member of the result of a call that must succeed. */
int64_t call_int(struct client *c, const char *method, const char *params, const char *member);

/** The bytes of such a result as compact JSON. */
size_t call_size(struct client *c, const char *method, const char *params);

/** The result of a call that must succeed, compared as compact JSON. */
void call_expect(struct client *c, const char *method, const char *params, const char *result);

/** The call must fail with this code. @word: in the reasons or the argument's name; NULL any. */
void call_fails(struct client *c, const char *method, const char *params, int code,
                const char *word);

/** printf to a string of the caller's; returns it. */
const char *text_of(char *buf, size_t size, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
