/* SPDX-License-Identifier: MIT */
/*
 * What archivefs and its helper process say to each other.
 *
 * The helper reads archives, which can be hostile, so the driver trusts nothing that comes from it. They
 * have a pair of sockets that keep packets apart (SOCK_SEQPACKET). The driver asks one thing at a time; each
 * packet of the answer has the number of the question, and the last one is WIRE_DONE.
 *
 *     driver                                helper
 *                                       <── WIRE_HELLO       it has given up what it does not need
 *     WIRE_ADD, with a descriptor       ──>
 *                                       <── WIRE_ENTRIES, WIRE_PROGRESS …
 *                                       <── WIRE_DONE        an errno; a sentence
 *     WIRE_READ entry, position, length ──>
 *                                       <── WIRE_BYTES …
 *                                       <── WIRE_DONE
 *
 * An OCI image layout has an archive for each layer: WIRE_LAYER is sent before each, and entries say which source
 * their content is in. Of a layout that is a directory the helper wants files by name (WIRE_WANT), and the driver
 * sends them one by one (WIRE_FILE).
 */
#ifndef FSDRIVERS_ARCHIVEFS_WIRE_H
#define FSDRIVERS_ARCHIVEFS_WIRE_H

#include <stdint.h>

enum {
    WIRE_VERSION = 1,
    WIRE_PACKET_MAX = 64 * 1024, /* bytes of a packet, with its head */
    WIRE_READ_MAX = 256 * 1024,  /* bytes of one WIRE_READ */
    WIRE_TEXT_MAX = 200,         /* bytes of a sentence */
    WIRE_ARCHIVES_MAX = 64,      /* that are stacked */
    WIRE_SOURCES_MAX = 256,      /* of one helper: archives, and layers of images */
    WIRE_NAME_MAX = 200,         /* bytes of a name that it wants */
};

enum wire_op {
    WIRE_ADD = 1,
    WIRE_ADD_LAYOUT, /* without a descriptor: a directory with an OCI image layout */
    WIRE_FILE,       /* what WIRE_WANT named; without a descriptor: there is none */
    WIRE_READ,
};

struct wire_ask {
    uint32_t op;
    uint32_t seq;    /* number of the question */
    uint32_t source; /* WIRE_READ */
    uint32_t count;  /* bytes to be read */
    uint64_t entry;
    uint64_t off;
};

enum wire_kind {
    WIRE_HELLO = 1,
    WIRE_ENTRIES,
    WIRE_PROGRESS,
    WIRE_LAYER,
    WIRE_WANT,
    WIRE_BYTES,
    WIRE_DONE
};

/** The head of an answer's packet. */
struct wire_head {
    uint32_t kind;
    uint32_t seq;
    int32_t err; /* WIRE_DONE: 0 or -errno; its sentence follows */
    uint32_t
        more; /* WIRE_HELLO: WIRE_VERSION. WIRE_PROGRESS: per cent of the source that were read */
};

enum wire_flag {
    WIRE_HARDLINK = 1 << 0,  /* a further name of the file at the target */
    WIRE_CONTENT = 1 << 1,   /* of a hard link: it carries the content of the file */
    WIRE_ENCRYPTED = 1 << 2, /* its content can't be read */
    WIRE_WHITEOUT = 1 << 3,  /* what earlier sources have under this name is removed */
    WIRE_OPAQUE = 1 << 4,    /* a directory: what earlier sources have in it is removed */
};

/** An entry of WIRE_ENTRIES; its path and its target follow, without NUL, padded with zeros to 8 bytes. */
struct wire_entry {
    uint32_t size; /* of the record, with both and the padding */
    uint32_t flags;
    uint32_t path_len;
    uint32_t target_len; /* of a link */
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t source; /* of its content, for WIRE_READ */
    uint64_t rdev;
    uint64_t bytes; /* of a regular file's content */
    uint64_t number;
    int64_t atime, mtime, ctime, btime; /* ns since the epoch */
};

#endif
