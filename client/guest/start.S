/* SPDX-License-Identifier: MIT */
/* The first instructions of a guest: the stack is empty. On an aligned one, go on in C. */
    .text
    .globl _start
    .type _start, @function
_start:
#ifdef __x86_64__
    xorl %ebp, %ebp
    andq $-16, %rsp
#else
    xorl %ebp, %ebp
    andl $-16, %esp
#endif
    call sc_start
    ud2
    .size _start, . - _start
    .section .note.GNU-stack, "", @progbits
