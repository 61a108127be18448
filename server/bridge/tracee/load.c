/* SPDX-License-Identifier: MIT */
/* Mappings by injected calls, and the image of a new guest. */
#include "server/bridge/tracee/load.h"

#include "server/bridge/tracee/trampoline.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { EFLAGS_START = 0x202 }; /* interrupts on, the rest clear */

/** Only MM_WRITE is enforced by hardware; everything may be read and executed. */
static uint64_t host_prot(uint32_t mode)
{
    return PROT_READ | PROT_EXEC | ((mode & MM_WRITE) != 0 ? PROT_WRITE : 0);
}

/** Why the host denies an address does not matter to a guest: it has no memory there. */
static int only_enomem(int err)
{
    return err == 0 || err == -ESRCH || err == -EIO ? err : -ENOMEM;
}

int load_map(struct tracee *t, uint64_t addr, uint64_t size, uint32_t mode)
{
    const uint64_t flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
    const uint64_t args[6] = {addr, size, host_prot(mode), flags, (uint64_t)-1, 0};

    return only_enomem(tracee_inject(t, HOST_MMAP, args));
}

int load_map_shared(struct tracee *t, const struct share *share, struct share_part *part,
                    uint32_t mode)
{
    part->prot = host_prot(mode);
    return only_enomem(share_map(t, share, part));
}

int load_unmap(struct tracee *t, uint64_t addr, uint64_t size)
{
    const uint64_t args[6] = {addr, size};

    return only_enomem(tracee_inject(t, HOST_MUNMAP, args));
}

int load_protect(struct tracee *t, uint64_t addr, uint64_t size, uint32_t mode)
{
    const uint64_t args[6] = {addr, size, host_prot(mode)};

    return only_enomem(tracee_inject(t, HOST_MPROTECT, args));
}

static int load_segment(struct tracee *t, const struct exec_segment *s, struct why *why)
{
    int err = load_map(t, s->addr, s->size, s->mode);

    if (err < 0)
        return why_add(why, err,
                       "the host has no memory for a segment of %" PRIu64 " bytes at 0x%" PRIx64,
                       s->size, s->addr);
    if (s->data_size > 0 && tracee_write(t, s->data_addr, s->data, s->data_size) < 0)
        return why_add(why, -ENOTSUP,
                       "guests need writing to their memory through /proc, and this host refuses "
                       "it (boot option proc_mem.force_override)");
    return 0;
}

/** Registers at the first instruction: all zero but the ones that make it run. */
static void set_start(struct user_regs_struct *r, const struct exec_image *image)
{
    *r = (struct user_regs_struct){.cs = r->cs,
                                   .ss = r->ss,
                                   .ds = r->ds,
                                   .es = r->es,
                                   .eflags = EFLAGS_START,
                                   .rip = image->entry,
                                   .rsp = image->stack_pointer};
}

int load_image(struct tracee *t, const struct exec_image *image, struct why *why)
{
    int err = 0;

    for (size_t i = 0; err == 0 && i < image->segment_count; i++)
        err = load_segment(t, &image->segment[i], why);
    if (err < 0)
        return err;
    err = load_map(t, image->stack_addr, image->stack_size, MM_READ | MM_WRITE);
    if (err == 0)
        err = trampoline_unmap(t);
    if (err < 0)
        return why_add(why, err, "the host has no memory for the guest's stack");
    set_start(&t->regs, image);
    return 0;
}
