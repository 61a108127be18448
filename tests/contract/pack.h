/* SPDX-License-Identifier: MIT */
/* Archives for tests: sound ones by libarchive, and tar files of any bytes. */
#ifndef TESTS_CONTRACT_PACK_H
#define TESTS_CONTRACT_PACK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct archive;

/** Begin an archive. @format, @filter names that bsdtar knows: "pax", "zip"; "gzip", "none". */
struct archive *pack_begin(const char *path, const char *format, const char *filter);

/** Add a file of content, or a directory. */
void pack_file(struct archive *a, const char *name, uint32_t mode, const void *bytes, size_t len);

/** Add a symbolic link, or with @hard another name of a file. */
void pack_link(struct archive *a, const char *name, const char *target, int hard);

void pack_end(struct archive *a);

/** A header of a tar file; what is NULL or 0 has a default. */
struct tar_head {
    const char *name;
    const char *link;
    const char *size; /* 12 bytes as they are; NULL: of the content */
    char type;        /* '0' */
    uint32_t mode;    /* 0644 */
};

/** Write a header and content to a tar file. */
void tar_put(FILE *to, struct tar_head head, const void *bytes, size_t len);

/** Write the end of a tar file, and close it. */
void tar_end(FILE *to);

#endif
