/* SPDX-License-Identifier: MIT */
/*
 * ABIs: the targets that programs are built for, and how those make calls.
 *
 * A row of the table is all that the kernel knows of an ABI: which images it loads, where they lie
 * in memory, and what its callers see. The bridge has a row for each of them in its own table
 * (server/bridge/guest_abi.h): how a call is read from registers and answered.
 *
 *     image --elf_parse()--> exec_image.abi --bridge_spawn()--> guest --call_init()--> call->abi
 *
 * A driven process runs no image. Its calls come by RPC with abi_driven, which is not in abis[].
 *
 * To add an ABI: its row here and in abis[], its functions, its row in the bridge's table, and its
 * member of struct guests in methods.def. No other code asks which ABI a process has.
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
    /** Whether an image of this class and machine is of this ABI. NULL: it takes every one that no
     * row before it takes. */
    bool (*takes)(const struct elf_reader *r);
    /** Refuse images that it can't run. Returns 0; -ENOEXEC with the reason in r->why. */
    int (*check)(const struct elf_reader *r);

    /* Memory. */
    uint64_t user_limit; /* regions end at or below */
    uint64_t stack_addr;
    uint64_t stack_size;

    /* Calls. */
    /** The value of a guest's result register after a call with result column @rc: @value if the
     * call succeeded, else @err is negative. NULL: its callers have no registers. */
    int64_t (*result)(enum sc_rc rc, int err, int64_t value);
    bool short_names;        /* READDIR omits names of SC_DIR_MAX bytes and more */
    bool configured_sources; /* MAKE_FS may open the configured sources */
};

enum { ABI_COUNT = 2 };

extern const struct abi abi_i386;
extern const struct abi abi_x86_64;
extern const struct abi abi_driven;

/** The ABIs of guests, in the order in which images are matched and documents list them. */
extern const struct abi *const abis[ABI_COUNT];

/** The ABI of a name, abi_driven included; NULL if there is none, or if @name is NULL. */
const struct abi *abi_by_name(const char *name);

#endif
