/* SPDX-License-Identifier: MIT */
/*
 * Executors: what runs the program of a process.
 *
 * A process in PS_RUNNING is either driven, by a session that makes its calls (no executor), or a
 * guest: an ELF program on the host, whose executor belongs to the bridge. The kernel keeps the
 * address space's books for both; a guest's executor makes its memory follow them.
 *
 *     spawn()  ->  map/map_shared/unmap/protect while the guest waits in a call, peek/poke at any
 *                  time  ->  kill(), exactly once
 */
#ifndef SERVER_KERNEL_EXECUTOR_H
#define SERVER_KERNEL_EXECUTOR_H

#include "schema/calls.h"
#include "server/kernel/abi.h"

#include <stddef.h>
#include <stdint.h>

struct executor;

struct executor_ops {
    /** Map zeroed private memory; page-aligned, unused before. @mode MM_*. Returns 0, -ENOMEM;
     * -ESRCH the guest is dead (proc_fault() reports it, or did). */
    int (*map)(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode);
    /**
     * Map a part of a shared memory object; page-aligned, unused before.
     * @fd       the object's; not kept by the guest.
     * @offset   in the object; a multiple of pages.
     * Returns   as map().
     */
    int (*map_shared)(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode, int fd,
                      uint64_t offset);
    /** Unmap one whole region. Returns 0, -ESRCH. */
    int (*unmap)(struct executor *x, uint64_t addr, uint64_t size);
    /** Change the mode of one whole region. Returns 0, -ENOMEM, -ESRCH. */
    int (*protect)(struct executor *x, uint64_t addr, uint64_t size, uint32_t mode);
    /** Copy from or to the program's memory, even while it runs. The books allow it. Returns 0;
     * -EFAULT the host has no such memory. */
    int (*peek)(struct executor *x, uint64_t addr, void *buf, size_t size);
    int (*poke)(struct executor *x, uint64_t addr, const void *buf, size_t size);
    /** The process has ended: stop the program and free the executor, which must not touch the
     * process any more. May be called inside call_begin() (EXIT). */
    void (*kill)(struct executor *x);
};

/** The most descriptors of the daemon that an executor holds. */
enum { EXECUTOR_DESCRIPTORS = 3 };

struct executor {
    const struct executor_ops *ops;
};

/** One loadable part of an image, as page-aligned memory. */
struct exec_segment {
    uint64_t addr;      /* page-aligned */
    uint64_t size;      /* page multiple */
    uint32_t mode;      /* MM_* */
    uint64_t data_addr; /* where the bytes begin, inside the segment; the rest is zero */
    const void *data;   /* borrowed for spawn() */
    size_t data_size;
};

enum { EXEC_SEGMENTS_MAX = 32 };

/** A checked program image: what spawn() must put into an empty address space. */
struct exec_image {
    const struct abi *abi;
    uint64_t entry;
    uint64_t stack_addr; /* a separate region, zero-filled, read-write */
    uint64_t stack_size;
    uint64_t stack_pointer; /* initial esp / rsp: the end of the stack */
    size_t segment_count;
    struct exec_segment segment[EXEC_SEGMENTS_MAX];
};

#endif
