/* SPDX-License-Identifier: MIT */
/*
 * Entries from the helper become an index. Nothing of them is believed.
 *
 * Entries are taken in the archive's order, and the last of several with one name counts; directories are
 * merged. Leading '/', empty components and "." are ignored. Parents that are missing are made. A hard link
 * may come before its file. Entries that can't be files here are left out and counted:
 *
 *   - a name with "..", or longer than FS_NAME_MAX, FS_PATH_MAX or TAKE_DEPTH_MAX allow;
 *   - a hard link to nothing, to itself or to a directory; a symbolic link to nothing;
 *   - a file of an unknown type, or of more than INT64_MAX bytes.
 */
#ifndef FSDRIVERS_ARCHIVEFS_TAKE_H
#define FSDRIVERS_ARCHIVEFS_TAKE_H

#include "fsdrivers/archivefs/index.h"
#include "server/base/strbuf.h"

enum {
    TAKE_DEPTH_MAX = 1024, /* components of a path */
    TAKE_LINKS_MAX =
        16 * 1024 * 1024, /* bytes of hard links that wait for their files; past it -ENOSPC */
};

struct take {
    struct index *ix;
    uint32_t left_out;   /* entries */
    uint32_t encrypted;  /* entries whose content can't be read */
    struct strbuf links; /* records of hard links before their files */
};

/** Begin with an archive. @ix borrowed. */
void take_init(struct take *t, struct index *ix);

/**
 * Take the records of one packet.
 * @bytes    borrowed; 8-aligned.
 * Returns   0; -EPROTO no sound records; -ENOMEM; -ENOSPC. After an error the index is to be thrown away.
 */
int take_records(struct take *t, const void *bytes, size_t len);

/** All records were taken: find the files of hard links that came before them. Returns as take_records(). */
int take_finish(struct take *t);

void take_done(struct take *t);

#endif
