/* SPDX-License-Identifier: MIT */
/*
 * One function a kind of types.def: take_<kind>() decodes the decoder's next argument, put_<kind>()
 * writes a result member. The names are pasted by codec.c.
 */
#ifndef SERVER_RPC_CODEC_KINDS_H
#define SERVER_RPC_CODEC_KINDS_H

#include "server/rpc/codec/codec.h"

/* A missing argument (the row says it is optional) decodes as zero or empty. Each returns 0, or -1
 * with the failure said. */
int take_path(struct decoder *d, struct sc_str *out);
int take_name(struct decoder *d, struct sc_str *out);
int take_text(struct decoder *d, struct sc_str *out);
int take_bytes(struct decoder *d, struct sc_str *out);
int take_sized(struct decoder *d, struct sc_str *out);
int take_fd(struct decoder *d, int32_t *out);
int take_ofd(struct decoder *d, int32_t *out);
int take_pid(struct decoder *d, int32_t *out);
int take_int(struct decoder *d, int32_t *out);
int take_num(struct decoder *d, uint32_t *out);
int take_off(struct decoder *d, int64_t *out);
int take_size(struct decoder *d, uint64_t *out);
int take_addr(struct decoder *d, uint64_t *out);
int take_usecs(struct decoder *d, int64_t *out);
int take_fm(struct decoder *d, uint32_t *out);
int take_mm(struct decoder *d, uint32_t *out);
int take_ft(struct decoder *d, uint32_t *out);
int take_rn(struct decoder *d, uint32_t *out);
int take_perm(struct decoder *d, uint32_t *out);
int take_uid(struct decoder *d, uint32_t *out);
int take_time(struct decoder *d, int64_t *out);
int take_fds(struct decoder *d, struct sc_str *out);
int take_argv(struct decoder *d, struct sc_str *out);

/* The same of results, for who makes them up (kinds_made_up.c). */
int take_ps(struct decoder *d, uint32_t *out);
int take_big(struct decoder *d, uint64_t *out);
int take_dname(struct decoder *d, struct sc_dname *out);

/** A string that d->lent owns. */
int take_rpath(struct decoder *d, struct sc_str *out);

/** Bytes, into the buffer that the call was lent. */
int take_buf(struct decoder *d, struct sc_buf *out);
int take_pbuf(struct decoder *d, struct sc_buf *out);

/** The next argument, a path or name: a string, or {"base64": "…"}. Missing: empty. Returns 0; -1 with the
 * failure said. */
int take_named(struct decoder *d, struct sc_str *out);

/** The next argument of the row: its value, NULL when missing, and its name in *@arg. */
const cJSON *next_arg(struct decoder *d, const char **arg);

/** A single value of a group of flags: its name, or a number. */
int take_flag(struct decoder *d, const char *group, uint32_t *out);

/* Each writes a key and its value. */
void put_dname(struct json_out *o, const char *key, const struct sc_dname *value);
void put_fd(struct json_out *o, const char *key, const int32_t *value);
void put_pid(struct json_out *o, const char *key, const int32_t *value);
void put_int(struct json_out *o, const char *key, const int32_t *value);
void put_size(struct json_out *o, const char *key, const uint64_t *value);
void put_fm(struct json_out *o, const char *key, const uint32_t *value);
void put_ft(struct json_out *o, const char *key, const uint32_t *value);
void put_ps(struct json_out *o, const char *key, const uint32_t *value);
void put_num(struct json_out *o, const char *key, const uint32_t *value);
void put_uid(struct json_out *o, const char *key, const uint32_t *value);
void put_ofd(struct json_out *o, const char *key, const int32_t *value);
void put_big(struct json_out *o, const char *key, const uint64_t *value);
void put_time(struct json_out *o, const char *key, const int64_t *value);
void put_rpath(struct json_out *o, const char *key, const struct sc_str *value);
void put_pbuf(struct json_out *o, const char *key, const struct sc_buf *value);

/* The same of arguments, for events (kinds_given.c). What is long is cut. */
void put_path(struct json_out *o, const char *key, const struct sc_str *value);
void put_name(struct json_out *o, const char *key, const struct sc_str *value);
void put_text(struct json_out *o, const char *key, const struct sc_str *value);
void put_bytes(struct json_out *o, const char *key, const struct sc_str *value);
void put_sized(struct json_out *o, const char *key, const struct sc_str *value);
void put_off(struct json_out *o, const char *key, const int64_t *value);
void put_usecs(struct json_out *o, const char *key, const int64_t *value);
void put_addr(struct json_out *o, const char *key, const uint64_t *value);
void put_mm(struct json_out *o, const char *key, const uint32_t *value);
void put_rn(struct json_out *o, const char *key, const uint32_t *value);
void put_perm(struct json_out *o, const char *key, const uint32_t *value);
void put_fds(struct json_out *o, const char *key, const struct sc_str *value);
void put_argv(struct json_out *o, const char *key, const struct sc_str *value);

/** Bytes for an event: the first 256, and then the member "size" with their count. */
void put_shown_data(struct json_out *o, const char *key, const char *bytes, size_t len);

/* Flags without a key (kinds_words.c). */
enum mask_group { MASK_FM, MASK_MM, MASK_RN };
enum value_group { VALUE_FT, VALUE_PS };

/** A mask as an array of the names of its bits; bits without a name are one integer at its end. */
void put_mask(struct json_out *o, enum mask_group group, uint32_t mask);

/** A single value by its name, or as a number when it has none. */
void put_value(struct json_out *o, enum value_group group, uint32_t value);

#endif
