/* SPDX-License-Identifier: MIT */
/*
 * The tiny ELF image that the host executes in place of a guest's.
 *
 * It is the same for every guest, so the host's loader never sees a byte that a user chose. Its
 * only page holds the headers and one call instruction; load.c does the rest from outside.
 */
#include "server/bridge/tracee/stub.h"

#include "schema/calls.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3; older kernels answer EINVAL, and all memfds are executable */
#endif

/* mov $nr, %eax; then the call: a number that stops AT_ENTRY. */
struct stub_code {
    unsigned char mov;
    unsigned char nr[4];
    unsigned char call[CALL_INSN_SIZE];
};

struct image64 {
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr[2];
    struct stub_code code;
};

struct image32 {
    Elf32_Ehdr ehdr;
    Elf32_Phdr phdr[2];
    struct stub_code code;
};

/* The two classes differ in the widths and the order of members alone. */
#define FILL(image, CLASS, MACHINE, EHDR, PHDR)                                                    \
    (image)->ehdr =                                                                                \
        (EHDR){.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, CLASS, ELFDATA2LSB, EV_CURRENT},    \
               .e_type = ET_EXEC,                                                                  \
               .e_machine = MACHINE,                                                               \
               .e_version = EV_CURRENT,                                                            \
               .e_entry = STUB_ADDR + offsetof(__typeof__(*(image)), code),                        \
               .e_phoff = offsetof(__typeof__(*(image)), phdr),                                    \
               .e_ehsize = sizeof(EHDR),                                                           \
               .e_phentsize = sizeof(PHDR),                                                        \
               .e_phnum = 2};                                                                      \
    (image)->phdr[0] = (PHDR){.p_type = PT_LOAD,                                                   \
                              .p_flags = PF_R | PF_X,                                              \
                              .p_vaddr = STUB_ADDR,                                                \
                              .p_filesz = sizeof(*(image)),                                        \
                              .p_memsz = sizeof(*(image)),                                         \
                              .p_align = SC_PAGE_SIZE};                                            \
    (image)->phdr[1] = (PHDR)                                                                      \
    {                                                                                              \
        .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W                                             \
    }

static struct stub_code code_of(const struct arch *arch)
{
    const unsigned char nr = (unsigned char)arch->host_nr[HOST_MMAP];
    struct stub_code code = {0xB8, {nr, 0, 0, 0}, {0}};

    memcpy(code.call, arch->call_insn, CALL_INSN_SIZE);
    return code;
}

/** Build the image. Returns its size. */
static size_t build(const struct arch *arch, struct image64 *wide)
{
    struct image32 narrow;

    wide->code = code_of(arch);
    FILL(wide, ELFCLASS64, EM_X86_64, Elf64_Ehdr, Elf64_Phdr);
    if (arch->is_64)
        return sizeof(*wide);
    narrow.code = wide->code;
    FILL(&narrow, ELFCLASS32, EM_386, Elf32_Ehdr, Elf32_Phdr);
    memcpy(wide, &narrow, sizeof(narrow));
    return sizeof(narrow);
}

int stub_open(const struct arch *arch)
{
    const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL;
    struct image64 image;
    size_t size = build(arch, &image);
    int err = 0;
    int fd = memfd_create("scbox-guest", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("scbox-guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;
    if (write(fd, &image, size) != (ssize_t)size)
        err = -EIO;
    else if (fcntl(fd, F_ADD_SEALS, seals) < 0)
        err = -errno;
    if (err < 0)
        (void)close(fd);
    return err < 0 ? err : fd;
}
