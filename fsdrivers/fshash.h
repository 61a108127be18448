/* SPDX-License-Identifier: MIT */
/* uthash as drivers use it: without memory an element is left out (its hh.tbl is NULL), nothing
 * aborts. */
#ifndef FSDRIVERS_FSHASH_H
#define FSDRIVERS_FSHASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#endif
