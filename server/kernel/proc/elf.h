/* SPDX-License-Identifier: MIT */
/* ELF images: from untrusted bytes to a checked exec_image. */
#ifndef SERVER_KERNEL_PROC_ELF_H
#define SERVER_KERNEL_PROC_ELF_H

#include "server/base/why.h"
#include "server/kernel/executor.h"

/**
 * Check an image and lay it out.
 * @bytes    borrowed while @out is used: segments point into it.
 * @out      filled on success; its ABI places the stack.
 * Returns   0, or -ENOEXEC with the reason: not an ELF, wrong class or machine, not an executable,
 *           another system's program, dynamic (PT_INTERP), thread-local variables, truncated, no or
 *           too many PT_LOAD, segments that overlap, wrap, leave the user's address space or load
 *           the same bytes several times, or an entry outside every executable segment.
 * Source    System V ABI, ELF header and program header; layouts in abi.c.
 */
int elf_parse(const void *bytes, size_t size, struct exec_image *out, struct why *why);

/** abi.check for programs built with scbox-cc: refuse other systems' programs, thread-local
 * variables, and images without fixed addresses. */
int elf_check_guest(const struct elf_reader *r);

#endif
