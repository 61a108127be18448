/* SPDX-License-Identifier: MIT */
/*
 * Arguments and results of guests' calls.
 *
 * Both directions are expanded from syscalls.def: an argument of kind `path` becomes a call of
 * take_path(), and so on. Arguments come in words, out of registers or out of a block of memory; a
 * string is two of them. Its bytes are only noted at first: once all are known and checked, one
 * buffer is made and filled.
 */
#include "server/bridge/marshal.h"

#include "server/kernel/call/result.h"
#include "server/kernel/fs/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECES_MAX = 4,                                 /* strings of one call */
    BLOCK_MAX = 64,                                 /* bytes of an argument block */
    STRUCT_MAX = 2 * SC_DIR_MAX + 8 + SC_PATH_SIZE, /* bytes of a struct at an out pointer */
    NARROW = 4, /* bytes of an int in a block, whatever a word has */
    WIDE = 8,   /* bytes of a 64-bit number in a block, whatever a word has */
};

/** Bytes to copy in. */
struct piece {
    uint64_t addr;
    size_t len; /* what is copied of it: the first bytes of long data */
    struct sc_str *to;
};

/** The state of marshal_in(). */
struct taker {
    struct marshal *m;
    const struct call *call;
    const struct tracee *t;
    const struct sites *sites;
    const uint64_t *regs; /* the next register; NULL when arguments come from the block */
    unsigned char block[BLOCK_MAX];
    size_t block_pos;
    struct piece piece[PIECES_MAX];
    size_t piece_count;
    struct sc_buf *lent; /* result buffer to provide, or NULL */
    uint64_t size;       /* the last `size` argument: bytes at the out pointer */
    uint64_t in_addr;    /* where long data is */
    bool is_long;        /* a transfer of more than is moved at once: it gets a mover */
    bool is_channel;     /* which never moves more than CHANNEL_MAX at once */
    bool bad_fd; /* an fd is invalid: the call fails with EBADF, bad pointers do not matter */
    int err;     /* first error, sticky */
};

/** Bytes of a pointer. */
static size_t word_size(const struct taker *k)
{
    return k->m->convention->word;
}

/* Words. */

/** The next number of the block, of @size bytes, aligned as compilers do. */
static uint64_t block_word(struct taker *k, size_t size)
{
    const size_t align = size < word_size(k) ? size : word_size(k);
    uint64_t word = 0;

    k->block_pos = (k->block_pos + align - 1) / align * align;
    memcpy(&word, k->block + k->block_pos, size); /* little-endian, as all hosts of guests are */
    k->block_pos += size;
    return word;
}

/** A pointer, a size, or anything else as wide as a register. */
static uint64_t take_wide(struct taker *k)
{
    if (k->regs == NULL)
        return block_word(k, word_size(k));
    return word_size(k) == NARROW ? (uint32_t)*k->regs++ : *k->regs++;
}

static uint32_t take_narrow(struct taker *k)
{
    return k->regs != NULL ? (uint32_t)*k->regs++ : (uint32_t)block_word(k, NARROW);
}

static void fail(struct taker *k, int err)
{
    if (k->err == 0)
        k->err = err;
}

/** Check a pointer of the guest. */
static void check(struct taker *k, uint64_t addr, uint64_t len, uint32_t mode)
{
    if (aspace_check(&k->call->proc->memory, addr, len, mode) < 0)
        fail(k, -EFAULT);
}

/* One function a kind of argument. */

/** Note a string to copy; what is longer than @max is @too_long. */
static void note_str(struct taker *k, struct sc_str *to, uint64_t addr, uint64_t len, size_t max,
                     int too_long)
{
    *to = (struct sc_str){"", 0};
    if (k->bad_fd)
        return;
    check(k, addr, len, MM_READ);
    if (len > max)
        fail(k, too_long);
    if (k->err < 0)
        return;
    to->len = (size_t)len;
    k->piece[k->piece_count++] = (struct piece){addr, (size_t)len, to};
}

/** Bytes that are moved at once: a call that waits keeps no more. */
static size_t at_once(const struct taker *k)
{
    return k->is_channel ? CHANNEL_MAX : MARSHAL_DATA_MAX;
}

/** Note data of any length, of which the first bytes are copied. */
static void note_data(struct taker *k, struct sc_str *to, uint64_t addr, uint64_t len)
{
    note_str(k, to, addr, len, SIZE_MAX, 0);
    if (len <= at_once(k) || k->err < 0 || k->bad_fd)
        return;
    k->piece[k->piece_count - 1].len = at_once(k);
    k->in_addr = addr;
    k->is_long = true;
}

static void take_str(struct taker *k, struct sc_str *to, size_t max, int too_long)
{
    uint64_t addr = take_wide(k);
    uint64_t len = take_wide(k);

    note_str(k, to, addr, len, max, too_long);
}

static void take_path(struct taker *k, struct sc_str *to)
{
    take_str(k, to, MARSHAL_STRING_MAX, -ENAMETOOLONG);
}

static void take_name(struct taker *k, struct sc_str *to)
{
    take_str(k, to, MARSHAL_STRING_MAX, -ENAMETOOLONG);
}

static void take_text(struct taker *k, struct sc_str *to)
{
    take_str(k, to, MARSHAL_STRING_MAX, -EINVAL);
}

static void take_bytes(struct taker *k, struct sc_str *to)
{
    uint64_t addr = take_wide(k);
    uint64_t len = take_wide(k);

    note_data(k, to, addr, len);
}

static void take_sized(struct taker *k, struct sc_str *to)
{
    uint64_t len = take_wide(k);
    uint64_t addr = take_wide(k);

    note_data(k, to, addr, len);
}

/** The right a call needs on its handle, if its answer without it is EBADF. */
static uint32_t needed_right(int nr)
{
    switch (nr) {
    case SC_READ:
        return FM_READ;
    case SC_WRITE:
        return FM_WRITE;
    case SC_READDIR:
        return FM_READDIR;
    case SC_IOCTL:
        return FM_IOCTL;
    default:
        return 0;
    }
}

static void take_fd(struct taker *k, int32_t *to)
{
    const uint32_t right = needed_right(k->call->nr);
    const struct open_file *f;

    *to = (int32_t)take_narrow(k);
    f = fd_find(&k->call->proc->fds, *to);
    k->bad_fd = k->bad_fd || f == NULL || (f->mode & right) != right;
    k->is_channel = f != NULL && f->end != NULL;
}

static void take_i32(struct taker *k, int32_t *to)
{
    *to = (int32_t)take_narrow(k);
}

static void take_u32(struct taker *k, uint32_t *to)
{
    *to = take_narrow(k);
}

/** An array of ints: a pointer and their count. */
static void take_fds(struct taker *k, struct sc_str *to)
{
    const uint64_t addr = take_wide(k);
    const uint64_t count = take_wide(k);

    if (count > SC_SELECT_MAX) {
        fail(k, -EINVAL);
        *to = (struct sc_str){"", 0};
        return;
    }
    note_str(k, to, addr, count * sizeof(int32_t), MARSHAL_DATA_MAX, -EINVAL);
}

static void take_argv(struct taker *k, struct sc_str *to)
{
    take_str(k, to, MARSHAL_DATA_MAX, -E2BIG);
}

/** 64 bits whatever a word has: only in blocks. */
static void take_time(struct taker *k, int64_t *to)
{
    *to = (int64_t)block_word(k, WIDE);
}

static void take_off(struct taker *k, int64_t *to)
{
    *to = (int64_t)take_wide(k);
}

static void take_addr(struct taker *k, uint64_t *to)
{
    *to = take_wide(k);
}

static void take_size(struct taker *k, uint64_t *to)
{
    *to = take_wide(k);
    k->size = *to;
}

/** A duration is as wide as a word, and may be negative. */
static void take_usecs(struct taker *k, int64_t *to)
{
    uint64_t word = take_wide(k);

    *to = word_size(k) == NARROW ? (int32_t)word : (int64_t)word;
}

#define take_ofd take_i32
#define take_pid take_i32
#define take_int take_i32
#define take_num take_u32
#define take_fm take_u32
#define take_mm take_u32
#define take_ft take_u32
#define take_rn take_u32
#define take_perm take_u32
#define take_uid take_u32

/* Structs at out pointers. */

struct packer {
    size_t word;
    size_t len;
    unsigned char bytes[STRUCT_MAX];
};

/** Its bytes stay as they are: there are many, and most structs are small. */
static void packer_init(struct packer *p, const struct marshal *m)
{
    p->word = m->convention->word;
    p->len = 0;
}

static void pack(struct packer *p, const void *value, size_t size)
{
    memcpy(p->bytes + p->len, value, size);
    p->len += size;
}

static void pack_u32(struct packer *p, uint32_t value)
{
    pack(p, &value, sizeof(value));
}

static void pack_i32(struct packer *p, int32_t value)
{
    pack(p, &value, sizeof(value));
}

static void pack_size(struct packer *p, uint64_t value)
{
    if (p->word == NARROW) {
        pack_u32(p, value < UINT32_MAX ? (uint32_t)value : UINT32_MAX);
        return;
    }
    while (p->len % sizeof(value) != 0)
        p->bytes[p->len++] = 0;
    pack(p, &value, sizeof(value));
}

static void pack_dname(struct packer *p, struct sc_dname value)
{
    value.bytes[SC_DIR_MAX - 1] = '\0'; /* only a fault rule makes a name this long for a guest */
    pack(p, value.bytes, SC_DIR_MAX);
}

/** A 64-bit number, aligned as compilers do. */
static void pack_wide(struct packer *p, uint64_t value)
{
    while (p->len % p->word != 0)
        p->bytes[p->len++] = 0;
    pack(p, &value, sizeof(value));
}

static void pack_rpath(struct packer *p, struct sc_str value)
{
    const size_t len = value.len < SC_PATH_SIZE ? value.len : SC_PATH_SIZE - 1;

    if (len > 0) /* an example has none */
        pack(p, value.ptr, len);
    memset(p->bytes + p->len, 0, SC_PATH_SIZE - len);
    p->len += SC_PATH_SIZE - len;
}

#define pack_ft pack_u32
#define pack_fm pack_u32
#define pack_ps pack_u32
#define pack_num pack_u32
#define pack_uid pack_u32
#define pack_fd pack_i32
#define pack_pid pack_i32
#define pack_int pack_i32
#define pack_big pack_wide
#define pack_time(p, value) pack_wide(p, (uint64_t)(value))

/* pack_stat() and its like. */
#define SC_STRUCT(name, fields, doc)                                                               \
    static void pack_##name(struct packer *p, const struct sc_##name *in)                          \
    {                                                                                              \
        fields                                                                                     \
    }
#define SC_FIELD(kind, name, doc) pack_##kind(p, in->name);
#define SC_MORE(kind, name, doc)
#include "schema/types.def"

/* From the guest. */

/** Take the out pointer, for so many bytes. After a bad fd one that does not do is none: the call may
 * be held, and succeed after all, when the fd has become valid or somebody makes up its result. */
static void take_out_addr(struct taker *k, uint64_t size)
{
    struct marshal *m = k->m;

    m->out_addr = take_wide(k);
    if (!k->bad_fd)
        check(k, m->out_addr, size, MM_WRITE);
    else if (aspace_check(&k->call->proc->memory, m->out_addr, size, MM_WRITE) < 0)
        m->out_addr = 0;
}

/** Check that a struct of this size fits at the out pointer. */
static void expect_struct(struct taker *k, const struct packer *example)
{
    take_out_addr(k, example->len);
}

/** Lend a buffer for as many bytes as the guest asked for. */
static void expect_buf(struct taker *k, struct sc_buf *out)
{
    take_out_addr(k, k->size);
    if (k->bad_fd)
        return;
    out->cap = k->size < at_once(k) ? (size_t)k->size : at_once(k);
    k->is_long = k->call->nr == SC_READ && k->size > at_once(k);
    k->lent = out;
}

static void take_args(struct taker *k, union sc_args *args)
{
    switch (k->call->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr: {                                                                                     \
        struct sc_##low##_args *a = &args->low;                                                    \
        (void)a;                                                                                   \
        ARGS break;                                                                                \
    }
#define SC_ARG(kind, name, doc) take_##kind(k, &a->name);
#define SC_OPT(kind, name, doc) take_##kind(k, &a->name);
#define SC_NO_ARGS
#include "schema/syscalls.def"
    }
}

static void take_out(struct taker *k, union sc_out *out)
{
    struct packer example;

    packer_init(&example, k->m);
    switch (k->call->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr: {                                                                                     \
        struct sc_##low##_out *o = &out->low;                                                      \
        (void)o;                                                                                   \
        RESULTS break;                                                                             \
    }
#define SC_RET(kind, name, doc)
#define SC_OUT(type, name, doc)                                                                    \
    pack_##type(&example, &o->name);                                                               \
    expect_struct(k, &example);
#define SC_OUT_BUF(name, doc) expect_buf(k, &o->name);
#define SC_NO_RESULT
#include "schema/syscalls.def"
    }
}

/** Bytes of a call's argument block. */
static size_t block_size(const struct sc_call_info *info, size_t word)
{
    size_t size = 0;

    for (const struct sc_field_info *f = info->args; f->name != NULL; f++) {
        bool wide = f->kind == SC_K_path || f->kind == SC_K_name || f->kind == SC_K_text;

        if (wide || f->kind == SC_K_time)
            size = (size + word - 1) / word * word;
        size += wide ? 2 * word : f->kind == SC_K_time ? (size_t)WIDE : NARROW;
    }
    return (size + word - 1) / word * word;
}

/** Copy the argument block: from here on words come out of it. */
static void take_block(struct taker *k, const struct sc_call_info *info)
{
    const size_t size = block_size(info, word_size(k));
    const uint64_t addr = take_wide(k);

    check(k, addr, size, MM_READ);
    if (k->err == 0 && tracee_read(k->t, addr, k->block, size) < 0)
        fail(k, -EIO);
    k->regs = NULL;
}

/** Make the buffer at least @size bytes. */
static int reserve(struct marshal *m, size_t size)
{
    char *bigger;

    if (size <= m->cap)
        return 0;
    bigger = malloc(size);
    if (bigger == NULL)
        return -ENOMEM;
    free(m->buf);
    m->buf = bigger;
    m->cap = size;
    return 0;
}

/** Copy what was noted, and lend what is left of the buffer. */
static int copy_pieces(struct taker *k)
{
    struct marshal *m = k->m;
    size_t total = k->lent != NULL ? k->lent->cap : 0;
    size_t pos = 0;

    for (size_t i = 0; i < k->piece_count; i++)
        total += k->piece[i].len;
    if (k->is_long && !k->is_channel && total < CALL_HEAD + MARSHAL_DATA_MAX)
        total = CALL_HEAD + MARSHAL_DATA_MAX; /* the slices stand behind the head: move_rest() */
    if (reserve(m, total > 0 ? total : 1) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < k->piece_count; i++) {
        struct piece *p = &k->piece[i];

        if (sites_read(k->sites, k->t, p->addr, m->buf + pos, p->len) < 0)
            return -EIO;
        p->to->ptr = m->buf + pos;
        pos += p->len;
    }
    if (k->lent != NULL)
        k->lent->ptr = m->buf + pos;
    return 0;
}

void marshal_init(struct marshal *m, const struct convention *convention)
{
    *m = (struct marshal){.convention = convention};
}

void marshal_done(struct marshal *m)
{
    free(m->buf);
    marshal_init(m, m->convention);
}

/** Have the call move what is longer than the buffer. */
static void move_rest(struct taker *k, struct call *call)
{
    struct mover *mover = &k->m->mover;

    mover_init(mover, k->t, k->sites, k->m->buf + CALL_HEAD, k->is_channel ? 0 : MARSHAL_DATA_MAX);
    mover->base.first_size = at_once(k);
    mover->in_addr = k->in_addr;
    mover->out_addr = k->m->out_addr;
    call->mover = &mover->base;
}

int marshal_in(struct marshal *m, struct call *call, const struct tracee *t,
               const struct sites *sites, const uint64_t regs[MARSHAL_ARGS])
{
    const struct sc_call_info *info = sc_call_by_nr(call->nr);
    struct taker k = {.m = m, .call = call, .t = t, .sites = sites, .regs = regs};

    m->out_addr = 0;
    if (info->pass == SC_PASS_BLOCK)
        take_block(&k, info);
    take_args(&k, &call->args);
    if (info->pass == SC_PASS_BLOCK)
        k.regs = regs + 1;
    take_out(&k, &call->out);
    if (k.err == 0)
        k.err = copy_pieces(&k);
    if (k.err == 0 && k.is_long)
        move_rest(&k, call);
    return k.err;
}

/* To the guest. */

/** Store results at the out pointer. A write can only fail when the host has just killed the guest, and then
 * nobody reads what was stored. */
static void give_results(const struct marshal *m, const struct call *call, const struct tracee *t)
{
    struct packer p;

    packer_init(&p, m);
    switch (call->nr) {
#define SC_CALL(nr, UP, low, pass, rc, doc, ARGS, RESULTS, ERRORS)                                 \
    case nr: {                                                                                     \
        const struct sc_##low##_out *o = &call->out.low;                                           \
        (void)o;                                                                                   \
        RESULTS break;                                                                             \
    }
#define SC_RET(kind, name, doc)
#define SC_OUT(type, name, doc) pack_##type(&p, &o->name);
#define SC_OUT_BUF(name, doc)                                                                      \
    if (call->moved == 0 && m->out_addr != 0)                                                      \
        (void)tracee_write(t, m->out_addr, o->name.ptr, o->name.len);
#define SC_NO_RESULT
#include "schema/syscalls.def"
    }
    if (p.len > 0 && m->out_addr != 0)
        (void)tracee_write(t, m->out_addr, p.bytes, p.len);
}

int64_t marshal_out(struct marshal *m, const struct call *call, const struct tracee *t)
{
    if (call->status == 0)
        give_results(m, call, t);
    if (m->cap > MARSHAL_BUF_KEEP)
        marshal_done(m);
    return result_of(call);
}
