/* SPDX-License-Identifier: MIT */
/*
 * What a file is that PROC_EXEC can't run, in words: scripts, programs of other systems and other
 * processors. Only for reasons: whether an image runs is for elf.c to say, but what is here is proof
 * enough that a program is another system's.
 */
#ifndef SERVER_KERNEL_PROC_FOREIGN_H
#define SERVER_KERNEL_PROC_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a file is that does not begin as an ELF image, "a script …"; never NULL. */
const char *foreign_file(const unsigned char *bytes, size_t size);

/** The processor of an ELF e_machine; NULL one that is not known. */
const char *foreign_machine(uint16_t machine);

/** The system that an EI_OSABI stands for; NULL none in particular. */
const char *foreign_system(unsigned char osabi);

/** Whether an ELF note segment is that of a Linux program: the C library's ABI tag, or Go's. Borrowed
 * bytes of an untrusted file; little-endian. */
bool foreign_notes(const unsigned char *bytes, size_t size);

/** Whether an ELF string table names what a C library of Linux starts a program by. */
bool foreign_names(const unsigned char *bytes, size_t size);

#endif
