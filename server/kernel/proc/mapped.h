/* SPDX-License-Identifier: MIT */
/*
 * Mapped files: the pages that processes share with a file.
 *
 *     region ---> mapping ---> mapped file ---> shared memory: byte n is byte n of the file
 *                    |             |
 *                open file     mount->mapped, by inode: hard links and all handles meet here
 *
 * A mapped file exists while there are mappings of it. The bytes in a mapping are the file's
 * content: they are loaded when the first mapping of a page is made, READ takes them from there,
 * WRITE and truncation change them there, too. What mappings that are or were writable have
 * changed is written back when they are freed, by FSYNC and by CLOSE of any handle of the file;
 * only what differs from what is stored, and nothing past the end of the file. When the last
 * mapping of a page is freed, the page is.
 *
 * A store that fails for now (another process of the host has its lock, its disk is full) does not
 * cost what was written: a mapping that can't be written back when its owner gives it up is kept,
 * with its pages and its open file, and tried again until the store takes it: late.h. So is one of
 * which more is to be stored than its owner's end should take. READ, FSYNC and new mappings meet it
 * as they meet all others.
 *
 * Mounts without mapped files pay one comparison a READ.
 */
#ifndef SERVER_KERNEL_PROC_MAPPED_H
#define SERVER_KERNEL_PROC_MAPPED_H

#include "server/kernel/fs/vfs.h"
#include "server/kernel/shared_memory.h"

/** Where the count of mappings changes. It holds up to the next extent. */
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
    size_t extent_cap; /* enough to free all mappings without memory */
};

/** A part of a file in an address space. */
struct mapping {
    struct mapped_file *in;
    struct list link;       /* in in->mappings */
    struct list late;       /* in machine->late, when its owner gave it up */
    uint64_t stored;        /* of a late one: what of it is stored, in bytes from its beginning */
    bool failed;            /* of a late one: the store has not taken it; see machine.late_failed */
    struct open_file *file; /* referenced; what it is written back through */
    uint64_t off;           /* in the file; a multiple of pages */
    uint64_t size;          /* a multiple of pages */
    bool writer;            /* it is or was writable */
};

/**
 * Map a part of a file.
 * @f        referenced; a regular file with FM_READ, and FM_WRITE for a @writer.
 * @off, @size  multiples of pages; the end is at most INT64_MAX. It may lie past the file's.
 * @out      returned; mapping_free().
 * @why      gets the reason of -ENOMEM; or NULL.
 * Returns   0; -ENOMEM, also past the machine's limit of mapped files, or what the driver's
 *           getattr() and read() answer.
 */
int mapping_new(struct open_file *f, uint64_t off, uint64_t size, bool writer, struct why *why,
                struct mapping **out);

/** Write back what is not yet, and free. What is more than LATE_PAGES, or can't be stored for now, is
 * kept for later; what can't be stored at all is told as mapping_lose() says. NULL is fine. */
void mapping_free(struct mapping *map);

/** mapping_free() of one of several. @pages that may be looked at now, for all of them. */
void mapping_give_up(struct mapping *map, size_t *pages);

/**
 * Write back a mapping from map->stored on, which moves to where it stopped.
 * @pages    that may be looked at; counts down to 0, where it stops.
 * Returns   0; 1 there may be more; -errno of the driver, and it can be tried again.
 */
int mapping_store(struct mapping *map, size_t *pages);

/** Free a mapping, whatever it holds. */
void mapping_drop(struct mapping *map);

/** Tell what is lost of a mapping, as machine_loss() and by the next FSYNC of the handle; drop it. */
void mapping_lose(struct mapping *map, int err);

/** Copy bytes of a mapping; @at + @len is at most its size. Returns 0, -EIO, -ENOMEM. */
int mapping_read(const struct mapping *map, uint64_t at, void *buf, size_t len);
int mapping_write(struct mapping *map, uint64_t at, const void *buf, size_t len);

/** mapped_of() of a mount that has some. */
struct mapped_file *mapped_find(struct open_file *f);

/** The mapped file of an open file; NULL when nobody maps it. */
static inline struct mapped_file *mapped_of(struct open_file *f)
{
    return f->mount == NULL || f->mount->mapped == NULL ? NULL : mapped_find(f);
}

/** What READ got from the store becomes what the mapped pages hold. Returns 0, -EIO. */
int mapped_read(const struct mapped_file *mf, char *buf, size_t len, uint64_t off);

/** WRITE has stored bytes at @off of a file that had @old_size bytes: the pages get them. */
void mapped_written(struct mapped_file *mf, const char *buf, size_t len, uint64_t off,
                    uint64_t old_size);

/** A file's size was changed: what lies past the smaller size is zero. Harmless on files that
 * nobody maps. @ino, @old_size as getattr() told before. */
void mapped_resized(struct mount *m, uint64_t ino, uint64_t old_size, uint64_t new_size);

/**
 * Write back all mappings of a file, in the order of its bytes.
 * @at       0 at first; moves to where it stopped.
 * @pages    as mapping_store() has it.
 * Returns   0; 1 there may be more; or the first error of the driver: later pages are not written
 *           then, and it can be tried again.
 */
int mapped_write_back(struct mapped_file *mf, uint64_t *at, size_t *pages);

#endif
