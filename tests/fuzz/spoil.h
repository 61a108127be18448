/* SPDX-License-Identifier: MIT */
/*
 * Spoil a file of sqlitefs as a recipe says: rows, types and lengths of values, schemas, by SQL, and
 * bytes. A recipe is any bytes; the same ones do the same.
 */
#ifndef TESTS_FUZZ_SPOIL_H
#define TESTS_FUZZ_SPOIL_H

#include <stddef.h>
#include <stdint.h>

/** What is left of a recipe. */
struct recipe {
    const uint8_t *at;
    size_t size;
};

/** The next byte, 0 at the end. */
uint8_t recipe_byte(struct recipe *r);

/** Spoil the closed file at @path. What SQLite refuses is left out. */
void spoil(const char *path, struct recipe *r);

#endif
