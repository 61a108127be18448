/* SPDX-License-Identifier: MIT */
/*
 * The words end in "by the instruction at 0x…", maybe with ", called from 0x…, 0x…" behind it, or, after
 * a jump, in "the return address on the stack is 0x…": clients look the source line up by these
 * (client/cli/base/fault_line.h). Addresses of the host's have no place here.
 */
#include "server/bridge/fault_text.h"

#include "server/bridge/insn.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define BY "by the instruction at 0x%" PRIx64

enum {
    NULL_PAGE = 0x1000,
    NEAR_STACK = 0x10000, /* an access this far below it is one of the stack, whatever sp is */
    BELOW_SP = 0x1000,    /* a call or push reaches below sp, a function without frame 128 bytes */
    PREFIX_FS = 0x64,
    CALL_OPCODE = 0xE8, /* a call relative to the next instruction, by 32 bits */
    CALL_SIZE = 5,
    CALLERS_MAX = 3,        /* the most callers of the function at fault in a text */
    CALLERS_STACK = 2048,   /* bytes of the stack that are looked through for them */
    FUNCTION_SIZE = 0x1000, /* bytes of a function that is believed to be called from there */
};

static const struct region *stack_of(const struct guest *g)
{
    const struct aspace *memory = &g->proc->memory;

    for (size_t i = 0; i < memory->count; i++) {
        if (memory->at[i].kind == REGION_STACK)
            return &memory->at[i];
    }
    return NULL;
}

/** Whether an access below the stack is one that the stack had no room for. */
static bool is_overflow(const struct guest *g, const struct region *stack, uint64_t addr)
{
    const uint64_t sp = g->tracee.regs.rsp;

    if (addr >= stack->addr)
        return false;
    return stack->addr - addr <= NEAR_STACK || (sp < stack->addr && addr + BELOW_SP >= sp);
}

/** What is between an instruction and memory, if it is a segment register that nothing sets up. */
static const char *through(const struct insn *in)
{
    if (in->segment == 0)
        return "";
    return in->segment == PREFIX_FS ? " through %fs, which nothing sets up (a thread-local "
                                      "variable or a stack protector?)"
                                    : " through %gs, which nothing sets up (a thread-local "
                                      "variable or a stack protector?)";
}

/** A jump to where nothing is. The caller, if it was a call, has left its address on the stack. */
static void jump_text(const struct guest *g, uint64_t addr, char text[FAULT_TEXT_MAX])
{
    const char *what = addr < NULL_PAGE ? "null pointer: " : "";
    const struct region *code;
    uint64_t back = 0;

    if (tracee_read(&g->tracee, g->tracee.regs.rsp, &back, g->tracee.arch->word) < 0)
        back = 0;
    code = aspace_find(&g->proc->memory, back);
    if (code != NULL && (code->mode & MM_EXEC) != 0)
        (void)snprintf(text, FAULT_TEXT_MAX,
                       "%sjump to address 0x%" PRIx64
                       ", which is not mapped; the return address on the stack is 0x%" PRIx64,
                       what, addr, back);
    else
        (void)snprintf(text, FAULT_TEXT_MAX, "%sjump to address 0x%" PRIx64 ", which is not mapped",
                       what, addr);
}

/** An access to memory that is there, or is not. */
static void memory_text(const struct guest *g, uint64_t addr, char text[FAULT_TEXT_MAX])
{
    const struct region *r = aspace_find(&g->proc->memory, addr);
    const uint64_t rip = g->tracee.regs.rip;
    struct insn in;

    insn_read(&g->tracee, &in);
    if (r != NULL && (r->mode & MM_WRITE) == 0)
        (void)snprintf(text, FAULT_TEXT_MAX,
                       "write to read-only memory at address 0x%" PRIx64 "%s, " BY, addr,
                       through(&in), rip);
    else
        (void)snprintf(text, FAULT_TEXT_MAX, "%saccess to address 0x%" PRIx64 "%s%s, " BY,
                       addr < NULL_PAGE ? "null pointer: " : "", addr,
                       r != NULL || addr < NULL_PAGE ? "" : ", which is not mapped", through(&in),
                       rip);
}

void fault_text_access(const struct guest *g, uint64_t addr, char text[FAULT_TEXT_MAX])
{
    const struct region *stack = stack_of(g);
    const uint64_t rip = g->tracee.regs.rip;

    if (addr >= guest_user_limit(g))
        (void)snprintf(text, FAULT_TEXT_MAX,
                       "access to address 0x%" PRIx64 ", above the user limit 0x%" PRIx64 ", " BY,
                       addr, guest_user_limit(g), rip);
    else if (addr == rip)
        jump_text(g, addr, text);
    else if (stack != NULL && is_overflow(g, stack, addr))
        (void)snprintf(text, FAULT_TEXT_MAX,
                       "stack overflow: access to address 0x%" PRIx64
                       ", below the stack of %" PRIu64 " KiB that begins at 0x%" PRIx64 ", " BY,
                       addr, stack->size / 1024, stack->addr, rip);
    else if (stack != NULL && addr - (stack->addr + stack->size) < NULL_PAGE)
        (void)snprintf(text, FAULT_TEXT_MAX,
                       "access to address 0x%" PRIx64
                       ", above the stack (a Linux program has its arguments there), " BY,
                       addr, rip);
    else
        memory_text(g, addr, text);
}

void fault_text_protection(const struct guest *g, char text[FAULT_TEXT_MAX])
{
    const char *what = g->tracee.arch->protection_fault;
    struct insn in;

    insn_read(&g->tracee, &in);
    if (in.kind == INSN_INTERRUPT) {
        (void)snprintf(text, FAULT_TEXT_MAX, "interrupt 0x%x, which has no gate here, " BY,
                       in.number, in.addr);
        return;
    }
    if (in.kind == INSN_PRIVILEGED)
        what = "privileged instruction";
    (void)snprintf(text, FAULT_TEXT_MAX, "%s%s, " BY, what, through(&in), in.addr);
}

static const char *division_name(const struct guest *g, const struct insn *in)
{
    uint64_t divisor;

    if (in->kind != INSN_DIVISION)
        return "arithmetic exception";
    if (!insn_divisor(&g->tracee, in, &divisor))
        return "division by zero, or division overflow";
    return divisor == 0 ? "division by zero" : "division overflow: the quotient is too large";
}

/** What the processor calls it. */
static const char *exception_name(const struct guest *g, int code, const struct insn *in)
{
    switch (g->tracee.signal) {
    case SIGFPE:
        if (code == FPE_INTDIV)
            return division_name(g, in);
        return code == FPE_INTOVF ? "overflow trap" : "floating-point exception";
    case SIGILL:
        return in->kind == INSN_UD2 ? "trap (ud2, as of __builtin_trap() or code never reached)"
                                    : "invalid instruction";
    case SIGBUS:
        return code == BUS_ADRALN ? "misaligned access with alignment checks on" : "bus error";
    default:
        return strsignal(g->tracee.signal);
    }
}

void fault_text_exception(const struct guest *g, int code, char text[FAULT_TEXT_MAX])
{
    struct insn in;

    insn_read(&g->tracee, &in);
    (void)snprintf(text, FAULT_TEXT_MAX, "%s, " BY, exception_name(g, code, &in), in.addr);
}

void fault_text_pointer(const struct guest *g, const char *call, const uint64_t *args, bool stopped,
                        char text[FAULT_TEXT_MAX])
{
    int len = snprintf(text, FAULT_TEXT_MAX,
                       "bad pointer in %s(0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64
                       ", 0x%" PRIx64 ")",
                       call, args[0], args[1], args[2], args[3], args[4]);

    if (stopped && len < FAULT_TEXT_MAX)
        (void)snprintf(text + len, (size_t)(FAULT_TEXT_MAX - len), ", " BY,
                       (uint64_t)g->tracee.regs.rip - CALL_INSN_SIZE);
}

/* ---- callers ---- */

/** Whether a word of the stack is the return address of a call of the function that contains @inside. */
static bool is_return(const struct guest *g, uint64_t word, uint64_t inside)
{
    const struct region *code = aspace_find(&g->proc->memory, word);
    unsigned char insn[CALL_SIZE];
    int32_t distance;
    uint64_t called;

    if (code == NULL || (code->mode & MM_EXEC) == 0 || word - code->addr < CALL_SIZE ||
        tracee_read(&g->tracee, word - CALL_SIZE, insn, sizeof(insn)) < 0 || insn[0] != CALL_OPCODE)
        return false;
    memcpy(&distance, insn + 1, sizeof(distance));
    called = word + (uint64_t)(int64_t)distance;
    return called <= inside && inside - called < FUNCTION_SIZE;
}

void fault_text_callers(const struct guest *g, char text[FAULT_TEXT_MAX])
{
    const size_t size = g->tracee.arch->word;
    const struct region *stack = stack_of(g);
    const uint64_t sp = g->tracee.regs.rsp;
    uint64_t inside = g->tracee.regs.rip;
    unsigned char bytes[CALLERS_STACK];
    size_t room = sizeof(bytes);
    int found = 0;

    if (stack == NULL || sp < stack->addr || sp - stack->addr >= stack->size)
        return;
    if (stack->size - (sp - stack->addr) < room)
        room = (size_t)(stack->size - (sp - stack->addr));
    if (tracee_read(&g->tracee, sp, bytes, room) < 0)
        return;
    for (size_t at = 0; at + size <= room && found < CALLERS_MAX; at += size) {
        const size_t len = strlen(text);
        uint64_t word = 0;

        memcpy(&word, bytes + at, size);
        if (!is_return(g, word, inside))
            continue;
        (void)snprintf(text + len, FAULT_TEXT_MAX - len, "%s 0x%" PRIx64,
                       found++ == 0 ? ", called from" : ",", word);
        inside = word - CALL_SIZE;
    }
}
