/* SPDX-License-Identifier: MIT */
#include "server/bridge/insn.h"

#include "server/kernel/proc/aspace.h"

#include <string.h>

enum {
    PAGE = 4096,
    PREFIX_ES = 0x26,
    PREFIX_CS = 0x2E,
    PREFIX_SS = 0x36,
    PREFIX_DS = 0x3E,
    PREFIX_FS = 0x64,
    PREFIX_GS = 0x65,
    PREFIX_OPERAND = 0x66,
    PREFIX_ADDRESS = 0x67,
    PREFIX_LOCK = 0xF0,
    PREFIX_REPNE = 0xF2,
    PREFIX_REP = 0xF3,
    REX = 0x40,
    REX_MASK = 0xF0,
    REX_W = 8,
    REX_X = 2,
    REX_B = 1,
    TWO_BYTES = 0x0F,
    DIV_BYTE = 0xF6, /* of group 3, as is DIV_WORD */
    DIV_WORD = 0xF7,
    AAM = 0xD4,
    INT_N = 0xCD,
    UD2 = 0x0B,
    GROUP_DIV = 6, /* 7 is idiv */
    SIB = 4,
    NO_BASE = 5,
    NO_INDEX = 4,
    BYTE_BITS = 8,
};

static bool is_64(const struct tracee *t)
{
    return t->arch->is_64;
}

/** A byte of the instruction; 0 past what could be read. */
static unsigned char at(const struct insn *in, unsigned i)
{
    return i < in->size ? in->bytes[i] : 0;
}

/** Take a prefix. Returns whether it is one. */
static bool take_prefix(struct insn *in, unsigned char byte)
{
    switch (byte) {
    case PREFIX_FS:
    case PREFIX_GS:
        in->segment = byte;
        return true;
    case PREFIX_OPERAND:
        in->narrow = true;
        return true;
    case PREFIX_ADDRESS:
        in->other_addresses = true;
        return true;
    case PREFIX_ES:
    case PREFIX_CS:
    case PREFIX_SS:
    case PREFIX_DS:
    case PREFIX_LOCK:
    case PREFIX_REPNE:
    case PREFIX_REP:
        return true;
    default:
        return false;
    }
}

/** Whether an opcode behind 0x0F is for the kernel only. */
static bool is_privileged_0f(unsigned char op)
{
    return op == 0x00 || op == 0x01 || (op >= 0x06 && op <= 0x09) || (op >= 0x20 && op <= 0x23) ||
           op == 0x30 || op == 0x32 || op == 0x33 || op == 0x35;
}

/** hlt, cli, sti, and the forms of in and out. */
static bool is_privileged(unsigned char op)
{
    return op == 0xF4 || op == 0xFA || op == 0xFB || (op >= 0xE4 && op <= 0xE7) ||
           (op >= 0xEC && op <= 0xEF) || (op >= 0x6C && op <= 0x6F);
}

static enum insn_kind kind_of(const struct tracee *t, const struct insn *in)
{
    const unsigned char op = at(in, in->opcode);
    const unsigned char next = at(in, in->opcode + 1);

    if (in->opcode >= in->size)
        return INSN_OTHER;
    if (op == TWO_BYTES)
        return next == UD2 ? INSN_UD2 : is_privileged_0f(next) ? INSN_PRIVILEGED : INSN_OTHER;
    if ((op == DIV_BYTE || op == DIV_WORD) && (next >> 3 & 7) >= GROUP_DIV)
        return INSN_DIVISION;
    if (op == AAM && !is_64(t))
        return INSN_DIVISION;
    if (op == INT_N)
        return INSN_INTERRUPT;
    return is_privileged(op) ? INSN_PRIVILEGED : INSN_OTHER;
}

void insn_read(const struct tracee *t, struct insn *out)
{
    const unsigned here = (unsigned)(PAGE - t->regs.rip % PAGE);
    const unsigned first = here < INSN_BYTES_MAX ? here : INSN_BYTES_MAX;

    *out = (struct insn){.addr = t->regs.rip};
    if (tracee_read(t, out->addr, out->bytes, first) < 0)
        return;
    out->size = first;
    if (first < INSN_BYTES_MAX &&
        tracee_read(t, out->addr + first, out->bytes + first, INSN_BYTES_MAX - first) == 0)
        out->size = INSN_BYTES_MAX;
    while (out->opcode < out->size && take_prefix(out, out->bytes[out->opcode]))
        out->opcode++;
    if (is_64(t) && (at(out, out->opcode) & REX_MASK) == REX)
        out->rex = out->bytes[out->opcode++];
    out->kind = kind_of(t, out);
    out->number = at(out, out->opcode + 1);
}

/** A general register by its number in instructions. */
static uint64_t reg(const struct tracee *t, unsigned number)
{
    const struct user_regs_struct *r = &t->regs;
    const uint64_t values[16] = {r->rax, r->rcx, r->rdx, r->rbx, r->rsp, r->rbp, r->rsi, r->rdi,
                                 r->r8,  r->r9,  r->r10, r->r11, r->r12, r->r13, r->r14, r->r15};

    return values[number];
}

/** A 32-bit or 8-bit displacement, sign-extended. */
static uint64_t displacement(const struct insn *in, unsigned i, unsigned size)
{
    uint32_t value = 0;

    if (size == 1)
        return (uint64_t)(int8_t)at(in, i);
    for (unsigned k = 0; k < sizeof(value); k++)
        value |= (uint32_t)at(in, i + k) << (k * BYTE_BITS);
    return (uint64_t)(int32_t)value;
}

/** The sum of base and index by a SIB byte. @no_base there is a displacement instead. */
static uint64_t by_sib(const struct tracee *t, const struct insn *in, unsigned char sib,
                       bool no_base)
{
    const unsigned index = (sib >> 3 & 7U) | ((in->rex & REX_X) != 0 ? 8U : 0);
    const unsigned base = (sib & 7U) | ((in->rex & REX_B) != 0 ? 8U : 0);
    uint64_t sum = no_base ? 0 : reg(t, base);

    if (index != NO_INDEX)
        sum += reg(t, index) << (sib >> 6);
    return sum;
}

/** Where the memory operand behind a one-byte opcode is. */
static uint64_t operand_addr(const struct tracee *t, const struct insn *in)
{
    const unsigned char modrm = at(in, in->opcode + 1);
    const unsigned mod = modrm >> 6;
    const unsigned rm = modrm & 7U;
    unsigned next = in->opcode + 2;
    const unsigned char sib = rm == SIB ? at(in, next++) : 0;
    const bool no_base = mod == 0 && (rm == SIB ? (sib & 7U) : rm) == NO_BASE;
    const unsigned size = no_base || mod == 2 ? 4 : mod == 1 ? 1 : 0;
    uint64_t addr = size > 0 ? displacement(in, next, size) : 0;

    if (rm == SIB)
        addr += by_sib(t, in, sib, no_base);
    else if (!no_base)
        addr += reg(t, rm | ((in->rex & REX_B) != 0 ? 8U : 0));
    else if (is_64(t))
        addr += in->addr + next + size;
    return is_64(t) ? addr : (uint32_t)addr;
}

/** Bytes of a division's operand. */
static unsigned operand_size(const struct insn *in)
{
    if (in->bytes[in->opcode] == DIV_BYTE)
        return 1;
    if ((in->rex & REX_W) != 0)
        return 8;
    return in->narrow ? 2 : 4;
}

/** A register operand; without REX, the byte registers 4 to 7 are the second bytes of 0 to 3. */
static uint64_t operand_reg(const struct tracee *t, const struct insn *in, unsigned size)
{
    const unsigned number = at(in, in->opcode + 1) & 7U;

    if (size == 1 && in->rex == 0 && number >= 4)
        return reg(t, number - 4) >> BYTE_BITS;
    return reg(t, number | ((in->rex & REX_B) != 0 ? 8U : 0));
}

bool insn_divisor(const struct tracee *t, const struct insn *in, uint64_t *out)
{
    const unsigned size = operand_size(in);
    uint64_t value = 0;

    if (in->bytes[in->opcode] == AAM) {
        *out = at(in, in->opcode + 1);
        return true;
    }
    if (at(in, in->opcode + 1) >> 6 == 3)
        value = operand_reg(t, in, size);
    else if (in->segment != 0 || in->other_addresses ||
             tracee_read(t, operand_addr(t, in), &value, size) < 0)
        return false;
    *out = size == 8 ? value : value & ((UINT64_C(1) << size * BYTE_BITS) - 1);
    return true;
}
