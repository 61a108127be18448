/* SPDX-License-Identifier: MIT */
/*
 * A guest that enters the system in every way there is, with numbers, registers and memory drawn
 * from a seed. Arguments: SEED ROLE STEPS
 *
 *     caller   makes calls from private pages, pages of root:/code, page ends and elsewhere
 *     flipper  maps root:/code as well, and rewrites the instructions that callers are at
 *     hog      the same without a call, so that it loses its turn and runs beside all others
 *
 * Most steps of a caller end it sooner or later: the daemon, and nothing else, must be well after
 * that. gates.py starts them by the hundred, knows the places, and disturbs them.
 */
#include <sc.h>

enum {
    PAGE = 4096,
    RWX = MM_READ | MM_WRITE | MM_EXEC,
    SITES = 4,        /* places in a page where instructions are executed */
    SITE_SIZE = 0x40, /* between two of them */
    TARGETS = 4,      /* places for mappings */
    SPINS_MAX = 20000,
    X32_BIT = 0x40000000,
    BIG_SIZE = 1024 * 1024, /* more than the system moves at once */
};

#define PRIVATE ((unsigned char *)0x40000000) /* two regions of a page each */
#define SHARED ((unsigned char *)0x50000000)  /* two pages of root:/code */
#define DATA ((unsigned char *)0x58000000)    /* one page */
#define BIG ((unsigned char *)0x70000000)     /* BIG_SIZE bytes */
#define TARGET(i) ((unsigned char *)0x60000000 + (i)*0x10000)

#ifdef __x86_64__
#define GATE "\x0F\x05"
#define KERNEL_HALF 0xFFFF800000000000UL
#define USER_LIMIT 0x7FFF00000000UL
#else
#define GATE "\xCD\x40"
#define KERNEL_HALF 0xC0000000UL
#define USER_LIMIT 0xC0000000UL
#endif

/* What stands behind an instruction: `ret`, and with the bytes after it a name that link() and its
 * like would take, if the host ever executed one of them: rcx points there behind a `syscall`. */
#define REST "\xC3\xA9scaped"
enum { GADGET_SIZE = 16 };

static const char secret[] = "secret"; /* the file beside which that name would be made */

/* Gadgets that differ in two bytes, so that they can be exchanged in one store. The last one jumps
 * to what put_check() writes. */
static const char quick[][GADGET_SIZE] = {GATE REST,       GATE REST,       "\xEB\xFE" REST,
                                          "\xCD\x80" REST, "\xCD\x40" REST, "\xEB\x1E" REST};

/* Others: sysenter, syscall, ud2, int3, icebp, hlt, sti, a prefix before a gate. */
static const char slow[][GADGET_SIZE] = {
    "\x0F\x34" REST, "\x0F\x05" REST, "\x0F\x0B" REST,  "\xCC" REST,         "\xF1" REST,
    "\xF4" REST,     "\xFB" REST,     "\xF3" GATE REST, "\x66\xCD\x80" REST,
};

static unsigned long long state;

static unsigned draw(unsigned below)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (unsigned)(state >> 20) % below;
}

/* Registers. */

enum { AX, BX, CX, DX, SI, DI, BP, R8, R9, R10, GO_TO, WORDS };

/** Call what is at word[GO_TO] with these registers. Returns what ax is afterwards. */
long enter(const long word[WORDS]);

#ifdef __x86_64__
__asm__(".text\n"
        "enter:\n"
        "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "    push 80(%rdi)\n"
        "    mov (%rdi), %rax; mov 8(%rdi), %rbx; mov 16(%rdi), %rcx; mov 24(%rdi), %rdx\n"
        "    mov 32(%rdi), %rsi; mov 48(%rdi), %rbp; mov 56(%rdi), %r8; mov 64(%rdi), %r9\n"
        "    mov 72(%rdi), %r10; mov 40(%rdi), %rdi\n"
        "    call *(%rsp)\n"
        "    cld\n"
        "    add $8, %rsp\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "    ret\n");
#else
__asm__(".text\n"
        "enter:\n"
        "    push %ebx; push %ebp; push %esi; push %edi\n"
        "    mov 20(%esp), %eax\n"
        "    push 40(%eax)\n"
        "    mov 4(%eax), %ebx; mov 8(%eax), %ecx; mov 12(%eax), %edx; mov 16(%eax), %esi\n"
        "    mov 20(%eax), %edi; mov 24(%eax), %ebp; mov (%eax), %eax\n"
        "    call *(%esp)\n"
        "    cld\n"
        "    add $4, %esp\n"
        "    pop %edi; pop %esi; pop %ebp; pop %ebx\n"
        "    ret\n");
#endif

/** Set the five arguments of a call. */
static void set_args(long word[WORDS], long a, long b, long c, long d, long e)
{
#ifdef __x86_64__
    static const int order[] = {DI, SI, DX, R10, R8};
#else
    static const int order[] = {BX, CX, DX, SI, DI};
#endif
    const long args[] = {a, b, c, d, e};

    for (int i = 0; i < 5; i++)
        word[order[i]] = args[i];
}

/** A value: small, huge, or a pointer to something, to nothing, or to where something ends. */
static long draw_value(void)
{
    const long values[] = {0,
                           1,
                           (long)draw(8),
                           (long)draw(600),
                           -1,
                           -(long)draw(4096),
                           (long)0x80000000UL,
                           (long)(~0UL >> 1),
                           (long)(DATA + draw(PAGE)),
                           (long)(DATA + PAGE - draw(24)),
                           (long)(PRIVATE + draw(2 * PAGE)),
                           (long)(PRIVATE + 2 * PAGE - 1),
                           (long)(SHARED + draw(2 * PAGE)),
                           (long)TARGET(draw(TARGETS)),
                           (long)secret,
                           (long)"root:/code",
                           (long)&state,
                           (long)draw_value,
                           (long)(KERNEL_HALF + draw(PAGE)),
                           (long)(USER_LIMIT - draw(16)),
                           (long)((unsigned long)state * 0x9E3779B97F4A7C15UL)};

    return values[draw(sizeof(values) / sizeof(values[0]))];
}

/** A number: of the system, of the host, or of nobody. EXIT would end the fun. */
static long draw_number(void)
{
    /* open, close, mmap, mprotect, munmap, clone, fork, execve, kill, link, ptrace, mount, … */
    static const short hosts[] = {2,   3,   5,   8,   9,   10,  11,  37,  56,  57,  59,  62,
                                  86,  87,  90,  91,  101, 120, 125, 157, 165, 172, 192, 231,
                                  257, 310, 311, 317, 319, 322, 335, 336, 358, 435, 436, 437};
    const long odd[] = {-1, 0x7FFFFFFF, (long)0x80000000UL, X32_BIT | (long)draw(550),
                        (long)draw(1 << 16)};
    long nr = draw(130);

    if (draw(3) == 0)
        nr = draw(600);
    else if (draw(4) == 0)
        nr = hosts[draw(sizeof(hosts) / sizeof(hosts[0]))];
    else if (draw(8) == 0)
        nr = odd[draw(sizeof(odd) / sizeof(odd[0]))];
    return nr == SC_EXIT ? 500 : nr;
}

/* Code. */

/** Exchange the instruction of a site: its rest first, then the two bytes at once. */
static void put(unsigned char *site, const char gadget[GADGET_SIZE])
{
    unsigned short head;

    memcpy(site + sizeof(head), gadget + sizeof(head), GADGET_SIZE - sizeof(head));
    memcpy(&head, gadget, sizeof(head));
    *(volatile unsigned short *)site = head;
}

/**
 * Behind a site's gadget: with the number that the bridge injects, a host call of the other
 * architecture, or the end of all progress; with any other number, back to the site. So a guest
 * lives until the bridge comes by.
 */
static void put_check(unsigned char *site)
{
#ifdef __x86_64__
    unsigned char check[] = {0x3D, 9,    0,    0,   0, /* cmp $9, %eax */
                             0x75, 0xD9,               /* jne site */
                             0xCD, 0x80, 0xEB, 0xFE};  /* int $0x80; jmp . */
    enum { CALL = 7, STUCK = 9 };
#else
    unsigned char check[] = {0x3D, 192,  0,    0,    0,         /* cmp $192, %eax */
                             0x75, 0xD9,                        /* jne site */
                             0xEA, 0,    0,    0,    0,   0x33, /* ljmp $0x33, $1f */
                             0,    0x0F, 0x05, 0xEB, 0xFE};     /* 1: syscall; jmp . */
    enum { CALL = 7, STUCK = 16 };
    const unsigned long code = (unsigned long)site + 0x20 + 14;

    memcpy(check + CALL + 1, &code, sizeof(code));
#endif
    if (draw(2) == 0)
        memcpy(check + CALL, check + STUCK, 2);
    memcpy(site + 0x20, check, sizeof(check));
}

/** Set flags of the processor, and enter by the gate: `pushf; orl $flags, (%esp); popf`. */
static void put_flags(unsigned char *site)
{
    static const unsigned flags[] = {0x100, 0x400, 0x4000, 0x10000, 0x40000, 0x40100}; /* TF … AC */
    char gadget[GADGET_SIZE] = "\x9C\x81\x0C\x24____\x9D" GATE "\xC3";

    memcpy(gadget + 4, &flags[draw(sizeof(flags) / sizeof(flags[0]))], sizeof(flags[0]));
    put(site, gadget);
}

static unsigned char *draw_site(unsigned char *page)
{
    return page + draw(SITES) * SITE_SIZE;
}

static void put_gates(unsigned char *page)
{
    for (unsigned i = 0; i < SITES; i++) {
        put_check(page + i * SITE_SIZE);
        put(page + i * SITE_SIZE, quick[0]);
    }
}

/** Wait until a site's instruction is the gate: somebody may be rewriting it. */
static void await_gate(const unsigned char *site)
{
    for (int i = 0; i < SPINS_MAX && memcmp(site, GATE, 2) != 0; i++)
        __asm__ volatile("pause");
}

/** Jump into the other mode of the processor, and enter from there. */
static void put_far_jump(unsigned char *site)
{
    const unsigned target = (unsigned)(unsigned long)site + 0x30;
#ifdef __x86_64__
    unsigned char code[] = {0xFF, 0x2D, 0, 0, 0, 0, 0, 0, 0, 0, 0x23, 0}; /* ljmp *(%rip) */
    const char *entry = draw(2) == 0 ? "\xCD\x80\xEB\xFE" : "\xCD\x40\xEB\xFE";

    memcpy(code + 6, &target, sizeof(target));
#else
    unsigned char code[] = {0xEA, 0, 0, 0, 0, 0x33, 0}; /* ljmp $0x33, $target */
    const char *entry = draw(2) == 0 ? "\x0F\x05\xEB\xFE" : "\xCD\x80\xEB\xFE";

    memcpy(code + 1, &target, sizeof(target));
#endif
    memcpy(site, code, sizeof(code));
    memcpy(site + 0x30, entry, 4);
}

/* Steps. */

static int code_fd;
static int big_fd;
static unsigned char mapped[TARGETS];

static void draw_registers(long word[WORDS])
{
    for (int i = 0; i < WORDS; i++)
        word[i] = draw_value();
    word[BX] = draw(2) == 0 ? (long)secret : word[BX];
}

/** A memory call that makes sense, so that the bridge makes host calls for it. */
static void memory_call(void)
{
    unsigned char *site = draw_site(draw(4) == 0 ? PRIVATE : SHARED);
    const unsigned i = draw(TARGETS);
    long word[WORDS];

    draw_registers(word);
    word[BX] = (long)secret;
    word[GO_TO] = (long)site;
    if (mapped[i]) {
        word[AX] = draw(3) == 0 ? SC_MCHMAP : SC_MUNMAP;
        mapped[i] = word[AX] == SC_MCHMAP;
        set_args(word, (long)TARGET(i), MM_READ, 0, 0, 0);
    } else {
        word[AX] = draw(4) == 0 ? SC_MMAP : SC_MMAP_FILE;
        mapped[i] = 1;
        if (word[AX] == SC_MMAP)
            set_args(word, (long)TARGET(i), PAGE, MM_READ, 0, 0);
        else
            set_args(word, code_fd, 0, (long)TARGET(i), PAGE, draw(2) == 0 ? RWX : MM_READ);
    }
    await_gate(site);
    if (draw(16) == 0)
        put_flags(site);
    (void)enter(word);
    put(site, quick[0]);
}

static void random_call(void)
{
    unsigned char *site = draw_site(draw(2) == 0 ? PRIVATE : SHARED);
    long word[WORDS];

    draw_registers(word);
    word[AX] = draw_number();
    word[GO_TO] = (long)site;
    await_gate(site);
    (void)enter(word);
}

/** Execute an instruction that was drawn; in private memory it is a gate again afterwards. */
static void odd_entry(void)
{
    unsigned char *site = draw_site(draw(4) == 0 ? SHARED : PRIVATE);
    long word[WORDS];

    draw_registers(word);
    word[AX] = draw_number();
    word[GO_TO] = (long)site;
    if (draw(5) == 0)
        put_far_jump(site);
    else if (draw(5) == 0)
        put_flags(site);
    else if (draw(3) == 0)
        put(site, quick[draw(sizeof(quick) / sizeof(quick[0]))]);
    else
        put(site, slow[draw(sizeof(slow) / sizeof(slow[0]))]);
    (void)enter(word);
    put_check(site);
    put(site, quick[0]);
}

/** A gate across two regions, or at the very end of memory. */
static void call_at_edge(void)
{
    unsigned char *site = draw(3) > 0 ? PRIVATE + PAGE - 1 : PRIVATE + 2 * PAGE - 2;
    long word[WORDS];

    draw_registers(word);
    word[AX] = draw(2) == 0 ? SC_MMAP_FILE : draw_number();
    word[GO_TO] = (long)site;
    memcpy(site, GATE "\xC3", site == PRIVATE + PAGE - 1 ? 3 : 2);
    (void)enter(word);
}

/** Unmap pages, perhaps the ones that the call is made from, and map them anew or not. */
static void remap(void)
{
    unsigned char *at = draw(3) == 0 ? PRIVATE : draw(2) == 0 ? PRIVATE + PAGE : DATA;
    long word[WORDS];

    draw_registers(word);
    word[AX] = SC_MUNMAP;
    word[GO_TO] = (long)draw_site(PRIVATE);
    set_args(word, (long)at, 0, 0, 0, 0);
    if (draw(4) == 0)
        (void)enter(word);
    else
        (void)sc_munmap(at);
    if (draw(8) == 0)
        random_call();
    (void)sc_mmap(at, PAGE, RWX);
    if (at == PRIVATE)
        put_gates(PRIVATE);
}

/** Addresses that the host's kernel has its own entries at. */
static void host_entry(void)
{
    static const unsigned long long entries[] = {0xFFFFFFFFFF600000, 0xFFFFFFFFFF600400,
                                                 0xFFFFFFFFFF600800, 0xFFFFE000,
                                                 0x7FFFFFFFE000,     0xFFFFD000};
    long word[WORDS];

    if (draw(6) > 0)
        return;
    draw_registers(word);
    word[GO_TO] = (long)entries[draw(sizeof(entries) / sizeof(entries[0]))];
    (void)enter(word);
}

/** Move more bytes than the system does at once; others do so with the same file. */
static void big_transfer(void)
{
    const unsigned size = draw(BIG_SIZE);

    if (draw(2) == 0)
        (void)sc_write(big_fd, draw(PAGE), size, BIG);
    else
        (void)sc_read(big_fd, draw(PAGE), size, BIG + draw(BIG_SIZE - size));
    if (draw(8) == 0)
        (void)sc_truncate("root:/big", draw(BIG_SIZE));
}

/** Give the system bytes of pages that are being rewritten. */
static void ordinary(void)
{
    struct sc_stat st;

    (void)sc_write(code_fd, PAGE + draw(PAGE), draw(PAGE), draw(2) == 0 ? SHARED : PRIVATE);
    (void)sc_read(code_fd, PAGE, draw(PAGE), DATA);
    (void)sc_stat((const char *)DATA + PAGE - 1, &st);
    (void)sc_usleep(draw(20));
}

static void step(void)
{
    switch (draw(16)) {
    case 0:
        odd_entry();
        break;
    case 1:
        call_at_edge();
        break;
    case 2:
        remap();
        break;
    case 3:
        host_entry();
        break;
    case 4:
        ordinary();
        break;
    case 5:
        put(draw_site(SHARED), quick[draw(sizeof(quick) / sizeof(quick[0]))]);
        (void)sc_yield();
        put(draw_site(SHARED), quick[0]);
        break;
    case 6:
        big_transfer();
        break;
    case 7:
    case 8:
        random_call();
        break;
    default:
        memory_call();
    }
}

/** Rewrite shared code, fast enough to come between two host calls of the bridge. */
static void flip(unsigned steps, int yields)
{
    for (unsigned i = 0; i < steps; i++) {
        unsigned char *site = draw_site(SHARED);

        put(site, quick[draw(sizeof(quick) / sizeof(quick[0]))]);
        for (unsigned n = draw(600); n > 0; n--)
            __asm__ volatile("pause");
        put(site, quick[0]);
        for (unsigned n = draw(600); n > 0; n--)
            __asm__ volatile("pause");
        if (yields && i % 256 == 0)
            (void)sc_yield();
    }
}

static unsigned number(const char *text)
{
    unsigned n = 0;

    while (*text >= '0' && *text <= '9')
        n = n * 10 + (unsigned)(*text++ - '0');
    return n;
}

static int set_up(void)
{
    code_fd = sc_open("root:/code", FM_READ | FM_WRITE | FM_MMAP);
    big_fd = sc_open("root:/big", FM_READ | FM_WRITE | FM_CREATE);
    if (code_fd < 0 || big_fd < 0 || sc_mmap(BIG, BIG_SIZE, RWX) < 0 ||
        sc_mmap(PRIVATE, PAGE, RWX) < 0 || sc_mmap(PRIVATE + PAGE, PAGE, RWX) < 0 ||
        sc_mmap(DATA, PAGE, RWX) < 0 || sc_mmap_file(code_fd, 0, SHARED, 2 * PAGE, RWX) < 0)
        return -1;
    memset(DATA, 'x', PAGE);
    put_gates(PRIVATE);
    put_gates(SHARED);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned steps;

    if (argc < 3 || set_up() < 0)
        return 1;
    state = (number(argv[0]) + 1) * 0x9E3779B97F4A7C15ULL;
    steps = number(argv[2]);
    if (strcmp(argv[1], "caller") != 0)
        flip(steps, strcmp(argv[1], "flipper") == 0);
    for (unsigned i = 0; i < steps; i++)
        step();
    return 0;
}
