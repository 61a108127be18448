/* SPDX-License-Identifier: MIT */
/*
 * Helpers of the functions of scbox_calls.c. Each function is one call:
 *
 *     typed_begin(&t, conn, "SC_OPEN");
 *     typed_text(&t, "file", file);            arguments, in the row's order
 *     typed_uint(&t, "mode", mode);
 *     typed_call(&t, error);                   sends them and waits
 *     typed_i32(&t, "fd", &new_fd);            results, into variables of the function
 *     if (typed_is_ok(&t, error))              all were there
 *         *out_fd = new_fd;
 *     return typed_end(&t);
 *
 * The first error is kept; functions after it do nothing.
 */
#ifndef CLIENT_LIB_TYPED_H
#define CLIENT_LIB_TYPED_H

#include "client/lib/conn.h"
#include "client/lib/wire.h"

struct typed {
    struct scbox_conn *conn;
    const char *method;
    struct strbuf params;
    const char *null; /* the argument that may not be NULL and is; else NULL */
    int outcome;      /* what the function returns */
    char *result;     /* owned; what `doc` was read from */
    struct json_doc doc;
    const char *wrong; /* the first member of the result that is missing or wrong */
    char *bytes;       /* owned; the bytes among the results */
    size_t bytes_len;
};

void typed_begin(struct typed *t, struct scbox_conn *conn, const char *method);

void typed_text(struct typed *t, const char *name, const char *value);
/** NULL: left out. */
void typed_text_opt(struct typed *t, const char *name, const char *value);
void typed_int(struct typed *t, const char *name, int64_t value);
void typed_uint(struct typed *t, const char *name, uint64_t value);
void typed_data(struct typed *t, const char *name, const void *bytes, size_t size);
void typed_fds(struct typed *t, const char *name, const int32_t *fds, size_t count);
/** @argv, @env  ended by NULL; @env may be NULL: empty. */
void typed_args(struct typed *t, const char *name, const char *const *argv, const char *const *env);

void typed_call(struct typed *t, struct scbox_error *error);

void typed_i32(struct typed *t, const char *name, int32_t *out);
void typed_u32(struct typed *t, const char *name, uint32_t *out);
void typed_i64(struct typed *t, const char *name, int64_t *out);
void typed_u64(struct typed *t, const char *name, uint64_t *out);
/** A mask or a single value of a group of flags. */
void typed_flags(struct typed *t, const char *name, const char *group, uint32_t *out);
/** A name or path. @out @size bytes, with a NUL at its end. */
void typed_name(struct typed *t, const char *name, char *out, size_t size);
/** Bytes, or a path, for typed_store(). @size the most there may be. */
void typed_bytes(struct typed *t, const char *name, uint64_t size);
void typed_path(struct typed *t, const char *name, uint64_t size);

/** Whether the call was made and all results were there. */
bool typed_is_ok(struct typed *t, struct scbox_error *error);

/** Give the bytes among the results away. Both may be NULL. */
void typed_store(const struct typed *t, void *out, size_t *out_len);

/** Release what the call has. Returns its outcome. */
int typed_end(struct typed *t);

#endif
