/* SPDX-License-Identifier: MIT */
/*
 * Arguments and environment: from SC_ARGS to main(), and to children by SC_SET_ARGS.
 *
 * They are kept as a table of pointers, argv and envp, each ended by NULL, with the strings behind it.
 * There is a byte to every string at least, so the table has no more places than the strings have bytes,
 * and two. Few are fetched by one call; for many there is a region of memory, below the stack.
 */
#include "client/guest/start.h"

#include <sc.h>

#ifdef __x86_64__
#define ARGS_ADDR ((char *)0x7FFE00000000)
#else
#define ARGS_ADDR ((char *)0xB7C00000)
#endif

enum {
    NO_MEMORY = 126,
    FEW_MAX = 448,    /* bytes; a multiple of a pointer's */
    BLOCK_MAX = 4096, /* bytes sc_set_argv() can send */
    DIGITS_MAX = 12,
    DECIMAL = 10,
};

int main(int argc, char **argv, char **envp);

static char *few[FEW_MAX + 2 + FEW_MAX / sizeof(char *)];
char **environ = few;

/** Point at the strings of [at, end), with a gap after the first @argc: the table is zero. */
static void point(char **to, int argc, char *at, const char *end)
{
    for (int i = 0; at < end; i++) {
        to[i < argc ? i : i + 1] = at;
        at += strlen(at) + 1;
    }
}

/** Cut the block up that stands at the end of what @table begins. Returns argc. */
static int cut_block(char **table, char *at, size_t size)
{
    const char *end = at + size;
    int argc = 0;

    for (; *at != '\0'; at++)
        argc = argc * DECIMAL + (*at - '0');
    environ = table + argc + 1;
    point(table, argc, at + 1, end);
    return argc;
}

/** Take what does not fit into @few. Returns argc, or -errno. */
static int take_many(size_t size, char ***argv)
{
    const size_t table = (size + 2) * sizeof(char *);
    long result = sc_mmap(ARGS_ADDR, table + size, MM_READ | MM_WRITE);

    if (result == 0)
        result = sc_args(size, ARGS_ADDR + table);
    *argv = (char **)ARGS_ADDR;
    return result < 0 ? (int)result : cut_block(*argv, ARGS_ADDR + table, size);
}

/** Where a guest begins in C. */
_Noreturn void sc_start(void);
_Noreturn void sc_start(void)
{
    char *block = (char *)(few + FEW_MAX + 2);
    const long size = sc_args(FEW_MAX, block);
    char **argv = few;
    int argc = (int)size;
    int code;

    if (size > FEW_MAX)
        argc = take_many((size_t)size, &argv);
    else if (size > 0)
        argc = cut_block(argv, block, (size_t)size);
    if (argc < 0) {
        sc_printf("no memory for the arguments\n");
        sc_exit(NO_MEMORY);
    }
    sc_construct(argc, argv, environ);
    code = main(argc, argv, environ);
    sc_destruct();
    sc_exit(code);
}

char *getenv(const char *name)
{
    for (char **e = environ; *e != NULL; e++) {
        size_t len = 0;

        while (name[len] != '\0' && (*e)[len] == name[len])
            len++;
        if (name[len] == '\0' && (*e)[len] == '=')
            return *e + len + 1;
    }
    return NULL;
}

/** A block that is being written. */
struct block {
    char bytes[BLOCK_MAX];
    size_t len; /* past BLOCK_MAX when it does not fit */
};

static void add_string(struct block *b, const char *s)
{
    const size_t size = strlen(s) + 1;

    if (b->len + size <= BLOCK_MAX)
        memcpy(b->bytes + b->len, s, size);
    b->len += size;
}

static void add_number(struct block *b, unsigned value)
{
    char digits[DIGITS_MAX] = "";
    char *at = digits + DIGITS_MAX - 1;

    do
        *--at = (char)('0' + value % DECIMAL);
    while ((value /= DECIMAL) > 0);
    add_string(b, at);
}

int sc_set_argv(int pid, char *const *argv, char *const *envp)
{
    struct block b;
    unsigned argc = 0;

    b.len = 0;
    while (argv[argc] != NULL)
        argc++;
    add_number(&b, argc);
    for (unsigned i = 0; i < argc; i++)
        add_string(&b, argv[i]);
    for (; envp != NULL && *envp != NULL; envp++)
        add_string(&b, *envp);
    return b.len <= BLOCK_MAX ? sc_set_args(pid, b.bytes, b.len) : -E2BIG;
}
