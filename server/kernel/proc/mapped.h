/* SPDX-License-Identifier: MIT */
/*
 * Mapped files: pages that processes share with a file.
 *
 *     region ---> mapping ---> mapped file ---> shared memory: byte n is byte n of the file
 *                    |             |
 *                open file     mount->mapped, by inode: hard links and all handles meet here
 *
 * A mapped file exists while it has mappings. The bytes of a mapping are the file's content: they
 * are loaded when the first mapping of a page is made. READ takes them from there; WRITE and
 * truncation change them there, too. Changes by mappings that are or were writable are written back
 * when those are freed, by FSYNC, and by CLOSE of any handle of the file: only bytes that differ
 * from the stored ones, and none past the end of the file. A page is freed with its last mapping.
 *
 * A store that fails for now (another process of the host has its lock, its disk is full) loses
 * nothing: a mapping that can't be written back when its owner gives it up is kept, with its pages
 * and its open file, and tried again until the store takes it: late.h. So is a mapping with more to
 * store than its owner's end should take. READ, FSYNC and new mappings see it like all others.
 *
 * Mounts without mapped files pay one comparison for each READ.
 */
#ifndef SERVER_KERNEL_PROC_MAPPED_H
#define SERVER_KERNEL_PROC_MAPPED_H

#include "server/kernel/fs/vfs.h"
#include "server/kernel/shared_memory.h"

/** A run of pages with the same number of mappings, up to the next extent. */
struct extent {
    uint64_t off; /* a multiple of pages; 0 of the first */
    uint32_t mappings;
};

struct mapped_file {
    struct mount *mount; /* borrowed: the mappings' open files hold it */
    uint64_t ino;
    UT_hash_handle hh; /* in mount->mapped */
    struct shared_memory *memory;
    uint64_t memory_size;
    struct list mappings; /* struct mapping.link */
    size_t mapping_count;
    struct extent *extent; /* sorted by off, neighbours differ, the last has no mappings */
    size_t extent_count;
    size_t extent_cap; /* enough to free all mappings without allocating */
};

/** A part of a file in an address space. */
struct mapping {
    struct mapped_file *in;
    struct list link;       /* in in->mappings */
    struct list late;       /* in machine->late, once its owner gave it up */
    uint64_t stored;        /* if late: bytes stored, from its beginning */
    bool failed;            /* if late: the store refused it; see machine.late_failed */
    struct open_file *file; /* referenced; it is written back through this */
    uint64_t off;           /* in the file; a multiple of pages */
    uint64_t size;          /* a multiple of pages */
    bool writer;            /* it is or was writable */
};

/**
 * Map a part of a file.
 * @f        referenced; a regular file with FM_READ, and FM_WRITE for a @writer.
 * @off, @size  multiples of pages; the end is at most INT64_MAX, and may lie past the file's.
 * @out      returned; mapping_free().
 * @why      receives the reason of -ENOMEM; or NULL.
 * Returns   0; -ENOMEM, also past the machine's limit of mapped files, other -errno of the driver's
 *           getattr() and read().
 */
int mapping_new(struct open_file *f, uint64_t off, uint64_t size, bool writer, struct why *why,
                struct mapping **out);

/** Write back and free. If there is more than LATE_PAGES, or it can't be stored for now, the
 * mapping is kept for later; if it can't be stored at all, mapping_lose(). NULL is ignored. */
void mapping_free(struct mapping *map);

/** mapping_free() of one of several. @pages: the most to look at now, for all of them. */
void mapping_give_up(struct mapping *map, size_t *pages);

/**
 * Write back a mapping from map->stored on, and move that to where it stopped.
 * @pages    the most pages to look at; counted down, and it stops at 0.
 * Returns   0; 1 there may be more; -errno of the driver: it can be tried again.
 */
int mapping_store(struct mapping *map, size_t *pages);

/** Free a mapping and discard its changes. */
void mapping_drop(struct mapping *map);

/** Free a mapping that can't be stored: machine_loss(), and the next FSYNC of the handle fails. */
void mapping_lose(struct mapping *map, int err);

/** Copy bytes of a mapping; @at + @len is at most its size. Returns 0, -EIO, -ENOMEM. */
int mapping_read(const struct mapping *map, uint64_t at, void *buf, size_t len);
int mapping_write(struct mapping *map, uint64_t at, const void *buf, size_t len);

/** mapped_of() for a mount with mapped files. */
struct mapped_file *mapped_find(struct open_file *f);

/** The mapped file of an open file; NULL if it is not mapped. */
static inline struct mapped_file *mapped_of(struct open_file *f)
{
    return f->mount == NULL || f->mount->mapped == NULL ? NULL : mapped_find(f);
}

/** Replace bytes that READ got from the store by those of mapped pages. Returns 0, -EIO. */
int mapped_read(const struct mapped_file *mf, char *buf, size_t len, uint64_t off);

/** Update the pages after WRITE stored bytes at @off of a file that had @old_size bytes. */
void mapped_written(struct mapped_file *mf, const char *buf, size_t len, uint64_t off,
                    uint64_t old_size);

/** Update the pages after a file's size changed: bytes past the smaller size are zero. No effect on
 * unmapped files. @ino, @old_size  of a getattr() before the change. */
void mapped_resized(struct mount *m, uint64_t ino, uint64_t old_size, uint64_t new_size);

/**
 * Write back all mappings of a file, in the order of its bytes.
 * @at       0 at first; set to where it stopped.
 * @pages    as for mapping_store().
 * Returns   0; 1 there may be more; the first error of the driver: later pages were not written,
 *           and it can be tried again.
 */
int mapped_write_back(struct mapped_file *mf, uint64_t *at, size_t *pages);

#endif
