/* SPDX-License-Identifier: MIT */
/*
 * A program that was made without the SDK, from nothing but the numbers and layouts of the ABI: its
 * own start, its own way to call, its own linker script, as the programs of the OS that the calls
 * come from are. It prints "(TEST-OK)" when all it was promised is so.
 */
#include <stdbool.h>
#include <stdint.h>

enum {
    NR_PRINT = 0,
    NR_EXIT = 1,
    NR_MMAP = 10,
    NR_MCHMAP = 12,
    NR_MUNMAP = 13,
    NR_CREATE = 20,
    NR_DELETE = 21,
    NR_MOVE = 22,
    NR_STAT = 23,
    NR_OPEN = 30,
    NR_CLOSE = 31,
    NR_READ = 32,
    NR_WRITE = 33,
    NR_READDIR = 34,
    NR_GET_MODE = 37,
    NR_MAKE_FS = 40,
    NR_SUBFS = 42,
    NR_RM_FS = 43,
    NR_NEW_PROC = 50,
    NR_BIND_FS = 51,
    NR_PROC_EXEC = 55,
    NR_PROC_STATUS = 56,
    NR_PROC_KILL = 57,
    NR_PROC_WAIT_ANY = 59,
    NR_ERRNO = 64,
    NR_FREE = 99,
    NR_LAST = 127,
};

enum { E_NOENT = 2, E_NOEXEC = 8, E_BADF = 9, E_CHILD = 10, E_ACCES = 13, E_FAULT = 14 };
enum { E_BUSY = 16, E_EXIST = 17, E_INVAL = 22, E_NOSYS = 38 };
enum { MODE_READ = 1, MODE_WRITE = 2, MODE_RW = 3, MODE_READDIR = 4, MODE_CREATE = 0x10 };
enum { MODE_DCREATE = 0x1000, MODE_DMOVE = 0x2000, MODE_DDELETE = 0x4000 };
enum { LOADING = 1, KILLED = 5, FIFTEEN = 15, NAME_SIZE = 128, ROUNDS = 500 };

#define USER_LIMIT 0xC0000000U
#define STACK_TOP 0xB8020000U
#define HEAP 0x40000000U
#define HEAP_LAST 0xAFFFF000U
#define IMAGE 0x100000U
#define PAGE 0x1000U

struct stat_of {
    int32_t type;
    int32_t access;
    uint32_t size;
};

struct dirent_of {
    char name[NAME_SIZE];
    struct stat_of stat;
};

struct status_of {
    int32_t pid;
    int32_t state;
    int32_t return_code;
};

struct subfs_of {
    const char *new_name;
    uint32_t new_name_len;
    const char *from_fs;
    uint32_t from_fs_len;
    const char *root;
    uint32_t root_len;
    uint32_t ok_modes;
    int32_t bind_to_pid;
};

struct make_fs_of {
    const char *driver;
    uint32_t driver_len;
    const char *fs_name;
    uint32_t fs_name_len;
    int32_t source_fd;
    const char *opts;
    uint32_t opts_len;
};

_Static_assert(sizeof(struct make_fs_of) == 28, "exact size");
_Static_assert(sizeof(struct stat_of) == 12 && sizeof(struct dirent_of) == 140, "exact sizes");
_Static_assert(sizeof(struct status_of) == 12 && sizeof(struct subfs_of) == 32, "exact sizes");

/* eax ebx ecx edx esi edi ebp esp, as the program found them */
uint32_t start_registers[8];
static char zeroed[3 * PAGE];

void begin(void);

__asm__(".text\n"
        ".globl _start\n"
        "_start:\n"
        "    mov %eax, start_registers\n"
        "    mov %ebx, start_registers + 4\n"
        "    mov %ecx, start_registers + 8\n"
        "    mov %edx, start_registers + 12\n"
        "    mov %esi, start_registers + 16\n"
        "    mov %edi, start_registers + 20\n"
        "    mov %ebp, start_registers + 24\n"
        "    mov %esp, start_registers + 28\n"
        "    call begin\n");

/** Call the system: eax is the number and the result, every other register is kept. */
static uint32_t call5(uint32_t nr, uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint32_t e)
{
    uint32_t result;

    __asm__ volatile("int $0x40"
                     : "=a"(result)
                     : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                     : "memory");
    return result;
}

static uint32_t call3(uint32_t nr, uint32_t a, uint32_t b, uint32_t c)
{
    return call5(nr, a, b, c, 0, 0);
}

static uint32_t at(const void *pointer)
{
    return (uint32_t)(uintptr_t)pointer;
}

static uint32_t length(const char *text)
{
    uint32_t len = 0;

    while (text[len] != '\0')
        len++;
    return len;
}

static void print(const char *text)
{
    (void)call3(NR_PRINT, at(text), length(text), 0);
}

/** End with the line of what was not so. */
static void must(bool so, uint32_t line)
{
    if (so)
        return;
    print("(TEST-FAIL)\n");
    (void)call3(NR_EXIT, line, 0, 0);
}

#define MUST(condition) must(condition, __LINE__)
#define MUST_FAIL(call, error) must((call) == 0 && call3(NR_ERRNO, 0, 0, 0) == (error), __LINE__)

static uint32_t open_file(const char *file, uint32_t mode)
{
    return call3(NR_OPEN, at(file), length(file), mode);
}

/* ---- the start ---- */

static void check_start(void)
{
    for (int i = 0; i < 7; i++)
        MUST(start_registers[i] == 0);
    MUST(start_registers[7] == STACK_TOP);
    for (uint32_t i = 0; i < sizeof zeroed; i++)
        MUST(zeroed[i] == 0);
}

static void check_numbers(void)
{
    MUST(call3(NR_FREE, 0, 0, 0) == UINT32_MAX);
    MUST(call3(NR_LAST, 0, 0, 0) == UINT32_MAX);
    MUST(call3(NR_LAST + 1, 0, 0, 0) == NR_LAST + 1);
    MUST(call3(UINT32_MAX, 0, 0, 0) == UINT32_MAX);
}

/* ---- memory ---- */

static void check_limits(void)
{
    MUST(call3(NR_MMAP, HEAP_LAST, PAGE, MODE_RW) == 1); /* the allocator's first call */
    MUST_FAIL(call3(NR_MMAP, HEAP_LAST, PAGE, MODE_RW), E_EXIST);
    MUST_FAIL(call3(NR_MMAP, STACK_TOP - PAGE, PAGE, MODE_RW), E_EXIST);
    MUST_FAIL(call3(NR_MMAP, IMAGE, PAGE, MODE_RW), E_EXIST);
    MUST_FAIL(call3(NR_MMAP, USER_LIMIT, PAGE, MODE_RW), E_INVAL);
    MUST_FAIL(call3(NR_MMAP, USER_LIMIT - PAGE, 2 * PAGE, MODE_RW), E_INVAL);
    MUST_FAIL(call3(NR_MMAP, 0U - PAGE, 2 * PAGE, MODE_RW), E_INVAL);
    MUST_FAIL(call3(NR_MMAP, HEAP + 1, PAGE, MODE_RW), E_INVAL);
    MUST_FAIL(call3(NR_MMAP, HEAP, 0, MODE_RW), E_INVAL);
    MUST_FAIL(call3(NR_MCHMAP, HEAP, MODE_READ, 0), E_FAULT);
    MUST_FAIL(call3(NR_MUNMAP, HEAP, 0, 0), E_FAULT);
    MUST(call3(NR_MMAP, USER_LIMIT - PAGE, PAGE, MODE_RW) == 1);
    *(volatile uint32_t *)(USER_LIMIT - sizeof(uint32_t)) = 1;
}

/** As an allocator does it: map, use both ends, unmap by any address, map the same again. */
static void check_heap(void)
{
    uint32_t seed = 1;

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t base;
        uint32_t size;
        volatile uint32_t *words;

        seed = seed * 1103515245U + 12345U;
        base = HEAP + (seed >> FIFTEEN) % 64 * 0x10000U;
        size = 4 + (seed >> 8) % 0xFFFCU / 4 * 4;
        words = (volatile uint32_t *)base;
        MUST(call3(NR_MMAP, base, size, MODE_RW) == 1);
        MUST(words[0] == 0 && words[size / 4 - 1] == 0);
        words[0] = i;
        words[size / 4 - 1] = i;
        MUST(call3(NR_MUNMAP, base + size - 1, 0, 0) == 1);
    }
}

/* ---- files ---- */

static void check_devices(void)
{
    static struct dirent_of entry;
    uint32_t fd = open_file("io:/", MODE_READDIR);
    uint32_t count = 0;

    MUST(fd > 0);
    while (call3(NR_READDIR, fd, count, at(&entry)) == 1) {
        print(entry.name);
        print("\n");
        count++;
    }
    MUST(count > 0 && call3(NR_ERRNO, 0, 0, 0) == E_NOENT);
    MUST(call3(NR_CLOSE, fd, 0, 0) == 0 && call3(NR_CLOSE, fd, 0, 0) == 0);
    MUST_FAIL(call3(NR_GET_MODE, fd, 0, 0), E_BADF);
}

static void check_files(void)
{
    char text[8] = "#######";
    struct stat_of stat;
    uint32_t fd;

    MUST(call3(NR_CREATE, at("root:/f"), 7, 0) == 1);
    MUST_FAIL(call3(NR_CREATE, at("root:/f"), 7, 0), E_EXIST);
    fd = open_file("root:/f", MODE_RW);
    MUST(call3(NR_GET_MODE, fd, 0, 0) == MODE_RW);
    MUST(call5(NR_WRITE, fd, 0, 5, at("hello"), 0) == 5);
    MUST(call5(NR_READ, fd, 1, sizeof text, at(text), 0) == 4);
    MUST(text[0] == 'e' && text[3] == 'o' && text[4] == '#'); /* only what was read is stored */
    MUST(call5(NR_READ, fd, 5, sizeof text, at(text), 0) == 0);
    MUST(call3(NR_STAT, at("root:/f"), 7, at(&stat)) == 1 && stat.type == 0 && stat.size == 5);
    MUST_FAIL(call5(NR_READ, fd + 1, 0, 1, 0, 0), E_BADF); /* before any pointer is looked at */
    MUST_FAIL(call3(NR_DELETE, at("root:/f"), 7, 0), E_BUSY);
    MUST(call3(NR_CLOSE, fd, 0, 0) == 0);
}

static void check_views(void)
{
    struct subfs_of args = {"ro", 2, "root", 4, "/", 1, MODE_READ, 0};

    MUST(call3(NR_SUBFS, at(&args), 0, 0) == 1);
    MUST_FAIL(call3(NR_SUBFS, at(&args), 0, 0), E_EXIST);
    MUST_FAIL(open_file("ro:/f", MODE_RW), E_ACCES);
    MUST_FAIL(open_file("ro:/new", MODE_READ | MODE_CREATE), E_ACCES);
    MUST(open_file("ro:/f", MODE_READ) > 0);
    MUST(call3(NR_RM_FS, at("ro"), 2, 0) == 1 && call3(NR_RM_FS, at("ro"), 2, 0) == 1);
}

/** What a nullfs grants is what its letters say. */
static void check_letters(void)
{
    struct make_fs_of args = {"nullfs", 6, "n", 1, 0, "cm", 2};
    struct stat_of stat;

    MUST(call3(NR_MAKE_FS, at(&args), 0, 0) == 1);
    MUST(call3(NR_STAT, at("n:/"), 3, at(&stat)) == 1);
    MUST(stat.access == (MODE_READDIR | MODE_DCREATE | MODE_DMOVE));
    MUST(call3(NR_CREATE, at("n:/f"), 4, 0) == 1);
    MUST(call5(NR_MOVE, at("n:/f"), 4, at("n:/g"), 4, 0) == 1);
    MUST_FAIL(call3(NR_DELETE, at("n:/g"), 4, 0), E_ACCES);
    MUST(call3(NR_RM_FS, at("n"), 1, 0) == 1);
    args.opts = "md";
    MUST(call3(NR_MAKE_FS, at(&args), 0, 0) == 1);
    MUST(call3(NR_STAT, at("n:/"), 3, at(&stat)) == 1);
    MUST(stat.access == (MODE_READDIR | MODE_DMOVE | MODE_DDELETE));
    MUST_FAIL(call3(NR_CREATE, at("n:/f"), 4, 0), E_ACCES);
    MUST(call3(NR_RM_FS, at("n"), 1, 0) == 1);
    args.opts_len = 0;
    MUST(call3(NR_MAKE_FS, at(&args), 0, 0) == 1);
    MUST(call3(NR_STAT, at("n:/"), 3, at(&stat)) == 1 && stat.access == MODE_READDIR);
    MUST(call3(NR_RM_FS, at("n"), 1, 0) == 1);
    args.opts = "cxd";
    args.opts_len = 3;
    MUST_FAIL(call3(NR_MAKE_FS, at(&args), 0, 0), E_INVAL);
}

/** A file beside the devices goes to the console. */
static void check_cmdline(void)
{
    char text[64];
    const uint32_t file = open_file("io:/cmdline", MODE_READ);
    const uint32_t console = open_file("io:/console", MODE_WRITE);
    const uint32_t size = call5(NR_READ, file, 0, sizeof text, at(text), 0);

    MUST(size > 0 && call5(NR_WRITE, console, 0, size, at(text), 0) == size);
    MUST(open_file("io:/mod/first", MODE_READ) > 0);
}

/** ERRNO is of the last finished call: 0 when it succeeded, and ERRNO itself does not count. */
static void check_errno(void)
{
    char text[4];
    const uint32_t fd = open_file("root:/f", MODE_READ);

    MUST_FAIL(call5(NR_WRITE, fd, 0, 1, at("x"), 0), E_BADF);
    MUST(call3(NR_ERRNO, 0, 0, 0) == E_BADF);
    MUST(call5(NR_READ, fd, 5, sizeof text, at(text), 0) == 0); /* the end, and no failure */
    MUST(call3(NR_ERRNO, 0, 0, 0) == 0);
    MUST(call3(NR_LAST, 0, 0, 0) == UINT32_MAX && call3(NR_ERRNO, 0, 0, 0) == E_NOSYS);
    MUST(call3(NR_LAST + 1, 0, 0, 0) == NR_LAST + 1 && call3(NR_ERRNO, 0, 0, 0) == E_NOSYS);
    MUST(call3(NR_CLOSE, fd, 0, 0) == 0 && call3(NR_ERRNO, 0, 0, 0) == 0);
}

/* ---- children ---- */

static void check_children(void)
{
    struct status_of status;
    uint32_t kid;

    MUST_FAIL(call3(NR_PROC_WAIT_ANY, at(&status), 0, 0), E_CHILD);
    kid = call3(NR_NEW_PROC, 0, 0, 0);
    MUST(kid > 0);
    MUST(call5(NR_BIND_FS, kid, at("io"), 2, at("io"), 2) == 1);
    MUST_FAIL(call3(NR_PROC_EXEC, kid, at("root:/f"), 7), E_NOEXEC);
    MUST(call3(NR_PROC_STATUS, kid, at(&status), 0) == 1 && status.state == LOADING);
    MUST(call3(NR_PROC_KILL, kid, at(&status), 0) == 1);
    MUST(status.pid == (int32_t)kid && status.state == KILLED && status.return_code == 0);
}

void begin(void)
{
    check_start();
    check_numbers();
    check_limits();
    check_heap();
    check_devices();
    check_files();
    check_views();
    check_letters();
    check_cmdline();
    check_errno();
    check_children();
    print("(TEST-OK)\n");
    (void)call3(NR_EXIT, 0x12345678, 0, 0);
}
