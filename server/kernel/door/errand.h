/* SPDX-License-Identifier: MIT */
/* A slot's call on another thread: a struct slot_call that owns what it points to. */
#ifndef SERVER_KERNEL_DOOR_ERRAND_H
#define SERVER_KERNEL_DOOR_ERRAND_H

#include "server/base/strbuf.h"
#include "server/kernel/door/slot_call.h"
#include "server/kernel/host_ops.h"

struct slow;
struct slow_file;

struct errand {
    struct host_job job;
    struct slow *slow;
    slot_fn slot;
    struct slot_call call; /* points to the members below */
    int64_t result;
    bool back;               /* the slot has returned */
    bool late;               /* too late: no caller waits any more */
    bool given_up;           /* it makes an instance that is not wanted any more */
    struct slow_file *spare; /* private to slow.c */
    struct fs_caller who;
    struct fs_file file;
    struct fs_stat stat;
    struct fs_statfs statfs;
    struct why why;
    struct fs *opened;
    struct strbuf entries; /* of readdir() */
    char bytes[];          /* paths, and the bytes read or written */
};

/** The most bytes of gathered directory entries; past it -ENOMEM. */
enum { ERRAND_ENTRIES_MAX = 64 * 1024 * 1024 };

/** Copy a call. @out returned; errand_free(). Returns 0, -ENOMEM. */
int errand_new(struct slow *s, slot_fn slot, const struct slot_call *c, struct errand **out);

/** Give what came back to whoever called: the answer is what the slot answered. The callback of
 * readdir() is called here. */
int64_t errand_take(struct errand *e, const struct slot_call *c);

void errand_free(struct errand *e);

#endif
