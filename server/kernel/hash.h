/* SPDX-License-Identifier: MIT */
/*
 * uthash, set up so that running out of memory is an error and not an exit.
 *
 * After HASH_ADD_* of an element e, check hash_added(e): it is false when there was no memory, and
 * then the element is in no table.
 */
#ifndef SERVER_KERNEL_HASH_H
#define SERVER_KERNEL_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Most tables are small, and there is one for each process: begin with 4 buckets instead of 32. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS 4U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 2U

/* Chains shorter than uthash's ten: each step on one is a miss of the cache in a large table. */
#undef HASH_BKT_CAPACITY_THRESH
#define HASH_BKT_CAPACITY_THRESH 6U

#define hash_added(element) ((element)->hh.tbl != NULL)

#endif
