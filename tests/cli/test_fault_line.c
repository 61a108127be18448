/* SPDX-License-Identifier: MIT */
/* Where a fault was, told of this very program; and what damaged programs do to that: nothing. */
#include "client/cli/base/fault_line.h"
#include "client/lib/clock.h"

#include <criterion/criterion.h>

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DAMAGED = 60, BYTES_PER_ROUND = 400, SLOW_MS = 5000 };

extern const char __executable_start[];

static char *program; /* our own file */
static size_t program_size;

enum { LANDMARK_LINE = __LINE__ + 3 };

/** A function to be found. */
__attribute__((noinline)) static int landmark(int x)
{
    return x * 3 + 1;
}

static void load(void)
{
    FILE *f = fopen("/proc/self/exe", "re");

    cr_assert_not_null(f);
    cr_assert_eq(fseek(f, 0, SEEK_END), 0);
    program_size = (size_t)ftell(f);
    rewind(f);
    program = malloc(program_size);
    cr_assert_eq(fread(program, 1, program_size, f), program_size);
    (void)fclose(f);
}

static void unload(void)
{
    free(program);
}

TestSuite(fault_line, .init = load, .fini = unload);

/** A fault's text that names an instruction of landmark(), as the file has its address. */
static const char *text_of_landmark(void)
{
    static char text[128];
    uint64_t addr = (uint64_t)(uintptr_t)landmark;
    Elf64_Ehdr header;

    memcpy(&header, program, sizeof header);
    if (header.e_type == ET_DYN)
        addr -= (uint64_t)(uintptr_t)__executable_start;
    (void)snprintf(text, sizeof text, "division by zero, by the instruction at 0x%llx; last calls",
                   (unsigned long long)addr);
    return text;
}

/** Look into a copy of ours. */
static char *place_in(const char *bytes, size_t size)
{
    int fd = memfd_create("program", MFD_CLOEXEC);
    char *place = NULL;

    cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
    place = fault_place(text_of_landmark(), fd);
    (void)close(fd);
    return place;
}

Test(fault_line, addresses_are_read_from_texts)
{
    uint64_t addrs[FAULT_ADDRESSES_MAX] = {7};

    cr_assert_eq(fault_addresses("null pointer: access to address 0x4, by the instruction at "
                                 "0x401b3c; last calls: SC_ARGS",
                                 addrs),
                 1);
    cr_assert_eq(addrs[0], 0x401b3c);
    cr_assert_eq(fault_addresses("jump to address 0x0, which is not mapped; the return address on "
                                 "the stack is 0x401136",
                                 addrs),
                 1);
    cr_assert_eq(addrs[0], 0x401135, "it lies in the call");
    cr_assert_eq(fault_addresses("bad pointer in SC_WRITE(0x1)", addrs), 0);
    cr_assert_eq(fault_addresses("", addrs), 0);
}

Test(fault_line, callers_are_read_from_texts)
{
    uint64_t addrs[FAULT_ADDRESSES_MAX] = {0};

    cr_assert_eq(fault_addresses("bad pointer in SC_OPEN(0x1), by the instruction at 0x401000, "
                                 "called from 0x401100, 0x401200; last calls: SC_ARGS",
                                 addrs),
                 3);
    cr_assert_eq(addrs[1], 0x4010ff);
    cr_assert_eq(addrs[2], 0x4011ff);
    cr_assert_eq(
        fault_addresses("x, by the instruction at 0x1, called from 0x2, 0x3, 0x4, 0x5, 0x6", addrs),
        FAULT_ADDRESSES_MAX);
    cr_assert_eq(addrs[FAULT_ADDRESSES_MAX - 1], 3);
}

Test(fault_line, function_and_line_are_found)
{
#ifdef SCBOX_HAVE_LIBDW
    char *place = place_in(program, program_size);

    static const char before[] = "in landmark(), at test_fault_line.c:";

    cr_assert_not_null(place);
    cr_assert_eq(strncmp(place, before, sizeof before - 1), 0, "%s", place);
    cr_assert_leq(abs(atoi(place + sizeof before - 1) - LANDMARK_LINE), 1, "%s", place);
    free(place);
#else
    cr_assert_null(place_in(program, program_size));
#endif
}

Test(fault_line, what_is_no_program_has_no_place)
{
    char name[] = "/dev/zero";

    cr_assert_null(place_in("#!/bin/sh\n", 10));
    cr_assert_null(place_in(program, 64));
    cr_assert_null(place_in("", 0));
    cr_assert_null(fault_place_in(text_of_landmark(), name), "it has no end");
    cr_assert_null(fault_place_in(text_of_landmark(), "/no/such/file"));
    cr_assert_null(fault_place_in("no address", "/proc/self/exe"));
}

/** Whatever is in the file: an answer of plain text or none, in time, and nobody but the child hurt. */
Test(fault_line, damaged_programs_do_no_harm)
{
    unsigned state = 1;

    for (int round = 0; round < DAMAGED; round++) {
        char *copy = malloc(program_size);
        const int64_t before = clock_ms();
        char *place = NULL;

        memcpy(copy, program, program_size);
        for (int i = 0; i < BYTES_PER_ROUND; i++) {
            state = state * 1103515245U + 12345U;
            copy[sizeof(Elf64_Ehdr) + (state >> 4) % (program_size - sizeof(Elf64_Ehdr))] =
                (char)(state >> 16);
        }
        place = place_in(copy, round % 2 == 0 ? program_size : program_size / 2);
        cr_assert_leq(clock_ms() - before, SLOW_MS, "round %d", round);
        for (const char *c = place; c != NULL && *c != '\0'; c++)
            cr_assert(*c >= ' ' && *c <= '~', "round %d", round);
        free(place);
        free(copy);
    }
    cr_assert_eq(landmark(1), 4);
}
