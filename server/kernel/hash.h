/* SPDX-License-Identifier: MIT */
/*
 * uthash, configured so that a lack of memory is an error, not an exit.
 *
 * Check hash_added(e) after every HASH_ADD_* of an element e: false means that e is in no table.
 */
#ifndef SERVER_KERNEL_HASH_H
#define SERVER_KERNEL_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Most tables are small, and each process has one: begin with 4 buckets instead of 32. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS 4U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 2U

/* Chains shorter than uthash's ten: in a large table each step on one is a cache miss. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 6U

#define hash_added(element) ((element)->hh.tbl != NULL)

#endif
