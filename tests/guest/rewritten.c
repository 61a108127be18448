/* SPDX-License-Identifier: MIT */
/*
 * Memory calls by an instruction that somebody else rewrites while the call is held. The bridge
 * makes host calls for them, several for MMAP_FILE, and none may execute what stands there now.
 *
 * The registers that the calls do not use are what a host call of the other architecture would take
 * for paths: `int $0x80` with mmap()'s number, 9, is link(ebx, ecx).
 */
#include "cases.h"

#define CODE ((unsigned char *)0x50000000)
#define MAPPED ((char *)0x60000000)

enum { PAGE = 4096, RWX = MM_READ | MM_WRITE | MM_EXEC };

static const char secret[] = "secret";
static const char text[] = "what the file holds";

#ifdef __x86_64__
static const unsigned char gate[] = {0x0F, 0x05, 0xC3};
enum { DONE = 0 };
#else
static const unsigned char gate[] = {0xCD, 0x40, 0xC3};
enum { DONE = 1 };
#endif

/** Put the gate and a return at CODE, and make a call there: one that is held. */
static long call_there(long nr, long a, long b, long c, long d, long e)
{
    static unsigned char *const code = CODE;
    long result;

    memcpy(CODE, gate, sizeof(gate));
#ifdef __x86_64__
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;

    __asm__ volatile("sub $128, %%rsp\n" /* below it are locals of ours */
                     "call *%7\n"
                     "add $128, %%rsp"
                     : "=a"(result)
                     : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "m"(code), "b"(secret)
                     : "rcx", "r11", "memory");
#else
    __asm__ volatile("call *%7"
                     : "=a"(result)
                     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e), "m"(code)
                     : "memory");
#endif
    return result;
}

/** Make the calls that are held. */
static int use_memory(void)
{
    int fd = sc_open("home:/file", FM_READ | FM_WRITE | FM_MMAP | FM_CREATE);

    MUST(fd > 0 && sc_write(fd, 0, sizeof(text), text) == (long)sizeof(text));
    MUST(call_there(SC_MMAP_FILE, fd, 0, (long)MAPPED, PAGE, MM_READ) == DONE);
    MUST(memcmp(MAPPED, text, sizeof(text)) == 0);
    MUST(call_there(SC_MCHMAP, (long)MAPPED, MM_READ | MM_WRITE, 0, 0, 0) == DONE);
    *(volatile char *)MAPPED = 'W';
    MUST(call_there(SC_MUNMAP, (long)MAPPED, 0, 0, 0, 0) == DONE);
    MUST(call_there(SC_MMAP, (long)MAPPED, PAGE, MM_READ, 0, 0) == DONE);
    MUST(*(volatile char *)MAPPED == 0);
    return PASSED;
}

static int in_memory(void)
{
    MUST(sc_mmap(CODE, PAGE, RWX) == 0);
    return use_memory();
}

static int in_file(void)
{
    int fd = sc_open("home:/code", FM_READ | FM_WRITE | FM_MMAP | FM_CREATE);

    MUST(fd > 0 && sc_truncate("home:/code", PAGE) == 0);
    MUST(sc_mmap_file(fd, 0, CODE, PAGE, RWX) == 0);
    return use_memory();
}

static const struct guest_case cases[] = {CASE(in_memory), CASE(in_file)};

int main(void)
{
    return run_case(cases, COUNT(cases));
}
