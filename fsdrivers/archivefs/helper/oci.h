/* SPDX-License-Identifier: MIT */
/*
 * OCI image layouts: a directory of the host, or a tar file of one that is not compressed.
 *
 *     index.json ──> manifest (of linux/amd64, else the first) ──> layers, in order
 *
 * Layers are archives; a name .wh.NAME in one removes NAME of the layers below, and .wh..wh..opq all that they
 * have in its directory. Digests are names here: they are not checked.
 */
#ifndef FSDRIVERS_ARCHIVEFS_HELPER_OCI_H
#define FSDRIVERS_ARCHIVEFS_HELPER_OCI_H

#include "fsdrivers/archivefs/helper/answer.h"

enum {
    OCI_BLOBS_MAX = 1024,               /* files of a layout in a tar file */
    OCI_DOCUMENT_MAX = 4 * 1024 * 1024, /* bytes of an index or a manifest */
    OCI_INDEXES_MAX = 4,                /* in one another */
};

/** A file of a layout in a tar file. */
struct oci_blob {
    char name[WIRE_NAME_MAX + 1];
    int64_t place; /* of its content, from the source's base */
    int64_t size;
};

struct oci {
    bool directory;           /* files come from the driver */
    const struct source *tar; /* borrowed */
    struct oci_blob *blobs;
    size_t count;
};

/** Find a layout in an archive. @out oci_done(), in any case. Returns whether there is one. */
bool oci_find(struct answers *a, const struct source *tar, struct oci *out);

/** Send the layers of an image. Returns 0; -EIO, -ENOMEM: there is a sentence. */
int oci_send(struct answers *a, const struct oci *oci);

void oci_done(struct oci *oci);

#endif
