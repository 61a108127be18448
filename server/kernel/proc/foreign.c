/* SPDX-License-Identifier: MIT */
#include "server/kernel/proc/foreign.h"

#include <elf.h>
#include <string.h>

enum {
    TEXT_MAX = 512,         /* bytes of a file that are read to call it text */
    FAT_MACHO_ARCHS = 0x20, /* a fat Mach-O has fewer; a Java class has the same magic and more */
    NOTE_ALIGN = 4,
    DELETE = 0x7F, /* a control character, and the first of an ELF image */
};

#define BEGINS(literal) begins(bytes, size, literal, sizeof(literal) - 1)

static bool begins(const unsigned char *bytes, size_t size, const char *with, size_t len)
{
    return size >= len && memcmp(bytes, with, len) == 0;
}

static bool is_text(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size && i < TEXT_MAX; i++) {
        if (bytes[i] == '\0' || bytes[i] == DELETE)
            return false;
        if (bytes[i] < ' ' && strchr("\t\n\f\r", bytes[i]) == NULL)
            return false;
    }
    return true;
}

static bool is_macho(const unsigned char *bytes, size_t size)
{
    return BEGINS("\xFE\xED\xFA\xCE") || BEGINS("\xFE\xED\xFA\xCF") || BEGINS("\xCE\xFA\xED\xFE") ||
           BEGINS("\xCF\xFA\xED\xFE") ||
           (BEGINS("\xCA\xFE\xBA\xBE\0\0\0") && size > 7 && bytes[7] < FAT_MACHO_ARCHS);
}

const char *foreign_file(const unsigned char *bytes, size_t size)
{
    if (size == 0)
        return "an empty file";
    if (BEGINS("#!"))
        return "a script, and there is nothing here that would interpret it";
    if (BEGINS("MZ"))
        return "a Windows or DOS program";
    if (is_macho(bytes, size))
        return "a macOS program (Mach-O)";
    if (BEGINS("\xCA\xFE\xBA\xBE"))
        return "a Java class";
    if (BEGINS("\0asm"))
        return "a WebAssembly module";
    if (BEGINS("!<arch>\n"))
        return "a static library: link a program with it";
    if (BEGINS("BC\xC0\xDE"))
        return "LLVM bitcode";
    if (is_text(bytes, size))
        return "a text file: if it is C, compile it with scbox-cc";
    return "it does not begin with 0x7F 'ELF'";
}

const char *foreign_machine(uint16_t machine)
{
    static const struct {
        uint16_t machine;
        const char *name;
    } known[] = {
        {EM_386, "i386"},
        {EM_X86_64, "x86_64"},
        {EM_AARCH64, "aarch64"},
        {EM_ARM, "arm"},
        {EM_RISCV, "riscv"},
        {EM_PPC64, "ppc64"},
        {EM_PPC, "ppc"},
        {EM_S390, "s390"},
        {EM_MIPS, "mips"},
        {EM_SPARC, "sparc"},
        {EM_SPARCV9, "sparc64"},
        {EM_68K, "m68k"},
        {EM_LOONGARCH, "loongarch"},
        {EM_BPF, "bpf"},
        {EM_AVR, "avr"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i].machine == machine)
            return known[i].name;
    }
    return NULL;
}

const char *foreign_system(unsigned char osabi)
{
    switch (osabi) {
    case ELFOSABI_LINUX:
        return "Linux";
    case ELFOSABI_FREEBSD:
        return "FreeBSD";
    case ELFOSABI_NETBSD:
        return "NetBSD";
    case ELFOSABI_OPENBSD:
        return "OpenBSD";
    case ELFOSABI_SOLARIS:
        return "Solaris";
    default:
        return NULL;
    }
}

/** Whether a note is by @owner, and of a type that only programs of Linux have. */
static bool is_linux_note(const Elf32_Nhdr *note, const unsigned char *owner,
                          const unsigned char *text)
{
    uint32_t os = ELF_NOTE_OS_GNU;

    if (note->n_namesz == sizeof("Go") && memcmp(owner, "Go", sizeof("Go")) == 0)
        return true;
    if (note->n_namesz != sizeof("GNU") || memcmp(owner, "GNU", sizeof("GNU")) != 0 ||
        note->n_type != NT_GNU_ABI_TAG || note->n_descsz < sizeof(os))
        return false;
    memcpy(&os, text, sizeof(os));
    return os == ELF_NOTE_OS_LINUX;
}

static uint64_t aligned(uint32_t size)
{
    return ((uint64_t)size + NOTE_ALIGN - 1) / NOTE_ALIGN * NOTE_ALIGN;
}

bool foreign_notes(const unsigned char *bytes, size_t size)
{
    Elf32_Nhdr note; /* the same in both classes */
    uint64_t at = 0;

    while (size - at >= sizeof(note)) {
        uint64_t text;
        uint64_t end;

        memcpy(&note, bytes + at, sizeof(note));
        at += sizeof(note);
        text = at + aligned(note.n_namesz);
        end = text + aligned(note.n_descsz);
        if (end > size)
            return false;
        if (is_linux_note(&note, bytes + at, bytes + text))
            return true;
        at = end;
    }
    return false;
}

bool foreign_names(const unsigned char *bytes, size_t size)
{
    static const char start[] = "__libc_start_main";
    const unsigned char *at = bytes;
    const unsigned char *end = bytes + size;

    while (at != NULL && end - at >= (ptrdiff_t)sizeof(start)) {
        if (memcmp(at, start, sizeof(start)) == 0)
            return true;
        at = memchr(at, '\0', (size_t)(end - at));
        at = at != NULL ? at + 1 : NULL;
    }
    return false;
}
