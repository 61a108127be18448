/* SPDX-License-Identifier: MIT */
/* struct rpc_limits, from limits.def: for the configuration and the RPC layer. */
#ifndef SCHEMA_LIMITS_H
#define SCHEMA_LIMITS_H

#include <stdint.h>

struct rpc_limits {
#define RPC_LIMIT(name, initial, min, max, doc) uint64_t name;
#include "schema/limits.def"
};

/** The limits without a configuration. */
static inline struct rpc_limits rpc_limits_initial(void)
{
    return (struct rpc_limits){
#define RPC_LIMIT(name, initial, min, max, doc) .name = (initial),
#include "schema/limits.def"
    };
}

#endif
