/* SPDX-License-Identifier: MIT */
/* The value of a guest's result register after a call: column rc of syscalls.def. */
#ifndef SERVER_KERNEL_CALL_RESULT_H
#define SERVER_KERNEL_CALL_RESULT_H

#include "server/kernel/call/call.h"

/** The result of a failed call. @abi a guest's. @err a negative errno. */
int64_t result_of_failure(const struct abi *abi, int nr, int err);

/** The result of a guest's finished call. */
int64_t result_of(const struct call *call);

#endif
