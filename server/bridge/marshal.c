/* SPDX-License-Identifier: MIT */
/*
 * Arguments and results of guests' calls.
 *
 * Both directions are loops over the fields of a call, with one function a representation (types.def).
 * Arguments come in words, out of registers or out of a block of memory; a
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
    NARROW = 4, /* bytes of an int in a block, for any word size */
    WIDE = 8,   /* bytes of a 64-bit number in a block, for any word size */
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
    const struct sc_call_info *info; /* its row */
    const struct tracee *t;
    const struct sites *sites;
    const uint64_t *regs; /* the next register; NULL when arguments come from the block */
    unsigned char block[BLOCK_MAX];
    size_t block_pos;
    struct piece piece[PIECES_MAX];
    size_t piece_count;
    struct sc_buf *lent; /* result buffer to provide, or NULL */
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

/* One function a representation of arguments. */

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

static void take_data(struct taker *k, struct sc_str *to, bool length_first)
{
    uint64_t len = length_first ? take_wide(k) : 0;
    uint64_t addr = take_wide(k);

    if (!length_first)
        len = take_wide(k);
    note_data(k, to, addr, len);
}

/** Look whether a handle is there, and has the right that the call needs. */
static void check_fd(struct taker *k, int32_t fd)
{
    const struct open_file *f = fd_find(&k->call->proc->fds, fd);

    k->bad_fd = k->bad_fd || f == NULL || (f->mode & k->info->right) != k->info->right;
    k->is_channel = f != NULL && f->end != NULL;
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

/** A duration may be negative. */
static int64_t take_span(struct taker *k)
{
    uint64_t word = take_wide(k);

    return word_size(k) == NARROW ? (int32_t)word : (int64_t)word;
}

static void take_arg(struct taker *k, const struct sc_field_info *f, void *to)
{
    switch (f->repr) {
    case SC_R_i32:
    case SC_R_u32:
    case SC_R_mask:
    case SC_R_choice:
        *(uint32_t *)to = take_narrow(k);
        if (f->kind == SC_K_fd)
            check_fd(k, *(int32_t *)to);
        break;
    case SC_R_i64:
    case SC_R_u64:
        *(uint64_t *)to = block_word(k, WIDE);
        break;
    case SC_R_word:
    case SC_R_offset:
        *(uint64_t *)to = take_wide(k);
        break;
    case SC_R_span:
        *(int64_t *)to = take_span(k);
        break;
    case SC_R_string:
        take_str(k, to, MARSHAL_STRING_MAX, f->kind == SC_K_text ? -EINVAL : -ENAMETOOLONG);
        break;
    case SC_R_data:
        take_data(k, to, f->kind == SC_K_sized);
        break;
    case SC_R_fds:
        take_fds(k, to);
        break;
    case SC_R_argv:
        take_str(k, to, MARSHAL_DATA_MAX, -E2BIG);
        break;
    case SC_R_buf: /* what follows is of results only */
    case SC_R_dname:
    case SC_R_rpath:
    case SC_R_struct:
        break;
    }
}

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

/** A number, aligned as compilers do. */
static void pack_number(struct packer *p, uint64_t value, size_t size)
{
    const size_t align = size < p->word ? size : p->word;

    while (p->len % align != 0)
        p->bytes[p->len++] = 0;
    pack(p, &value, size); /* little-endian, as all hosts of guests are */
}

/** A number that does not fit into a word becomes the largest word. */
static void pack_word(struct packer *p, uint64_t value)
{
    if (p->word == NARROW && value > UINT32_MAX)
        value = UINT32_MAX;
    pack_number(p, value, p->word);
}

static void pack_dname(struct packer *p, const struct sc_dname *value)
{
    pack(p, value->bytes, SC_DIR_MAX);
    p->bytes[p->len - 1] = '\0'; /* only a fault rule makes a name this long for a guest */
}

static void pack_rpath(struct packer *p, const struct sc_str *value)
{
    const size_t len = value->len < SC_PATH_SIZE ? value->len : SC_PATH_SIZE - 1;

    if (len > 0) /* an example has none */
        pack(p, value->ptr, len);
    memset(p->bytes + p->len, 0, SC_PATH_SIZE - len);
    p->len += SC_PATH_SIZE - len;
}

static void pack_field(struct packer *p, enum sc_repr repr, const void *value)
{
    switch (repr) {
    case SC_R_i32:
    case SC_R_u32:
    case SC_R_mask:
    case SC_R_choice:
        pack_number(p, *(const uint32_t *)value, NARROW);
        break;
    case SC_R_i64:
    case SC_R_u64:
        pack_number(p, *(const uint64_t *)value, WIDE);
        break;
    case SC_R_word:
        pack_word(p, *(const uint64_t *)value);
        break;
    case SC_R_dname:
        pack_dname(p, value);
        break;
    case SC_R_rpath:
        pack_rpath(p, value);
        break;
    case SC_R_offset: /* these kinds are not in structs */
    case SC_R_span:
    case SC_R_string:
    case SC_R_data:
    case SC_R_fds:
    case SC_R_argv:
    case SC_R_buf:
    case SC_R_struct:
        break;
    }
}

/** Pack a struct of a call's results. */
static void pack_struct(struct packer *p, const struct sc_field_info *r, const union sc_out *out)
{
    for (const struct sc_field_info *m = r->members; m->name != NULL; m++) {
        if (!m->optional)
            pack_field(p, m->repr, (const char *)out + r->offset + m->offset);
    }
}

/* From the guest. */

/** Take the out pointer, for so many bytes. After a bad fd one that does not do is none: the call may
 * be held, and succeed after all, when the fd has become valid or proc.step sets its result. */
static void take_out_addr(struct taker *k, uint64_t size)
{
    struct marshal *m = k->m;

    m->out_addr = take_wide(k);
    if (!k->bad_fd)
        check(k, m->out_addr, size, MM_WRITE);
    else if (aspace_check(&k->call->proc->memory, m->out_addr, size, MM_WRITE) < 0)
        m->out_addr = 0;
}

/** Lend a buffer for as many bytes as the guest asked for. */
static void expect_buf(struct taker *k, struct sc_buf *out)
{
    const uint64_t size = sc_size_asked(k->info, &k->call->args);

    take_out_addr(k, size);
    if (k->bad_fd)
        return;
    out->cap = size < at_once(k) ? (size_t)size : at_once(k);
    k->is_long = k->call->nr == SC_READ && size > at_once(k);
    k->lent = out;
}

/** Take the out pointer of a call that has one: for a struct, or for bytes. */
static void take_out(struct taker *k, union sc_out *out)
{
    const struct sc_field_info *first = k->info->results;
    struct packer example;

    if (first->name == NULL)
        return;
    if (first->repr == SC_R_struct) {
        packer_init(&example, k->m);
        pack_struct(&example, first, out);
        take_out_addr(k, example.len);
    } else if (first->repr == SC_R_buf) {
        expect_buf(k, (struct sc_buf *)((char *)out + first->offset));
    }
}

/** Bytes of a value in a call's argument block. */
static size_t block_part(enum sc_repr repr, size_t word)
{
    switch (repr) {
    case SC_R_i32:
    case SC_R_u32:
    case SC_R_mask:
    case SC_R_choice:
        return NARROW;
    case SC_R_i64:
    case SC_R_u64:
        return WIDE;
    case SC_R_word:
    case SC_R_offset:
    case SC_R_span:
        return word;
    default:
        return 2 * word;
    }
}

/** Bytes of a call's argument block. */
static size_t block_size(const struct sc_call_info *info, size_t word)
{
    size_t size = 0;

    for (const struct sc_field_info *f = info->args; f->name != NULL; f++) {
        const size_t part = block_part(f->repr, word);

        if (part > NARROW)
            size = (size + word - 1) / word * word;
        size += part;
    }
    return (size + word - 1) / word * word;
}

/** Copy the argument block: from here on words come out of it. */
static void take_block(struct taker *k)
{
    const size_t size = block_size(k->info, word_size(k));
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
        total = CALL_HEAD + MARSHAL_DATA_MAX; /* the slices are behind the head: move_rest() */
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

/** Set up the mover of data that is longer than the buffer. */
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
    struct taker k = {.m = m, .call = call, .info = info, .t = t, .sites = sites, .regs = regs};

    m->out_addr = 0;
    if (info->pass == SC_PASS_BLOCK)
        take_block(&k);
    for (const struct sc_field_info *f = info->args; f->name != NULL; f++)
        take_arg(&k, f, (char *)&call->args + f->offset);
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
    const struct sc_field_info *first = sc_call_by_nr(call->nr)->results;
    struct packer p;

    if (m->out_addr == 0 || first->name == NULL)
        return;
    if (first->repr == SC_R_struct) {
        packer_init(&p, m);
        pack_struct(&p, first, &call->out);
        (void)tracee_write(t, m->out_addr, p.bytes, p.len);
    } else if (first->repr == SC_R_buf && call->moved == 0) {
        const struct sc_buf *buf =
            (const struct sc_buf *)((const char *)&call->out + first->offset);

        (void)tracee_write(t, m->out_addr, buf->ptr, buf->len);
    }
}

int64_t marshal_out(struct marshal *m, const struct call *call, const struct tracee *t)
{
    if (call->status == 0)
        give_results(m, call, t);
    if (m->cap > MARSHAL_BUF_KEEP)
        marshal_done(m);
    return result_of(call);
}
