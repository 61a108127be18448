/* SPDX-License-Identifier: MIT */
/*
 * Shared memory objects: bytes outside of every process, which guests of the host can map.
 *
 * Made by host_ops.memory_new(). All bytes are zero at first; those that nobody wrote take no
 * memory. An object only grows, and nobody it is shared with can make it smaller.
 */
#ifndef SERVER_KERNEL_SHARED_MEMORY_H
#define SERVER_KERNEL_SHARED_MEMORY_H

#include <stddef.h>
#include <stdint.h>

struct shared_memory;

/* Positions lie below the size that grow() was last told. */
struct shared_memory_ops {
    /** Make room for @size bytes. Returns 0, -ENOMEM. */
    int (*grow)(struct shared_memory *s, uint64_t size);
    /** Copy bytes out. Returns 0, -EIO. */
    int (*read)(const struct shared_memory *s, uint64_t off, void *buf, size_t len);
    /** Copy bytes in. Returns 0, -ENOMEM, -EIO: some of them may be in then. */
    int (*write)(struct shared_memory *s, uint64_t off, const void *buf, size_t len);
    /** Make bytes zero again; whole pages give their memory back. Returns 0, -ENOMEM, -EIO. */
    int (*clear)(struct shared_memory *s, uint64_t off, uint64_t len);
    /** Find bytes that somebody has written or cleared: all before them have never been anything
     * but zero since they were last cleared. Returns a position from @off on, @off itself or the
     * start of a page; UINT64_MAX when there are none. */
    uint64_t (*next_written)(const struct shared_memory *s, uint64_t off);
    /** Release it. Who has mapped it keeps the bytes. */
    void (*free)(struct shared_memory *s);
};

/** Descriptors of the daemon that an object holds. */
enum { SHARED_MEMORY_DESCRIPTORS = 1 };

struct shared_memory {
    const struct shared_memory_ops *ops;
    int fd; /* of the host, for executor_ops.map_shared(); -1 where there are no guests */
};

#endif
