/* SPDX-License-Identifier: MIT */
/* Starting images. Cites: ABI, call 55; start of a guest. */
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <elf.h>
#include <errno.h>

static struct world w;

static void setup(void)
{
    world_open(&w, CLOCK_VIRTUAL);
}

static void teardown(void)
{
    world_close(&w);
}

TestSuite(exec, .init = setup, .fini = teardown);

/* Images: a minimal i386 ELF that each test bends. */

struct tiny {
    Elf32_Ehdr eh;
    Elf32_Phdr ph[2];
    char code[16];
};

static struct tiny tiny_elf(void)
{
    struct tiny t = {
        .eh = {.e_ident = {0x7F, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
               .e_type = ET_EXEC,
               .e_machine = EM_386,
               .e_version = 1,
               .e_entry = 0x100000 + offsetof(struct tiny, code),
               .e_phoff = offsetof(struct tiny, ph),
               .e_phentsize = sizeof(Elf32_Phdr),
               .e_phnum = 2},
        .ph = {{.p_type = PT_LOAD,
                .p_vaddr = 0x100000,
                .p_filesz = sizeof(struct tiny),
                .p_memsz = 0x1001,
                .p_flags = PF_R | PF_X},
               {.p_type = PT_GNU_STACK}},
        .code = {(char)0xEB, (char)0xFE},
    };

    return t;
}

/** Write an image to root:/elf and execute it in a new child. Returns PROC_EXEC's answer. */
static int exec_image(const void *bytes, size_t size)
{
    struct call c;
    struct sc_proc_status st;
    int fd = w_open(w.p, "root:/elf", FM_WRITE | FM_CREATE | FM_TRUNC);
    int pid = w_new_proc(w.p);
    int err;

    cr_assert_eq(BEGIN(&c, w.p, WRITE, write, fd, 0, ((struct sc_str){bytes, size})), 0);
    w_close(w.p, fd);
    err = w_exec(w.p, pid, "root:/elf");
    cr_assert_eq(proc_child(w.p, pid)->state, err == 0 ? PS_RUNNING : PS_LOADING);
    if (err < 0)
        cr_assert_eq(proc_child(w.p, pid)->memory.count, 0,
                     "a refused image leaves nothing mapped");
    w_kill(w.p, pid, &st);
    w_delete(w.p, "root:/elf");
    return err;
}

Test(exec, lays_out_image_and_stack)
{
    struct tiny t = tiny_elf();

    cr_assert_eq(exec_image(&t, sizeof(t)), 0);
    cr_assert_eq(w.kills, 1);
    cr_assert_eq(w.image.abi, &abi_i386);
    cr_assert_eq(w.image.entry, 0x100000 + offsetof(struct tiny, code));
    cr_assert_eq(w.image.segment_count, 1);
    cr_assert_eq(w.image.segment[0].size, 0x2000);
    cr_assert_eq(w.image.stack_addr, 0xB8000000);
    cr_assert_eq(w.image.stack_pointer, 0xB8020000);
    cr_assert_eq(w.image.abi->user_limit, 0xC0000000);
}

Test(exec, refuses_damaged_images_ENOEXEC)
{
    struct tiny good = tiny_elf();
    struct tiny t;

    for (size_t size = 0; size < sizeof(good); size++)
        cr_assert_eq(exec_image(&good, size), -ENOEXEC, "cut to %zu bytes", size);
    cr_assert_eq(exec_image("#!/bin/sh\necho a text file, no program at all\n", 44), -ENOEXEC);
    t = good, t.eh.e_machine = EM_ARM;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.eh.e_type = ET_DYN;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.eh.e_entry = 0x200000;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.ph[0].p_memsz = 0xFFFFFFFF;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.ph[0].p_memsz = 0xB7F00001;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC, "reaches into the stack");
    t = good, t.ph[0].p_filesz = 0x2000;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.ph[0].p_offset = 0xFFFFFFFF;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.ph[1] = t.ph[0], t.ph[1].p_vaddr += 0x1000;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC, "overlapping pages");
    t = good, t.ph[1].p_type = PT_INTERP;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.eh.e_phnum = 0xFFFF;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.eh.e_phoff = 0xFFFFFFF0;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
    t = good, t.ph[0].p_vaddr = 0, t.eh.e_entry = 0;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC, "page 0");
}

/** An image whose second segment loads the file's first @again bytes once more. */
static int exec_twice(size_t again)
{
    static char image[3 * SC_PAGE_SIZE];
    struct tiny t = tiny_elf();

    t.ph[0].p_filesz = sizeof(image);
    t.ph[0].p_memsz = sizeof(image);
    t.ph[1] = t.ph[0];
    t.ph[1].p_vaddr = 0x200000;
    t.ph[1].p_filesz = (Elf32_Word)again;
    memcpy(image, &t, sizeof(t));
    return exec_image(image, sizeof(image));
}

/** A page a segment: that is how segments meet in a file. */
Test(exec, loads_as_much_as_the_file_has_and_a_page_a_segment)
{
    cr_assert_eq(exec_twice(SC_PAGE_SIZE), 0);
    cr_assert_eq(exec_twice(2 * SC_PAGE_SIZE), 0);
    cr_assert_eq(exec_twice(2 * SC_PAGE_SIZE + 1), -ENOEXEC);
    cr_assert_eq(exec_twice(3 * SC_PAGE_SIZE), -ENOEXEC);
}

Test(exec_limits, image)
{
    const struct machine_limits limits = {.image = sizeof(struct tiny) + 1};
    char image[sizeof(struct tiny) + 2] = {0};
    const struct tiny t = tiny_elf();

    memcpy(image, &t, sizeof(t));
    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    cr_assert_eq(exec_image(image, sizeof(image) - 1), 0);
    cr_assert_eq(exec_image(image, sizeof(image)), -ENOEXEC);
    world_close(&w);
}

/** An image with @loaded segments among @count program headers. */
static int exec_headers(size_t count, size_t loaded)
{
    static char image[0x4000];
    const size_t size = offsetof(struct tiny, ph) + count * sizeof(Elf32_Phdr) + 16;
    struct tiny t = tiny_elf();
    Elf32_Phdr *ph = (Elf32_Phdr *)(void *)(image + offsetof(struct tiny, ph));

    memset(image, 0, sizeof(image));
    t.eh.e_entry = 0x100000;
    t.eh.e_phnum = (Elf32_Half)count;
    memcpy(image, &t, sizeof(t));
    for (size_t i = 0; i < count; i++) {
        ph[i] = (Elf32_Phdr){.p_type = i < loaded ? PT_LOAD : PT_NOTE,
                             .p_vaddr = 0x100000 + (Elf32_Addr)i * SC_PAGE_SIZE,
                             .p_memsz = 16,
                             .p_flags = PF_R | PF_X};
    }
    return exec_image(image, size);
}

Test(exec, program_headers_and_segments_at_their_most_and_past_it)
{
    cr_assert_eq(exec_headers(128, 1), 0);
    cr_assert_eq(exec_headers(129, 1), -ENOEXEC);
    cr_assert_eq(exec_headers(64, EXEC_SEGMENTS_MAX), 0);
    cr_assert_eq(w.image.segment_count, EXEC_SEGMENTS_MAX);
    cr_assert_eq(exec_headers(64, EXEC_SEGMENTS_MAX + 1), -ENOEXEC);
}

Test(exec_limits, descriptors_of_guests)
{
    const struct machine_limits limits = {.descriptors = 2 * EXECUTOR_DESCRIPTORS};
    const struct tiny t = tiny_elf();
    struct sc_proc_status st;
    struct call c;
    int pid[3];
    int fd;

    world_open_limited(&w, CLOCK_VIRTUAL, &limits);
    fd = w_open(w.p, "root:/elf", FM_WRITE | FM_CREATE);
    cr_assert_eq(
        BEGIN(&c, w.p, WRITE, write, fd, 0, ((struct sc_str){(const char *)&t, sizeof(t)})), 0);
    w_close(w.p, fd);
    for (size_t i = 0; i < 3; i++)
        pid[i] = w_new_proc(w.p);
    cr_assert_eq(w_exec(w.p, pid[0], "root:/elf"), 0);
    cr_assert_eq(w_exec(w.p, pid[1], "root:/elf"), 0);
    cr_assert_eq(w_exec(w.p, pid[2], "root:/elf"), -EAGAIN);
    cr_assert_eq(proc_child(w.p, pid[2])->state, PS_LOADING);
    cr_assert_eq(w_kill(w.p, pid[0], &st), 0);
    w.spawn_error = -EAGAIN;
    cr_assert_eq(w_exec(w.p, pid[2], "root:/elf"), -EAGAIN);
    w.spawn_error = 0;
    cr_assert_eq(w_exec(w.p, pid[2], "root:/elf"), 0);
    cr_assert_eq(w_kill(w.p, pid[1], &st), 0);
    cr_assert_eq(w_kill(w.p, pid[2], &st), 0);
    cr_assert_eq(w.descriptors, 0);
    w_delete(w.p, "root:/elf");
    world_close(&w);
}

Test(exec, takes_segments_without_bytes_wherever_the_file_says_they_are)
{
    struct tiny t = tiny_elf();

    t.ph[1] = (Elf32_Phdr){.p_type = PT_LOAD,
                           .p_offset = 0x5000,
                           .p_vaddr = 0x200000,
                           .p_memsz = 0x10,
                           .p_flags = PF_R | PF_W};
    cr_assert_eq(exec_image(&t, sizeof(t)), 0);
    cr_assert_eq(w.image.segment_count, 2);
    cr_assert_eq(w.image.segment[1].data_size, 0);
    t.ph[1].p_memsz = 0, t.ph[1].p_filesz = 4;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOEXEC);
}

Test(exec, refused_by_the_host_leaves_the_child_as_it_was)
{
    struct tiny t = tiny_elf();

    w.spawn_error = -ENOTSUP;
    cr_assert_eq(exec_image(&t, sizeof(t)), -ENOTSUP);
}

Test(exec, a_fault_of_a_guest_is_told_to_its_parent)
{
    struct call c;
    struct tiny t = tiny_elf();
    int fd = w_open(w.p, "root:/elf", FM_WRITE | FM_CREATE);
    int pid = w_new_proc(w.p);

    cr_assert_eq(BEGIN(&c, w.p, WRITE, write, fd, 0, ((struct sc_str){(char *)&t, sizeof(t)})), 0);
    w_close(w.p, fd);
    cr_assert_eq(w_exec(w.p, pid, "root:/elf"), 0);
    cr_assert_eq(w_exec(w.p, pid, "root:/elf"), -EBUSY);
    cr_assert_eq(BEGIN(&c, w.p, PROC_WAIT, proc_wait, pid), SC_PENDING);
    proc_fault(proc_child(w.p, pid), FAIL_ZEROPTR, "read of address 0");
    cr_assert_eq(c.out.proc_wait.status.state, PS_FAILURE);
    cr_assert_eq(c.out.proc_wait.status.return_code, FAIL_ZEROPTR);
    call_done(&c);
    cr_assert_eq(w_delete(w.p, "root:/elf"), 0);
}
