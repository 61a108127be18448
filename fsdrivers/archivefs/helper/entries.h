/* SPDX-License-Identifier: MIT */
/* The entries of a source, sent to the driver. */
#ifndef FSDRIVERS_ARCHIVEFS_HELPER_ENTRIES_H
#define FSDRIVERS_ARCHIVEFS_HELPER_ENTRIES_H

#include "fsdrivers/archivefs/helper/answer.h"

/** Send the entries of an archive. @layer of an image: names may hide those of the layers below. Returns 0;
 * -EIO, -ENOMEM: there is a sentence. */
int entries_send(struct answers *a, struct source *s, bool layer);

#endif
