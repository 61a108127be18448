/* SPDX-License-Identifier: MIT */
/*
 * Decodes the instruction at a guest's fault, as far as texts of faults need it: its kind, and the
 * divisor of a division. The bytes come from the guest and may be anything.
 */
#ifndef SERVER_BRIDGE_INSN_H
#define SERVER_BRIDGE_INSN_H

#include "server/bridge/tracee/tracee.h"

#include <stdbool.h>
#include <stdint.h>

enum { INSN_BYTES_MAX = 15 };

enum insn_kind {
    INSN_OTHER,
    INSN_DIVISION,   /* div, idiv, aam */
    INSN_PRIVILEGED, /* hlt, port access, system registers */
    INSN_INTERRUPT,  /* int n */
    INSN_UD2,
};

struct insn {
    enum insn_kind kind;
    uint64_t addr;
    unsigned char bytes[INSN_BYTES_MAX];
    unsigned size;         /* of bytes: as many as could be read */
    unsigned opcode;       /* its index in bytes */
    unsigned char rex;     /* 0: none */
    unsigned char segment; /* the prefix of %fs or %gs; 0: neither */
    bool narrow;           /* 16-bit operands */
    bool other_addresses;  /* an address-size prefix */
    unsigned char number;  /* INSN_INTERRUPT */
};

/** Read the instruction at t->regs.rip. */
void insn_read(const struct tracee *t, struct insn *out);

/** Get the divisor of an INSN_DIVISION. Returns whether it could be read. */
bool insn_divisor(const struct tracee *t, const struct insn *in, uint64_t *out);

#endif
