/* SPDX-License-Identifier: MIT */
/* What is no guest is refused by its name. The images are built here; nothing of them is executed. */
#include "server/kernel/proc/elf.h"

#include <criterion/criterion.h>

#include <elf.h>
#include <errno.h>
#include <string.h>

#define GUEST_BASE 0x400000

/** An x86_64 program with places for what a test adds. */
struct image {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[4];
    Elf64_Shdr sh[2];
    Elf64_Dyn dyn[3];
    struct {
        Elf64_Nhdr head;
        char name[4];
        uint32_t text[4];
    } note;
    char names[32];
};

static struct image good_image(void)
{
    struct image i = {
        .eh = {.e_ident = {0x7F, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
               .e_type = ET_EXEC,
               .e_machine = EM_X86_64,
               .e_version = 1,
               .e_entry = GUEST_BASE,
               .e_phoff = offsetof(struct image, ph),
               .e_shoff = offsetof(struct image, sh),
               .e_phentsize = sizeof(Elf64_Phdr),
               .e_phnum = 4,
               .e_shentsize = sizeof(Elf64_Shdr),
               .e_shnum = 2},
        .ph = {{.p_type = PT_LOAD,
                .p_vaddr = GUEST_BASE,
                .p_filesz = sizeof(struct image),
                .p_memsz = sizeof(struct image),
                .p_flags = PF_R | PF_X}},
        .sh = {{.sh_type = SHT_STRTAB,
                .sh_offset = offsetof(struct image, names),
                .sh_size = sizeof(i.names)}},
    };

    return i;
}

/** Parse; the reasons must contain @words, or with NULL the image must be taken. */
static void refused(const void *bytes, size_t size, const char *words)
{
    struct exec_image out;
    struct why why = WHY_INIT;
    int err = elf_parse(bytes, size, &out, &why);

    cr_assert_eq(err, words != NULL ? -ENOEXEC : 0, "%s: %s", words != NULL ? words : "taken",
                 why.count > 0 ? why.text[0] : "no reason");
    if (words != NULL)
        cr_assert_not_null(strstr(why.text[0], words), "'%s' does not say '%s'", why.text[0],
                           words);
    why_done(&why);
}

#define REFUSED(literal, words) refused(literal, sizeof(literal) - 1, words)
#define IMAGE(i, words) refused(&(i), sizeof(i), words)

Test(elf, files_that_are_no_elf_are_named)
{
    REFUSED("", "an empty file");
    REFUSED("#!/bin/sh\n", "a script");
    REFUSED("MZ\x90\0\3", "a Windows or DOS program");
    REFUSED("\xCF\xFA\xED\xFE\7\0\0\1", "macOS");
    REFUSED("\xFE\xED\xFA\xCE\0\0\0\7", "macOS");
    REFUSED("\xCA\xFE\xBA\xBE\0\0\0\2", "macOS");
    REFUSED("\xCA\xFE\xBA\xBE\0\0\0\x34", "a Java class");
    REFUSED("\xCA\xFE\xBA\xBE", "a Java class");
    REFUSED("\0asm\1\0\0\0", "WebAssembly");
    REFUSED("!<arch>\n", "a static library");
    REFUSED("int main(void) { return 0; }\n", "a text file");
    REFUSED("\x7F"
            "EL",
            "does not begin with 0x7F 'ELF'");
    REFUSED("\x1F\x8B\x08", "does not begin with 0x7F 'ELF'");
}

Test(elf, programs_of_other_processors_are_named)
{
    struct image i = good_image();

    IMAGE(i, NULL);
    i.eh.e_machine = EM_AARCH64;
    IMAGE(i, "a program for aarch64");
    i.eh.e_machine = EM_RISCV;
    IMAGE(i, "a program for riscv");
    i.eh.e_machine = 0xFFFE;
    IMAGE(i, "machine 65534");
    i.eh.e_machine = EM_X86_64, i.eh.e_ident[EI_CLASS] = ELFCLASS32;
    IMAGE(i, "a program for x32");
    i = good_image(), i.eh.e_ident[EI_DATA] = ELFDATA2MSB, i.eh.e_machine = EM_S390 << 8;
    IMAGE(i, "big-endian program for s390");
}

Test(elf, kinds_of_files_are_named)
{
    struct image i = good_image();

    i.eh.e_type = ET_REL;
    IMAGE(i, "an object file");
    i.eh.e_type = ET_CORE;
    IMAGE(i, "a core dump");
    i.eh.e_type = ET_DYN;
    IMAGE(i, "a shared library");
    i.ph[1] = (Elf64_Phdr){
        .p_type = PT_DYNAMIC, .p_offset = offsetof(struct image, dyn), .p_filesz = sizeof(i.dyn)};
    IMAGE(i, "a shared library");
    i.dyn[2] = (Elf64_Dyn){.d_tag = DT_FLAGS_1, .d_un = {DF_1_PIE | DF_1_NOW}};
    IMAGE(i, "static PIE");
    i.ph[1].p_filesz -= 1;
    IMAGE(i, "a shared library");
    i.ph[1].p_offset = UINT64_MAX;
    IMAGE(i, "a shared library");
}

Test(elf, linux_programs_are_named)
{
    struct image i = good_image();

    i.eh.e_ident[EI_OSABI] = ELFOSABI_GNU;
    IMAGE(i, "it is a Linux program; scbox runs programs built with scbox-cc");
    i.eh.e_ident[EI_OSABI] = ELFOSABI_FREEBSD;
    IMAGE(i, "it is a FreeBSD program");
    i = good_image(), i.ph[1].p_type = PT_INTERP;
    IMAGE(i, "it is a Linux program (dynamically linked)");
    i = good_image(), memcpy(i.names, "\0x\0__libc_start_main", 21);
    IMAGE(i, "it is a Linux program");
    i.sh[0].sh_size = 20; /* the name is not whole */
    IMAGE(i, NULL);
    i.sh[0].sh_size = UINT64_MAX;
    IMAGE(i, NULL);
    i.sh[0].sh_type = SHT_PROGBITS, i.sh[0].sh_size = sizeof(i.names);
    IMAGE(i, NULL);
    memcpy(i.names, "\0__libc_start_mai_\0", 20), i.sh[0].sh_type = SHT_STRTAB;
    IMAGE(i, NULL);
}

Test(elf, linux_notes_are_seen_and_damaged_ones_are_not)
{
    struct image i = good_image();

    i.ph[1] = (Elf64_Phdr){
        .p_type = PT_NOTE, .p_offset = offsetof(struct image, note), .p_filesz = sizeof(i.note)};
    i.note.head = (Elf64_Nhdr){4, 16, NT_GNU_ABI_TAG};
    memcpy(i.note.name, "GNU", 4);
    IMAGE(i, "it is a Linux program");
    i.note.text[0] = ELF_NOTE_OS_FREEBSD;
    IMAGE(i, NULL);
    i.note.text[0] = 0, i.note.head.n_type = NT_GNU_BUILD_ID;
    IMAGE(i, NULL);
    i.note.head.n_type = NT_GNU_ABI_TAG, i.note.head.n_descsz = 17;
    IMAGE(i, NULL);
    i.note.head.n_descsz = 16, i.note.head.n_namesz = UINT32_MAX;
    IMAGE(i, NULL);
    i.note.head.n_namesz = 4, i.ph[1].p_filesz = UINT64_MAX;
    IMAGE(i, NULL);
    i.ph[1].p_filesz = sizeof(i.note), i.note.head.n_namesz = 3, memcpy(i.note.name, "Go", 3);
    IMAGE(i, "it is a Linux program");
}

Test(elf, thread_local_variables_are_refused_in_words)
{
    struct image i = good_image();

    i.ph[1] = (Elf64_Phdr){.p_type = PT_TLS, .p_vaddr = GUEST_BASE, .p_memsz = 4};
    IMAGE(i, "thread-local variables are not supported");
    i.ph[1].p_memsz = 0;
    IMAGE(i, NULL);
}
