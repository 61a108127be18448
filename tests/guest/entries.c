/* SPDX-License-Identifier: MIT */
/* Every way into the host's kernel that is not the guest's own gate. */
#include "cases.h"

enum {
    NUMBERS = 600,
    URETPROBE = 335, /* on x86_64 the host's kernel asks no filter about these two */
    UPROBE = 336,
    X32_BIT = 0x40000000,
};

/** Whether a number is a call of the system: then it is no way into the host's kernel. */
static int is_assigned(int nr)
{
    switch (nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS) case nr:
#include "schema/syscalls.def"
        return 1;
    default:
        return 0;
    }
}

/** No unassigned number does anything: fork, execve, kill, exit and mmap of the host among them. */
static int all_numbers(void)
{
    for (int nr = 0; nr <= NUMBERS; nr++) {
        long result;

        if (is_assigned(nr) || nr == URETPROBE || nr == UPROBE)
            continue;
        result = sc_call(nr, 0, 0, 0, 0, 0);
#ifdef __x86_64__
        MUST(result == -ENOSYS);
#else
        MUST(result == (nr < 128 ? -1 : nr));
#endif
    }
    return PASSED;
}

static int odd_numbers(void)
{
#ifdef __x86_64__
    MUST(sc_call(-1, 0, 0, 0, 0, 0) == -ENOSYS);
    MUST(sc_call(0x7FFFFFFF, 0, 0, 0, 0, 0) == -ENOSYS);
    MUST(sc_call(X32_BIT | 1, 0, 0, 0, 0, 0) == -ENOSYS);
    MUST(sc_call(X32_BIT | 60, 0, 0, 0, 0, 0) == -ENOSYS);
    MUST(sc_call(X32_BIT | 520, 0, 0, 0, 0, 0) == -ENOSYS);
#else
    MUST(sc_call(-1, 0, 0, 0, 0, 0) == -1);
    MUST(sc_call(0x7FFFFFFF, 0, 0, 0, 0, 0) == 0x7FFFFFFF);
#endif
    return PASSED;
}

/** The two that no filter sees are harmless: refused by us, or by the host's kernel. */
static int uprobe(void)
{
    long result = sc_call(UPROBE, 0, 0, 0, 0, 0);

#ifdef __x86_64__
    MUST(result == -ENOSYS || result == -ENXIO);
#else
    MUST(result == UPROBE);
#endif
    return PASSED;
}

static int uretprobe(void)
{
    (void)sc_call(URETPROBE, 0, 0, 0, 0, 0); /* refused, or an invalid instruction */
    __asm__ volatile("ud2");
    return 0;
}

/** int $0x80 that no int $0x40 was before: with getpid's number, and with a call's. */
static int int80(void)
{
    int result = 20;

    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    return result;
}

static int int80_yield(void)
{
    int result = SC_YIELD;

    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    return result;
}

static int other_gate(void)
{
#ifdef __x86_64__
    __asm__ volatile("int $0x40" : : "a"(SC_YIELD));
#else
    __asm__ volatile("syscall" : : "a"(SC_YIELD) : "ecx");
#endif
    return 0;
}

static int sysenter(void)
{
    __asm__ volatile("sysenter" : : "a"(20));
    return 0;
}

/** Enter the other mode of the processor, and call the host's kernel from there. */
static int far_jump(void)
{
#ifdef __x86_64__
    static const struct __attribute__((packed)) {
        unsigned offset;
        unsigned short selector;
    } target = {0x40000000, 0x23};
    static const unsigned char code[] = {0xB8, 20, 0, 0, 0, 0xCD, 0x80, 0xF4}; /* int $0x80; hlt */
    const char *jump = (const char *)&target;

    MUST(sc_mmap((void *)0x40000000, 4096, MM_READ | MM_WRITE) == 0);
    memcpy((void *)0x40000000, code, sizeof(code));
    __asm__ volatile("ljmp *(%0)" : : "r"(jump));
#else
    __asm__ volatile("ljmp $0x33, $1f\n"
                     ".code64\n"
                     "1: mov $39, %%eax\n"
                     "syscall\n"
                     "hlt\n"
                     ".code32" ::
                         : "eax", "ecx");
#endif
    return 0;
}

/** 64-bit code in an i386 guest that reads above 4 GiB. */
static int far_read(void)
{
#ifdef __x86_64__
    return *(volatile char *)0xFFFFFFFF81000000;
#else
    __asm__ volatile("ljmp $0x33, $1f\n"
                     ".code64\n"
                     "1: mov $0x7FFFFFFFE000, %%rax\n"
                     "mov (%%rax), %%al\n"
                     "hlt\n"
                     ".code32" ::
                         : "eax");
    return 0;
#endif
}

static int vsyscall(void)
{
#ifdef __x86_64__
    long (*time)(long *) = (long (*)(long *))0xFFFFFFFFFF600400;

    return (int)time(NULL);
#else
    return ((int (*)(void))0xFFFFE000)();
#endif
}

static int vsyscall_read(void)
{
#ifdef __x86_64__
    return *(volatile char *)0xFFFFFFFFFF600000;
#else
    return *(volatile char *)0xFFFFD000;
#endif
}

/** What compilers take for the thread area is the null page, or a null selector. */
static int thread_area(void)
{
#ifdef __x86_64__
    long value;

    __asm__ volatile("mov %%fs:0, %0" : "=r"(value));
    return (int)value;
#else
    int value;

    __asm__ volatile("mov %%gs:0, %0" : "=r"(value));
    return value;
#endif
}

/** Code that rewrites its own call instruction after it was patched works on. */
static int rewritten_gate(void)
{
#ifndef __x86_64__
    unsigned char *code = (unsigned char *)0x40000000;
    int (*call)(void) = (int (*)(void))0x40000000;
    static const unsigned char yield[] = {0xB8, SC_YIELD, 0, 0, 0, 0xCD, 0x40, 0xC3};

    MUST(sc_mmap(code, 4096, MM_READ | MM_WRITE) == 0);
    for (int i = 0; i < 5; i++) {
        memcpy(code, yield, sizeof(yield));
        MUST(call() == 0 && call() == 0);
    }
    MUST(sc_munmap(code) == 0);
    MUST(sc_mmap(code, 4096, MM_READ | MM_WRITE) == 0);
    memcpy(code, yield, sizeof(yield));
    MUST(call() == 0);
#endif
    return PASSED;
}

#ifndef __x86_64__
static unsigned char *const code = (unsigned char *)0x40000000;
static const unsigned char yield_code[] = {0xB8, SC_YIELD, 0, 0, 0, 0xCD, 0x40, 0xC3};
enum { VECTOR_AT = 6 }; /* the byte that a patch changes */

/** Call yield_code at an address. */
static int call_code(const unsigned char *at)
{
    return ((int (*)(void))(uintptr_t)at)();
}

/** Put yield_code at 0x40000000, and have it patched. */
static int map_gate(void)
{
    MUST(sc_mmap(code, 4096, MM_READ | MM_WRITE) == 0);
    memcpy(code, yield_code, sizeof(yield_code));
    MUST(call_code(code) == 0 && call_code(code) == 0);
    return 0;
}

/** A patched gate is forgotten with its memory: int $0x80 in the same place is the guest's own. */
static int unmapped_gate(void)
{
    MUST(map_gate() == 0);
    MUST(sc_munmap(code) == 0);
    MUST(map_gate() == 0); /* it would be patched again */
    MUST(sc_munmap(code) == 0);
    MUST(sc_mmap(code, 4096, MM_READ | MM_WRITE) == 0);
    memcpy(code, yield_code, sizeof(yield_code));
    code[VECTOR_AT] = 0x80;
    return call_code(code);
}

/** So is one of which only the second byte goes. */
static int split_gate(void)
{
    unsigned char *page = code + 4096;
    unsigned char *at = page - VECTOR_AT;

    MUST(sc_mmap(code, 4096, MM_READ | MM_WRITE) == 0);
    MUST(sc_mmap(page, 4096, MM_READ | MM_WRITE) == 0);
    memcpy(at, yield_code, sizeof(yield_code));
    MUST(call_code(at) == 0 && call_code(at) == 0);
    MUST(sc_munmap(page) == 0);
    MUST(sc_mmap(page, 4096, MM_READ | MM_WRITE) == 0);
    memcpy(at, yield_code, sizeof(yield_code));
    page[0] = 0x80;
    return call_code(at);
}

/** A copy of patched code is no gate. */
static int copied_gate(void)
{
    MUST(map_gate() == 0);
    MUST(code[VECTOR_AT] == 0x80);
    memcpy(code + 64, code, sizeof(yield_code));
    return call_code(code + 64);
}

/** Whoever is given a guest's code sees it as it was written, whichever part it is. */
static int written_gate(void)
{
    unsigned char copy[sizeof(yield_code)];
    int fd = sc_open("home:/code", FM_READ | FM_WRITE | FM_CREATE | FM_TRUNC);

    MUST(fd > 0 && map_gate() == 0);
    for (size_t from = 0; from < sizeof(copy); from++) {
        for (size_t size = 0; from + size <= sizeof(copy); size++) {
            MUST(sc_write(fd, 0, size, code + from) == (long)size);
            MUST(sc_read(fd, 0, size, copy) == (long)size);
            MUST(memcmp(copy, yield_code + from, size) == 0);
        }
    }
    memset(code + VECTOR_AT - 1, 0x80, 2); /* no longer a gate: data like any other */
    for (size_t from = 0; from < sizeof(copy); from++) {
        const size_t size = sizeof(copy) - from;

        MUST(sc_write(fd, 0, size, code + from) == (long)size);
        MUST(sc_read(fd, 0, size, copy) == (long)size);
        MUST(memcmp(copy, code + from, size) == 0);
    }
    return PASSED;
}
#else
#define unmapped_gate many_gates
#define split_gate many_gates
#define copied_gate many_gates
#define written_gate many_gates
#endif

/** More call sites than the bridge remembers. */
static int many_gates(void)
{
#ifndef __x86_64__
    enum { SITES = 5000, SITE_SIZE = 8 };
    unsigned char *code = (unsigned char *)0x40000000;
    static const unsigned char yield[] = {0xB8, SC_YIELD, 0, 0, 0, 0xCD, 0x40, 0xC3};

    MUST(sc_mmap(code, SITES * SITE_SIZE, MM_READ | MM_WRITE) == 0);
    for (int i = 0; i < SITES; i++)
        memcpy(code + i * SITE_SIZE, yield, sizeof(yield));
    for (int i = 0; i < SITES; i++)
        MUST(((int (*)(void))(uintptr_t)(code + i * SITE_SIZE))() == 0);
    MUST(((int (*)(void))(uintptr_t)(code + (SITES - 1) * SITE_SIZE))() == 0);
    MUST(code[(SITES - 1) * SITE_SIZE + 6] == 0x40);
#endif
    return PASSED;
}

/** Tell who the processor is. */
static int cpuid(void)
{
    unsigned b;
    unsigned c = 0;
    unsigned d;
    unsigned a = 0;
    char vendor[13] = "";

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    memcpy(vendor, &b, 4);
    memcpy(vendor + 4, &d, 4);
    memcpy(vendor + 8, &c, 4);
    a = 1;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    sc_printf("vendor \"%s\", ecx %x, sse2 %d\n", vendor, c, (d >> 26 & 1) != 0);
    return PASSED;
}

/** Nothing is mapped behind the instruction. */
static int tsc_at_page_end(void)
{
    static const unsigned char rdtsc[] = {0x0F, 0x31};
    unsigned char *page = (unsigned char *)0x40000000;
    unsigned char *at = page + 4096 - sizeof(rdtsc);

    MUST(sc_mmap(page, 4096, MM_READ | MM_WRITE) == 0);
    memcpy(at, rdtsc, sizeof(rdtsc));
    ((void (*)(void))(uintptr_t)at)(); /* goes on at the end of the page, where nothing is */
    return NO_CASE;
}

static const struct guest_case cases[] = {
    CASE(all_numbers),  CASE(odd_numbers),     CASE(uprobe),     CASE(uretprobe),
    CASE(int80),        CASE(int80_yield),     CASE(other_gate), CASE(sysenter),
    CASE(far_jump),     CASE(far_read),        CASE(vsyscall),   CASE(vsyscall_read),
    CASE(thread_area),  CASE(rewritten_gate),  CASE(many_gates), CASE(unmapped_gate),
    CASE(cpuid),        CASE(tsc_at_page_end), CASE(split_gate), CASE(copied_gate),
    CASE(written_gate),
};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
