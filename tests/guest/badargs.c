/* SPDX-License-Identifier: MIT */
/*
 * Bad arguments for every call, generated from syscalls.def.
 *
 * home:/case says which: "NR WORD VALUE" makes call NR with its WORDth argument word replaced by the
 * VALUEth that must end the guest (bad pointers, lying lengths), the others being good; it exits with
 * NO_VALUE or NO_WORD past the last of them. "NR numbers" tries all other words with all numbers: what
 * comes back must be what the row's rc says, with an errno of the row.
 *
 * The words of a call are those of its registers. Where they travel in a block these are the words
 * of the block, and the pointer to it is one more. What good pointers point to ends where its
 * region ends, so that one byte more is too much.
 */
#include "cases.h"

enum { WORDS_MAX = 12, ARGS_MAX = 6, PAGE = 4096, ERRORS_MAX = 24, BLOCK_MAX = 64 };
enum { NO_VALUE = 20, NO_WORD = 21, WRONG = 22 };

#define HEAP ((uintptr_t)0x40000000)
#ifdef __x86_64__
#define KERNEL_HALF 0xFFFFFFFF80000000UL
#define LIMIT 0x7FFF00000000UL
#else
#define KERNEL_HALF 0xF0000000UL
#define LIMIT 0xC0000000UL
#endif

enum kind {
#define SC_KIND(kind, ctype, json, doc) K_##kind,
#include "schema/types.def"
};

enum rc { ZERO, BOOL, TRUE, VALUE, SIGNED, PRINT, NEVER };
enum pass { REGS, BLOCK };

struct arg {
    enum kind kind;
    const char *name; /* NULL ends a list */
};

struct row {
    int nr;
    enum pass pass;
    enum rc rc;
    size_t out_size; /* bytes of the struct at the out pointer; 1: as many as `size` says; 0 none */
    struct arg args[ARGS_MAX + 1];
    int errors[ERRORS_MAX + 1]; /* ended by 0 */
};

static const struct row rows[] = {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    {nr, pass, rc, 0 RESULTS, {ARGS{0, NULL}}, {ERRORS 0}},
#define SC_ARG(kind, name, doc) {K_##kind, #name},
#define SC_OPT(kind, name, doc) {K_##kind, #name},
#define SC_NO_ARGS
#define SC_RET(kind, name, doc)
#define SC_OUT(type, name, doc) +sizeof(struct sc_##type)
#define SC_OUT_BUF(name, doc) +1
#define SC_NO_RESULT
#define SC_ERR(name, doc) name,
#define SC_NO_ERRORS
#include "schema/syscalls.def"
};

enum form { NUMBER, SHORT_TIME, POINTER, LENGTH };

struct word {
    enum form form;
    size_t size; /* bytes in a block */
    long good;
};

struct words {
    struct word at[WORDS_MAX];
    size_t count;
    size_t in_block; /* how many of them are the block's */
    int pages;       /* regions used so far */
};

/** Put bytes at the end of a region of their own. */
static long place(struct words *w, const void *bytes, size_t size)
{
    const size_t room = (size + PAGE - 1) / PAGE * PAGE;
    const uintptr_t at = HEAP + (uintptr_t)w->pages * 16 * PAGE;

    w->pages++;
    if (sc_mmap((void *)at, room, MM_READ | MM_WRITE) < 0)
        return 0;
    if (bytes != NULL)
        memcpy((void *)(at + room - size), bytes, size);
    return (long)(at + room - size);
}

static void add(struct words *w, enum form form, size_t size, long good)
{
    w->at[w->count++] = (struct word){form, size, good};
}

static void add_bytes(struct words *w, const void *bytes, size_t size, long length)
{
    add(w, POINTER, sizeof(long), place(w, bytes, size));
    add(w, LENGTH, sizeof(long), length);
}

static void add_text(struct words *w, const char *text)
{
    add_bytes(w, text, strlen(text), (long)strlen(text));
}

static long good_fd(int nr)
{
    return nr == SC_READDIR ? sc_open("home:/", FM_READDIR)
                            : sc_open("home:/case", FM_READ | FM_WRITE | FM_MMAP);
}

static long good_pid(int nr)
{
    return nr == SC_PROC_WAIT ? 0 : sc_new_proc(); /* nothing to wait for */
}

static long good_number(const struct row *row, const struct arg *arg)
{
    if (arg->kind == K_fd)
        return good_fd(row->nr);
    if (arg->kind == K_pid)
        return good_pid(row->nr);
    if (arg->kind == K_fm || arg->kind == K_mm)
        return 1;
    if (arg->kind == K_size)
        return 16;
    return 0;
}

static void add_arg(struct words *w, const struct row *row, const struct arg *arg)
{
    static const char argv[] = "1\0me";
    const int one = 1;

    switch (arg->kind) {
    case K_path:
        add_text(w, arg->name[0] == 'n' ? "home:/new" : "home:/case");
        break;
    case K_name:
        add_text(w, strcmp(arg->name, "new_name") == 0 ? "made" : "home");
        break;
    case K_text:
        add_text(w, strcmp(arg->name, "driver") == 0 ? "ramfs" : "/x");
        break;
    case K_bytes:
        add_text(w, "hello\n");
        break;
    case K_argv:
        add_bytes(w, argv, sizeof(argv), sizeof(argv));
        break;
    case K_fds:
        add_bytes(w, &one, sizeof(one), 1);
        break;
    case K_sized:
        add(w, LENGTH, sizeof(long), 4);
        add(w, POINTER, sizeof(long), place(w, "data", 4));
        break;
    case K_usecs:
        add(w, SHORT_TIME, sizeof(long), 0);
        break;
    case K_size:
        add(w, row->out_size == 1 ? LENGTH : NUMBER, sizeof(long), good_number(row, arg));
        break;
    case K_time:
        add(w, NUMBER, 8, 0);
        break;
    case K_off:
    case K_addr:
        add(w, NUMBER, sizeof(long), 0);
        break;
    default:
        add(w, NUMBER, sizeof(int), good_number(row, arg));
    }
}

static void list_words(struct words *w, const struct row *row)
{
    static unsigned char block[BLOCK_MAX];

    memset(w, 0, sizeof(*w));
    for (const struct arg *a = row->args; a->name != NULL; a++)
        add_arg(w, row, a);
    w->in_block = row->pass == BLOCK ? w->count : 0;
    if (row->pass == BLOCK)
        add(w, POINTER, sizeof(long), (long)block);
    if (row->out_size > 0)
        add(w, POINTER, sizeof(long), place(w, NULL, row->out_size > 1 ? row->out_size : 16));
}

/** Write the words of a block where its good pointer points. */
static void fill_block(const struct words *w, const long *value)
{
    unsigned char *block = (unsigned char *)w->at[w->in_block].good;
    size_t pos = 0;

    for (size_t i = 0; i < w->in_block; i++) {
        const size_t size = w->at[i].size;
        const size_t align = size < sizeof(long) ? size : sizeof(long);

        pos = (pos + align - 1) / align * align;
        memset(block + pos, 0, size);
        memcpy(block + pos, &value[i], size < sizeof(long) ? size : sizeof(long));
        pos += size;
    }
}

/** Make the call with one word replaced. */
static long call_with(const struct row *row, const struct words *w, size_t which, long bad)
{
    long value[WORDS_MAX + 5] = {0};
    const long *regs = value + w->in_block;

    for (size_t i = 0; i < w->count; i++)
        value[i] = i == which ? bad : w->at[i].good;
    if (w->in_block > 0)
        fill_block(w, value);
    return sc_call(row->nr, regs[0], regs[1], regs[2], regs[3], regs[4]);
}

/** The @n-th value of a word that must end the guest. Returns whether there is one. */
static int fatal_value(const struct word *word, size_t n, long *out)
{
    const long pointers[] = {0,
                             1,
                             (long)0x70000000,
                             word->good + 1,
                             -1,
                             (long)KERNEL_HALF,
                             (long)LIMIT,
                             (long)(LIMIT - 1)};
    const long lengths[] = {word->good + 1, 1000};
    const int is_pointer = word->form == POINTER;

    if (n >= (is_pointer ? COUNT(pointers) : word->form == LENGTH ? COUNT(lengths) : 0))
        return 0;
    *out = is_pointer ? pointers[n] : lengths[n];
    return 1;
}

static int is_listed(const struct row *row, long err)
{
    for (const int *e = row->errors; *e != 0; e++) {
        if (*e == err)
            return 1;
    }
    return 0;
}

/** Whether a result is one that the row allows. Lengths that are no lie are numbers, too. */
static int is_right(const struct row *row, long result)
{
#ifdef __x86_64__
    if (result < 0)
        return is_listed(row, -result);
    return (row->rc != ZERO && row->rc != BOOL && row->rc != TRUE) || result == 0;
#else
    switch (row->rc) {
    case ZERO:
        return result == 0;
    case BOOL:
        return result == 1 || (result == 0 && is_listed(row, sc_call(SC_ERRNO, 0, 0, 0, 0, 0)));
    case TRUE:
        return result == 1;
    case SIGNED:
        return result >= 0 || is_listed(row, -result);
    case PRINT:
        return result == 0 || (result == -1 && is_listed(row, sc_call(SC_ERRNO, 0, 0, 0, 0, 0)));
    default:
        return 1;
    }
#endif
}

static int try_number(const struct row *row, const struct words *w, size_t which, long number)
{
    const long result = call_with(row, w, which, number);

    if (is_right(row, result))
        return PASSED;
    sc_printf("call %d word %d value %lx: result %ld, last error %ld\n", row->nr, (int)which,
              number, result, sc_call(SC_ERRNO, 0, 0, 0, 0, 0));
    return WRONG;
}

static int try_numbers(const struct row *row)
{
    static const long numbers[] = {0,
                                   1,
                                   -1,
                                   -2,
                                   2,
                                   77,
                                   4095,
                                   4096,
                                   1024 * 1024,
                                   0x7FFFFFFF,
                                   (long)0x80000000UL,
                                   (long)(~0UL >> 1),
                                   (long)(~(~0UL >> 1))};
    static const long times[] = {0, 1, -1, (long)(~(~0UL >> 1))};
    struct words w;
    int passed = PASSED;

    list_words(&w, row);
    if (row->nr != SC_EXIT && row->nr != SC_PROC_WAIT_ANY)
        passed = try_number(row, &w, WORDS_MAX, 0); /* all words good */
    for (size_t i = 0; passed == PASSED && i < w.count; i++) {
        const int is_time = w.at[i].form == SHORT_TIME;
        const size_t count = is_time ? COUNT(times) : w.at[i].form == NUMBER ? COUNT(numbers) : 0;

        for (size_t n = 0; passed == PASSED && n < count && row->nr != SC_EXIT; n++)
            passed = try_number(row, &w, i, is_time ? times[n] : numbers[n]);
    }
    return passed;
}

static int try_fatal(const struct row *row, size_t which, size_t n)
{
    struct words w;
    long value;

    list_words(&w, row);
    if (which >= w.count)
        return NO_WORD;
    if (!fatal_value(&w.at[which], n, &value))
        return NO_VALUE;
    return call_with(row, &w, which, value) != 0 ? WRONG : WRONG + 1;
}

/** The next number of a text, which is moved past it. */
static size_t take_number(const char **text)
{
    size_t n = 0;

    while (**text == ' ')
        (*text)++;
    while (**text >= '0' && **text <= '9')
        n = n * 10 + (size_t)(*(*text)++ - '0');
    return n;
}

int main(void)
{
    char text[CASE_NAME_MAX] = "";
    const char *at = text;
    const struct row *row = rows;
    int fd = sc_open("home:/case", FM_READ);
    size_t nr;
    size_t which;

    if (fd < 0 || sc_read(fd, 0, sizeof(text) - 1, text) < 0)
        return NO_CASE;
    nr = take_number(&at);
    while (row < rows + COUNT(rows) && row->nr != (int)nr)
        row++;
    if (row == rows + COUNT(rows))
        return NO_CASE;
    if (strcmp(at, " numbers") == 0)
        return try_numbers(row);
    which = take_number(&at);
    return try_fatal(row, which, take_number(&at));
}
