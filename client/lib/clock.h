/* SPDX-License-Identifier: MIT */
/* The one clock that waits are measured by. */
#ifndef CLIENT_LIB_CLOCK_H
#define CLIENT_LIB_CLOCK_H

#include <stdint.h>

/** Milliseconds of a clock that never goes back. */
int64_t clock_ms(void);

#endif
