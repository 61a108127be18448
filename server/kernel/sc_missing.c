/* SPDX-License-Identifier: MIT */
/* Handlers of the calls in sc_missing.def: an honest ENOSYS. */
#include "server/kernel/call.h"

#include <errno.h>

#define SC_MISSING(UP, low)                                                                        \
    int sc_##low(struct call *call, const struct sc_##low##_args *args,                            \
                 struct sc_##low##_out *out)                                                       \
    {                                                                                              \
        (void)args;                                                                                \
        (void)out;                                                                                 \
        return call_why(call, -ENOSYS, "SC_" #UP " is not part of this version");                  \
    }
#include "server/kernel/sc_missing.def"
