/* SPDX-License-Identifier: MIT */
/* The clock of all timeouts. */
#ifndef CLIENT_LIB_CLOCK_H
#define CLIENT_LIB_CLOCK_H

#include <stdint.h>

/** Milliseconds of a clock that never goes back. */
int64_t clock_ms(void);

#endif
