/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of a guest. The stack is empty: no arguments, no return address. Call
 * main(0, argv) with argv[0] NULL, on an aligned stack, and exit with what it returns.
 */
#include <sc_syscalls.h>

    .section .rodata
    .balign 8
no_arguments:
    .quad 0

    .text
    .globl _start
    .type _start, @function
_start:
#ifdef __x86_64__
    xorl %ebp, %ebp
    andq $-16, %rsp
    xorl %edi, %edi
    leaq no_arguments(%rip), %rsi
    call main
    movl %eax, %edi
    movl $SC_EXIT, %eax
    syscall
    ud2
#else
    xorl %ebp, %ebp
    andl $-16, %esp
    subl $8, %esp
    pushl $no_arguments
    pushl $0
    call main
    movl %eax, %ebx
    movl $SC_EXIT, %eax
    int $0x40
    ud2
#endif
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
