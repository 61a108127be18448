/* SPDX-License-Identifier: MIT */
/*
 * Simulated memory: the written pages of a driven process. Others read as zero, and take no memory.
 */
#ifndef SERVER_KERNEL_PROC_SPARSE_H
#define SERVER_KERNEL_PROC_SPARSE_H

#include <stddef.h>
#include <stdint.h>

struct page; /* sparse.c */

/** All zero is the empty set. */
struct sparse {
    struct page *table; /* uthash by page number */
};

/** Copy bytes out. */
void sparse_read(const struct sparse *s, uint64_t addr, void *buf, size_t len);

/** Copy bytes in. Returns 0; -ENOMEM: the bytes before the page that could not be made are in. */
int sparse_write(struct sparse *s, uint64_t addr, const void *buf, size_t len);

/** Make whole pages zero again, and free them. @addr and @size are multiples of pages. */
void sparse_drop(struct sparse *s, uint64_t addr, uint64_t size);

/** Free all pages. */
void sparse_done(struct sparse *s);

#endif
