/* SPDX-License-Identifier: MIT */
/* What a guest finds in its result register after a call: column rc of syscalls.def. */
#ifndef SERVER_KERNEL_CALL_RESULT_H
#define SERVER_KERNEL_CALL_RESULT_H

#include "server/kernel/call/call.h"

/** The result of a call that failed. @abi one of guests. @err a negative errno. */
int64_t result_of_failure(const struct abi *abi, int nr, int err);

/** The result of a finished call of a guest. */
int64_t result_of(const struct call *call);

#endif
