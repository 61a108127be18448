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

#define hash_added(element) ((element)->hh.tbl != NULL)

#endif
