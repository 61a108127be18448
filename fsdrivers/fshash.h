/* SPDX-License-Identifier: MIT */
/* uthash for drivers: without memory an element is not added (its hh.tbl is NULL); nothing
 * aborts. */
#ifndef FSDRIVERS_FSHASH_H
#define FSDRIVERS_FSHASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Most directories are small: begin with 4 buckets instead of 32. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS 4U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 2U

#endif
