/* SPDX-License-Identifier: MIT */
/* Everything a processor can refuse, and the traps that a guest survives. */
#include "cases.h"

#ifdef __x86_64__
#define ABOVE_LIMIT 0x7FFF00000000UL
#else
#define ABOVE_LIMIT 0xC0000000UL
#endif

static const int read_only = 1;

static int read_at(uintptr_t addr)
{
    return *(volatile char *)addr;
}

static int write_at(uintptr_t addr)
{
    *(volatile char *)addr = 1;
    return 0;
}

static int call_at(uintptr_t addr)
{
    void (*volatile function)(void) = (void (*)(void))addr;

    function();
    return 0;
}

static int read_zero(void)
{
    return read_at(0);
}

static int write_zero(void)
{
    return write_at(0xFFF);
}

static int call_zero(void)
{
    return call_at(0);
}

static int read_unmapped(void)
{
    return read_at(0x50000000);
}

static int write_unmapped(void)
{
    return write_at(0x1000);
}

static int call_unmapped(void)
{
    return call_at(0x50000000);
}

static int write_read_only(void)
{
    return write_at((uintptr_t)&read_only);
}

static int write_code(void)
{
    return write_at((uintptr_t)&read_at);
}

static int read_above_limit(void)
{
    return read_at(ABOVE_LIMIT);
}

static int read_last_page(void)
{
    return read_at((uintptr_t)-1);
}

static int call_above_limit(void)
{
    return call_at(ABOVE_LIMIT + 0x1000);
}

static int read_not_canonical(void)
{
#ifdef __x86_64__
    return read_at(0x8000000000000000);
#else
    return read_at(ABOVE_LIMIT);
#endif
}

/* Not a tail call, and the optimizer must not see that it never ends. */
static int recurse(volatile int *depth)
{
    volatile char frame[512];

    frame[0] = (char)(*depth)++;
    return recurse(depth) + frame[0];
}

static int overflow_stack(void)
{
    volatile int depth = 0;

    return recurse(&depth);
}

static int divide_by_zero(void)
{
    volatile int zero = 0;

    return 10 / zero;
}

static int invalid_instruction(void)
{
    __asm__ volatile("ud2");
    return 0;
}

static int privileged_instruction(void)
{
    __asm__ volatile("hlt");
    return 0;
}

static int port_access(void)
{
    __asm__ volatile("inb $0x80, %%al" ::: "eax");
    return 0;
}

static int interrupt_without_gate(void)
{
    __asm__ volatile("int $0x41");
    return 0;
}

static int breakpoint(void)
{
    __asm__ volatile("int3");
    return PASSED;
}

static int icebp(void)
{
    __asm__ volatile(".byte 0xF1");
    return PASSED;
}

static int single_step(void)
{
    long flags;

    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    __asm__ volatile("push %0; popf; nop; nop" : : "r"(flags | 0x100) : "cc");
    return PASSED;
}

static int alignment_check(void)
{
    long flags;

    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    __asm__ volatile("push %0; popf; mov 1(%%esp), %%eax" : : "r"(flags | 0x40000) : "eax", "cc");
    return 0;
}

static const struct guest_case cases[] = {
    CASE(read_zero),           CASE(write_zero),
    CASE(call_zero),           CASE(read_unmapped),
    CASE(write_unmapped),      CASE(call_unmapped),
    CASE(write_read_only),     CASE(write_code),
    CASE(read_above_limit),    CASE(read_last_page),
    CASE(call_above_limit),    CASE(read_not_canonical),
    CASE(overflow_stack),      CASE(divide_by_zero),
    CASE(invalid_instruction), CASE(privileged_instruction),
    CASE(port_access),         CASE(interrupt_without_gate),
    CASE(breakpoint),          CASE(icebp),
    CASE(single_step),         CASE(alignment_check),
};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
