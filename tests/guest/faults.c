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

/* More than the stack has, and nothing touched on the way to its far end. */
static int large_array(void)
{
#ifdef __x86_64__
    volatile char array[9 << 20];
#else
    volatile char array[200 << 10];
#endif

    array[0] = 1;
    return array[0];
}

/* What a program of Linux finds on its stack. */
static int read_above_stack(void)
{
#ifdef __x86_64__
    return read_at(0x7FFEFFFF0000);
#else
    return read_at(0xB8020000);
#endif
}

static int read_thread_local(void)
{
    long value;

#ifdef __x86_64__
    __asm__ volatile("mov %%fs:0x28, %0" : "=r"(value));
#else
    __asm__ volatile("mov %%gs:0x14, %0" : "=r"(value));
#endif
    return (int)value;
}

static int divide_by_zero(void)
{
    volatile int zero = 0;

    return 10 / zero;
}

/* Divisors in each place that an instruction can name. */

static const int zeros[64];
static const int ones[64] = {[40] = 1};

#define DIVIDE(operand, constraint, where, ...)                                                    \
    __asm__ volatile(operand : : constraint(where), ##__VA_ARGS__ : "eax", "edx", "cc");           \
    return 0

static int divide_register(void)
{
    DIVIDE("divl %0", "b", 0);
}

static int divide_high_byte(void)
{
    DIVIDE("divb %%bh", "b", 0x00FF);
}

static int divide_half(void)
{
    DIVIDE("mov $1, %%dx; divw %w0", "b", 0x10000);
}

static int divide_base(void)
{
    DIVIDE("divl (%0)", "b", zeros);
}

static int divide_near(void)
{
    DIVIDE("divl 16(%0)", "b", zeros);
}

static int divide_indexed(void)
{
    DIVIDE("divl 64(%0, %1, 4)", "b", zeros, "c"((long)3));
}

static int divide_static(void)
{
    DIVIDE("divl %0", "m", zeros[3]);
}

static int divide_stack(void)
{
    volatile unsigned zero = 0;

    DIVIDE("divl %0", "m", zero);
}

static int divide_far_registers(void)
{
#ifdef __x86_64__
    __asm__ volatile("xor %%r9d, %%r9d; mov %0, %%r12; mov $2, %%r13; xor %%eax, %%eax;"
                     "divq 8(%%r12, %%r13, 8)"
                     :
                     : "r"(zeros)
                     : "r9", "r12", "r13", "rax", "rdx", "cc");
    return 0;
#else
    return divide_register();
#endif
}

static int overflow_division(void)
{
    __asm__ volatile("mov $-1, %%edx; mov $1, %%ecx; divl %%ecx" ::: "eax", "ecx", "edx", "cc");
    return 0;
}

static int overflow_indexed(void)
{
    DIVIDE("mov $7, %%edx; divl 4(%0, %1, 2)", "b", ones, "c"((long)78));
}

static int trap(void)
{
    __builtin_trap();
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

static int not_aligned(void)
{
#ifdef __x86_64__
    __asm__ volatile("movaps 1(%%rsp), %%xmm0" ::: "xmm0");
#endif
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

/* Registers that a program may load and that the host stores for no tracer: a selector of the
 * kernel's privilege, a segment base in the kernel's half. */

/** Whatever reaches the tracer by a stop goes on: memory calls, unassigned numbers, traps. */
static int goes_on(void)
{
    volatile char *page = (volatile char *)0x40000000;

    MUST(sc_mmap((void *)0x40000000, 4096, MM_READ | MM_WRITE) == 0);
    page[0] = 1;
    MUST(sc_mmap((void *)0x40000000, 4096, MM_READ | MM_WRITE) == -EEXIST);
    MUST(sc_mchmap((void *)0x40000000, MM_READ) == 0);
    MUST(sc_munmap((void *)0x40000000) == 0);
    MUST(sc_call(100, 0, 0, 0, 0, 0) < 0);
    __asm__ volatile("int3");
    MUST(sc_yield() == 0);
    return PASSED;
}

#define KERNEL_SELECTOR 0x28
#define NULL_SELECTOR 1
#define KERNEL_BASE 0xFFFF800000000000

static int strange_ds(void)
{
    __asm__ volatile("mov %0, %%ds" : : "r"(KERNEL_SELECTOR));
    return goes_on();
}

static int strange_es(void)
{
    __asm__ volatile("mov %0, %%es" : : "r"(KERNEL_SELECTOR));
    return goes_on();
}

static int strange_fs(void)
{
    __asm__ volatile("mov %0, %%fs" : : "r"(NULL_SELECTOR));
    return goes_on();
}

static int strange_gs(void)
{
    __asm__ volatile("mov %0, %%gs" : : "r"(KERNEL_SELECTOR));
    return goes_on();
}

#ifdef __x86_64__
static int strange_fs_base(void)
{
    __asm__ volatile("wrfsbase %0" : : "r"(KERNEL_BASE));
    return goes_on();
}

static int strange_gs_base(void)
{
    __asm__ volatile("wrgsbase %0" : : "r"(KERNEL_BASE));
    return goes_on();
}
#else
#define strange_fs_base goes_on
#define strange_gs_base goes_on
#endif

static const struct guest_case cases[] = {
    CASE(read_zero),
    CASE(write_zero),
    CASE(call_zero),
    CASE(read_unmapped),
    CASE(write_unmapped),
    CASE(call_unmapped),
    CASE(write_read_only),
    CASE(write_code),
    CASE(read_above_limit),
    CASE(read_last_page),
    CASE(call_above_limit),
    CASE(read_not_canonical),
    CASE(overflow_stack),
    CASE(divide_by_zero),
    CASE(invalid_instruction),
    CASE(privileged_instruction),
    CASE(port_access),
    CASE(interrupt_without_gate),
    CASE(breakpoint),
    CASE(icebp),
    CASE(single_step),
    CASE(alignment_check),
    CASE(strange_ds),
    CASE(strange_es),
    CASE(strange_fs),
    CASE(strange_gs),
    CASE(strange_fs_base),
    CASE(strange_gs_base),
    CASE(large_array),
    CASE(read_above_stack),
    CASE(read_thread_local),
    CASE(divide_register),
    CASE(divide_high_byte),
    CASE(divide_half),
    CASE(divide_base),
    CASE(divide_near),
    CASE(divide_indexed),
    CASE(divide_static),
    CASE(divide_stack),
    CASE(divide_far_registers),
    CASE(overflow_division),
    CASE(overflow_indexed),
    CASE(trap),
    CASE(not_aligned),
};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
