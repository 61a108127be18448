/* SPDX-License-Identifier: MIT */
/*
 * The table of ABIs.
 *
 *                 i386                        x86_64
 *   user limit    0xC0000000                  0x7FFF00000000
 *   stack         [0xB8000000, 0xB8020000)    [limit - 8 MiB - 64 KiB, limit - 64 KiB)
 *   first sp      end of the stack, which is empty: no arguments, no return address
 */
#include "server/kernel/abi.h"

#include "server/kernel/proc/elf.h"

#include <elf.h>
#include <string.h>

#define LIMIT_I386 UINT64_C(0xC0000000)
#define LIMIT_X86_64 UINT64_C(0x7FFF00000000)
#define STACK_X86_64 (UINT64_C(8) << 20)
#define STACK_GAP_X86_64 UINT64_C(0x10000) /* between the stack and the limit */

static int64_t result_i386(enum sc_rc rc, int err, int64_t value)
{
    if (err == 0)
        return rc == SC_RC_BOOL || rc == SC_RC_TRUE ? 1 : value;
    if (rc == SC_RC_SIGNED)
        return err;
    if (rc == SC_RC_PRINT)
        return -1;
    return rc == SC_RC_TRUE ? 1 : 0;
}

static int64_t result_x86_64(enum sc_rc rc, int err, int64_t value)
{
    (void)rc;
    return err < 0 ? err : value;
}

const struct abi abi_i386 = {
    .name = "i386",
    .elf_class = ELFCLASS32,
    .elf_machine = EM_386,
    .check = elf_check_guest,
    .user_limit = LIMIT_I386,
    .stack_addr = UINT64_C(0xB8000000),
    .stack_size = UINT64_C(0x20000),
    .result = result_i386,
    .short_names = true,
};

const struct abi abi_x86_64 = {
    .name = "x86_64",
    .elf_class = ELFCLASS64,
    .elf_machine = EM_X86_64,
    .check = elf_check_guest,
    .user_limit = LIMIT_X86_64,
    .stack_addr = LIMIT_X86_64 - STACK_GAP_X86_64 - STACK_X86_64,
    .stack_size = STACK_X86_64,
    .result = result_x86_64,
    .short_names = true,
};

const struct abi abi_driven = {
    .name = "rpc",
    .user_limit = LIMIT_I386,
    .configured_sources = true,
};

const struct abi *const abis[ABI_COUNT] = {&abi_x86_64, &abi_i386};

const struct abi *abi_by_name(const char *name)
{
    for (size_t i = 0; name != NULL && i < ABI_COUNT; i++) {
        if (strcmp(name, abis[i]->name) == 0)
            return abis[i];
    }
    return name != NULL && strcmp(name, abi_driven.name) == 0 ? &abi_driven : NULL;
}
