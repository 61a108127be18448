/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of a guest. Its stack is empty: it ends where the ABI has the stack's end.
 * On any other stack the program was started on Linux itself, where none of its calls would work.
 */
    .text
    .globl _start
    .type _start, @function
_start:
    xorl %ebp, %ebp
#ifdef __x86_64__
    movabsq $0x7FFEFFFF0000, %rax
    movq %rsp, %rdi
    cmpq %rax, %rsp
    jne sc_on_host
#else
    movl %esp, %eax
    cmpl $0xB8020000, %esp
    jne 1f
#endif
    call sc_start
    ud2
#ifndef __x86_64__
1:  pushl %eax
    call sc_on_host
    ud2
#endif
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
