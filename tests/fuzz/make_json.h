/* SPDX-License-Identifier: MIT */
/* Messages that are mostly right, grown from bytes: random changes of a text rarely leave it JSON. */
#ifndef TESTS_FUZZ_MAKE_JSON_H
#define TESTS_FUZZ_MAKE_JSON_H

#include "server/base/strbuf.h"

#include <stdint.h>

/** Append a request or a batch. Every byte decides something; when all are used up it ends soon. */
void make_json(const uint8_t *bytes, size_t size, struct strbuf *out);

#endif
