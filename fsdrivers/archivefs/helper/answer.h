/* SPDX-License-Identifier: MIT */
/* The helper's answers: entries and content of its sources. */
#ifndef FSDRIVERS_ARCHIVEFS_HELPER_ANSWER_H
#define FSDRIVERS_ARCHIVEFS_HELPER_ANSWER_H

#include "fsdrivers/archivefs/helper/source.h"

enum { ANSWER_SOCKET = 0 };

struct answers {
    struct source sources[WIRE_SOURCES_MAX];
    uint32_t count; /* of sources */
    struct cursor cursors[CURSORS_MAX];
    uint64_t turn; /* of cursor.used */
    uint32_t seq;  /* of the question */
    _Alignas(8) char packet[WIRE_PACKET_MAX];
    size_t len;            /* of the packet */
    int percent;           /* that were reported */
    struct wire_ask early; /* a question that came where a file was expected; op 0: none */
    char error[WIRE_TEXT_MAX + 1];
};

/** Wait for a question. @fd the descriptor that came with it, -1 none. Returns whether there is one. */
bool answer_next(struct answers *a, struct wire_ask *out, int *fd);

/** Say that the rights are given up; @err that they could not be. */
void answer_hello(struct answers *a, int err);

/** Answer WIRE_ADD and WIRE_ADD_LAYOUT. @fd taken. */
void answer_add(struct answers *a, const struct wire_ask *ask, int fd);

/** Answer WIRE_READ. */
void answer_read(struct answers *a, const struct wire_ask *ask);

/* For entries.c and oci.c. */

/** Send the packet, and begin another one. Ends the process when there is no driver. */
void answer_flush(struct answers *a, uint32_t kind, int err, uint32_t more);

/** A cursor that is not in use, or that was used longest ago. */
struct cursor *answer_cursor(struct answers *a);

/** A source that is not in use; NULL none. */
struct source *answer_source(struct answers *a);

/** Keep the sentence of an error. Returns -EIO. */
int answer_fails(struct answers *a, const char *text);

#endif
