/* SPDX-License-Identifier: MIT */
/*
 * Every allocation fails once: a script of calls is played again and again, each time with the next
 * allocation refused. Whatever a call then answers, the machine must end with the census it began with
 * and every block given back.
 */
#include "server/kernel/call/pause.h"
#include "server/kernel/fs/tty.h"
#include "server/kernel/proc/memory.h"
#include "tests/contract/alloc.h"
#include "tests/unit/kernel/world.h"

#include <criterion/criterion.h>

#include <elf.h>
#include <errno.h>

enum { RWC = FM_READ | FM_WRITE | FM_CREATE };

/** A call that may park: it is cancelled, unless it has finished by itself. */
static void settle(struct call *c, int status)
{
    if (status == SC_PENDING)
        call_cancel(c, -ECANCELED);
    w_check_listed(c);
    call_done(c);
}

static void make_fs(struct proc *p, const char *name, int source_fd)
{
    struct call c;

    settle(&c, BEGIN(&c, p, MAKE_FS, make_fs, S("ramfs"), S(name), source_fd, S("quota_bytes=1M")));
}

static void list_root(struct proc *p)
{
    struct call c;
    int fd = w_open(p, "root:/", FM_READDIR);

    for (uint32_t n = 0; n < 3; n++)
        settle(&c, BEGIN(&c, p, READDIR, readdir, fd, n));
    w_close(p, fd);
}

/** A minimal i386 image that PROC_EXEC takes. */
static void write_image(struct proc *p, int fd)
{
    struct {
        Elf32_Ehdr eh;
        Elf32_Phdr ph;
    } image = {
        .eh = {.e_ident = {0x7F, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
               .e_type = ET_EXEC,
               .e_machine = EM_386,
               .e_entry = 0x100000,
               .e_phoff = sizeof(Elf32_Ehdr),
               .e_phentsize = sizeof(Elf32_Phdr),
               .e_phnum = 1},
        .ph = {.p_type = PT_LOAD,
               .p_vaddr = 0x100000,
               .p_filesz = sizeof(image),
               .p_memsz = 0x1000,
               .p_flags = PF_R | PF_X},
    };
    struct call c;

    settle(&c, BEGIN(&c, p, WRITE, write, fd, 0,
                     ((struct sc_str){(const char *)&image, sizeof(image)})));
}

static void use_files(struct proc *p)
{
    char buf[16];
    int fd = w_open(p, "root:/f", RWC);

    write_image(p, fd);
    w_read(p, fd, 0, buf, sizeof(buf));
    w_create(p, "root:/d", FT_DIR);
    w_close(p, w_open(p, "root:/d/in", RWC));
    w_move(p, "root:/f", "root:/d/g");
    list_root(p);
    w_subfs(p, "sub", "root", "/d", FM_READ | FM_READDIR);
    w_move(p, "root:/d", "root:/e");
    w_open(p, "sub:/g", FM_WRITE);
    make_fs(p, "more", 0);
    w_close(p, fd);
}

/** What uses and changes names and attributes, with nodes in use on both ends. */
static void use_names(struct proc *p)
{
    struct call c;
    char target[8];
    int one = w_open(p, "root:/e/in", RWC);
    int two = w_open(p, "root:/n", RWC);

    settle(&c, BEGIN(&c, p, RENAME, rename, S("root:/n"), S("root:/e/in"), RN_EXCHANGE));
    settle(&c, BEGIN(&c, p, RENAME, rename, S("root:/n"), S("root:/e/in"), 0));
    settle(&c, BEGIN(&c, p, LINK, link, S("root:/n"), S("root:/l")));
    settle(&c, BEGIN(&c, p, SYMLINK, symlink, S("e/in"), S("root:/s")));
    call_init(&c, p, &abi_driven, SC_READLINK, NULL, NULL);
    c.args.readlink = (struct sc_readlink_args){S("root:/s"), sizeof(target)};
    c.out.readlink.target = (struct sc_buf){target, sizeof(target), 0};
    settle(&c, call_begin(&c));
    settle(&c, BEGIN(&c, p, CHMOD, chmod, S("root:/s"), 0640));
    settle(&c, BEGIN(&c, p, CHOWN, chown, S("root:/s"), 7, 7));
    settle(&c, BEGIN(&c, p, UTIMES, utimes, S("root:/s"), 1, 2));
    settle(&c, BEGIN(&c, p, TRUNCATE, truncate, S("root:/s"), 5000));
    settle(&c, BEGIN(&c, p, FSTAT_EX, fstat_ex, S("root:/s")));
    settle(&c, BEGIN(&c, p, FSYNC, fsync, one, 0));
    settle(&c, BEGIN(&c, p, FS_ENUM, fs_enum, 0));
    p->uid = 1000;
    settle(&c, BEGIN(&c, p, RENAME, rename, S("root:/n"), S("root:/x"), 0));
    settle(&c, BEGIN(&c, p, STAT, stat, S("root:/s")));
    p->uid = 0;
    w_close(p, two);
    w_close(p, one);
}

static void use_memory(struct proc *p)
{
    struct call c;

    for (uint64_t i = 1; i < 20; i++)
        settle(&c, BEGIN(&c, p, MMAP, mmap, i * 0x2000, 0x1000, MM_READ));
    for (uint64_t i = 1; i < 20; i++)
        settle(&c, BEGIN(&c, p, MUNMAP, munmap, i * 0x2000));
}

/** Simulated pages, and two mappings of a file that is written in three ways. */
static void use_mapped_files(struct proc *p)
{
    struct call c;
    char text[] = "text";
    int fd = w_open(p, "root:/m", RWC | FM_MMAP);

    w_write(p, fd, 0, text);
    settle(&c, BEGIN(&c, p, MMAP, mmap, 0x10000, 0x3000, MM_READ | MM_WRITE));
    settle(&c, BEGIN(&c, p, MMAP_FILE, mmap_file, fd, 0, 0x20000, 0x3000, MM_READ | MM_WRITE));
    settle(&c, BEGIN(&c, p, MMAP_FILE, mmap_file, fd, 0x1000, 0x30000, 0x1000, MM_READ));
    for (uint64_t addr = 0x10FFE; addr < 0x30000; addr += 0x10000)
        memory_inspect(p, MM_WRITE, addr, text, sizeof(text), NULL);
    w_write(p, fd, 0x1FFE, text);
    settle(&c, BEGIN(&c, p, FSYNC, fsync, fd, 0));
    settle(&c, BEGIN(&c, p, MUNMAP, munmap, 0x20000));
    settle(&c, BEGIN(&c, p, MUNMAP, munmap, 0x30000));
    settle(&c, BEGIN(&c, p, MUNMAP, munmap, 0x10000));
    w_close(p, fd);
    w_delete(p, "root:/m");
}

static void use_children(struct proc *p)
{
    struct call wait;
    struct call sleep;
    struct sc_proc_status st;
    int fd = w_open(p, "root:/e/g", FM_READ);
    int pid = w_new_proc(p);
    int other = w_new_proc(p);

    w_bind_fs(p, pid, "home", "sub");
    w_bind_fd(p, pid, 3, fd);
    w_exec(p, pid, "root:/e/g");
    if (proc_child(p, other) != NULL && proc_drive(proc_child(p, other), "driven") == 0) {
        int sleeps = BEGIN(&sleep, proc_child(p, other), USLEEP, usleep, 1000);

        settle(&wait, BEGIN(&wait, p, PROC_WAIT, proc_wait, other));
        w_kill(p, other, &st);
        settle(&sleep, sleeps == SC_PENDING ? sleep.status : sleeps);
    }
    w_kill(p, other, &st);
    w_kill(p, pid, &st);
    w_close(p, fd);
}

static void use_devices(struct proc *p)
{
    static const char *const files[] = {"proc:/self/status", "proc:/self/fds", "proc:/machine",
                                        "proc:/self/names"};
    struct call c;
    char buf[64];

    settle(&c, BEGIN(&c, p, MAKE_FS, make_fs, S("procfs"), S("proc"), 0, S("")));
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        int fd = w_open(p, files[i], FM_READ);

        w_read(p, fd, 0, buf, sizeof(buf));
        w_close(p, fd);
    }
    w_rm_fs(p, "proc");
    settle(&c, BEGIN(&c, p, MAKE_FS, make_fs, S("devfs"), S("io"), 0, S("")));
    call_init(&c, p, &abi_driven, SC_READ, w_on_done, NULL);
    c.args.read =
        (struct sc_read_args){w_open(p, "io:/tty", FM_READ | FM_BLOCKING), 0, sizeof(buf)};
    c.out.read.data = (struct sc_buf){buf, sizeof(buf), 0};
    settle(&c, call_begin(&c));
    (void)tty_input(p, "typed", 5, false, NULL);
    w_rm_fs(p, "io");
}

static void use_channels(struct proc *p)
{
    struct call c;
    struct sc_proc_status st;
    char buf[8];
    int32_t fds[2];
    int pid = w_new_proc(p);
    int status = BEGIN(&c, p, MK_CHANNEL, mk_channel, FM_BLOCKING);

    fds[0] = c.out.mk_channel.ends.first;
    fds[1] = c.out.mk_channel.ends.second;
    settle(&c, status);
    settle(&c, BEGIN(&c, p, SELECT, select, {(const char *)fds, sizeof(fds)}, 5000));
    settle(&c, BEGIN(&c, p, WRITE, write, fds[0], 0, S("through")));
    call_init(&c, p, &abi_driven, SC_READ, w_on_done, NULL);
    c.args.read = (struct sc_read_args){fds[0], 0, sizeof(buf)};
    c.out.read.data = (struct sc_buf){buf, sizeof(buf), 0};
    settle(&c, call_begin(&c));
    settle(&c, BEGIN(&c, p, SET_ARGS, set_args, pid, {"1\0prog", 7}));
    w_kill(p, pid, &st);
}

/** Calls that rules delay and fail, and that a pause holds; all of them end. */
static void use_watchers(struct proc *p)
{
    const struct fault_spec late = {.nr = SC_ERRNO, .probability = 1, .delay_us = 5, .error = -EIO};
    const struct fault_spec hidden = {
        .nr = SC_STAT, .path = "root:/[ab]", .probability = 1, .error = -ENOENT};
    struct sc_stat st;
    struct call c[2];
    uint32_t id;

    (void)fault_add(p->machine, &late, NULL, &id);
    (void)fault_add(p->machine, &hidden, NULL, &id);
    w_stat(p, "root:/b", &st);
    settle(&c[0], BEGIN(&c[0], p, ERRNO, last_errno, 0));
    pause_proc(p);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(BEGIN(&c[i], p, ERRNO, last_errno, 0), SC_PENDING);
    pause_answer(&c[0], -EIO);
    resume_proc(p);
    for (size_t i = 0; i < 2; i++)
        settle(&c[i], SC_PENDING);
    fault_clear(p->machine);
}

static void clean_up(struct proc *p)
{
    static const char *const names[] = {"/e/in", "/e/g", "/e", "/d/in", "/d/g", "/d",
                                        "/f",    "/n",   "/l", "/s",    "/m"};
    char path[32] = "root:";

    for (int fd = 1; fd < 32; fd++)
        w_close(p, fd);
    w_rm_fs(p, "sub");
    w_rm_fs(p, "more");
    w_rm_fs(p, "proc");
    w_rm_fs(p, "io");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)strcpy(path + strlen("root:"), names[i]);
        (void)w_delete(p, path);
    }
}

/** Play the script with allocation @n refused. Returns whether that many were made. */
static bool play(long n)
{
    struct world w;
    bool failed;

    world_open(&w, CLOCK_VIRTUAL);
    alloc_fail_after(n);
    use_files(w.p);
    use_names(w.p);
    use_memory(w.p);
    use_mapped_files(w.p);
    use_children(w.p);
    use_devices(w.p);
    use_channels(w.p);
    use_watchers(w.p);
    failed = alloc_failed();
    alloc_fail_after(-1);
    cr_assert(failed || w.kills == 1, "the script got as far as a guest");
    clean_up(w.p);
    world_close(&w);
    return failed;
}

Test(kernel_oom, every_allocation_fails_nothing_is_left_behind)
{
    long blocks = alloc_live();
    long n = 0;

    while (play(n)) {
        cr_assert_eq(alloc_live(), blocks, "allocation %ld refused: %ld blocks are left", n,
                     alloc_live() - blocks);
        n++;
    }
    cr_assert_gt(n, 60, "the script has become short: %ld allocations", n);
}

static uint64_t now_ns(void *host)
{
    (void)host;
    return 0;
}

static void wake_at(void *host, struct machine *m, uint64_t deadline_ns)
{
    (void)host;
    (void)m;
    (void)deadline_ns;
}

Test(kernel_oom, a_machine_without_memory_ENOMEM)
{
    static const struct host_ops ops = {.now_ns = now_ns, .wake_at = wake_at};
    struct machine_spec spec = {.name = "poor"};
    struct machine *m = NULL;
    long blocks = alloc_live();

    for (long n = 0; n < 20; n++) {
        alloc_fail_after(n);
        if (machine_new(&spec, &ops, NULL, &m) == 0)
            break;
        cr_assert_eq(alloc_live(), blocks, "allocation %ld refused", n);
    }
    alloc_fail_after(-1);
    cr_assert_not_null(m);
    machine_free(m);
    cr_assert_eq(alloc_live(), blocks);
}
