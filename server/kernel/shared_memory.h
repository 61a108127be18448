/* SPDX-License-Identifier: MIT */
/*
 * Shared memory objects: bytes that belong to no process, which guests of the host can map.
 *
 * host_ops.memory_new() makes one. All bytes are zero at first; unwritten ones take no memory. An
 * object only grows, and a guest that maps it can't shrink it.
 */
#ifndef SERVER_KERNEL_SHARED_MEMORY_H
#define SERVER_KERNEL_SHARED_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct shared_memory;

/* Positions are below the size last passed to grow(). */
struct shared_memory_ops {
    /** Make room for @size bytes. Returns 0, -ENOMEM. */
    int (*grow)(struct shared_memory *s, uint64_t size);
    /** Copy bytes out. Returns 0, -EIO. */
    int (*read)(const struct shared_memory *s, uint64_t off, void *buf, size_t len);
    /** Copy bytes in. Returns 0; -ENOMEM, -EIO, and then some of them may be in. */
    int (*write)(struct shared_memory *s, uint64_t off, const void *buf, size_t len);
    /** Make bytes zero again; whole pages free their memory. Returns 0, -ENOMEM, -EIO. */
    int (*clear)(struct shared_memory *s, uint64_t off, uint64_t len);
    /** Find bytes that may have been written: all bytes between @off and the result are zero, never
     * written since they were last cleared. Returns @off itself or the start of a page; UINT64_MAX
     * if there is none. */
    uint64_t (*next_written)(const struct shared_memory *s, uint64_t off);
    /** Free the object. Guests that have mapped it keep the bytes. */
    void (*free)(struct shared_memory *s);
};

/** The daemon's descriptors that an object holds. */
enum { SHARED_MEMORY_DESCRIPTORS = 1 };

struct shared_memory {
    const struct shared_memory_ops *ops;
    int fd; /* the host's, for executor_ops.map_shared(); -1 without guests */
};

#endif
