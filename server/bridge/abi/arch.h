/* SPDX-License-Identifier: MIT */
/*
 * Architectures: the two modes in which the processor runs a tracee, as the host's kernel names them.
 *
 * An architecture has what follows from the mode alone: the registers of a host call, its number, and the
 * instruction that makes it. The program's own calls belong to its ABI (guest_abi.h); several ABIs may
 * have one architecture.
 */
#ifndef SERVER_BRIDGE_ABI_ARCH_H
#define SERVER_BRIDGE_ABI_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/user.h>

/** The host calls that can be injected; HOST_SCHED_YIELD only as filter.c uses it. */
enum host_call {
    HOST_MMAP,
    HOST_MUNMAP,
    HOST_MPROTECT,
    HOST_PRCTL,
    HOST_ARCH_PRCTL,
    HOST_CLOSE_RANGE,
    HOST_SCHED_YIELD,
    HOST_CALL_COUNT
};

enum {
    CALL_INSN_SIZE = 2, /* bytes of the instructions `syscall`, `int $0x40` and `int $0x80` */
    ARCH_ARGS = 6,      /* registers that carry a call's arguments */
};

struct arch {
    bool is_64;               /* how instructions, registers and ELF images are read */
    uint32_t audit;           /* AUDIT_ARCH_*, of the calls that its filter handles */
    unsigned code_segment;    /* cs of its code on Linux */
    size_t word;              /* bytes of a register, and of a return address */
    uint64_t trampoline;      /* trampoline.h: the page's address */
    uint64_t map_offset_unit; /* the unit of HOST_MMAP's offset, in bytes */
    unsigned char call_insn[CALL_INSN_SIZE]; /* the instruction that makes a host call */
    int host_nr[HOST_CALL_COUNT];
    size_t arg[ARCH_ARGS];        /* offsets in struct user_regs_struct */
    const char *protection_fault; /* its name in texts of faults */
};

extern const struct arch arch_i386;
extern const struct arch arch_x86_64;

/** Get a call's arguments from the registers. */
void arch_get_args(const struct arch *arch, const struct user_regs_struct *r,
                   uint64_t out[ARCH_ARGS]);

/** Put a call's arguments into the registers. */
void arch_set_args(const struct arch *arch, struct user_regs_struct *r,
                   const uint64_t args[ARCH_ARGS]);

/** The result of a host call, or its -errno. */
int64_t arch_result(const struct arch *arch, const struct user_regs_struct *r);

#endif
