/* SPDX-License-Identifier: MIT */
/*
 * ABIs: what programs are built for, and the ways in which they make calls.
 *
 * A row of the table is all that the kernel knows of an ABI: which images it loads, where they lie
 * in memory, and what its callers get. How a call is read from registers and answered is a row of the
 * bridge's table (server/bridge/guest_abi.h), which has one for each row here.
 *
 *     image --elf_parse()--> exec_image.abi --bridge_spawn()--> guest --call_init()--> call->abi
 *
 * A process that a session drives runs no image. Its calls come by RPC, and abi_driven is what they
 * are made by; it is not in abis[].
 *
 * To add an ABI: its row here and in abis[], its functions, its row in the bridge's table, and the
 * document's member in methods.def (struct guests). Nothing else asks which ABI it is.
 */
#ifndef SERVER_KERNEL_ABI_H
#define SERVER_KERNEL_ABI_H

#include "schema/calls.h"

#include <stdbool.h>
#include <stdint.h>

struct elf_reader;

struct abi {
    const char *name; /* in records, logs and server.info */

    /* Images. */
    unsigned char elf_class; /* ELFCLASS* */
    uint16_t elf_machine;    /* EM_* */
    /** Whether an image of this class and machine is one of its programs. NULL: every one that no
     * row before this one takes. */
    bool (*takes)(const struct elf_reader *r);
    /** Refuse what it does not run. Returns 0; -ENOEXEC with the reason in r->why. */
    int (*check)(const struct elf_reader *r);

    /* Memory. */
    uint64_t user_limit; /* regions end at or below */
    uint64_t stack_addr;
    uint64_t stack_size;

    /* Calls. */
    /** What the result register of a guest holds after a call: of column rc, and with @value among its
     * results or a negative @err. NULL: callers have no registers. */
    int64_t (*result)(enum sc_rc rc, int err, int64_t value);
    bool short_names;        /* READDIR leaves out names that are no shorter than SC_DIR_MAX */
    bool configured_sources; /* MAKE_FS may open the sources that the configuration allows */
};

enum { ABI_COUNT = 2 };

extern const struct abi abi_i386;
extern const struct abi abi_x86_64;
extern const struct abi abi_driven;

/** Those of guests, in the order in which they are asked for an image and listed. */
extern const struct abi *const abis[ABI_COUNT];

/** The row of a name, abi_driven's too; NULL when there is none, and for NULL. */
const struct abi *abi_by_name(const char *name);

#endif
