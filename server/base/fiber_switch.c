/* SPDX-License-Identifier: MIT */
/*
 * Why not swapcontext(): it makes two system calls a switch, for a signal mask that never changes.
 * fiber_switch() saves the registers that the calling convention preserves across calls; the
 * compiler has already saved the others.
 */
#include "server/base/fiber_switch.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)

/* Words of the frame that fiber_switch() pops from the stack. */
enum { CONTROL = 0, R13 = 3, R12 = 4, RETURN = 7, FRAME_WORDS };

/* The frame: the control words of SSE and x87, rbp, rbx, r12 to r15, the return address. */
__asm__(".text\n"
        ".globl fiber_switch\n"
        ".type fiber_switch, @function\n"
        "fiber_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n"
        "    addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fiber_switch, .-fiber_switch\n"
        ".globl fiber_begin\n"
        ".hidden fiber_begin\n"
        ".type fiber_begin, @function\n"
        "fiber_begin:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined rip\n"
        "    movq %r12, %rdi\n"
        "    call *%r13\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size fiber_begin, .-fiber_begin\n");

/* The first code on a new stack: calls the entry. */
void fiber_begin(void);

void *fiber_prepare(char *top, void (*entry)(void *arg), void *arg)
{
    uint64_t *frame = (uint64_t *)(void *)top - FRAME_WORDS;
    uint32_t mxcsr;
    uint16_t x87;

    memset(frame, 0, FRAME_WORDS * sizeof(*frame));
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
    frame[CONTROL] = (uint64_t)x87 << 32 | mxcsr;
    frame[R12] = (uint64_t)(uintptr_t)arg;
    frame[R13] = (uint64_t)(uintptr_t)entry;
    frame[RETURN] = (uint64_t)(uintptr_t)fiber_begin;
    return frame;
}

#elif defined(__aarch64__)

enum { X19 = 0, X20 = 1, X30 = 11, FPCR = 20, FRAME_WORDS = 22 };

/* The frame: x19 to x28, the frame pointer x29, the link register x30, d8 to d15, FPCR. */
__asm__(".text\n"
        ".globl fiber_switch\n"
        ".type fiber_switch, %function\n"
        "fiber_switch:\n"
        "    sub sp, sp, #176\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mrs x9, fpcr\n"
        "    str x9, [sp, #160]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldr x9, [sp, #160]\n"
        "    msr fpcr, x9\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #176\n"
        "    ret\n"
        ".size fiber_switch, .-fiber_switch\n"
        ".globl fiber_begin\n"
        ".hidden fiber_begin\n"
        ".type fiber_begin, %function\n"
        "fiber_begin:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n"
        "    mov x0, x19\n"
        "    blr x20\n"
        "    brk #0\n"
        "    .cfi_endproc\n"
        ".size fiber_begin, .-fiber_begin\n");

/* The first code on a new stack: calls the entry. */
void fiber_begin(void);

void *fiber_prepare(char *top, void (*entry)(void *arg), void *arg)
{
    uint64_t *frame = (uint64_t *)(void *)top - FRAME_WORDS;
    uint64_t fpcr;

    memset(frame, 0, FRAME_WORDS * sizeof(*frame));
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    frame[FPCR] = fpcr;
    frame[X19] = (uint64_t)(uintptr_t)arg;
    frame[X20] = (uint64_t)(uintptr_t)entry;
    frame[X30] = (uint64_t)(uintptr_t)fiber_begin;
    return frame;
}

#else

/* fiber_new() fails on this processor, so nothing calls these. */

void fiber_switch(void **from, void *to)
{
    (void)from;
    (void)to;
}

void *fiber_prepare(char *top, void (*entry)(void *arg), void *arg)
{
    (void)entry;
    (void)arg;
    return top;
}

#endif
