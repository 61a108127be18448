/* SPDX-License-Identifier: MIT */
/*
 * ELF images are attackers' input: every number is checked before it is used.
 *
 * A PT_LOAD becomes one region from its first to its last page; bytes that the file does not have
 * are zero. Regions may not share pages. GNU_STACK, GNU_EH_FRAME and notes are ignored, except
 * notes that mark a program of Linux. Refused are programs of other systems, and thread-local
 * variables, for which no segment register is set up.
 */
#include "server/kernel/proc/elf.h"

#include "server/kernel/proc/foreign.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

enum {
    PHDRS_MAX = 128,
    SECTIONS_MAX = 1024, /* the most that are read */
    NAMES_MAX = 1 << 20, /* bytes of string tables that are read */
    DYNAMIC_MAX = 1024,  /* entries that are read */
};

#define GUEST_WORDS "scbox runs programs built with scbox-cc"

/** A program header of either class, as far as it matters. */
struct phdr {
    uint32_t type;
    uint32_t flags;
    uint64_t offset;
    uint64_t vaddr;
    uint64_t filesz;
    uint64_t memsz;
};

/** An ELF header of either class, as far as it matters. */
struct elf_header {
    uint16_t type;
    uint16_t machine;
    uint64_t entry;
    uint64_t phoff;
    uint16_t phentsize;
    uint16_t phnum;
    size_t phdr_size; /* the required phentsize */
    bool is_64;
    uint64_t shoff;
    uint16_t shentsize;
    uint16_t shnum;
};

/** An image being parsed. */
struct elf_reader {
    const unsigned char *bytes;
    size_t size;
    struct elf_header h;
    struct why *why;
};

/** Refuse a big-endian image; its e_machine stands behind e_type. */
static int refuse_big_endian(const struct elf_reader *r)
{
    const unsigned char *at = r->bytes + EI_NIDENT + sizeof(Elf32_Half);
    const char *name = NULL;

    if (r->size >= sizeof(Elf32_Ehdr))
        name = foreign_machine((uint16_t)(at[0] << 8 | at[1]));
    return why_add(r->why, -ENOEXEC, "a big-endian program%s%s: only i386 and x86_64 run here",
                   name != NULL ? " for " : "", name != NULL ? name : "");
}

static int read_header(struct elf_reader *r)
{
    struct elf_header *h = &r->h;
    Elf32_Ehdr e32;
    Elf64_Ehdr e64;

    if (r->size < EI_NIDENT || memcmp(r->bytes, ELFMAG, SELFMAG) != 0)
        return why_add(r->why, -ENOEXEC, "not an ELF image: %s", foreign_file(r->bytes, r->size));
    if (r->bytes[EI_DATA] == ELFDATA2MSB)
        return refuse_big_endian(r);
    if (r->bytes[EI_DATA] != ELFDATA2LSB || r->bytes[EI_VERSION] != EV_CURRENT)
        return why_add(r->why, -ENOEXEC, "not a little-endian ELF of version 1");
    h->is_64 = r->bytes[EI_CLASS] == ELFCLASS64;
    if (!h->is_64 && r->bytes[EI_CLASS] != ELFCLASS32)
        return why_add(r->why, -ENOEXEC, "ELF class %d is neither 32 nor 64 bit",
                       r->bytes[EI_CLASS]);
    if (r->size < (h->is_64 ? sizeof(e64) : sizeof(e32)))
        return why_add(r->why, -ENOEXEC, "truncated: %zu bytes do not hold an ELF header", r->size);
    if (h->is_64) {
        memcpy(&e64, r->bytes, sizeof(e64));
        *h = (struct elf_header){e64.e_type,      e64.e_machine,   e64.e_entry,        e64.e_phoff,
                                 e64.e_phentsize, e64.e_phnum,     sizeof(Elf64_Phdr), true,
                                 e64.e_shoff,     e64.e_shentsize, e64.e_shnum};
    } else {
        memcpy(&e32, r->bytes, sizeof(e32));
        *h = (struct elf_header){e32.e_type,      e32.e_machine,   e32.e_entry,        e32.e_phoff,
                                 e32.e_phentsize, e32.e_phnum,     sizeof(Elf32_Phdr), false,
                                 e32.e_shoff,     e32.e_shentsize, e32.e_shnum};
    }
    return 0;
}

/** Whether images of this class and machine are for an ABI. */
static bool is_for(const struct elf_reader *r, const struct abi *abi)
{
    return abi->elf_class == r->bytes[EI_CLASS] && abi->elf_machine == r->h.machine;
}

static bool is_for_any(const struct elf_reader *r)
{
    for (size_t i = 0; i < ABI_COUNT; i++) {
        if (is_for(r, abis[i]))
            return true;
    }
    return false;
}

static int check_machine(const struct elf_reader *r)
{
    const struct elf_header *h = &r->h;
    const char *name = foreign_machine(h->machine);

    if (is_for_any(r))
        return 0;
    if (h->machine == EM_X86_64 && !h->is_64)
        return why_add(r->why, -ENOEXEC, "a program for x32: only i386 and x86_64 run here");
    if (name == NULL || h->machine == EM_X86_64 || h->machine == EM_386)
        return why_add(r->why, -ENOEXEC,
                       "machine %u with %d-bit class: only i386 and x86_64 run here", h->machine,
                       h->is_64 ? 64 : 32);
    return why_add(r->why, -ENOEXEC, "a program for %s: only i386 and x86_64 run here", name);
}

static int check_header(const struct elf_reader *r)
{
    const struct elf_header *h = &r->h;

    if (h->type == ET_REL)
        return why_add(r->why, -ENOEXEC, "an object file: link it, scbox-cc -o PROGRAM FILE.o");
    if (h->type == ET_CORE)
        return why_add(r->why, -ENOEXEC, "a core dump");
    if (h->type != ET_EXEC && h->type != ET_DYN)
        return why_add(r->why, -ENOEXEC, "ELF type %u is not an executable", h->type);
    if (h->phentsize != h->phdr_size)
        return why_add(r->why, -ENOEXEC, "program headers of %u bytes, %zu expected", h->phentsize,
                       h->phdr_size);
    if (h->phnum == 0 || h->phnum > PHDRS_MAX)
        return why_add(r->why, -ENOEXEC, "%u program headers; 1 to %d are allowed", h->phnum,
                       PHDRS_MAX);
    if (h->phoff > r->size || (uint64_t)h->phnum * h->phdr_size > r->size - h->phoff)
        return why_add(r->why, -ENOEXEC, "truncated: the program headers lie past the end");
    return 0;
}

static struct phdr read_phdr(const struct elf_reader *r, size_t i)
{
    const unsigned char *at = r->bytes + r->h.phoff + i * r->h.phdr_size;
    Elf32_Phdr p32;
    Elf64_Phdr p64;

    if (r->h.is_64) {
        memcpy(&p64, at, sizeof(p64));
        return (struct phdr){p64.p_type,  p64.p_flags,  p64.p_offset,
                             p64.p_vaddr, p64.p_filesz, p64.p_memsz};
    }
    memcpy(&p32, at, sizeof(p32));
    return (struct phdr){p32.p_type,  p32.p_flags,  p32.p_offset,
                         p32.p_vaddr, p32.p_filesz, p32.p_memsz};
}

/* ---- other systems' programs ---- */

/** The bytes of a part of the file; NULL if the file is too short. */
static const unsigned char *part(const struct elf_reader *r, uint64_t offset, uint64_t size)
{
    return offset <= r->size && size <= r->size - offset ? r->bytes + offset : NULL;
}

/** Find the first program header of a type. Returns whether it exists. */
static bool find_phdr(const struct elf_reader *r, uint32_t type, struct phdr *out)
{
    for (size_t i = 0; i < r->h.phnum; i++) {
        *out = read_phdr(r, i);
        if (out->type == type)
            return true;
    }
    return false;
}

static bool has_linux_notes(const struct elf_reader *r)
{
    for (size_t i = 0; i < r->h.phnum; i++) {
        const struct phdr p = read_phdr(r, i);
        const unsigned char *notes = part(r, p.offset, p.filesz);

        if (p.type == PT_NOTE && notes != NULL && foreign_notes(notes, (size_t)p.filesz))
            return true;
    }
    return false;
}

/** The bytes and size of section @i if it is a string table, else NULL. */
static const unsigned char *string_table(const struct elf_reader *r, size_t i, uint64_t *size)
{
    const unsigned char *at = part(r, r->h.shoff + i * r->h.shentsize, r->h.shentsize);
    Elf32_Shdr s32;
    Elf64_Shdr s64;

    if (at == NULL || r->h.shentsize != (r->h.is_64 ? sizeof(s64) : sizeof(s32)))
        return NULL;
    if (r->h.is_64) {
        memcpy(&s64, at, sizeof(s64));
        *size = s64.sh_size;
        return s64.sh_type == SHT_STRTAB ? part(r, s64.sh_offset, s64.sh_size) : NULL;
    }
    memcpy(&s32, at, sizeof(s32));
    *size = s32.sh_size;
    return s32.sh_type == SHT_STRTAB ? part(r, s32.sh_offset, s32.sh_size) : NULL;
}

/** Whether the program's symbols are those of a C library of Linux. */
static bool has_linux_names(const struct elf_reader *r)
{
    uint64_t left = NAMES_MAX;

    for (size_t i = 0; i < r->h.shnum && i < SECTIONS_MAX; i++) {
        uint64_t size = 0;
        const unsigned char *names = string_table(r, i, &size);

        if (names == NULL)
            continue;
        if (size > left)
            return false;
        left -= size;
        if (foreign_names(names, (size_t)size))
            return true;
    }
    return false;
}

/** Whether a dynamic section has a tag whose value has all of @bits. */
static bool has_dynamic(const struct elf_reader *r, int64_t tag, uint64_t bits)
{
    const size_t word = r->h.is_64 ? sizeof(uint64_t) : sizeof(uint32_t);
    const unsigned char *at;
    struct phdr p;

    if (!find_phdr(r, PT_DYNAMIC, &p) || (at = part(r, p.offset, p.filesz)) == NULL)
        return false;
    for (size_t i = 0; i < DYNAMIC_MAX && (i + 1) * 2 * word <= p.filesz; i++, at += 2 * word) {
        uint64_t found = 0; /* little-endian, as this host */
        uint64_t value = 0;

        memcpy(&found, at, word);
        memcpy(&value, at + word, word);
        if (found == (uint64_t)tag && (value & bits) == bits)
            return true;
    }
    return false;
}

/** Refuse an image that is not a program, or another system's. */
int elf_check_guest(const struct elf_reader *r)
{
    const char *system = foreign_system(r->bytes[EI_OSABI]);
    struct phdr p;
    const bool dynamic = find_phdr(r, PT_INTERP, &p);
    const bool pie = has_dynamic(r, DT_FLAGS_1, DF_1_PIE);

    if (r->h.type == ET_DYN && !pie && (!dynamic || has_dynamic(r, DT_SONAME, 0)))
        return why_add(r->why, -ENOEXEC,
                       "a shared library, or position-independent: " GUEST_WORDS ", which are "
                       "static and have fixed addresses");
    if (system == NULL && (dynamic || has_linux_notes(r) || has_linux_names(r)))
        system = "Linux";
    if (system != NULL)
        return why_add(r->why, -ENOEXEC, "it is a %s program%s; " GUEST_WORDS, system,
                       dynamic ? " (dynamically linked)" : "");
    if (r->h.type == ET_DYN)
        return why_add(r->why, -ENOEXEC,
                       "position-independent (static PIE): link it static and non-PIE, as "
                       "scbox-cc does");
    if (find_phdr(r, PT_TLS, &p) && p.memsz > 0)
        return why_add(r->why, -ENOEXEC,
                       "thread-local variables are not supported: compile all of it with "
                       "scbox-cc, which makes plain ones of them");
    return 0;
}

static uint32_t modes_of(uint32_t flags)
{
    return ((flags & PF_R) != 0 ? (uint32_t)MM_READ : 0) |
           ((flags & PF_W) != 0 ? (uint32_t)MM_WRITE : 0) |
           ((flags & PF_X) != 0 ? (uint32_t)MM_EXEC : 0);
}

static int add_segment(const struct elf_reader *r, const struct phdr *p, size_t i,
                       struct exec_image *out)
{
    const uint64_t page = SC_PAGE_SIZE;
    uint64_t addr = p->vaddr / page * page;
    uint64_t end = p->vaddr + p->memsz;

    if (p->filesz > p->memsz)
        return why_add(r->why, -ENOEXEC, "segment %zu has more bytes in the file than in memory",
                       i);
    if (p->memsz == 0)
        return 0;
    if (p->filesz > 0 && (p->offset > r->size || p->filesz > r->size - p->offset))
        return why_add(r->why, -ENOEXEC, "truncated: segment %zu lies past the end of the file", i);
    if (end < p->vaddr || end > out->abi->user_limit)
        return why_add(r->why, -ENOEXEC, "segment %zu ends past the user limit 0x%llx", i,
                       (unsigned long long)out->abi->user_limit);
    if (addr < page)
        return why_add(r->why, -ENOEXEC, "segment %zu covers page 0", i);
    if (out->segment_count == EXEC_SEGMENTS_MAX)
        return why_add(r->why, -ENOEXEC, "more than %d segments", EXEC_SEGMENTS_MAX);
    out->segment[out->segment_count++] = (struct exec_segment){
        .addr = addr,
        .size = (end - addr + page - 1) / page * page,
        .mode = modes_of(p->flags),
        .data_addr = p->vaddr,
        .data = r->bytes + (p->filesz > 0 ? p->offset : 0),
        .data_size = (size_t)p->filesz,
    };
    return 0;
}

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a < b + b_size && b < a + a_size;
}

static int check_overlaps(const struct elf_reader *r, const struct exec_image *image)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct exec_segment *a = &image->segment[i];

        if (overlap(a->addr, a->size, image->stack_addr, image->stack_size))
            return why_add(r->why, -ENOEXEC, "the segment at 0x%llx overlaps the stack",
                           (unsigned long long)a->addr);
        for (size_t k = 0; k < i; k++) {
            const struct exec_segment *b = &image->segment[k];

            if (overlap(a->addr, a->size, b->addr, b->size))
                return why_add(r->why, -ENOEXEC, "the segments at 0x%llx and 0x%llx share a page",
                               (unsigned long long)b->addr, (unsigned long long)a->addr);
        }
    }
    return 0;
}

/** Refuse an image that loads the same bytes repeatedly: it may load as many bytes as the file has,
 * plus a page where segments meet. */
static int check_loaded(const struct elf_reader *r, const struct exec_image *image)
{
    const uint64_t most = r->size + (uint64_t)image->segment_count * SC_PAGE_SIZE;
    uint64_t loaded = 0;

    for (size_t i = 0; i < image->segment_count; i++)
        loaded += image->segment[i].data_size; /* each at most the file's size: no overflow */
    if (loaded <= most)
        return 0;
    return why_add(r->why, -ENOEXEC,
                   "the segments load %llu bytes of a file of %zu: some are loaded several times",
                   (unsigned long long)loaded, r->size);
}

static int check_entry(const struct elf_reader *r, const struct exec_image *image)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct exec_segment *s = &image->segment[i];

        if ((s->mode & MM_EXEC) != 0 && image->entry >= s->addr && image->entry - s->addr < s->size)
            return 0;
    }
    return why_add(r->why, -ENOEXEC, "the entry 0x%llx is in no executable segment",
                   (unsigned long long)image->entry);
}

/** Find the ABI of an image. Returns 0; -ENOEXEC with the reason. */
static int find_abi(const struct elf_reader *r, const struct abi **out)
{
    for (size_t i = 0; i < ABI_COUNT; i++) {
        if (is_for(r, abis[i]) && (abis[i]->takes == NULL || abis[i]->takes(r))) {
            *out = abis[i];
            return abis[i]->check(r);
        }
    }
    return why_add(r->why, -ENOEXEC, "no program of a kind that runs here");
}

/** Set the stack and the entry. */
static void set_layout(const struct elf_header *h, const struct abi *abi, struct exec_image *out)
{
    memset(out, 0, sizeof(*out));
    out->abi = abi;
    out->entry = h->entry;
    out->stack_addr = abi->stack_addr;
    out->stack_size = abi->stack_size;
    out->stack_pointer = out->stack_addr + out->stack_size;
}

int elf_parse(const void *bytes, size_t size, struct exec_image *out, struct why *why)
{
    struct elf_reader r = {.bytes = bytes, .size = size, .why = why};
    const struct abi *abi;
    int err = read_header(&r);

    if (err == 0)
        err = check_machine(&r);
    if (err == 0)
        err = check_header(&r);
    if (err == 0)
        err = find_abi(&r, &abi);
    if (err < 0)
        return err;
    set_layout(&r.h, abi, out);
    for (size_t i = 0; i < r.h.phnum && err == 0; i++) {
        struct phdr p = read_phdr(&r, i);

        if (p.type == PT_LOAD)
            err = add_segment(&r, &p, i, out);
    }
    if (err == 0 && out->segment_count == 0)
        return why_add(why, -ENOEXEC, "no segment to load");
    if (err == 0)
        err = check_overlaps(&r, out);
    if (err == 0)
        err = check_loaded(&r, out);
    return err == 0 ? check_entry(&r, out) : err;
}
