/* SPDX-License-Identifier: MIT */
/*
 * Describes files that PROC_EXEC can't run: scripts, programs of other systems and processors. Only
 * for reasons: elf.c decides whether an image runs, but what is found here proves that a program is
 * another system's.
 */
#ifndef SERVER_KERNEL_PROC_FOREIGN_H
#define SERVER_KERNEL_PROC_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Describe a file that is not an ELF image: "a script …"; never NULL. */
const char *foreign_file(const unsigned char *bytes, size_t size);

/** The processor of an ELF e_machine; NULL: unknown. */
const char *foreign_machine(uint16_t machine);

/** The system of an EI_OSABI; NULL: no particular one. */
const char *foreign_system(unsigned char osabi);

/** Whether an ELF note segment is that of a Linux program: the C library's ABI tag, or Go's. The
 * bytes are untrusted and little-endian. */
bool foreign_notes(const unsigned char *bytes, size_t size);

/** Whether an ELF string table names the start code of a C library of Linux. */
bool foreign_names(const unsigned char *bytes, size_t size);

#endif
