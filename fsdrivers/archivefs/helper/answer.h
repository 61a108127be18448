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
    size_t len;  /* of the packet */
    int percent; /* that were reported */
};

/** Say that the rights are given up; @err that they could not be. */
void answer_hello(struct answers *a, int err);

/** Answer WIRE_ADD. @fd taken. */
void answer_add(struct answers *a, const struct wire_ask *ask, int fd);

/** Answer WIRE_READ. */
void answer_read(struct answers *a, const struct wire_ask *ask);

#endif
