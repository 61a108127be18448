/* SPDX-License-Identifier: MIT */
/*
 * Options of filesystems: "key=value,key", as in MAKE_FS and the configuration.
 *
 * A key occurs at most once, unless its driver says otherwise. A key alone has the value "". A value may
 * contain '='. One that begins with '"' ends with the next '"', and may contain ','; '\' before '"' or '\' in
 * it makes that an ordinary byte:
 *
 *     layer="a,b",layer="say \"hi\""
 */
#ifndef FSDRIVERS_OPTIONS_H
#define FSDRIVERS_OPTIONS_H

#include "fsdrivers/fsdriver.h"

enum { OPTIONS_MAX = 48, OPTIONS_LEN_MAX = 8192 };

/** Options split into keys and values, ended by a NULL key. */
struct options {
    struct fs_opt at[OPTIONS_MAX + 1];
    size_t count;
    char *text; /* owned; the keys and values point into it */
};

/**
 * Split a string of options.
 * @text     borrowed; NULL or "": none.
 * @repeated a key that may be given several times; NULL: none.
 * @out      options_done(), on success only.
 * @why      borrowed; receives the reason.
 * Returns   0; -EINVAL an empty key, a key given twice, a '"' without its end or with more behind it, too many
 *           or too long; -ENOMEM.
 */
int options_split(const char *text, const char *repeated, struct options *out, struct why *why);
void options_done(struct options *o);

/** The value of a key; NULL if it was not given. @opt is ended by a NULL key, or NULL. */
const char *option_get(const struct fs_opt *opt, const char *key);

/**
 * Read a size: a decimal number of bytes, optionally with a suffix K, M, G or T (powers of 1024).
 * Returns   0; -EINVAL not a number, trailing bytes or too big, with @key in the reason.
 */
int option_size(const char *key, const char *value, uint64_t *out, struct why *why);

/**
 * Read a 32-bit number.
 * @base     10 or 8, as strtoul().
 * Returns   as option_size().
 */
int option_u32(const char *key, const char *value, int base, uint32_t *out, struct why *why);

/** Check that a key has no value. Returns 0; -EINVAL it has one. */
int option_flag(const char *key, const char *value, struct why *why);

#endif
